import {
  type CallOptions,
  type InstantQuery,
  type MetricQuery,
  QueryError,
  type QueryResult,
  type RangeQuery,
} from '@dwcp/core';

import { queryError } from './api-error.ts';
import { type HttpRequest } from './http-client.ts';
import { type PrometheusServer } from './prometheus-server.ts';
import { queryValueOf } from './query-value.ts';
import { timeParam } from './times.ts';

/**
 * Passes PromQL on to the server where the samples are. VictoriaMetrics answers MetricsQL, which
 * differs: a scalar is a vector of one, strings are nothing, NaN is no value, and mistakes that it
 * can read some way are no error.
 */
export class PrometheusMetricQuery implements MetricQuery {
  readonly #server: PrometheusServer;

  /** The server stays the caller's. */
  constructor(server: PrometheusServer) {
    this.#server = server;
  }

  /** @throws QueryError; BackendError when the server cannot be asked or answers too much */
  async instant(query: InstantQuery, options: CallOptions = {}): Promise<QueryResult> {
    const { expression, unixMs } = query;
    moment('unixMs', unixMs);
    return await this.#ask('/api/v1/query', expression, options, (product) => ({
      time: timeParam(unixMs, product),
    }));
  }

  /** @throws QueryError; BackendError when the server cannot be asked or answers too much */
  async range(query: RangeQuery, options: CallOptions = {}): Promise<QueryResult> {
    const { expression, startUnixMs, endUnixMs, stepMs } = query;
    moment('startUnixMs', startUnixMs);
    moment('endUnixMs', endUnixMs);
    if (!Number.isSafeInteger(stepMs) || stepMs <= 0) {
      throw new QueryError(
        'bad_data',
        `stepMs: a whole number of milliseconds above 0 is wanted, got ${stepMs}`,
      );
    }
    if (endUnixMs < startUnixMs) {
      throw new QueryError(
        'bad_data',
        `endUnixMs: ${endUnixMs} is before startUnixMs, ${startUnixMs}`,
      );
    }
    return await this.#ask('/api/v1/query_range', expression, options, (product) => ({
      start: timeParam(startUnixMs, product),
      end: timeParam(endUnixMs, product),
      step: `${stepMs}ms`,
      // With its cache VictoriaMetrics moves the range to multiples of the step.
      ...(product === 'victoria-metrics' ? { nocache: '1' } : {}),
    }));
  }

  async #ask(
    path: string,
    expression: string,
    { signal }: CallOptions,
    paramsFor: (
      product: Awaited<ReturnType<PrometheusServer['identity']>>['product'],
    ) => Readonly<Record<string, string>>,
  ): Promise<QueryResult> {
    const server = this.#server;
    try {
      signal?.throwIfAborted();
      const { product } = await server.identity(signal === undefined ? {} : { signal });
      const params = new URLSearchParams({
        query: expression,
        timeout: `${server.requestTimeoutMs}ms`,
        ...paramsFor(product),
      });
      const request: HttpRequest = { method: 'POST', path, params, signal };
      const { data, warnings, infos } = await server.api(request);
      try {
        return { value: queryValueOf(data), warnings, infos };
      } catch (error) {
        throw server.unexpected(request, `the answer cannot be read: ${String(error)}`, error);
      }
    } catch (error) {
      if (signal?.aborted === true) {
        throw new QueryError('canceled', 'the query was canceled', { cause: signal.reason });
      }
      throw queryError(error, expression);
    }
  }
}

function moment(field: string, unixMs: number): void {
  if (Number.isSafeInteger(unixMs)) return;
  throw new QueryError('bad_data', `${field}: whole Unix milliseconds are wanted, got ${unixMs}`);
}
