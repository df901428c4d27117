import { CompensatedMean } from '../../summation.ts';
import { type Column } from '../../values.ts';
import { type Accumulator, type GroupValues } from './accumulators.ts';

/**
 * A mean by summing up, as `CompensatedMean` does it. A step whose sum overflows goes on as a
 * running mean in an object of its own.
 */
export class Mean implements Accumulator {
  readonly #sums: Float64Array;
  readonly #compensations: Float64Array;
  readonly #counts: Float64Array;
  readonly #present: Uint8Array;
  readonly #running = new Map<number, CompensatedMean>();

  constructor(count: number) {
    this.#sums = new Float64Array(count);
    this.#compensations = new Float64Array(count);
    this.#counts = new Float64Array(count);
    this.#present = new Uint8Array(count);
  }

  add({ present, values }: Column): void {
    const sums = this.#sums;
    const compensations = this.#compensations;
    const counts = this.#counts;
    for (let step = 0; step < sums.length; step++) {
      if (present[step] === 0) continue;
      const value = values[step] ?? 0;
      const before = counts[step] ?? 0;
      if (this.#running.size > 0 && this.#addRunning(step, value)) continue;
      const sum = sums[step] ?? 0;
      const total = sum + value;
      if (total === Infinity || total === -Infinity) {
        if (before === 0) {
          this.#present[step] = 1;
          counts[step] = 1;
          sums[step] = total;
          compensations[step] = 0;
          continue;
        }
        const mean = CompensatedMean.of(sum, compensations[step] ?? 0, before);
        mean.add(value);
        this.#running.set(step, mean);
        continue;
      }
      this.#present[step] = 1;
      counts[step] = before + 1;
      sums[step] = total;
      compensations[step] =
        (compensations[step] ?? 0) +
        (Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum);
    }
  }

  finish(): GroupValues {
    const values = this.#sums;
    for (let step = 0; step < values.length; step++) {
      const count = this.#counts[step] ?? 0;
      if (count === 0) continue;
      values[step] = (values[step] ?? 0) / count + (this.#compensations[step] ?? 0) / count;
    }
    for (const [step, mean] of this.#running) values[step] = mean.mean;
    return { values, present: this.#present };
  }

  #addRunning(step: number, value: number): boolean {
    const mean = this.#running.get(step);
    if (mean === undefined) return false;
    mean.add(value);
    return true;
  }
}
