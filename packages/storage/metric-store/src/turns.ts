import { setImmediate as nextTurn } from 'node:timers/promises';

/** Cuts long work into steps: after so much of it, the event loop has a turn. */
export class Turns {
  readonly #perTurn: number;
  readonly #signal: AbortSignal | undefined;
  #spent = 0;

  /** @param perTurn units of work that take about 5 ms */
  constructor(perTurn: number, signal?: AbortSignal) {
    this.#perTurn = perTurn;
    this.#signal = signal;
  }

  /** @throws what the signal was aborted with */
  async spend(units: number): Promise<void> {
    this.#spent += units;
    if (this.#spent < this.#perTurn) return;
    this.#spent = 0;
    await nextTurn();
    this.#signal?.throwIfAborted();
  }
}

/** Cuts long work into stretches of time, for where its units say little of how long they take. */
export class TimedTurns {
  readonly #stretchMs: number;
  readonly #signal: AbortSignal | undefined;
  #sinceMs = performance.now();

  constructor(stretchMs: number, signal?: AbortSignal) {
    this.#stretchMs = stretchMs;
    this.#signal = signal;
  }

  get isDue(): boolean {
    return performance.now() - this.#sinceMs >= this.#stretchMs;
  }

  /** @throws what the signal was aborted with */
  async take(): Promise<void> {
    await nextTurn();
    this.#sinceMs = performance.now();
    this.#signal?.throwIfAborted();
  }
}
