import {
  type AppendResult,
  compileMatchers,
  type Labels,
  type MetricStore,
  type MetricStoreStats,
  type SampleBatch,
  type Series,
  type SeriesQuery,
} from '@dwcp/core';

interface Kept {
  readonly labels: Labels;
  readonly timestamps: number[];
  /** Kept as bits: a staleness marker is a NaN of its own. */
  readonly values: Float64Array[];
}

/** Series in memory, for tests of what is written and read back. */
export class MemoryStore implements MetricStore {
  readonly #series = new Map<string, Kept>();
  /** Thrown by the next appends. */
  failure: Error | undefined;
  appends = 0;

  async append(batch: SampleBatch): Promise<AppendResult> {
    this.appends++;
    if (this.failure !== undefined) throw this.failure;
    let appended = 0;
    let outOfOrder = 0;
    for (const [index, labels] of batch.labels.entries()) {
      const unixMs = batch.timestamps[index] ?? 0;
      const kept = this.#series.get(labels.key) ?? { labels, timestamps: [], values: [] };
      this.#series.set(labels.key, kept);
      if (unixMs <= (kept.timestamps.at(-1) ?? -Infinity)) {
        outOfOrder++;
        continue;
      }
      kept.timestamps.push(unixMs);
      kept.values.push(batch.values.slice(index, index + 1));
      appended++;
    }
    return { appended, rejected: outOfOrder > 0 ? { 'out-of-order': outOfOrder } : {} };
  }

  async select({ matchers, startUnixMs, endUnixMs }: SeriesQuery): Promise<readonly Series[]> {
    const matches = compileMatchers(matchers);
    return [...this.#series.values()]
      .filter(({ labels }) => matches(labels))
      .map(({ labels, timestamps, values }) => {
        const inRange = timestamps.map((unixMs) => unixMs >= startUnixMs && unixMs <= endUnixMs);
        const kept = new Float64Array(inRange.filter(Boolean).length);
        let at = 0;
        for (const [index, value] of values.entries()) if (inRange[index]) kept.set(value, at++);
        return {
          labels,
          timestamps: Float64Array.from(timestamps.filter((_, index) => inRange[index])),
          values: kept,
        };
      })
      .filter(({ timestamps }) => timestamps.length > 0)
      .sort((a, b) => a.labels.compare(b.labels));
  }

  async series(query: SeriesQuery): Promise<readonly Labels[]> {
    return (await this.select(query)).map(({ labels }) => labels);
  }

  async labelNames(query: SeriesQuery): Promise<readonly string[]> {
    const names = (await this.series(query)).flatMap((labels) => [...labels].map(([name]) => name));
    return [...new Set(names)].sort();
  }

  async labelValues(name: string, query: SeriesQuery): Promise<readonly string[]> {
    return [...new Set((await this.series(query)).map((labels) => labels.get(name)))].sort();
  }

  putMetadata(): void {
    return undefined;
  }

  metadata(): readonly [] {
    return [];
  }

  stats(): MetricStoreStats {
    return {
      seriesCount: this.#series.size,
      headSampleCount: 0,
      blockCount: 0,
      sizeBytes: 0,
      oldestUnixMs: undefined,
      newestUnixMs: undefined,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#series.clear();
  }
}
