import { type ChangeTracker } from '@dwcp/core';

/** Changes closer together than this are told as one, by their older time. */
const GRAIN_MS = 1_000;
const MAX_ENTRIES = 4_096;

/**
 * For any earlier moment, the oldest time at which samples have changed since. Only changes that no later
 * one undercuts are kept, so times rise with marks, and of live data there is about one entry a second.
 */
export class ChangeLog implements ChangeTracker {
  #mark = 0;
  /** Rising; a change of `#unixMs[i]` happened at `#marks[i]`, and none later was older. */
  #marks: number[] = [];
  #unixMs: number[] = [];
  /** Of what happened up to here nothing is known any more. */
  #forgottenMark = 0;

  get changeMark(): number {
    return this.#mark;
  }

  /** Samples changed, the oldest at this time; -Infinity for any. */
  note(oldestUnixMs: number): void {
    this.#mark++;
    while (this.#unixMs.length > 0 && (this.#unixMs.at(-1) ?? 0) >= oldestUnixMs) this.#drop();
    const last = this.#unixMs.length - 1;
    if (last >= 0 && oldestUnixMs - (this.#unixMs[last] ?? 0) < GRAIN_MS) {
      this.#marks[last] = this.#mark;
      return;
    }
    this.#marks.push(this.#mark);
    this.#unixMs.push(oldestUnixMs);
    if (this.#marks.length > MAX_ENTRIES) this.#forget();
  }

  oldestChangeSince(mark: number): number {
    if (mark < this.#forgottenMark) return Number.NEGATIVE_INFINITY;
    let low = 0;
    let high = this.#marks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#marks[middle] ?? 0) > mark) high = middle;
      else low = middle + 1;
    }
    return this.#unixMs[low] ?? Number.POSITIVE_INFINITY;
  }

  #drop(): void {
    this.#marks.pop();
    this.#unixMs.pop();
  }

  #forget(): void {
    const count = MAX_ENTRIES / 2;
    this.#forgottenMark = this.#marks[count - 1] ?? this.#mark;
    this.#marks = this.#marks.slice(count);
    this.#unixMs = this.#unixMs.slice(count);
  }
}
