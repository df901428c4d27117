import { type Clock } from '@dwcp/core';

/**
 * Unix milliseconds that no setting of the machine's clock moves: the wall clock as it was at the
 * start, and what has passed since. For waits that outlive the process.
 */
export class SteadyClock {
  readonly #clock: Clock;
  readonly #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.nowUnixMs() - clock.monotonicMs();
  }

  nowUnixMs(): number {
    return this.#offsetMs + this.#clock.monotonicMs();
  }
}
