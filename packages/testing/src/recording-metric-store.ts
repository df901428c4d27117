import {
  type AppendResult,
  type CallOptions,
  isStale,
  type Labels,
  type MetricMetadata,
  type MetricStore,
  type MetricStoreStats,
  type SampleBatch,
  type Series,
  type SeriesQuery,
} from '@dwcp/core';

import { MemoryMetricStore } from './memory-metric-store.ts';

/** One sample as a test compares it. */
export interface RecordedRow {
  /** As PromQL writes it: `up{job="node"}`. */
  readonly series: string;
  readonly unixMs: number;
  /** `stale` for the staleness marker. */
  readonly value: number | 'stale';
}

/**
 * Keeps the batches that were appended, in their order, over a store in memory. Appends may be made
 * to wait, to fail, or to tell what the test wants; a batch counts as appended unless it failed.
 */
export class RecordingMetricStore implements MetricStore {
  readonly #memory = new MemoryMetricStore();
  readonly batches: SampleBatch[] = [];
  /** All metadata that was put, repeats included. */
  readonly metadataPuts: MetricMetadata[] = [];
  /** Appends wait for it while set. */
  gate: Promise<void> | undefined;
  /** While set, appends tell this instead of storing. */
  answer: (() => Promise<AppendResult> | AppendResult) | undefined;

  /** Thrown by appends while set. */
  get failure(): Error | undefined {
    return this.#memory.failure;
  }

  set failure(failure: Error | undefined) {
    this.#memory.failure = failure;
  }

  /** The samples of one batch, counted from the end when negative, or of all. */
  rows(index?: number): readonly RecordedRow[] {
    return this.#chosen(index).flatMap((batch) =>
      batch.labels.map((labels, row) => ({
        series: labels.toString(),
        unixMs: batch.timestamps[row] ?? Number.NaN,
        value: valueAt(batch, row),
      })),
    );
  }

  /** The samples of one series. */
  of(series: string): readonly RecordedRow[] {
    return this.rows().filter((row) => row.series === series);
  }

  /** Values by metric name in one batch, the last by default; for names that occur once. */
  values(index = -1): Record<string, number | 'stale'> {
    return Object.fromEntries(
      this.#chosen(index).flatMap((batch) =>
        batch.labels.map((labels, row) => [labels.metricName, valueAt(batch, row)]),
      ),
    );
  }

  async append(batch: SampleBatch, options: CallOptions = {}): Promise<AppendResult> {
    // The caller may use its arrays for something else afterwards.
    const kept = {
      ...batch,
      labels: [...batch.labels],
      timestamps: batch.timestamps.slice(),
      values: batch.values.slice(),
    };
    if (this.gate !== undefined) await this.gate;
    const result = await (this.answer?.() ?? this.#memory.append(kept, options));
    this.batches.push(kept);
    return result;
  }

  putMetadata(metadata: readonly MetricMetadata[]): void {
    this.metadataPuts.push(...metadata);
    this.#memory.putMetadata(metadata);
  }

  metadata(): readonly MetricMetadata[] {
    return this.#memory.metadata();
  }

  select(query: SeriesQuery, options?: CallOptions): Promise<readonly Series[]> {
    return this.#memory.select(query, options);
  }

  series(query: SeriesQuery, options?: CallOptions): Promise<readonly Labels[]> {
    return this.#memory.series(query, options);
  }

  labelNames(query: SeriesQuery, options?: CallOptions): Promise<readonly string[]> {
    return this.#memory.labelNames(query, options);
  }

  labelValues(name: string, query: SeriesQuery, options?: CallOptions): Promise<readonly string[]> {
    return this.#memory.labelValues(name, query, options);
  }

  stats(): MetricStoreStats {
    return this.#memory.stats();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#memory[Symbol.asyncDispose]();
  }

  #chosen(index: number | undefined): readonly SampleBatch[] {
    if (index === undefined) return this.batches;
    const batch = this.batches.at(index);
    return batch === undefined ? [] : [batch];
  }
}

function valueAt(batch: SampleBatch, row: number): number | 'stale' {
  return isStale(batch.values, row) ? 'stale' : (batch.values[row] ?? Number.NaN);
}
