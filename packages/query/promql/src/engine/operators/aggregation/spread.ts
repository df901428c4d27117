import { type Column } from '../../values.ts';
import { type Accumulator, type GroupValues } from './accumulators.ts';

/** Welford's variance over the population, and what is made of it. */
export class Spread implements Accumulator {
  readonly #finish: (variance: number) => number;
  readonly #counts: Float64Array;
  readonly #means: Float64Array;
  readonly #squares: Float64Array;
  readonly #present: Uint8Array;

  constructor(count: number, finish: (variance: number) => number) {
    this.#finish = finish;
    this.#counts = new Float64Array(count);
    this.#means = new Float64Array(count);
    this.#squares = new Float64Array(count);
    this.#present = new Uint8Array(count);
  }

  add({ present, values }: Column): void {
    const counts = this.#counts;
    const means = this.#means;
    const squares = this.#squares;
    for (let step = 0; step < counts.length; step++) {
      if (present[step] === 0) continue;
      const value = values[step] ?? 0;
      const count = (counts[step] ?? 0) + 1;
      counts[step] = count;
      if (count === 1) {
        this.#present[step] = 1;
        means[step] = value;
        squares[step] = Number.isFinite(value) ? 0 : Number.NaN;
        continue;
      }
      const delta = value - (means[step] ?? 0);
      const mean = (means[step] ?? 0) + delta / count;
      means[step] = mean;
      squares[step] = (squares[step] ?? 0) + delta * (value - mean);
    }
  }

  finish(): GroupValues {
    const values = this.#squares.map((squares, step) =>
      this.#finish(squares / (this.#counts[step] ?? 0)),
    );
    return { values, present: this.#present };
  }
}
