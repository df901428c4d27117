import { count, type Product } from './options.ts';

export interface PrometheusMetricStoreOptions {
  /** Series whose newest sample is remembered; of others the server judges alone. Default 200,000. */
  readonly maxRememberedSeries?: number;
  /** Metrics whose metadata is kept; more are dropped and counted. Default 20,000. */
  readonly maxMetadata?: number;
  /** Appends that may wait for those before them; more fail at once. Default 1,000. */
  readonly maxWaitingAppends?: number;
  /** Larger batches are sent in parts. Default 50,000. */
  readonly maxSamplesPerRequest?: number;
  /** How often a refused write is halved to find what was refused, for each append. Default 200. */
  readonly maxSplits?: number;
  /** Samples further ahead are refused, since they would close the server to all others. Default 10 min. */
  readonly maxAheadMs?: number;
  /** The server's own window for late samples; older rows are not sent. Default 0. */
  readonly outOfOrderWindowMs?: number;
  /** Labels of a series. Default: 30 for VictoriaMetrics, which cuts off more; else no limit. */
  readonly maxLabels?: number;
}

export interface StoreLimits {
  readonly maxRememberedSeries: number;
  readonly maxMetadata: number;
  readonly maxWaitingAppends: number;
  readonly maxSamplesPerRequest: number;
  readonly maxSplits: number;
  readonly maxAheadMs: number;
  readonly outOfOrderWindowMs: number;
  readonly maxLabels: Readonly<Record<Product, number>>;
}

/** @throws InvalidInputError naming the option */
export function storeLimits(options: PrometheusMetricStoreOptions): StoreLimits {
  const maxLabels =
    options.maxLabels === undefined ? undefined : count('maxLabels', options.maxLabels);
  return {
    maxRememberedSeries: count('maxRememberedSeries', options.maxRememberedSeries ?? 200_000, 2),
    maxMetadata: count('maxMetadata', options.maxMetadata ?? 20_000),
    maxWaitingAppends: count('maxWaitingAppends', options.maxWaitingAppends ?? 1_000),
    maxSamplesPerRequest: count('maxSamplesPerRequest', options.maxSamplesPerRequest ?? 50_000),
    maxSplits: count('maxSplits', options.maxSplits ?? 200, 0),
    maxAheadMs: count('maxAheadMs', options.maxAheadMs ?? 600_000, 0),
    outOfOrderWindowMs: count('outOfOrderWindowMs', options.outOfOrderWindowMs ?? 0, 0),
    maxLabels: {
      prometheus: maxLabels ?? Number.POSITIVE_INFINITY,
      'victoria-metrics': maxLabels ?? 30,
    },
  };
}
