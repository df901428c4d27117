import {
  ProblemSchema,
  type ServiceList,
  ServiceListSchema,
  TraceIdParametersSchema,
  TracePageSchema,
  type TracePageView,
  TraceSchema,
  TraceSearchParametersSchema,
  type TraceView,
} from '@dwcp/api-schema';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';

import { type ServerContext } from './context.ts';
import { timeRange } from './logs.ts';
import { ProblemError } from './problem.ts';
import { requestSignal } from './request-signal.ts';
import { viewOfSpan, viewOfTraceSummary } from './views.ts';

export function traceRoutes(instance: FastifyInstance, { runtime }: ServerContext): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  const { clock, config } = runtime;

  app.get(
    '/api/v1/traces',
    {
      schema: {
        tags: ['Traces'],
        summary: 'Search traces, newest first',
        querystring: TraceSearchParametersSchema,
        response: { 200: TracePageSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request, reply): Promise<TracePageView> => {
      const parameters = request.query;
      using signal = requestSignal(reply, clock, config.query.timeoutMs);
      const { service, operation, region, minDurationMs, maxDurationMs, error, cursor } =
        parameters;
      const page = await runtime.traceStore.search(
        {
          ...timeRange(parameters, clock.nowUnixNano()),
          ...(service === undefined ? {} : { service }),
          ...(operation === undefined ? {} : { operation }),
          ...(region === undefined ? {} : { region }),
          ...(minDurationMs === undefined ? {} : { minDurationNano: nanoOf(minDurationMs) }),
          ...(maxDurationMs === undefined ? {} : { maxDurationNano: nanoOf(maxDurationMs) }),
          ...(error === undefined ? {} : { hasError: error }),
          ...(parameters.attribute === undefined
            ? {}
            : { attributes: Object.fromEntries(parameters.attribute.map(splitAttribute)) }),
          ...(cursor === undefined ? {} : { cursor }),
          limit: parameters.limit ?? 50,
        },
        { signal: signal.signal },
      );
      return { items: page.traces.map(viewOfTraceSummary), nextCursor: page.nextCursor ?? null };
    },
  );

  app.get(
    '/api/v1/traces/:traceId',
    {
      schema: {
        tags: ['Traces'],
        summary: 'All spans of a trace, by start time',
        params: TraceIdParametersSchema,
        response: { 200: TraceSchema, '4xx': ProblemSchema },
      },
    },
    async (request): Promise<TraceView> => {
      const traceId = request.params.traceId.toLowerCase();
      const spans = await runtime.traceStore.trace(traceId);
      if (spans.length === 0) {
        throw new ProblemError(
          404,
          'trace-not-found',
          'Trace not found',
          `no span of trace ${traceId} is stored`,
        );
      }
      return { traceId, spans: spans.map(viewOfSpan) };
    },
  );

  app.get(
    '/api/v1/services',
    {
      schema: {
        tags: ['Traces'],
        summary: 'Services and the names of their spans',
        response: { 200: ServiceListSchema },
      },
    },
    async (): Promise<ServiceList> => {
      const names = await runtime.traceStore.services();
      const items = await Promise.all(
        names.map(async (name) => ({
          name,
          operations: [...(await runtime.traceStore.operations(name))],
        })),
      );
      return { items, nextCursor: null };
    },
  );
}

const nanoOf = (ms: number): bigint => BigInt(Math.round(ms * 1_000)) * 1_000n;

/** The schema has seen to it that there is an equals sign. */
function splitAttribute(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
