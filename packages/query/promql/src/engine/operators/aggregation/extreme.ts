import { type Column } from '../../values.ts';
import { type Accumulator, type GroupValues } from './accumulators.ts';

/** The largest (1) or smallest (-1) value; NaN only where there is nothing else. */
export class Extreme implements Accumulator {
  readonly #sign: 1 | -1;
  readonly #best: Float64Array;
  readonly #present: Uint8Array;

  constructor(count: number, sign: 1 | -1) {
    this.#sign = sign;
    this.#best = new Float64Array(count);
    this.#present = new Uint8Array(count);
  }

  add({ present, values }: Column): void {
    const best = this.#best;
    const isMax = this.#sign === 1;
    for (let step = 0; step < best.length; step++) {
      if (present[step] === 0) continue;
      const value = values[step] ?? 0;
      const known = best[step] ?? 0;
      if (this.#present[step] === 0) this.#present[step] = 1;
      else if (known === known && !(isMax ? value > known : value < known)) continue;
      best[step] = value;
    }
  }

  finish(): GroupValues {
    return { values: this.#best, present: this.#present };
  }
}
