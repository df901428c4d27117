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
