import { type Column } from '../../values.ts';
import { type Accumulator, type GroupValues } from './accumulators.ts';

/** Neumaier's sum, as `CompensatedSum` does it, with its two numbers in columns. */
export class Sum implements Accumulator {
  readonly #sums: Float64Array;
  readonly #compensations: Float64Array;
  readonly #present: Uint8Array;

  constructor(count: number) {
    this.#sums = new Float64Array(count);
    this.#compensations = new Float64Array(count);
    this.#present = new Uint8Array(count);
  }

  add({ present, values }: Column): void {
    const sums = this.#sums;
    const compensations = this.#compensations;
    const anyPresent = this.#present;
    for (let step = 0; step < sums.length; step++) {
      if (present[step] === 0) continue;
      anyPresent[step] = 1;
      const value = values[step] ?? 0;
      const sum = sums[step] ?? 0;
      const total = sum + value;
      sums[step] = total;
      if (total === Infinity || total === -Infinity) compensations[step] = 0;
      else if (Math.abs(sum) >= Math.abs(value)) {
        compensations[step] = (compensations[step] ?? 0) + (sum - total + value);
      } else compensations[step] = (compensations[step] ?? 0) + (value - total + sum);
    }
  }

  finish(): GroupValues {
    const values = this.#sums;
    for (let step = 0; step < values.length; step++) {
      const sum = values[step] ?? 0;
      if (sum === Infinity || sum === -Infinity) continue;
      values[step] = sum + (this.#compensations[step] ?? 0);
    }
    return { values, present: this.#present };
  }
}
