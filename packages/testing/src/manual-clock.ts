import { type Clock } from '@dwcp/core';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #unixMs: number;
  #monotonicMs = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startUnixMs: number = Date.parse('2026-01-02T03:04:05Z')) {
    this.#unixMs = startUnixMs;
  }

  nowUnixMs(): number {
    return this.#unixMs;
  }

  nowUnixNano(): bigint {
    return BigInt(Math.round(this.#unixMs * 1_000)) * 1_000n;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** How many timers wait. */
  get timerCount(): number {
    return this.#timers.size;
  }

  schedule(delayMs: number, callback: () => void): Disposable {
    const dueMs = this.#monotonicMs + Math.max(0, delayMs);
    const timer: Timer = { dueMs, order: this.#order++, callback };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => this.#timers.delete(timer) };
  }

  sleep(delayMs: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const timer = this.schedule(delayMs, resolve);
      signal?.addEventListener(
        'abort',
        () => {
          timer[Symbol.dispose]();
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  /**
   * Moves time on, firing due timers in order; after each, pending promises get to run.
   * Wall and monotonic time move together.
   */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#monotonicMs + durationMs;
    await settle();
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueMs > endMs) continue;
        if (
          next === undefined ||
          timer.dueMs < next.dueMs ||
          (timer.dueMs === next.dueMs && timer.order < next.order)
        ) {
          next = timer;
        }
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#moveTo(next.dueMs);
      next.callback();
      await settle();
    }
    this.#moveTo(endMs);
  }

  /** Sets the wall clock, as an administrator or NTP would; monotonic time and timers do not move. */
  setUnixMs(unixMs: number): void {
    this.#unixMs = unixMs;
  }

  #moveTo(monotonicMs: number): void {
    this.#unixMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

/** Lets promise chains and finished I/O run: a few turns of the event loop, no waiting. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
