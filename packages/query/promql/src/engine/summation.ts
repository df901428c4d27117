/**
 * Neumaier's compensated sum, step by step as Prometheus does it, so that results agree to the
 * last bit.
 * @see https://en.wikipedia.org/wiki/Kahan_summation_algorithm#Further_enhancements
 */
export class CompensatedSum {
  sum = 0;
  compensation = 0;

  add(value: number): void {
    const total = this.sum + value;
    if (total === Infinity || total === -Infinity) this.compensation = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) {
      this.compensation += this.sum - total + value;
    } else this.compensation += value - total + this.sum;
    this.sum = total;
  }

  get total(): number {
    return this.sum === Infinity || this.sum === -Infinity
      ? this.sum
      : this.sum + this.compensation;
  }
}

/** A mean by summing up, which turns to a running mean should the sum overflow. */
export class CompensatedMean {
  readonly #sum = new CompensatedSum();
  #count = 0;
  #isRunning = false;

  /** A mean that goes on from a sum of `count` values. */
  static of(sum: number, compensation: number, count: number): CompensatedMean {
    const mean = new CompensatedMean();
    mean.#sum.sum = sum;
    mean.#sum.compensation = compensation;
    mean.#count = count;
    return mean;
  }

  add(value: number): void {
    this.#count++;
    const sum = this.#sum;
    if (!this.#isRunning) {
      const { sum: before, compensation } = sum;
      sum.add(value);
      if (this.#count === 1 || Number.isFinite(sum.sum) || Number.isNaN(sum.sum)) return;
      this.#isRunning = true;
      sum.sum = before / (this.#count - 1);
      sum.compensation = compensation / (this.#count - 1);
    }
    const share = (this.#count - 1) / this.#count;
    sum.sum *= share;
    sum.compensation *= share;
    sum.add(value / this.#count);
  }

  get mean(): number {
    const { sum, compensation } = this.#sum;
    if (this.#isRunning) return sum + compensation;
    return sum / this.#count + compensation / this.#count;
  }
}

/** Welford's variance over the population, compensated. */
export class Variance {
  readonly #mean = new CompensatedSum();
  readonly #squares = new CompensatedSum();
  #count = 0;

  add(value: number): void {
    this.#count++;
    const delta = value - (this.#mean.sum + this.#mean.compensation);
    this.#mean.add(delta / this.#count);
    this.#squares.add(delta * (value - (this.#mean.sum + this.#mean.compensation)));
  }

  get variance(): number {
    return (this.#squares.sum + this.#squares.compensation) / this.#count;
  }
}
