import {
  type Clock,
  type Histogram,
  type InstantQuery,
  type Instruments,
  type MetricQuery,
  QueryError,
  type QueryOptions,
  type QueryResult,
  type RangeQuery,
} from '@dwcp/core';
import { type CacheOutcome } from '@dwcp/promql';

/** Counts how range queries were answered with a cache in between. */
export function countCacheOutcomes(instruments: Instruments): (outcome: CacheOutcome) => void {
  const requests = instruments.counter({
    name: 'dwcp_query_cache_requests_total',
    help: 'Range queries by how much of their answer was kept: hit, partial, miss, or bypass.',
    labelNames: ['outcome'],
  });
  return (outcome) => requests.labels({ outcome }).inc();
}

/** Answers what another MetricQuery answers, and measures how long it took and how it ended. */
export class MeasuredQuery implements MetricQuery {
  readonly #inner: MetricQuery;
  readonly #clock: Clock;
  readonly #duration: Histogram;

  constructor(inner: MetricQuery, clock: Clock, instruments: Instruments) {
    this.#inner = inner;
    this.#clock = clock;
    this.#duration = instruments.histogram({
      name: 'dwcp_query_duration_seconds',
      help: 'How long PromQL queries took, those of rules included.',
      labelNames: ['kind', 'outcome'],
    });
  }

  instant(query: InstantQuery, options?: QueryOptions): Promise<QueryResult> {
    return this.#measure('instant', () => this.#inner.instant(query, options));
  }

  range(query: RangeQuery, options?: QueryOptions): Promise<QueryResult> {
    return this.#measure('range', () => this.#inner.range(query, options));
  }

  async #measure(kind: string, run: () => Promise<QueryResult>): Promise<QueryResult> {
    const startMs = this.#clock.monotonicMs();
    let outcome = 'success';
    try {
      return await run();
    } catch (error) {
      outcome = error instanceof QueryError ? error.errorType : 'error';
      throw error;
    } finally {
      this.#duration
        .labels({ kind, outcome })
        .observe((this.#clock.monotonicMs() - startMs) / 1_000);
    }
  }
}
