import { type LabelMatcher } from '../label-matcher.ts';
import { type Labels } from '../labels.ts';
import { type MetricMetadata } from '../metadata.ts';
import { type SampleBatch, type Series } from '../sample.ts';

/** Why a sample was not stored. */
export type RejectReason = 'out-of-order' | 'duplicate' | 'too-old' | 'too-far-ahead' | 'limit';

/** What an append did. Rows that were refused are counted, the others are durable. */
export interface AppendResult {
  readonly appended: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
}

export interface SeriesQuery {
  readonly matchers: readonly LabelMatcher[];
  /** Inclusive. */
  readonly startUnixMs: number;
  /** Inclusive. */
  readonly endUnixMs: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface MetricStoreStats {
  readonly seriesCount: number;
  readonly headSampleCount: number;
  readonly blockCount: number;
  readonly sizeBytes: number;
  /** Undefined while the store is empty. */
  readonly oldestUnixMs: number | undefined;
  readonly newestUnixMs: number | undefined;
}

/** Where metric samples live. Each adapter runs `metricStoreContract` from the testing package. */
export interface MetricStore extends AsyncDisposable {
  /**
   * Appends and resolves once durable: what was counted as appended survives `kill -9`.
   * A sample equal in time and value to the newest of its series is accepted silently; one with the
   * same time and another value is a duplicate, an older one out of order.
   * @throws BackendError when nothing of the batch could be made durable
   */
  append(batch: SampleBatch, options?: CallOptions): Promise<AppendResult>;
  /** The matching series with samples in the range, sorted by labels; staleness markers included. */
  select(query: SeriesQuery, options?: CallOptions): Promise<readonly Series[]>;
  /** The label sets of series with samples in the range, sorted. */
  series(query: SeriesQuery, options?: CallOptions): Promise<readonly Labels[]>;
  /** Names of labels of the matching series, sorted. */
  labelNames(query: SeriesQuery, options?: CallOptions): Promise<readonly string[]>;
  /** Values of one label over the matching series, sorted, without ''. */
  labelValues(name: string, query: SeriesQuery, options?: CallOptions): Promise<readonly string[]>;
  /** Remembers what metrics mean; the latest word counts. */
  putMetadata(metadata: readonly MetricMetadata[]): void;
  /** All known metadata, sorted by name. */
  metadata(): readonly MetricMetadata[];
  stats(): MetricStoreStats;
}
