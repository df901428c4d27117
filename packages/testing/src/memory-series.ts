import { isDeepStrictEqual } from 'node:util';

import { type Labels, type NativeHistogram, type SampleBatch, type Series } from '@dwcp/core';

/** What became of one sample. */
export type SampleOutcome = 'appended' | 'out-of-order' | 'duplicate';

/** One series of the memory store: columns that grow, oldest sample first. */
export class MemorySeries {
  readonly labels: Labels;
  #timestamps = new Float64Array(8);
  #values = new Float64Array(8);
  #histograms: (NativeHistogram | undefined)[] = [];
  /** When each counter began, by position; where there is none it is not known. */
  #starts: (number | undefined)[] = [];
  #size = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  get size(): number {
    return this.#size;
  }

  get oldestUnixMs(): number {
    return this.#timestamps[0] ?? Number.NaN;
  }

  get newestUnixMs(): number {
    return this.#timestamps[this.#size - 1] ?? Number.NEGATIVE_INFINITY;
  }

  /** Appends a row of a batch, unless it is older than the newest sample or contradicts it. */
  append(batch: SampleBatch, row: number): SampleOutcome {
    const unixMs = batch.timestamps[row] ?? Number.NaN;
    const histogram = batch.histograms?.[row];
    // A subarray, because a staleness marker may lose its bits in a plain variable.
    const value =
      histogram === undefined ? batch.values.subarray(row, row + 1) : Float64Array.of(Number.NaN);
    if (this.#size > 0 && unixMs < this.newestUnixMs) return 'out-of-order';
    if (unixMs === this.newestUnixMs) {
      return this.#newestIs(value, histogram) ? 'appended' : 'duplicate';
    }
    this.#reserve(this.#size + 1);
    this.#timestamps[this.#size] = unixMs;
    this.#values.set(value, this.#size);
    if (histogram !== undefined) this.#histograms[this.#size] = histogram;
    this.#size++;
    return 'appended';
  }

  /** Joins samples of any times; of two at the same time the given one stays. */
  put({ timestamps, values, histograms, startTimestamps }: Series): void {
    const own = this.#part(0, this.#size);
    const rows = [
      ...Array.from(timestamps, (unixMs, at) => ({
        unixMs,
        at,
        values,
        histograms,
        starts: startTimestamps,
      })),
      ...Array.from(own.timestamps, (unixMs, at) => ({
        unixMs,
        at,
        values: own.values,
        histograms: own.histograms,
        starts: own.startTimestamps,
      })),
    ]
      .sort((a, b) => a.unixMs - b.unixMs)
      .filter(({ unixMs }, i, all) => i === 0 || all[i - 1]?.unixMs !== unixMs);
    this.#reserve(rows.length);
    this.#size = rows.length;
    this.#histograms = [];
    this.#starts = [];
    for (const [i, row] of rows.entries()) {
      this.#timestamps[i] = row.unixMs;
      this.#values.set(row.values.subarray(row.at, row.at + 1), i);
      const histogram = row.histograms?.[row.at];
      if (histogram !== undefined) this.#histograms[i] = histogram;
      const start = row.starts?.[row.at] ?? 0;
      if (start !== 0) this.#starts[i] = start;
    }
  }

  /** A copy of the samples in the range, both ends inclusive; undefined when there are none. */
  between(startUnixMs: number, endUnixMs: number): Series | undefined {
    const from = this.#firstFrom((unixMs) => unixMs >= startUnixMs);
    const to = this.#firstFrom((unixMs) => unixMs > endUnixMs);
    return to > from ? this.#part(from, to) : undefined;
  }

  #part(from: number, to: number): Series {
    const part = {
      labels: this.labels,
      timestamps: this.#timestamps.slice(from, to),
      values: this.#values.slice(from, to),
      ...this.#startsBetween(from, to),
    };
    const histograms = Array.from({ length: to - from }, (_, i) => this.#histograms[from + i]);
    return histograms.some((histogram) => histogram !== undefined) ? { ...part, histograms } : part;
  }

  #startsBetween(from: number, to: number): Pick<Series, 'startTimestamps'> {
    if (this.#starts.length === 0) return {};
    const startTimestamps = Float64Array.from(
      { length: to - from },
      (_, i) => this.#starts[from + i] ?? 0,
    );
    return startTimestamps.some((start) => start !== 0) ? { startTimestamps } : {};
  }

  /** The first position whose time passes; all after it pass too. */
  #firstFrom(passes: (unixMs: number) => boolean): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (passes(this.#timestamps[middle] ?? Number.NaN)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Compares by bits, which tells 0 from -0 and a staleness marker from a NaN. */
  #newestIs(value: Float64Array, histogram: NativeHistogram | undefined): boolean {
    const at = this.#size - 1;
    return (
      bitsOf(this.#values, at) === bitsOf(value, 0) &&
      isDeepStrictEqual(this.#histograms[at], histogram)
    );
  }

  #reserve(size: number): void {
    if (size <= this.#timestamps.length) return;
    const capacity = Math.max(size, this.#timestamps.length * 2);
    const [timestamps, values] = [new Float64Array(capacity), new Float64Array(capacity)];
    timestamps.set(this.#timestamps);
    values.set(this.#values);
    this.#timestamps = timestamps;
    this.#values = values;
  }
}

function bitsOf(values: Float64Array, index: number): bigint | undefined {
  return new BigUint64Array(values.buffer, values.byteOffset + index * 8, 1)[0];
}
