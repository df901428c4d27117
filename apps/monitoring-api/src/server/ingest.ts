import { type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import {
  ExpositionBodySchema,
  OtlpErrorSchema,
  type OtlpError,
  OtlpLogsRequestSchema,
  type OtlpResponse,
  OtlpResponseSchema,
  OtlpTracesRequestSchema,
  ProblemSchema,
} from '@dwcp/api-schema';
import {
  type AppendResult,
  CLOUD_REGION,
  MonitoringError,
  type Resource,
  SampleBatchBuilder,
} from '@dwcp/core';
import { decodeLogsJson, decodeTracesJson, type RejectedItem } from '@dwcp/protocol-otlp';
import { ExpositionError, expositionFormatOf, parseExposition } from '@dwcp/protocol-prometheus';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { ProblemError, problemOf, readToItsEnd } from './problem.ts';

/** Spans or records that one transaction holds. */
const BATCH_SIZE = 5_000;

/** Takes telemetry from other processes. An answer of success means that it is durable. */
export async function ingestRoutes(app: FastifyInstance, context: ServerContext): Promise<void> {
  // Exporters may compress; what unpacks to more than the body limit is refused as it unpacks.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    done(null, unpacked(request, payload as Readable));
  });
  await app.register((scope) => otlpRoutes(scope, context));
  await app.register((scope) => importRoute(scope, context));
}

async function otlpRoutes(app: FastifyInstance, { runtime }: ServerContext): Promise<void> {
  // OTLP has an error form of its own: google.rpc.Status.
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500)
      runtime.log.error({ err: error, requestId: request.id }, 'ingest failed');
    if (problem.status === 413) readToItsEnd(request, reply);
    const body: OtlpError = {
      code: problem.status === 503 ? 14 : problem.status >= 500 ? 13 : 3,
      message: problem.kind === 'media-type' ? OTLP_MEDIA_TYPE : problem.message,
    };
    return reply.code(problem.status).headers(problem.headers).send(body);
  });

  const answers = { 200: OtlpResponseSchema, '4xx': OtlpErrorSchema, 503: OtlpErrorSchema };

  app.post(
    '/v1/traces',
    {
      // Storing spans about storing spans would never end when a service exports to itself.
      config: { monitoring: false },
      schema: {
        tags: ['Ingest'],
        summary: 'Take spans as OTLP/HTTP JSON',
        body: OtlpTracesRequestSchema,
        response: answers,
      },
    },
    async (request): Promise<OtlpResponse> => {
      const { spans, rejected } = decodeTracesJson(request.body);
      const withRegion = regionSetter(runtime.config.region);
      const placed = spans.map((span) => ({ ...span, resource: withRegion(span.resource) }));
      for (const batch of batches(placed)) await runtime.traceStore.append(batch);
      return partialSuccess('rejectedSpans', rejected);
    },
  );

  app.post(
    '/v1/logs',
    {
      config: { monitoring: false },
      schema: {
        tags: ['Ingest'],
        summary: 'Take log records as OTLP/HTTP JSON',
        body: OtlpLogsRequestSchema,
        response: answers,
      },
    },
    async (request): Promise<OtlpResponse> => {
      const { records, rejected } = decodeLogsJson(request.body, runtime.clock.nowUnixNano());
      const withRegion = regionSetter(runtime.config.region);
      const placed = records.map((record) => ({
        ...record,
        resource: withRegion(record.resource),
      }));
      for (const batch of batches(placed)) await runtime.logs.ingest(batch);
      return partialSuccess('rejectedLogRecords', rejected);
    },
  );
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

function partialSuccess(
  field: 'rejectedSpans' | 'rejectedLogRecords',
  rejected: readonly RejectedItem[],
): OtlpResponse {
  const [first] = rejected;
  if (first === undefined) return {};
  return {
    partialSuccess: {
      [field]: String(rejected.length),
      errorMessage: `${first.field}: ${first.problem}`,
    },
  };
}

/** Every signal carries a region; what comes without one is of ours. Shared resources stay shared. */
function regionSetter(region: string): (resource: Resource) => Resource {
  const seen = new Map<Resource, Resource>();
  return (resource) => {
    let placed = seen.get(resource);
    if (placed === undefined) {
      const known = resource.attributes[CLOUD_REGION];
      placed =
        known === undefined || known === ''
          ? { attributes: { ...resource.attributes, [CLOUD_REGION]: region } }
          : resource;
      seen.set(resource, placed);
    }
    return placed;
  };
}

function* batches<Item>(items: readonly Item[]): Iterable<readonly Item[]> {
  for (let at = 0; at < items.length; at += BATCH_SIZE) yield items.slice(at, at + BATCH_SIZE);
}

const OTLP_MEDIA_TYPE =
  'this version takes OTLP as JSON: set OTEL_EXPORTER_OTLP_PROTOCOL=http/json, or Content-Type: application/json';

function unpacked(request: FastifyRequest, payload: Readable): Readable {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return payload;
  if (encoding !== 'gzip') {
    throw new ProblemError(
      415,
      'content-encoding',
      'Unsupported encoding',
      `send gzip or nothing, not ${encoding}`,
    );
  }
  const gunzip = createGunzip();
  let received = 0;
  payload.on('data', (chunk: Buffer) => {
    received += chunk.length;
    // Fastify compares Content-Length with what came over the wire.
    Object.assign(gunzip, { receivedEncodedLength: received });
  });
  payload.on('error', (error) => gunzip.destroy(error));
  payload.on('aborted', () => gunzip.destroy());
  return payload.pipe(gunzip);
}
