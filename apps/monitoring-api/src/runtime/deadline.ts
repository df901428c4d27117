import { type Clock } from '@dwcp/core';

/** A moment by which everything has to be done. */
export class Deadline {
  readonly #clock: Clock;
  readonly #endMs: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + timeoutMs;
  }

  get remainingMs(): number {
    return Math.max(0, this.#endMs - this.#clock.monotonicMs());
  }

  /** Waits for work until the deadline; whether it was done by then. Failures count as done. */
  async wait(work: Promise<unknown>): Promise<boolean> {
    const late = Promise.withResolvers<false>();
    using _ = this.#clock.schedule(this.remainingMs, () => late.resolve(false));
    return Promise.race([
      work.then(
        () => true,
        () => true,
      ),
      late.promise,
    ]);
  }
}
