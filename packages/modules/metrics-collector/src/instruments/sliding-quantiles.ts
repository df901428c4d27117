import { type Clock } from '@dwcp/core';

import { LogBuckets } from './log-buckets.ts';

/** The window moves on in steps of this part of it. */
const SLOTS = 5;

/**
 * Quantiles of the last `windowMs`, give or take a step: values leave in steps of a fifth of the
 * window, so it covers four to five fifths of it.
 */
export class SlidingQuantiles {
  readonly #clock: Clock;
  readonly #slotMs: number;
  readonly #slots: readonly LogBuckets[] = Array.from({ length: SLOTS }, () => new LogBuckets());
  /** The slots together, kept so that reading costs no merge. */
  readonly #window = new LogBuckets();
  #current = 0;
  #slotEndMs: number;

  constructor(windowMs: number, clock: Clock) {
    this.#clock = clock;
    this.#slotMs = windowMs / SLOTS;
    this.#slotEndMs = clock.monotonicMs() + this.#slotMs;
  }

  add(value: number): void {
    this.#rotate();
    this.#slots[this.#current]?.add(value);
    this.#window.add(value);
  }

  /** @returns NaN when nothing was seen within the window */
  quantile(q: number): number {
    this.#rotate();
    return this.#window.quantile(q);
  }

  #rotate(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#slotEndMs) return;
    const steps = 1 + Math.floor((nowMs - this.#slotEndMs) / this.#slotMs);
    for (let step = 0; step < Math.min(steps, SLOTS); step++) {
      this.#current = (this.#current + 1) % SLOTS;
      const oldest = this.#slots[this.#current];
      if (oldest === undefined || oldest.count === 0) continue;
      this.#window.subtract(oldest);
      oldest.clear();
    }
    this.#slotEndMs += steps * this.#slotMs;
  }
}
