import {
  type AppendResult,
  type CallOptions,
  compareUtf8,
  compileMatchers,
  type Labels,
  type MetricMetadata,
  type MetricStore,
  type MetricStoreStats,
  type SampleBatch,
  type Series,
  type SeriesQuery,
} from '@dwcp/core';

import { MemorySeries } from './memory-series.ts';

const BYTES_PER_SAMPLE = 16;

/**
 * A metric store in memory. It passes `metricStoreContract`; it has no retention and refuses no
 * sample for its age. A test may put samples of any time, count the calls, and make appends fail.
 */
export class MemoryMetricStore implements MetricStore {
  readonly #series = new Map<string, MemorySeries>();
  readonly #metadata = new Map<string, MetricMetadata>();
  /** Thrown by appends while set; nothing is stored then. */
  failure: Error | undefined;
  /** How often `append` was called, failures included. */
  appendCount = 0;
  /** How often `select` was called. */
  selectCount = 0;

  /** Puts samples of any times, also old ones; of two at the same time the later put counts. */
  put(series: Series): void {
    this.#of(series.labels).put(series);
  }

  /** Forgets all samples. */
  clear(): void {
    this.#series.clear();
  }

  async append(batch: SampleBatch, { signal }: CallOptions = {}): Promise<AppendResult> {
    this.appendCount++;
    signal?.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    const counts = { appended: 0, 'out-of-order': 0, duplicate: 0 };
    for (const [row, labels] of batch.labels.entries())
      counts[this.#of(labels).append(batch, row)]++;
    const { appended, ...refused } = counts;
    return {
      appended,
      rejected: Object.fromEntries(Object.entries(refused).filter(([, count]) => count > 0)),
    };
  }

  async select(query: SeriesQuery, options: CallOptions = {}): Promise<readonly Series[]> {
    this.selectCount++;
    return this.#find(query, options);
  }

  async series(query: SeriesQuery, options: CallOptions = {}): Promise<readonly Labels[]> {
    return this.#find(query, options).map(({ labels }) => labels);
  }

  async labelNames(query: SeriesQuery, options: CallOptions = {}): Promise<readonly string[]> {
    const found = this.#find(query, options);
    return sortedSet(found.flatMap(({ labels }) => [...labels].map(([name]) => name)));
  }

  async labelValues(
    name: string,
    query: SeriesQuery,
    options: CallOptions = {},
  ): Promise<readonly string[]> {
    const found = this.#find(query, options);
    return sortedSet(found.map(({ labels }) => labels.get(name)).filter((value) => value !== ''));
  }

  putMetadata(metadata: readonly MetricMetadata[]): void {
    for (const each of metadata) this.#metadata.set(each.name, each);
  }

  metadata(): readonly MetricMetadata[] {
    return [...this.#metadata.values()].sort((a, b) => compareUtf8(a.name, b.name));
  }

  stats(): MetricStoreStats {
    const filled = [...this.#series.values()].filter(({ size }) => size > 0);
    const headSampleCount = filled.reduce((sum, { size }) => sum + size, 0);
    const times = (
      pick: (series: MemorySeries) => number,
      most: (a: number, b: number) => number,
    ) => (filled.length === 0 ? undefined : filled.map(pick).reduce((a, b) => most(a, b)));
    return {
      seriesCount: filled.length,
      headSampleCount,
      blockCount: 0,
      sizeBytes: headSampleCount * BYTES_PER_SAMPLE,
      oldestUnixMs: times(({ oldestUnixMs }) => oldestUnixMs, Math.min),
      newestUnixMs: times(({ newestUnixMs }) => newestUnixMs, Math.max),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clear();
  }

  #of(labels: Labels): MemorySeries {
    const known = this.#series.get(labels.key);
    if (known !== undefined) return known;
    const made = new MemorySeries(labels);
    this.#series.set(labels.key, made);
    return made;
  }

  #find({ matchers, startUnixMs, endUnixMs }: SeriesQuery, { signal }: CallOptions): Series[] {
    signal?.throwIfAborted();
    const matches = compileMatchers(matchers);
    return [...this.#series.values()]
      .filter(({ labels }) => matches(labels))
      .flatMap((series) => series.between(startUnixMs, endUnixMs) ?? [])
      .sort((a, b) => a.labels.compare(b.labels));
  }
}

function sortedSet(words: readonly string[]): string[] {
  return [...new Set(words)].sort(compareUtf8);
}
