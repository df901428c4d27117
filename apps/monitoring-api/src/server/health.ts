import {
  type Health,
  HealthSchema,
  type Readiness,
  ReadinessSchema,
  type Status,
  StatusSchema,
} from '@dwcp/api-schema';
import { type FastifyInstance } from 'fastify';

import { type ServerContext } from './context.ts';

export function healthRoutes(app: FastifyInstance, { runtime }: ServerContext): void {
  // Asked every few seconds by machines: no traces of it.
  const config = { monitoring: false };

  app.get(
    '/health',
    {
      config,
      schema: {
        tags: ['Health'],
        summary: 'Whether the process answers',
        response: { 200: HealthSchema },
      },
    },
    (): Health => ({ status: 'alive', uptimeSeconds: runtime.uptimeSeconds() }),
  );

  app.get(
    '/ready',
    {
      config,
      schema: {
        tags: ['Health'],
        summary: 'Whether it can do its work',
        response: { 200: ReadinessSchema, 503: ReadinessSchema },
      },
    },
    (_request, reply): Readiness => {
      const reasons = runtime.notReadyReasons();
      if (reasons.length > 0) void reply.code(503).header('retry-after', '1');
      return { status: reasons.length === 0 ? 'ready' : 'not-ready', reasons: [...reasons] };
    },
  );

  app.get(
    '/api/v1/status',
    {
      schema: {
        tags: ['Health'],
        summary: 'How the platform itself is doing',
        response: { 200: StatusSchema },
      },
    },
    (): Status => runtime.status(),
  );
}
