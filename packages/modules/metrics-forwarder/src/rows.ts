import { type Exemplar, type NativeHistogram, type SampleBatch } from '@dwcp/core';

import { type ForwardMetrics } from './forward-metrics.ts';
import { type OutgoingSeries, type SeriesCache } from './outgoing-series.ts';
import { type PendingEntry } from './progress.ts';

/**
 * The rows of an entry that are to be sent, by number: those of the batch, and behind them
 * exemplars that have no row of their series in the entry.
 */
export interface EntryRows {
  readonly batch: SampleBatch;
  /** The values as pairs of words, low first: a stale marker would lose its bits as a number. */
  readonly words: Int32Array;
  /** Numbers of rows, ascending. */
  readonly rows: readonly number[];
  readonly series: readonly (OutgoingSeries | undefined)[];
  /** By the row they go with. */
  readonly exemplars: ReadonlyMap<number, Exemplar[]>;
}

/** Rows of one entry for one shard. */
export interface Piece {
  readonly entry: PendingEntry;
  readonly source: EntryRows;
  readonly rows: readonly number[];
}

/** Works out which rows are sent and as which series; counts those that are not. */
export function rowsOf(
  batch: SampleBatch,
  cache: SeriesCache,
  options: { readonly sendExemplars: boolean; readonly metrics: ForwardMetrics },
): EntryRows {
  const { values } = batch;
  const series: (OutgoingSeries | undefined)[] = [];
  const rows: number[] = [];
  for (let row = 0; row < batch.labels.length; row++) {
    const labels = batch.labels[row];
    if (labels === undefined) continue;
    const found = cache.get(labels);
    if (typeof found !== 'string') {
      series[row] = found;
      rows.push(row);
    } else {
      const isHistogram = batch.histograms?.[row] !== undefined;
      options.metrics.dropped(found, isHistogram ? { histograms: 1 } : { samples: 1 });
    }
  }
  const exemplars = new Map<number, Exemplar[]>();
  if (options.sendExemplars && batch.exemplars !== undefined) {
    const lastRow = new Map<OutgoingSeries, number>();
    for (const row of rows) {
      const one = series[row];
      if (one !== undefined) lastRow.set(one, row);
    }
    for (const { series: labels, exemplar } of batch.exemplars) {
      const found = cache.get(labels);
      if (typeof found === 'string') {
        options.metrics.dropped(found, { exemplars: 1 });
        continue;
      }
      let row = lastRow.get(found);
      if (row === undefined) {
        row = series.length;
        series.push(found);
        rows.push(row);
        lastRow.set(found, row);
      }
      const there = exemplars.get(row);
      if (there === undefined) exemplars.set(row, [exemplar]);
      else there.push(exemplar);
    }
  }
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  return { batch, words, rows, series, exemplars };
}

/** The histogram of a row. */
export function histogramOf(source: EntryRows, row: number): NativeHistogram | undefined {
  return source.batch.histograms?.[row];
}

/** Rows by shard, in their order. */
export function splitByShard(rows: EntryRows, shardCount: number): readonly (readonly number[])[] {
  if (shardCount === 1) return [rows.rows];
  const shards = Array.from({ length: shardCount }, (): number[] => []);
  for (const row of rows.rows) {
    shards[(rows.series[row]?.hash ?? 0) % shardCount]?.push(row);
  }
  return shards;
}
