import {
  BuildInfoResponseSchema,
  InstantQueryParametersSchema,
  LabelNameParametersSchema,
  LabelsParametersSchema,
  MetadataParametersSchema,
  MetadataResponseSchema,
  PrometheusErrorSchema,
  type PrometheusError,
  type PrometheusErrorType,
  QueryResponseSchema,
  RangeQueryParametersSchema,
  SeriesParametersSchema,
  SeriesResponseSchema,
  StringsResponseSchema,
} from '@dwcp/api-schema';
import {
  BackendError,
  compareUtf8,
  InvalidInputError,
  type Labels,
  MonitoringError,
  QueryError,
  type QueryResult,
  type SeriesQuery,
} from '@dwcp/core';
import { parseSelector } from '@dwcp/promql';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify';
import { type TSchema } from 'typebox';

import { version } from '../version.ts';
import { registerAdminRoutes } from './admin.ts';
import { type ServerContext } from './context.ts';
import { ProblemError, problemOf } from './problem.ts';
import { encodeQueryResult } from './prometheus-json.ts';
import {
  badParameter,
  durationOf,
  limitOf,
  parametersOf,
  requiredTimeOf,
  timeOf,
  timeoutOf,
} from './prometheus-parameters.ts';
import { requestSignal } from './request-signal.ts';
import { registerRuleRoutes } from './rules.ts';
import { registerTargetRoutes } from './targets.ts';
import { MAX_UNIX_MS, MIN_UNIX_MS } from './time-parameter.ts';

/** As Prometheus: beyond it nobody can see the points. */
const MAX_POINTS = 11_000;

