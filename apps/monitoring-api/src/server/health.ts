import {
  type Health,
  HealthSchema,
  type Readiness,
  ReadinessSchema,
  type Status,
  StatusSchema,
} from '@dwcp/api-schema';
import { type FastifyInstance, type FastifyReply } from 'fastify';
import { Type } from 'typebox';

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

  // What probes that were written for Prometheus ask; the answers are for people.
  const plain = { 'text/plain': { schema: Type.String() } };
  app.get(
    '/-/healthy',
    {
      config,
      schema: {
        tags: ['Health'],
        summary: 'Whether the process answers, as probes ask Prometheus',
        produces: ['text/plain'],
        response: { 200: { description: 'It does.', content: plain } },
      },
    },
    (_request, reply) => sendText(reply, 'The server is healthy.\n'),
  );
  app.get(
    '/-/ready',
    {
      config,
      schema: {
        tags: ['Health'],
        summary: 'Whether it can do its work, as probes ask Prometheus',
        produces: ['text/plain'],
        response: {
          200: { description: 'It can.', content: plain },
          503: { description: 'Why it cannot.', content: plain },
        },
      },
    },
    (_request, reply) => {
      const reasons = runtime.notReadyReasons();
      if (reasons.length === 0) return sendText(reply, 'The server is ready.\n');
      void reply.code(503).header('retry-after', '1');
      return sendText(reply, `The server is not ready: ${reasons.join('; ')}\n`);
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

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'text/plain; charset=utf-8').serializer(String).send(text);
}
