import { type LabelMatcher } from '../label-matcher.ts';
import { type Labels } from '../labels.ts';
import { type MetricMetadata } from '../metadata.ts';
import { type Exemplar, type SampleBatch, type Series } from '../sample.ts';

/** Why a sample was not stored. */
export type RejectReason =
  /** Older than the newest of its series by more than the out-of-order window. */
  | 'out-of-order'
  /** Another value for a moment that has one. */
  | 'duplicate'
  | 'too-old'
  | 'too-far-ahead'
  /** Labels that break the rules of the data model, or a histogram that contradicts itself. */
  | 'invalid'
  /** Too many labels, or one that is too long. */
  | 'label-limit'
  /** A new series when there are as many as may be. */
  | 'series-limit'
  /** An exemplar that is too long, too old, or of no known series. */
  | 'exemplar';

/** What an append did. Rows that were refused are counted, the others are durable. */
export interface AppendResult {
  readonly appended: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** How many of the appended samples are native histograms; without it none are known to be. */
  readonly appendedHistograms?: number;
  /** Exemplars that were stored; without it none were in the batch. */
  readonly appendedExemplars?: number;
}

/** The exemplars of one series, oldest first. */
export interface ExemplarSeries {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
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
  /** Pieces of compressed samples that are not in blocks yet; undefined where there are none. */
  readonly headChunkCount?: number;
  /** Places where stored data did not pass its check; undefined where nothing is checked. */
  readonly corruptionCount?: number;
}

/** Answers with the exemplars that came in batches; a part of some metric stores. */
export interface ExemplarStore {
  /** The exemplars of the matching series in the range, series sorted by labels. */
  exemplars(query: SeriesQuery, options?: CallOptions): Promise<readonly ExemplarSeries[]>;
}

/** Reads series one by one; a part of some metric stores. */
export interface SeriesScanner {
  /**
   * As `select`, in the same order, with one series in memory at a time: the arrays of a series hold
   * something else once `visit` has returned, or what it returned is settled.
   */
  scan(
    query: SeriesQuery,
    visit: (series: Series) => void | Promise<void>,
    options?: CallOptions,
  ): Promise<void>;
}

/** Tells what has changed, so that answers can be kept; a part of some metric stores. */
export interface ChangeTracker {
  /** The present moment in the order of changes; rises. */
  readonly changeMark: number;
  /**
   * The oldest time at which samples may have changed after a mark: all that lies before it is as it
   * was. Infinity when nothing changed, -Infinity when it is not known any more.
   */
  oldestChangeSince(mark: number): number;
}

/** Where metric samples live. Each adapter runs `metricStoreContract` from the testing package. */
export interface MetricStore extends AsyncDisposable {
  /**
   * Appends and resolves once durable: what was counted as appended survives `kill -9`.
   * A sample equal in time and value to the newest of its series is accepted silently, and to an
   * older one where the store can tell: an append may be repeated. One with the same time and another
   * value is a duplicate; an older one is out of order, unless the store has an out-of-order window
   * that reaches back to it.
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
