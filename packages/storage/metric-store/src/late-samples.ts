import { type NativeHistogram } from '@dwcp/core';

import { Columns, firstAtOrAfter, holdsSample } from './columns.ts';

/** Samples of one series that came after newer ones, in the order of time. */
export class LateSamples {
  #columns = new Columns(8);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Of two at the same time the later put counts. @returns how many samples there are more */
  put(unixMs: number, low: number, high: number, histogram: NativeHistogram | undefined): number {
    const at = firstAtOrAfter(this.#columns.timestamps, this.#count, unixMs);
    const isNew = at === this.#count || this.#columns.timestamps[at] !== unixMs;
    if (isNew) this.#makeRoom(at);
    this.#columns.put(at, unixMs, low, high);
    const { histograms } = this.#columns;
    if (histogram !== undefined) this.#columns.putHistogram(at, unixMs, histogram);
    else if (histograms !== undefined) histograms[at] = undefined;
    return isNew ? 1 : 0;
  }

  holds(sample: Parameters<typeof holdsSample>[3]): boolean {
    return holdsSample(this.#columns, 0, this.#count, sample);
  }

  /** A copy, since later samples may go in between. */
  copy(): Columns {
    const columns = new Columns(this.#count);
    columns.copyFrom(this.#columns, 0, this.#count, 0);
    return columns;
  }

  #makeRoom(at: number): void {
    const from = this.#columns;
    const into = this.#count === from.capacity ? new Columns(this.#count * 2) : from;
    if (into !== from) into.copyFrom(from, 0, at, 0);
    into.timestamps.set(from.timestamps.subarray(at, this.#count), at + 1);
    into.words.set(from.words.subarray(at * 2, this.#count * 2), at * 2 + 2);
    if (from.histograms !== undefined) {
      const histograms = Array.from({ length: this.#count }, (_, i) => from.histograms?.[i]);
      histograms.splice(at, 0, undefined);
      into.histograms = histograms;
    }
    this.#columns = into;
    this.#count++;
  }
}

/**
 * Puts samples into the order of time where they are not; of those at the same time the last one
 * stays.
 * @returns how many are left
 */
export function sortSamples(columns: Columns, count: number): number {
  const { timestamps } = columns;
  let isSorted = true;
  for (let i = 1; isSorted && i < count; i++) {
    isSorted = (timestamps[i - 1] ?? 0) < (timestamps[i] ?? 0);
  }
  if (isSorted) return count;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  order.sort((a, b) => (timestamps[a] ?? 0) - (timestamps[b] ?? 0) || a - b);
  const from = new Columns(count);
  from.copyFrom(columns, 0, count, 0);
  columns.histograms = undefined;
  let left = 0;
  for (let i = 0; i < count; i++) {
    const at = order[i] ?? 0;
    const unixMs = from.timestamps[at] ?? 0;
    if (i + 1 < count && from.timestamps[order[i + 1] ?? 0] === unixMs) continue;
    const histogram = from.histograms?.[at];
    if (histogram === undefined) {
      columns.put(left, unixMs, from.words[at * 2] ?? 0, from.words[at * 2 + 1] ?? 0);
    } else {
      columns.putHistogram(left, unixMs, histogram);
    }
    left++;
  }
  return left;
}
