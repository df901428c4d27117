import {
  type AppendResult,
  compileMatchers,
  type Labels,
  type MetricMetadata,
  type MetricStore,
  type MetricStoreStats,
  type NativeHistogram,
  type SampleBatch,
  type Series,
  type SeriesQuery,
} from '@dwcp/core';

/** A metric store in memory: sorted, honest about ranges and matchers, nothing more. */
export class MemoryMetricStore implements MetricStore {
  readonly #series = new Map<string, Series>();
  #metadata: readonly MetricMetadata[] = [];
  /** How often `select` was called. */
  selectCount = 0;

  /** Puts a whole series; samples of the same labels are joined and sorted by time. */
  put(series: Series): void {
    const known = this.#series.get(series.labels.key);
    this.#series.set(series.labels.key, known === undefined ? series : join(known, series));
  }

  clear(): void {
    this.#series.clear();
  }

  append(batch: SampleBatch): Promise<AppendResult> {
    for (const [i, labels] of batch.labels.entries()) {
      this.put({
        labels,
        timestamps: batch.timestamps.slice(i, i + 1),
        values: batch.values.slice(i, i + 1),
        ...(batch.histograms === undefined ? {} : { histograms: [batch.histograms[i]] }),
      });
    }
    return Promise.resolve({ appended: batch.labels.length, rejected: {} });
  }

  select(query: SeriesQuery): Promise<readonly Series[]> {
    this.selectCount++;
    const matches = compileMatchers(query.matchers);
    const found: Series[] = [];
    for (const series of this.#series.values()) {
      if (!matches(series.labels)) continue;
      const { timestamps } = series;
      let from = 0;
      while (from < timestamps.length && (timestamps[from] ?? 0) < query.startUnixMs) from++;
      let to = from;
      while (to < timestamps.length && (timestamps[to] ?? 0) <= query.endUnixMs) to++;
      if (to > from) found.push(slice(series, from, to));
    }
    return Promise.resolve(found.sort((a, b) => a.labels.compare(b.labels)));
  }

  async series(query: SeriesQuery): Promise<readonly Labels[]> {
    return (await this.select(query)).map((series) => series.labels);
  }

  async labelNames(query: SeriesQuery): Promise<readonly string[]> {
    const names = (await this.series(query)).flatMap((labels) => [...labels].map(([name]) => name));
    return [...new Set(names)].sort();
  }

  async labelValues(name: string, query: SeriesQuery): Promise<readonly string[]> {
    const values = (await this.series(query)).map((labels) => labels.get(name));
    return [...new Set(values)].filter((value) => value !== '').sort();
  }

  putMetadata(metadata: readonly MetricMetadata[]): void {
    this.#metadata = metadata;
  }

  metadata(): readonly MetricMetadata[] {
    return this.#metadata;
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

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function slice(series: Series, from: number, to: number): Series {
  const { labels, timestamps, values, histograms } = series;
  const part = { labels, timestamps: timestamps.slice(from, to), values: values.slice(from, to) };
  return histograms === undefined ? part : { ...part, histograms: histograms.slice(from, to) };
}

function join(a: Series, b: Series): Series {
  const order = [...a.timestamps, ...b.timestamps]
    .map((time, index) => ({ time, index }))
    .sort((x, y) => x.time - y.time || y.index - x.index)
    .filter(({ time }, i, all) => i === 0 || all[i - 1]?.time !== time);
  const timestamps = Float64Array.from(order, ({ time }) => time);
  const values = new Float64Array(order.length);
  const histograms: (NativeHistogram | undefined)[] = [];
  for (const [i, { index }] of order.entries()) {
    const inA = index < a.timestamps.length;
    const source = inA ? a : b;
    const at = inA ? index : index - a.timestamps.length;
    // By typed arrays, because a staleness marker is lost in any other variable.
    values.set(source.values.subarray(at, at + 1), i);
    histograms.push(source.histograms?.[at]);
  }
  const { labels } = a;
  return a.histograms === undefined && b.histograms === undefined
    ? { labels, timestamps, values }
    : { labels, timestamps, values, histograms };
}