/**
 * The Prometheus HTTP API: parameters, shapes, messages and errors are Prometheus' own, so that
 * Grafana and every other client of it works.
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export async function prometheusApi(app: FastifyInstance, context: ServerContext): Promise<void> {
  const { runtime } = context;
  const { clock, config } = runtime;

  app.setErrorHandler((error, request, reply) =>
    sendPrometheusError(request, reply, error, context),
  );
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );

  const route = (
    methods: readonly ('GET' | 'POST')[],
    url: string,
    summary: string,
    schemas: {
      readonly params?: TSchema;
      readonly querystring?: TSchema;
      readonly answer: TSchema;
    },
    handler: RouteOptions['handler'],
  ): void => {
    const { answer, ...request } = schemas;
    app.route({
      method: [...methods],
      url,
      schema: {
        tags: ['Prometheus API'],
        summary,
        ...request,
        response: { 200: answer, '4xx': PrometheusErrorSchema, 503: PrometheusErrorSchema },
      },
      // The schemas document; the messages of wrong parameters have to be Prometheus' own.
      validatorCompiler: () => () => true,
      handler,
    });
  };

  /** Runs a query in one of the bounded slots, and stops it when nobody waits for it any more. */
  const evaluate = async (
    reply: FastifyReply,
    parameters: URLSearchParams,
    run: (signal: AbortSignal) => Promise<QueryResult>,
  ): Promise<QueryResult> => {
    using slot = context.querySlots.take();
    if (slot === undefined) throw tooBusy();
    using request = requestSignal(reply, clock, timeoutOf(parameters, config.query.timeoutMs));
    try {
      request.signal.throwIfAborted();
      return await run(request.signal);
    } catch (error) {
      // Whatever form the engine gave it, the reason why it stopped is ours.
      throw request.signal.aborted ? request.signal.reason : error;
    }
  };

  route(
    ['GET', 'POST'],
    '/api/v1/query',
    'Evaluate an expression at one moment',
    {
      querystring: InstantQueryParametersSchema,
      answer: QueryResponseSchema,
    },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const limit = limitOf(parameters);
      const unixMs = timeOf(parameters, 'time', clock.nowUnixMs());
      const expression = parameters.get('query') ?? '';
      const result = await evaluate(reply, parameters, (signal) =>
        runtime.query.instant({ expression, unixMs }, { signal }),
      ).catch(nameParameter);
      return sendJson(reply, encodeQueryResult(result, limit));
    },
  );

  route(
    ['GET', 'POST'],
    '/api/v1/query_range',
    'Evaluate an expression over a range of time',
    {
      querystring: RangeQueryParametersSchema,
      answer: QueryResponseSchema,
    },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const limit = limitOf(parameters);
      const startUnixMs = requiredTimeOf(parameters, 'start');
      const endUnixMs = requiredTimeOf(parameters, 'end');
      if (endUnixMs < startUnixMs) {
        throw badParameter('end', 'end timestamp must not be before start time');
      }
      const stepMs = durationOf(parameters, 'step');
      if (stepMs <= 0) {
        throw badParameter(
          'step',
          'zero or negative query resolution step widths are not accepted. Try a positive integer',
        );
      }
      if ((endUnixMs - startUnixMs) / stepMs > MAX_POINTS) {
        throw new QueryError(
          'bad_data',
          'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
        );
      }
      const expression = parameters.get('query') ?? '';
      const result = await evaluate(reply, parameters, (signal) =>
        runtime.query.range({ expression, startUnixMs, endUnixMs, stepMs }, { signal }),
      ).catch(nameParameter);
      return sendJson(reply, encodeQueryResult(result, limit));
    },
  );

  /** Asks the store once per selector and puts the answers together, sorted and without repeats. */
  const union = async <Item>(
    reply: FastifyReply,
    parameters: URLSearchParams,
    ask: (query: SeriesQuery, signal: AbortSignal) => Promise<readonly Item[]>,
    keyOf: (item: Item) => string,
    compare: (a: Item, b: Item) => number,
  ): Promise<readonly Item[]> => {
    const startUnixMs = timeOf(parameters, 'start', MIN_UNIX_MS);
    const endUnixMs = timeOf(parameters, 'end', MAX_UNIX_MS);
    if (endUnixMs < startUnixMs) {
      throw badParameter('end', 'end timestamp must not be before start timestamp');
    }
    const selectors = parameters.getAll('match[]').map((text) => {
      try {
        return parseSelector(text);
      } catch (error) {
        throw error instanceof QueryError ? badParameter('match[]', error.message) : error;
      }
    });
    using slot = context.querySlots.take();
    if (slot === undefined) throw tooBusy();
    using request = requestSignal(reply, clock, config.query.timeoutMs);
    const found = new Map<string, Item>();
    for (const matchers of selectors.length === 0 ? [[]] : selectors) {
      const items = await ask({ matchers, startUnixMs, endUnixMs }, request.signal);
      for (const item of items) found.set(keyOf(item), item);
    }
    return [...found.values()].sort(compare);
  };
  const text = (item: string): string => item;

  route(
    ['GET', 'POST'],
    '/api/v1/series',
    'Find series by label matchers',
    {
      querystring: SeriesParametersSchema,
      answer: SeriesResponseSchema,
    },
    async (request, reply) => {
      const parameters = parametersOf(request);
      if (!parameters.has('match[]'))
        throw new QueryError('bad_data', 'no match[] parameter provided');
      const found = await union(
        reply,
        parameters,
        (query, signal) => runtime.metricStore.series(query, { signal }),
        (labels: Labels) => labels.key,
        (a, b) => a.compare(b),
      );
      return success(
        found.map((labels) => labels.toObject()),
        limitOf(parameters),
      );
    },
  );

  route(
    ['GET', 'POST'],
    '/api/v1/labels',
    'Names of labels',
    {
      querystring: LabelsParametersSchema,
      answer: StringsResponseSchema,
    },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const names = await union(
        reply,
        parameters,
        (query, signal) => runtime.metricStore.labelNames(query, { signal }),
        text,
        compareUtf8,
      );
      return success(names, limitOf(parameters));
    },
  );

  route(
    ['GET'],
    '/api/v1/label/:name/values',
    'Values of a label',
    {
      params: LabelNameParametersSchema,
      querystring: LabelsParametersSchema,
      answer: StringsResponseSchema,
    },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const name = labelName((request.params as { readonly name: string }).name);
      const values = await union(
        reply,
        parameters,
        (query, signal) => runtime.metricStore.labelValues(name, query, { signal }),
        text,
        compareUtf8,
      );
      return success(values, limitOf(parameters));
    },
  );

  route(
    ['GET'],
    '/api/v1/metadata',
    'What metrics mean',
    {
      querystring: MetadataParametersSchema,
      answer: MetadataResponseSchema,
    },
    (request) => {
      const parameters = parametersOf(request);
      const limit = limitOf(parameters);
      // One answer per metric is all the store keeps, so limit_per_metric has nothing to cut.
      limitOf(parameters, 'limit_per_metric');
      const wanted = parameters.get('metric') ?? '';
      const all = runtime.metricStore
        .metadata()
        .filter(({ name }) => wanted === '' || name === wanted);
      const some = limit === 0 ? all : all.slice(0, limit);
      return {
        status: 'success',
        data: Object.fromEntries(
          some.map(({ name, type, help, unit }) => [name, [{ type, help, unit }]]),
        ),
      };
    },
  );

  route(
    ['GET'],
    '/api/v1/status/buildinfo',
    'The version of this server',
    {
      answer: BuildInfoResponseSchema,
    },
    () => ({
      status: 'success',
      // The names are Prometheus'; what this server does not have stays empty.
      data: { version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' },
    }),
  );

  registerTargetRoutes(route, context);
  registerRuleRoutes(route, context);
  registerAdminRoutes(route, context);
}

