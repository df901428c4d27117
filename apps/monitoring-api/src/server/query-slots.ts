/** Lets a bounded number of queries run at once; one more is turned away, not queued. */
export class QuerySlots {
  readonly #limit: number;
  #taken = 0;
  #refused = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A slot to dispose of afterwards, or undefined when all are taken. */
  take(): Disposable | undefined {
    if (this.#taken >= this.#limit) {
      this.#refused++;
      return undefined;
    }
    this.#taken++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#taken--;
        held = false;
      },
    };
  }

  get taken(): number {
    return this.#taken;
  }

  get refused(): number {
    return this.#refused;
  }
}
