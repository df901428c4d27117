import { type Clock, type Log } from '@dwcp/core';

const EVERY_MS = 60_000;

/** Says a thing at once, then once a minute at most, with the number of times it was left out. */
export class ThrottledLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #said = new Map<string, { atMs: number; suppressed: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param key what counts as the same thing; of a small number of values */
  say(
    level: 'warn' | 'error',
    key: string,
    fields: Readonly<Record<string, unknown>>,
    message: string,
  ): void {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#said.get(key);
    if (known !== undefined && nowMs - known.atMs < EVERY_MS) {
      known.suppressed++;
      return;
    }
    const { suppressed = 0 } = known ?? {};
    this.#log[level](suppressed === 0 ? fields : { ...fields, suppressed }, message);
    this.#said.set(key, { atMs: nowMs, suppressed: 0 });
  }

  /** So that the next one is said at once. @returns whether there was one */
  forget(key: string): boolean {
    return this.#said.delete(key);
  }
}
