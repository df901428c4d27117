import { type NativeHistogram } from '@dwcp/core';

import { ByteReader, type ByteWriter } from './bytes.ts';
import { decodeChunk, encodeChunk } from './chunk.ts';
import { Columns } from './columns.ts';
import { type TimeRange, without } from './tombstones.ts';

// Downsampled blocks; the layout is described in docs/formats/metric-block.md.

/** What is known of all samples of a bucket. Their mean is sum / count. */
export const AGGREGATES = ['min', 'max', 'sum', 'count'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Buckets of one chunk, at most. */
const MAX_BUCKETS = 1_000;
const STALE_LOW = 2;
const STALE_HIGH = 0x7ff00000;

/** Samples in columns, from position 0 on. */
export interface Run {
  readonly columns: Columns;
  readonly count: number;
}

/**
 * A series over some buckets of time. A bucket begins at a multiple of the resolution; it is told of
 * at the time of its last sample.
 */
export interface CoarseChunk {
  /**
   * Samples as they were, chosen so that queries come out right: of each bucket the last, and of
   * counters and histograms also the first and those on both sides of a reset. Between two that
   * follow each other a counter only grows, so its increase over whole buckets is what it was.
   */
  readonly samples: Run;
  /** One value per bucket that has any; stale markers are no values, and histograms only count. */
  readonly aggregates: Readonly<Record<Aggregate, Run>>;
}

/** Makes chunks of samples that are in the order of time. */
export function* downsample(
  { columns, count }: Run,
  resolutionMs: number,
  isCounter: boolean,
): Iterable<CoarseChunk> {
  const bucketOf = (i: number): number => Math.floor((columns.timestamps[i] ?? 0) / resolutionMs);
  for (let start = 0; start < count;) {
    const bounds: number[] = [start];
    while (bounds.length <= MAX_BUCKETS && start < count) {
      const bucket = bucketOf(start);
      while (start < count && bucketOf(start) === bucket) start++;
      bounds.push(start);
    }
    yield chunkOf(columns, bounds, isCounter);
  }
}

function chunkOf(from: Columns, bounds: readonly number[], isCounter: boolean): CoarseChunk {
  const samples = new Builder((bounds.at(-1) ?? 0) - (bounds[0] ?? 0));
  const made = {
    min: new Builder(bounds.length),
    max: new Builder(bounds.length),
    sum: new Builder(bounds.length),
    count: new Builder(bounds.length),
  };
  for (let bucket = 1; bucket < bounds.length; bucket++) {
    const [start = 0, end = 0] = [bounds[bucket - 1], bounds[bucket]];
    let [min, max, sum, count, last] = [Number.NaN, Number.NaN, 0, 0, -1];
    for (let i = start; i < end; i++) {
      if (isStale(from, i)) continue;
      const histogram = from.histograms?.[i];
      const isCumulative = isCounter || histogram !== undefined;
      if (isCumulative && last === -1) samples.copy(from, i);
      if (isCumulative && last !== -1 && isReset(from, last, i)) {
        samples.copy(from, last);
        samples.copy(from, i);
      }
      count++;
      last = i;
      if (histogram !== undefined) continue;
      const value = from.values[i] ?? 0;
      sum += value;
      if (!(min <= value)) min = Number.isNaN(value) ? min : value;
      if (!(max >= value)) max = Number.isNaN(value) ? max : value;
    }
    if (last !== -1) samples.copy(from, last);
    if (isStale(from, end - 1)) samples.copy(from, end - 1);
    if (count === 0) continue;
    const unixMs = from.timestamps[last] ?? 0;
    const isAllHistograms = Number.isNaN(min) && from.histograms !== undefined;
    made.min.put(unixMs, min);
    made.max.put(unixMs, max);
    made.sum.put(unixMs, isAllHistograms ? Number.NaN : sum);
    made.count.put(unixMs, count);
  }
  return { samples, aggregates: made };
}

function isStale({ words }: Columns, i: number): boolean {
  return words[i * 2] === STALE_LOW && words[i * 2 + 1] === STALE_HIGH;
}

/** Whether a counter began anew between two samples; a change of its kind counts as such. */
function isReset(columns: Columns, before: number, after: number): boolean {
  const [old, next] = [columns.histograms?.[before], columns.histograms?.[after]];
  if (old === undefined || next === undefined) {
    return old !== next || (columns.values[after] ?? 0) < (columns.values[before] ?? 0);
  }
  return next.counterResetHint === 'reset' || next.count < old.count || !sameLayout(old, next);
}

function sameLayout(one: NativeHistogram, other: NativeHistogram): boolean {
  return one.schema === other.schema && one.zeroThreshold === other.zeroThreshold;
}

class Builder implements Run {
  readonly columns: Columns;
  count = 0;

  constructor(capacity: number) {
    this.columns = new Columns(capacity);
  }

  put(unixMs: number, value: number): void {
    this.columns.timestamps[this.count] = unixMs;
    this.columns.values[this.count++] = value;
  }

  /** Samples come in the order of time; one that is there already is left out. */
  copy(from: Columns, i: number): void {
    if (this.count > 0 && this.columns.timestamps[this.count - 1] === from.timestamps[i]) return;
    this.columns.copyFrom(from, i, 1, this.count++);
  }
}

/**
 * Writes a chunk: the aggregates, each with its length before it, the length of all that, and then
 * the samples as an ordinary chunk, so that what reads those needs not know of the others.
 * @returns where the samples stand
 */
export function encodeCoarse(writer: ByteWriter, scratch: ByteWriter, chunk: CoarseChunk): number {
  const start = writer.length;
  for (const aggregate of AGGREGATES) {
    const { columns, count } = chunk.aggregates[aggregate];
    scratch.clear();
    if (count > 0) encodeChunk(scratch, columns, 0, count);
    writer.varint(scratch.length);
    writer.raw(scratch.view());
  }
  writer.uint32(writer.length - start);
  const offset = writer.length;
  encodeChunk(writer, chunk.samples.columns, 0, chunk.samples.count);
  return offset;
}

/**
 * @param offset where the samples stand in the group
 * @throws RangeError when there are no aggregates before them
 */
export function decodeAggregates(group: Uint8Array, offset: number): CoarseChunk['aggregates'] {
  const length = new ByteReader(group, offset - 4).uint32();
  const reader = new ByteReader(group, offset - 4 - length);
  if (offset - 4 - length < 0) throw new RangeError('the aggregates begin before the group');
  const next = (): Run => {
    const bytes = reader.raw(reader.varint());
    if (bytes.length === 0) return { columns: new Columns(0), count: 0 };
    const columns = new Columns(new ByteReader(bytes).varint());
    return { columns, count: decodeChunk(bytes, 0, columns, 0) };
  };
  const decoded = { min: next(), max: next(), sum: next(), count: next() };
  if (reader.position !== offset - 4) throw new RangeError('the aggregates have another length');
  return decoded;
}

/** The chunk at a place of a group, with the number of its samples from the index. */
export function decodeCoarse(group: Uint8Array, offset: number, count: number): CoarseChunk {
  const columns = new Columns(count);
  const samples = { columns, count: decodeChunk(group, offset, columns, 0) };
  return { samples, aggregates: decodeAggregates(group, offset) };
}

/** Without the samples in the ranges, and without the values of buckets that a range touches. */
export function coarseWithout(
  { samples, aggregates }: CoarseChunk,
  ranges: readonly TimeRange[],
  resolutionMs: number,
): CoarseChunk {
  const reach = (unixMs: number): number => Math.floor(unixMs / resolutionMs) * resolutionMs;
  const buckets = ranges.map(({ from, to }) => ({
    from: reach(from),
    to: reach(to) + resolutionMs - 1,
  }));
  const cut = ({ columns, count }: Run): Run => ({
    columns,
    count: without(columns, 0, count, buckets),
  });
  return {
    samples: { ...samples, count: without(samples.columns, 0, samples.count, ranges) },
    aggregates: {
      min: cut(aggregates.min),
      max: cut(aggregates.max),
      sum: cut(aggregates.sum),
      count: cut(aggregates.count),
    },
  };
}

const CUMULATIVE = /_(?:total|count|sum|bucket)$/;

/** Whether a metric is a counter by its name, where nothing else is known of it. */
export function isCounterName(name: string): boolean {
  return CUMULATIVE.test(name);
}
