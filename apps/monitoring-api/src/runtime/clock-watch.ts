import { type Clock, formatDuration, type Log } from '@dwcp/core';

const EVERY_MS = 5_000;
/** What a time service corrects little by little is less, between two looks. */
const MIN_STEP_MS = 2_000;

/** Tells in the log, once each, that the machine's time was set. */
export class ClockWatch implements Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  #skewMs: number;
  #timer: Disposable;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
    this.#skewMs = this.#skew();
    this.#timer = this.#schedule();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #skew(): number {
    return this.#clock.nowUnixMs() - this.#clock.monotonicMs();
  }

  #schedule(): Disposable {
    return this.#clock.schedule(EVERY_MS, () => {
      this.#look();
      this.#timer = this.#schedule();
    });
  }

  #look(): void {
    const skewMs = this.#skew();
    const stepMs = skewMs - this.#skewMs;
    this.#skewMs = skewMs;
    if (Math.abs(stepMs) < MIN_STEP_MS) return;
    const by = formatDuration(Math.round(Math.abs(stepMs) / 1_000) * 1_000);
    const nowUnixMs = this.#clock.nowUnixMs();
    if (stepMs > 0) {
      this.#log.warn(
        { by, now: new Date(nowUnixMs).toISOString() },
        'the clock went forward, or the machine slept: there are no samples of the time between',
      );
      return;
    }
    this.#log.warn(
      { by, until: new Date(nowUnixMs - stepMs).toISOString() },
      'the clock was set back: until it has caught up nothing is collected, and samples of series that are stored are refused as out-of-order',
    );
  }
}
