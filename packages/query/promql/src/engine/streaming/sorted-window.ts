import { sortNanFirst } from '../quantile.ts';

/** Values of a series from one position up to, not including, another. */
interface Span {
  readonly values: Float64Array;
  readonly from: number;
  readonly to: number;
}

/**
 * The values of a window in order, kept while the window moves on: what leaves is taken out and what
 * enters is put in its place, so that a step does not sort all of them again.
 */
export class SortedWindow {
  /** In order up to `size`. */
  sorted: Float64Array = new Float64Array(64);
  size = 0;
  #values: Float64Array = new Float64Array(0);
  /** Whether each value has one place only: a NaN has none, and 0 and -0 share one. */
  #isPlain = false;
  #from = 0;
  #to = 0;

  moveTo({ values, from, to }: Span): void {
    if (values !== this.#values) {
      this.#values = values;
      this.#isPlain = isPlain(values);
      this.#from = 0;
      this.#to = 0;
      this.size = 0;
    }
    const changes = from - this.#from + (to - this.#to);
    const isNear = from >= this.#from && from <= this.#to && to >= this.#to;
    if (this.#isPlain && isNear && changes * 4 <= this.size) this.#slide(from, to);
    else this.#fill(from, to);
    this.#from = from;
    this.#to = to;
  }

  #fill(from: number, to: number): void {
    this.size = to - from;
    this.#reserve(this.size);
    const sorted = this.sorted.subarray(0, this.size);
    sorted.set(this.#values.subarray(from, to));
    sortNanFirst(sorted);
  }

  #slide(from: number, to: number): void {
    const values = this.#values;
    let leaves = this.#from;
    let enters = this.#to;
    while (leaves < from && enters < to)
      this.#replace(values[leaves++] ?? 0, values[enters++] ?? 0);
    while (leaves < from) {
      const at = this.#placeOf(values[leaves++] ?? 0);
      this.sorted.copyWithin(at, at + 1, this.size);
      this.size--;
    }
    while (enters < to) {
      const value = values[enters++] ?? 0;
      this.#reserve(this.size + 1);
      const at = this.#placeOf(value);
      this.sorted.copyWithin(at + 1, at, this.size);
      this.sorted[at] = value;
      this.size++;
    }
  }

  #replace(old: number, value: number): void {
    const { sorted } = this;
    let at = this.#placeOf(old);
    if (value > old) {
      for (; at + 1 < this.size && (sorted[at + 1] ?? 0) < value; at++) {
        sorted[at] = sorted[at + 1] ?? 0;
      }
    } else {
      for (; at > 0 && (sorted[at - 1] ?? 0) > value; at--) sorted[at] = sorted[at - 1] ?? 0;
    }
    sorted[at] = value;
  }

  /** Where the first value is that is not below. */
  #placeOf(value: number): number {
    const { sorted } = this;
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #reserve(size: number): void {
    if (size <= this.sorted.length) return;
    const larger = new Float64Array(size * 2);
    larger.set(this.sorted);
    this.sorted = larger;
  }
}

function isPlain(values: Float64Array): boolean {
  for (const value of values) if (value !== value || Object.is(value, -0)) return false;
  return true;
}
