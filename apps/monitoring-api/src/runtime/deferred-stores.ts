import {
  BackendError,
  type CallOptions,
  type CardinalityReport,
  type ChangeTracker,
  type ExemplarSeries,
  type ExemplarStore,
  type LogPage,
  type LogQuery,
  type LogRecord,
  type LogStore,
  type LogStoreStats,
  type AppendResult,
  type Labels,
  type MetricAppender,
  type MetricMetadata,
  type MetricStore,
  type MetricStoreAdmin,
  type MetricStoreStats,
  type MetricTransaction,
  type SampleBatch,
  type SampleFeed,
  type Series,
  type SeriesQuery,
  type SeriesScanner,
  type Span,
  type TracePage,
  type TraceQuery,
  type TraceStore,
  type TraceStoreStats,
} from '@dwcp/core';

/**
 * A store that is opened later. What is appended before waits in the writer's own bounded queue, so
 * that a program can record from its first line on.
 */
abstract class Deferred<Store extends AsyncDisposable> {
  readonly #name: string;
  readonly #opened = Promise.withResolvers<Store>();
  #store: Store | undefined;
  #closed = false;

  constructor(name: string) {
    this.#name = name;
    // Nobody may be waiting when it fails.
    this.#opened.promise.catch(() => undefined);
  }

  open(store: Store): void {
    this.#store = store;
    this.#opened.resolve(store);
  }

  get isOpen(): boolean {
    return this.#store !== undefined && !this.#closed;
  }

  protected get store(): Store | undefined {
    return this.#store;
  }

  /** For writers: waits until the store is there. */
  protected opened(): Promise<Store> {
    return this.#opened.promise;
  }

  /** For readers: fails at once while it is not there. */
  protected now(): Store {
    if (this.#store !== undefined && !this.#closed) return this.#store;
    throw new BackendError(this.#name, this.#closed ? 'is closed' : 'is not open yet', {
      retryable: !this.#closed,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#store === undefined) {
      this.#opened.reject(new BackendError(this.#name, 'was never opened', { retryable: false }));
    } else await this.#store[Symbol.asyncDispose]();
  }
}

const EMPTY_METRIC_STATS: MetricStoreStats = {
  seriesCount: 0,
  headSampleCount: 0,
  blockCount: 0,
  sizeBytes: 0,
  oldestUnixMs: undefined,
  newestUnixMs: undefined,
};

/** A metric store on this machine's disk. */
export type LocalMetricStore = MetricStore &
  MetricAppender &
  ExemplarStore &
  SeriesScanner &
  ChangeTracker &
  MetricStoreAdmin & { readonly feed: SampleFeed };

export class DeferredMetricStore extends Deferred<LocalMetricStore> implements LocalMetricStore {
  #appendFailure: BackendError | undefined;

  constructor() {
    super('metric store');
  }
  /** Why samples cannot be written at this time, such as a full disk; undefined when they can. */
  get appendFailure(): BackendError | undefined {
    return this.#appendFailure;
  }
  async append(batch: SampleBatch, options?: CallOptions): Promise<AppendResult> {
    const store = await this.opened();
    try {
      const result = await store.append(batch, options);
      // Refusing samples takes no disk.
      if (result.appended > 0) this.#appendFailure = undefined;
      return result;
    } catch (error) {
      if (error instanceof BackendError) this.#appendFailure = error;
      throw error;
    }
  }
  async select(query: SeriesQuery, options?: CallOptions): Promise<readonly Series[]> {
    return this.now().select(query, options);
  }
  async scan(
    query: SeriesQuery,
    visit: (series: Series) => void | Promise<void>,
    options?: CallOptions,
  ): Promise<void> {
    await this.now().scan(query, visit, options);
  }
  get changeMark(): number {
    return this.isOpen ? this.now().changeMark : 0;
  }
  oldestChangeSince(mark: number): number {
    return this.isOpen ? this.now().oldestChangeSince(mark) : Number.NEGATIVE_INFINITY;
  }
  async series(query: SeriesQuery, options?: CallOptions): Promise<readonly Labels[]> {
    return this.now().series(query, options);
  }
  async labelNames(query: SeriesQuery, options?: CallOptions): Promise<readonly string[]> {
    return this.now().labelNames(query, options);
  }
  async labelValues(
    name: string,
    query: SeriesQuery,
    options?: CallOptions,
  ): Promise<readonly string[]> {
    return this.now().labelValues(name, query, options);
  }
  get feed(): SampleFeed {
    return this.now().feed;
  }
  async deleteSeries(query: SeriesQuery, options?: CallOptions): Promise<number> {
    return this.now().deleteSeries(query, options);
  }
  async cleanTombstones(options?: CallOptions): Promise<void> {
    await this.now().cleanTombstones(options);
  }
  async snapshot(options?: CallOptions): Promise<string> {
    return this.now().snapshot(options);
  }
  async cardinality(limit: number): Promise<CardinalityReport> {
    return this.now().cardinality(limit);
  }
  begin(): MetricTransaction {
    return this.now().begin();
  }
  async exemplars(query: SeriesQuery, options?: CallOptions): Promise<readonly ExemplarSeries[]> {
    return this.now().exemplars(query, options);
  }
  putMetadata(metadata: readonly MetricMetadata[]): void {
    this.store?.putMetadata(metadata);
  }
  metadata(): readonly MetricMetadata[] {
    return this.store?.metadata() ?? [];
  }
  stats(): MetricStoreStats {
    return this.isOpen ? this.now().stats() : EMPTY_METRIC_STATS;
  }
}

export class DeferredLogStore extends Deferred<LogStore> implements LogStore {
  constructor() {
    super('log store');
  }
  async append(records: readonly LogRecord[], options?: CallOptions): Promise<void> {
    return (await this.opened()).append(records, options);
  }
  async search(query: LogQuery, options?: CallOptions): Promise<LogPage> {
    return this.now().search(query, options);
  }
  async deleteBefore(unixNano: bigint): Promise<number> {
    return this.now().deleteBefore(unixNano);
  }
  stats(): LogStoreStats {
    return this.isOpen ? this.now().stats() : { recordCount: 0, sizeBytes: 0 };
  }
}

export class DeferredTraceStore extends Deferred<TraceStore> implements TraceStore {
  constructor() {
    super('trace store');
  }
  async append(spans: readonly Span[], options?: CallOptions): Promise<void> {
    return (await this.opened()).append(spans, options);
  }
  async trace(traceId: string, options?: CallOptions): Promise<readonly Span[]> {
    return this.now().trace(traceId, options);
  }
  async search(query: TraceQuery, options?: CallOptions): Promise<TracePage> {
    return this.now().search(query, options);
  }
  async services(): Promise<readonly string[]> {
    return this.now().services();
  }
  async operations(service: string): Promise<readonly string[]> {
    return this.now().operations(service);
  }
  async deleteBefore(unixNano: bigint): Promise<number> {
    return this.now().deleteBefore(unixNano);
  }
  stats(): TraceStoreStats {
    return this.isOpen ? this.now().stats() : { spanCount: 0, sizeBytes: 0 };
  }
}