/** Adds a documented route to the Prometheus API. */
export type AddRoute = (
  methods: readonly ('GET' | 'POST')[],
  url: string,
  summary: string,
  schemas: { readonly params?: TSchema; readonly querystring?: TSchema; readonly answer: TSchema },
  handler: RouteOptions['handler'],
) => void;

/** `U__` names stand for names with characters beyond the classic ones. */
function labelName(name: string): string {
  if (!name.startsWith('U__')) return name;
  return name
    .slice(3)
    .replaceAll(/__|_([0-9a-fA-F]{1,6})_/g, (_, hex: string | undefined) =>
      hex === undefined ? '_' : String.fromCodePoint(Number.parseInt(hex, 16)),
    );
}

/** An expression that does not parse is told as a fault of the parameter, as Prometheus does. */
function nameParameter(error: unknown): never {
  throw error instanceof QueryError &&
    error.errorType === 'bad_data' &&
    !error.message.startsWith('invalid parameter')
    ? badParameter('query', error.message)
    : error;
}

function success(
  items: readonly unknown[],
  limit: number,
): { status: 'success'; data: readonly unknown[]; warnings?: readonly string[] } {
  if (limit === 0 || items.length <= limit) return { status: 'success', data: items };
  return {
    status: 'success',
    data: items.slice(0, limit),
    warnings: ['results truncated due to limit'],
  };
}

function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'application/json').serializer(String).send(text);
}

function tooBusy(): ProblemError {
  return new ProblemError(
    503,
    'too-many-queries',
    'Too many queries',
    'too many queries are running; try again in a moment',
    { headers: { 'retry-after': '1' } },
  );
}

const STATUS: Readonly<Record<PrometheusErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  canceled: 503,
  not_found: 404,
  unavailable: 503,
  internal: 500,
};

function sendPrometheusError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  { runtime }: ServerContext,
): FastifyReply {
  const { errorType, status, headers = {} } = classify(error);
  if (errorType === 'internal') {
    runtime.log.error(
      { err: error, requestId: request.id, route: request.routeOptions.url },
      'request failed',
    );
  }
  const body: PrometheusError = {
    status: 'error',
    errorType,
    error: errorType === 'internal' ? `internal error (request ${request.id})` : messageOf(error),
  };
  return sendJson(reply.code(status).headers(headers), JSON.stringify(body));
}

function classify(error: unknown): {
  readonly errorType: PrometheusErrorType;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
} {
  if (error instanceof QueryError)
    return { errorType: error.errorType, status: STATUS[error.errorType] };
  if (error instanceof InvalidInputError) return { errorType: 'bad_data', status: 400 };
  if (error instanceof BackendError)
    return { errorType: 'unavailable', status: 503, headers: { 'retry-after': '5' } };
  const problem = problemOf(error);
  if (problem.status >= 500 && problem.status !== 503)
    return { errorType: 'internal', status: 500 };
  return {
    errorType: problem.status === 503 ? 'unavailable' : 'bad_data',
    status: problem.status,
    headers: problem.headers,
  };
}

function messageOf(error: unknown): string {
  return error instanceof MonitoringError ? error.message : problemOf(error).message;
}
