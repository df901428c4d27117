import { type NativeHistogram } from '@dwcp/core';

/** Timestamps from a position on, `step` apart, in Unix milliseconds. */
interface SteadyTimes {
  readonly at: number;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

const NONE: readonly SteadyTimes[] = [];

/**
 * Samples in columns of a fixed capacity. Values are moved as two 32-bit words, never as numbers:
 * only so do the bits of a NaN, and with them the staleness marker, surely stay what they are.
 */
export class Columns {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** The values again: low word, high word, low word, ... */
  readonly words: Uint32Array;
  /** By position, where there are any. */
  histograms: (NativeHistogram | undefined)[] | undefined;
  /** The timestamps that are known to stand somewhere. */
  #steady: readonly SteadyTimes[] = NONE;

  constructor(capacity: number, buffer: ArrayBufferLike = new ArrayBuffer(capacity * 16)) {
    this.timestamps = new Float64Array(buffer, 0, capacity);
    this.values = new Float64Array(buffer, capacity * 8, capacity);
    this.words = new Uint32Array(buffer, capacity * 8, capacity * 2);
  }

  /** In memory that other threads can read. */
  static shared(capacity: number): Columns {
    return new Columns(capacity, new SharedArrayBuffer(capacity * 16));
  }

  get capacity(): number {
    return this.timestamps.length;
  }

  put(index: number, unixMs: number, low: number, high: number): void {
    this.forgetTimes();
    this.timestamps[index] = unixMs;
    this.words[index * 2] = low;
    this.words[index * 2 + 1] = high;
  }

  putHistogram(index: number, unixMs: number, histogram: NativeHistogram): void {
    this.put(index, unixMs, 0, ORDINARY_NAN_HIGH);
    this.histograms ??= [];
    this.histograms[index] = histogram;
  }

  /**
   * Writes timestamps with a steady step. Where these stand already nothing is done: one series after
   * the other is decoded into the same columns, and most have the same times.
   */
  putSteady(at: number, times: Omit<SteadyTimes, 'at'>): void {
    const { first, step, count } = times;
    const isThere = this.#steady.some(
      (known) =>
        known.at === at && known.first === first && known.step === step && known.count >= count,
    );
    if (isThere) return;
    this.#steady = [
      ...this.#steady.filter((known) => known.at + known.count <= at || known.at >= at + count),
      { at, ...times },
    ];
    const { timestamps } = this;
    let unixMs = first;
    for (let i = at; i < at + count; i++) {
      timestamps[i] = unixMs;
      unixMs += step;
    }
  }

  /** To be called by whoever writes timestamps by itself. */
  forgetTimes(): void {
    if (this.#steady.length > 0) this.#steady = NONE;
  }

  /** Copies `count` samples of another's columns, from a position there to one here. */
  copyFrom(source: Columns, start: number, count: number, at: number): void {
    this.forgetTimes();
    this.timestamps.set(source.timestamps.subarray(start, start + count), at);
    this.words.set(source.words.subarray(start * 2, (start + count) * 2), at * 2);
    if (source.histograms === undefined) return;
    for (let i = 0; i < count; i++) {
      const histogram = source.histograms[start + i];
      if (histogram === undefined) continue;
      this.histograms ??= [];
      this.histograms[at + i] = histogram;
    }
  }
}

/** High word of the NaN that stands where a histogram is; its low word is 0. */
export const ORDINARY_NAN_HIGH = 0x7ff80000;

/** Position of the first of `count` ascending timestamps that is at or after the moment. */
export function firstAtOrAfter(timestamps: Float64Array, count: number, unixMs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timestamps[middle] ?? 0) < unixMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether one of `count` samples from a position on is just this one, and no histogram. */
export function holdsSample(
  columns: Columns,
  start: number,
  count: number,
  sample: { readonly unixMs: number; readonly low: number; readonly high: number },
): boolean {
  const timestamps = columns.timestamps.subarray(start, start + count);
  const at = firstAtOrAfter(timestamps, count, sample.unixMs);
  if (at === count || timestamps[at] !== sample.unixMs) return false;
  const place = start + at;
  return (
    columns.histograms?.[place] === undefined &&
    columns.words[place * 2] === sample.low &&
    columns.words[place * 2 + 1] === sample.high
  );
}
