import { type NativeHistogram } from '@dwcp/core';

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

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity * 16);
    this.timestamps = new Float64Array(buffer, 0, capacity);
    this.values = new Float64Array(buffer, capacity * 8, capacity);
    this.words = new Uint32Array(buffer, capacity * 8, capacity * 2);
  }

  get capacity(): number {
    return this.timestamps.length;
  }

  put(index: number, unixMs: number, low: number, high: number): void {
    this.timestamps[index] = unixMs;
    this.words[index * 2] = low;
    this.words[index * 2 + 1] = high;
  }

  putHistogram(index: number, unixMs: number, histogram: NativeHistogram): void {
    this.put(index, unixMs, 0, ORDINARY_NAN_HIGH);
    this.histograms ??= [];
    this.histograms[index] = histogram;
  }

  /** Copies the first `count` samples of another's columns to a position. */
  copyFrom(source: Columns, count: number, at: number): void {
    this.timestamps.set(source.timestamps.subarray(0, count), at);
    this.words.set(source.words.subarray(0, count * 2), at * 2);
    source.histograms?.forEach((histogram, i) => {
      if (histogram === undefined || i >= count) return;
      this.histograms ??= [];
      this.histograms[at + i] = histogram;
    });
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
