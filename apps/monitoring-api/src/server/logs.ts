import {
  LogPageSchema,
  type LogPageView,
  LogSearchParametersSchema,
  type LogTailParameters,
  LogTailParametersSchema,
  ProblemSchema,
} from '@dwcp/api-schema';
import {
  InvalidInputError,
  LOG_LEVELS,
  levelOf,
  type LogLevel,
  type LogQuery,
  type LogRecord,
  severityNumberOf,
} from '@dwcp/core';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { streamLogs } from './log-tail.ts';
import { requestSignal } from './request-signal.ts';
import { parseTimeNano } from './time-parameter.ts';
import { viewOfLogRecord } from './views.ts';

/** Pages of the store that one request may look through when levels leave gaps. */
const MAX_PAGES = 10;

export function logRoutes(instance: FastifyInstance, context: ServerContext): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  const { runtime } = context;

  app.get(
    '/api/v1/logs',
    {
      schema: {
        tags: ['Logs'],
        summary: 'Search log records',
        querystring: LogSearchParametersSchema,
        response: { 200: LogPageSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request, reply): Promise<LogPageView> => {
      const parameters = request.query;
      using signal = requestSignal(reply, runtime.clock, runtime.config.query.timeoutMs);
      const levels = levelRange(parameters);
      let query: LogQuery = {
        ...timeRange(parameters, runtime.clock.nowUnixNano()),
        ...filtersOf(parameters),
        ...levels.bounds,
        ...(parameters.traceId === undefined ? {} : { traceId: parameters.traceId.toLowerCase() }),
        ...(parameters.spanId === undefined ? {} : { spanId: parameters.spanId.toLowerCase() }),
        ...(parameters.cursor === undefined ? {} : { cursor: parameters.cursor }),
        limit: parameters.limit ?? 100,
        order: parameters.order ?? 'newest-first',
      };
      for (let pages = 1; ; pages++) {
        const page = await runtime.logStore.search(query, { signal: signal.signal });
        const records = page.records.filter(levels.wanted);
        // A page may come out short where levels leave gaps; it is empty only at the end or when
        // the gap is long, and then the cursor leads on.
        if (records.length > 0 || page.nextCursor === undefined || pages === MAX_PAGES) {
          return { items: records.map(viewOfLogRecord), nextCursor: page.nextCursor ?? null };
        }
        query = { ...query, cursor: page.nextCursor };
      }
    },
  );

  instance.get(
    '/api/v1/logs/tail',
    {
      // A stream has no end to measure.
      config: { monitoring: false },
      schema: {
        tags: ['Logs'],
        summary: 'Follow log records as server-sent events',
        description:
          'Event `log` carries a log record, event `dropped` a count of records the reader was too slow for.',
        querystring: LogTailParametersSchema,
        produces: ['text/event-stream'],
        response: {
          200: {
            description: 'The stream.',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          '4xx': ProblemSchema,
        },
      },
    },
    (request, reply) => {
      const parameters = request.query as LogTailParameters;
      const levels = levelRange(parameters);
      const filters = filtersOf(parameters);
      return streamLogs(reply, context, { ...filters, ...levels.bounds }, levels.wanted);
    },
  );
}

interface TimeParameters {
  readonly start?: string;
  readonly end?: string;
}

/** Without bounds: all there is, with an hour beyond now for clocks that run ahead. */
export function timeRange(
  parameters: TimeParameters,
  nowUnixNano: bigint,
): { readonly startUnixNano: bigint; readonly endUnixNano: bigint } {
  const startUnixNano = timeOf('start', parameters.start, 0n);
  const endUnixNano = timeOf('end', parameters.end, nowUnixNano + 3_600_000_000_000n);
  if (endUnixNano < startUnixNano) throw new InvalidInputError('end', 'must not be before start');
  return { startUnixNano, endUnixNano };
}

function timeOf(name: string, text: string | undefined, byDefault: bigint): bigint {
  if (text === undefined) return byDefault;
  const parsed = parseTimeNano(text);
  if (parsed === undefined) {
    throw new InvalidInputError(
      name,
      `${JSON.stringify(text)} is neither RFC 3339 nor Unix seconds, such as 2026-01-02T03:04:05Z`,
    );
  }
  return parsed;
}

function filtersOf({ text, service, region }: LogTailParameters): {
  readonly text?: string;
  readonly service?: string;
  readonly region?: string;
} {
  return {
    ...(text === undefined ? {} : { text }),
    ...(service === undefined ? {} : { service }),
    ...(region === undefined ? {} : { region }),
  };
}

/** The store knows a range of severities; exact levels with gaps are picked from it afterwards. */
function levelRange({ level, minLevel }: LogTailParameters): {
  readonly bounds: { readonly minSeverityNumber?: number; readonly maxSeverityNumber?: number };
  readonly wanted: (record: LogRecord) => boolean;
} {
  const floor = minLevel === undefined ? 0 : LOG_LEVELS.indexOf(minLevel);
  const levels = new Set<LogLevel>(
    LOG_LEVELS.filter(
      (name, index) => index >= floor && (level === undefined || level.includes(name)),
    ),
  );
  if (levels.size === 0) {
    throw new InvalidInputError('level', `no level given is at or above minLevel ${minLevel}`);
  }
  const numbers = [...levels].map(severityNumberOf);
  const lowest = Math.min(...numbers);
  const highest = Math.max(...numbers) + 3;
  return {
    bounds: {
      ...(lowest === 1 ? {} : { minSeverityNumber: lowest }),
      ...(highest === 24 ? {} : { maxSeverityNumber: highest }),
    },
    wanted: (record) => levels.has(levelOf(record.severityNumber)),
  };
}
