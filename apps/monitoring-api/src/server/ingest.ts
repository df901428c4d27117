import { type Readable } from 'node:stream';

import { ExpositionBodySchema, ProblemSchema } from '@dwcp/api-schema';
import { type AppendResult, MonitoringError, SampleBatchBuilder } from '@dwcp/core';
import { ExpositionError, expositionFormatOf, parseExposition } from '@dwcp/protocol-prometheus';
import { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { otlpRoutes } from './otlp.ts';
import { ProblemError } from './problem.ts';
import { unpackGzip } from './unpack-gzip.ts';

/** Takes telemetry from other processes. An answer of success means that it is durable. */
export async function ingestRoutes(app: FastifyInstance, context: ServerContext): Promise<void> {
  // Exporters may compress; what unpacks to more than the body limit is refused as it unpacks.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    done(null, unpackGzip(request, payload as Readable));
  });
  await app.register((scope) => otlpRoutes(scope, context));
  await app.register((scope) => importRoute(scope, context));
}

async function importRoute(app: FastifyInstance, { runtime }: ServerContext): Promise<void> {
  // Whatever curl calls it, it is text.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.post(
    '/api/v1/import/prometheus',
    {
      config: { monitoring: false },
      schema: {
        tags: ['Ingest'],
        summary: 'Take samples as Prometheus text',
        description: 'Samples without a timestamp are of now. 204 once they are durable.',
        consumes: ['text/plain', 'application/openmetrics-text'],
        body: ExpositionBodySchema,
        response: { 204: Type.Null(), '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request, reply) => {
      const format = expositionFormatOf(request.headers['content-type']) ?? 'text';
      const { samples, metadata } = parse(request.body as string, format);
      const now = runtime.clock.nowUnixMs();
      const batch = new SampleBatchBuilder();
      const { region } = runtime.config;
      for (const { labels, value, unixMs = now } of samples) {
        batch.add(labels.has('region') ? labels : labels.with({ region }), unixMs, value);
      }
      runtime.metricStore.putMetadata(metadata);
      const result = await runtime.metricStore.append(batch.build());
      runtime.countRejected(result);
      const refused = describeRejected(result);
      if (refused !== '') {
        if (result.appended === 0) {
          throw new ProblemError(
            422,
            'samples-refused',
            'Samples refused',
            `no sample was kept: ${refused}`,
          );
        }
        void reply.header('dwcp-rejected-samples', refused);
      }
      return reply.code(204).send();
    },
  );
}

function parse(body: string, format: 'text' | 'openmetrics'): ReturnType<typeof parseExposition> {
  try {
    return parseExposition(body, { format });
  } catch (error) {
    if (!(error instanceof MonitoringError)) throw error;
    const line = error instanceof ExpositionError ? error.line : undefined;
    const errors = line === undefined ? [] : [{ pointer: `line ${line}`, detail: error.message }];
    throw new ProblemError(400, 'malformed-exposition', 'Malformed exposition', error.message, {
      errors,
    });
  }
}

/** `out-of-order=3, duplicate=1`; '' when nothing was refused. */
function describeRejected({ rejected }: AppendResult): string {
  return Object.entries(rejected)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason}=${count}`)
    .join(', ');
}
