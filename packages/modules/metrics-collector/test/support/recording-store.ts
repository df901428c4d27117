import {
  type AppendResult,
  isStale,
  type Labels,
  type MetricMetadata,
  type MetricStore,
  type SampleBatch,
} from '@dwcp/core';

export interface Row {
  readonly series: string;
  readonly unixMs: number;
  /** `stale` for the staleness marker. */
  readonly value: number | 'stale';
}

/** Remembers what was appended; can be told to fail. Nothing is read through it. */
export class RecordingStore implements MetricStore {
  readonly batches: SampleBatch[] = [];
  readonly known: MetricMetadata[] = [];
  /** Thrown by the next appends while set. */
  failure: Error | undefined;
  /** Appends wait for it while set. */
  gate: Promise<void> | undefined;

  get rows(): readonly Row[] {
    return this.batches.flatMap((batch) =>
      batch.labels.map((labels, i) => ({
        series: labels.toString(),
        unixMs: batch.timestamps[i] ?? Number.NaN,
        value: isStale(batch.values, i) ? ('stale' as const) : (batch.values[i] ?? Number.NaN),
      })),
    );
  }

  of(series: string): readonly Row[] {
    return this.rows.filter((row) => row.series === series);
  }

  async append(batch: SampleBatch): Promise<AppendResult> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    this.batches.push(batch);
    return { appended: batch.labels.length, rejected: {} };
  }

  putMetadata(metadata: readonly MetricMetadata[]): void {
    this.known.push(...metadata);
  }

  metadata(): readonly MetricMetadata[] {
    return this.known;
  }

  select(): Promise<never> {
    return Promise.reject(new Error('not part of this test'));
  }
  series(): Promise<readonly Labels[]> {
    return this.select();
  }
  labelNames(): Promise<readonly string[]> {
    return this.select();
  }
  labelValues(): Promise<readonly string[]> {
    return this.select();
  }
  stats(): never {
    throw new Error('not part of this test');
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
