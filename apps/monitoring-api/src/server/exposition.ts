import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';

/** What other servers scrape: the platform and its process, and the host as node_exporter shows it. */
export function expositionRoutes(app: FastifyInstance, { runtime }: ServerContext): void {
  const add = (
    url: string,
    summary: string,
    expose: (format: 'text' | 'openmetrics') => Promise<string>,
  ): void => {
    app.get(
      url,
      {
        config: { monitoring: false },
        schema: {
          tags: ['Exposition'],
          summary,
          produces: ['text/plain'],
          response: {
            200: {
              description: 'Prometheus text or OpenMetrics, as Accept asks.',
              content: { 'text/plain': { schema: Type.String() } },
            },
          },
        },
      },
      async (request, reply) => {
        const format = formatOf(request);
        return sendText(reply, runtime.instruments.contentType(format), await expose(format));
      },
    );
  };
  add('/metrics', 'Metrics of the platform and its process', (format) =>
    runtime.exposeProcess(format),
  );
  add('/metrics/host', 'Metrics of the host, named as node_exporter names them', (format) =>
    runtime.exposeHost(format),
  );
}

/** OpenMetrics only for who asks for it; Prometheus does. */
function formatOf(request: FastifyRequest): 'text' | 'openmetrics' {
  return /\bapplication\/openmetrics-text\b/.test(request.headers.accept ?? '')
    ? 'openmetrics'
    : 'text';
}

function sendText(reply: FastifyReply, contentType: string, text: string): FastifyReply {
  return reply.header('content-type', contentType).serializer(String).send(text);
}
