import {
  type OtlpError,
  OtlpErrorSchema,
  OtlpLogsRequestSchema,
  OtlpMetricsRequestSchema,
  type OtlpResponse,
  OtlpResponseSchema,
  OtlpTracesRequestSchema,
} from '@dwcp/api-schema';
import { CLOUD_REGION, type Resource } from '@dwcp/core';
import {
  decodeLogsJson,
  decodeLogsProtobuf,
  decodeMetricsJson,
  decodeMetricsProtobuf,
  decodeTracesJson,
  decodeTracesProtobuf,
  encodeExportResponseProtobuf,
  encodeStatusProtobuf,
  OtlpMetricsCache,
  type RejectedItem,
} from '@dwcp/protocol-otlp';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type TSchema } from 'typebox';

import { checkValue } from '../schema/check-value.ts';
import { type ServerContext } from './context.ts';
import { ProblemError, problemOf, readToItsEnd } from './problem.ts';

/** Spans or records that one transaction holds. */
const BATCH_SIZE = 5_000;
const PROTOBUF = 'application/x-protobuf';
const MEDIA_TYPES = `OTLP comes as application/json or ${PROTOBUF}`;
// google.rpc.Code
const INVALID_ARGUMENT = 3 as const;
const INTERNAL = 13 as const;
const UNAVAILABLE = 14 as const;

/** What of a request was not kept. */
interface Refusals {
  readonly rejected: readonly RejectedItem[];
  readonly rejectedCount: number;
}

/**
 * OTLP over HTTP, as protobuf and as JSON. An answer of success means that what it does not name as
 * rejected is durable.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export async function otlpRoutes(app: FastifyInstance, { runtime }: ServerContext): Promise<void> {
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser(PROTOBUF, { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  // OTLP has an error form of its own: google.rpc.Status.
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      runtime.log.error({ err: error, requestId: request.id }, 'ingest failed');
    }
    if (problem.status === 413) readToItsEnd(request, reply);
    const { status, kind, headers } = problem;
    const code = status === 503 ? UNAVAILABLE : status >= 500 ? INTERNAL : INVALID_ARGUMENT;
    const message = kind === 'media-type' ? MEDIA_TYPES : problem.message;
    const body = { code, message } satisfies OtlpError;
    void reply.code(status).headers(headers);
    return isProtobuf(request)
      ? sendProtobuf(reply, encodeStatusProtobuf(body))
      : reply.type('application/json').serializer(JSON.stringify).send(body);
  });

  const addRoute = (
    path: string,
    options: {
      readonly summary: string;
      readonly body: TSchema;
      readonly field: RejectedField;
      readonly store: (request: FastifyRequest) => Promise<Refusals>;
    },
  ): void => {
    const { summary, body, field, store } = options;
    app.post(
      path,
      {
        // Storing telemetry about storing telemetry would never end when a service exports to itself.
        config: { monitoring: false },
        schema: {
          tags: ['Ingest'],
          summary,
          consumes: ['application/json', PROTOBUF],
          body,
          response: { 200: OtlpResponseSchema, '4xx': OtlpErrorSchema, 503: OtlpErrorSchema },
        },
        // The envelope of JSON is checked below; bytes are checked as they are read.
        validatorCompiler: () => () => true,
      },
      async (request, reply) => {
        if (!isProtobuf(request)) checkEnvelope(body, request.body);
        const refusals = await store(request);
        return isProtobuf(request)
          ? sendProtobuf(reply, encodeExportResponseProtobuf(partialSuccessOf(refusals)))
          : jsonAnswer(field, refusals);
      },
    );
  };

  addRoute('/v1/traces', {
    summary: 'Take spans by OTLP/HTTP',
    body: OtlpTracesRequestSchema,
    field: 'rejectedSpans',
    store: async (request) => {
      const decoded = isProtobuf(request)
        ? decodeTracesProtobuf(request.body as Uint8Array)
        : decodeTracesJson(request.body);
      const withRegion = regionSetter(runtime.config.region);
      const placed = decoded.spans.map((span) => ({
        ...span,
        resource: withRegion(span.resource),
      }));
      for (const batch of batches(placed)) await runtime.traceStore.append(batch);
      return decoded;
    },
  });

  addRoute('/v1/logs', {
    summary: 'Take log records by OTLP/HTTP',
    body: OtlpLogsRequestSchema,
    field: 'rejectedLogRecords',
    store: async (request) => {
      const now = runtime.clock.nowUnixNano();
      const decoded = isProtobuf(request)
        ? decodeLogsProtobuf(request.body as Uint8Array, now)
        : decodeLogsJson(request.body, now);
      const withRegion = regionSetter(runtime.config.region);
      const placed = decoded.records.map((record) => ({
        ...record,
        resource: withRegion(record.resource),
      }));
      for (const batch of batches(placed)) await runtime.logs.ingest(batch);
      return decoded;
    },
  });

  const cache = new OtlpMetricsCache();
  addRoute('/v1/metrics', {
    summary: 'Take metrics by OTLP/HTTP',
    body: OtlpMetricsRequestSchema,
    field: 'rejectedDataPoints',
    store: async (request) => {
      const decoded = isProtobuf(request)
        ? decodeMetricsProtobuf(request.body as Uint8Array, { cache })
        : decodeMetricsJson(request.body);
      const { batch, metadata, rejected, rejectedCount } = runtime.otlpMetrics.translate(decoded);
      runtime.metricStore.putMetadata(metadata);
      const result = await runtime.metricStore.append(batch);
      runtime.countRejected(result);
      return withStoreRefusals({ rejected, rejectedCount }, result.rejected);
    },
  });
}

/**
 * What the store refused is told in samples: a histogram's point is several of them. A refused
 * exemplar leaves its point in place, so that it is only told.
 */
