/**
 * The sums of a regression that depend on times alone, by step. Series of one scrape share their
 * timestamps, and then these too.
 */
export class TimeSums {
  #x = new Float64Array(0);
  #xx = new Float64Array(0);
  #isKnown = new Uint8Array(0);

  has(step: number): boolean {
    return this.#isKnown[step] === 1;
  }

  x(step: number): number {
    return this.#x[step] ?? 0;
  }

  xx(step: number): number {
    return this.#xx[step] ?? 0;
  }

  put(step: number, x: number, xx: number): void {
    if (step >= this.#x.length) this.#grow(step);
    this.#x[step] = x;
    this.#xx[step] = xx;
    this.#isKnown[step] = 1;
  }

  #grow(step: number): void {
    const capacity = Math.max(64, (step + 1) * 2);
    const [x, xx, isKnown] = [this.#x, this.#xx, this.#isKnown];
    this.#x = new Float64Array(capacity);
    this.#xx = new Float64Array(capacity);
    this.#isKnown = new Uint8Array(capacity);
    this.#x.set(x);
    this.#xx.set(xx);
    this.#isKnown.set(isKnown);
  }
}
