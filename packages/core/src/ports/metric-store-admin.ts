import { type CallOptions, type SeriesQuery } from './metric-store.ts';

/** How many series share one name or one pair. */
export interface CardinalityCount {
  readonly name: string;
  readonly count: number;
}

/** What makes the series so many, each list the largest first. */
export interface CardinalityReport {
  readonly seriesCount: number;
  readonly labelPairCount: number;
  /** Series by metric name. */
  readonly byMetricName: readonly CardinalityCount[];
  /** Distinct values by label name. */
  readonly valuesByLabelName: readonly CardinalityCount[];
  /** Series by label pair, named `name=value`. */
  readonly byLabelPair: readonly CardinalityCount[];
  /** Bytes of all values by label name. */
  readonly bytesByLabelName: readonly CardinalityCount[];
}

/** What an operator does to a store; apart from MetricStore, since few callers may. */
export interface MetricStoreAdmin {
  /**
   * From its return on the samples of the matching series in the range are in no answer any more.
   * The disk space comes back with `cleanTombstones` or a later merge.
   * @returns how many series had samples in the range
   */
  deleteSeries(query: SeriesQuery, options?: CallOptions): Promise<number>;
  /** Rewrites what still holds deleted samples. */
  cleanTombstones(options?: CallOptions): Promise<void>;
  /**
   * A consistent copy of all that is durable, made of hard links where it can be.
   * @returns the path of the folder, which a store can be opened on
   */
  snapshot(options?: CallOptions): Promise<string>;
  cardinality(limit: number): Promise<CardinalityReport>;
}