function withStoreRefusals(
  { rejected, rejectedCount }: Refusals,
  counts: Readonly<Partial<Record<string, number>>>,
): Refusals {
  const told = Object.entries(counts).filter(([, count]) => (count ?? 0) > 0);
  if (told.length === 0) return { rejected, rejectedCount };
  const problem = told.map(([reason, count]) => `${reason}=${count}`).join(', ');
  const samples = told.reduce(
    (sum, [reason, count]) => sum + (reason === 'exemplar' ? 0 : (count ?? 0)),
    0,
  );
  return {
    rejected: [...rejected, { field: 'samples', problem: `the store refused ${problem}` }],
    rejectedCount: rejectedCount + samples,
  };
}

type RejectedField = 'rejectedSpans' | 'rejectedLogRecords' | 'rejectedDataPoints';

function isProtobuf({ headers }: FastifyRequest): boolean {
  return headers['content-type']?.split(';')[0]?.trim().toLowerCase() === PROTOBUF;
}

function sendProtobuf(reply: FastifyReply, bytes: Uint8Array): FastifyReply {
  return reply.type(PROTOBUF).send(Buffer.from(bytes));
}

function checkEnvelope(schema: TSchema, body: unknown): void {
  const [problem] = checkValue(schema, body, { partial: false }).problems;
  if (problem === undefined) return;
  const pointer = `/${problem.path.join('/')}`;
  throw new ProblemError(400, 'invalid-input', 'Invalid input', `${pointer} ${problem.problem}`, {
    errors: [{ pointer, detail: problem.problem }],
  });
}

/** The first thing that was wrong, and how many there were; a count of 0 makes it a warning. */
function partialSuccessOf({ rejected, rejectedCount }: Refusals):
  | {
      readonly rejectedCount: number;
      readonly errorMessage: string;
    }
  | undefined {
  const [first] = rejected;
  if (first === undefined) return undefined;
  return { rejectedCount, errorMessage: `${first.field}: ${first.problem}` };
}

function jsonAnswer(field: RejectedField, refusals: Refusals): OtlpResponse {
  const partial = partialSuccessOf(refusals);
  if (partial === undefined) return {};
  const { rejectedCount, errorMessage } = partial;
  return { partialSuccess: { [field]: String(rejectedCount), errorMessage } };
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
