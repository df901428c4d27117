import { type Column } from '../../values.ts';
import { type Accumulator, type GroupValues } from './accumulators.ts';

/** How many elements there are, floats and histograms alike. */
export class Count implements Accumulator {
  readonly #counts: Float64Array;
  readonly #present: Uint8Array;

  constructor(count: number) {
    this.#counts = new Float64Array(count);
    this.#present = new Uint8Array(count);
  }

  add({ present }: Column): void {
    const counts = this.#counts;
    for (let step = 0; step < counts.length; step++) {
      if (present[step] === 0) continue;
      counts[step] = (counts[step] ?? 0) + 1;
      this.#present[step] = 1;
    }
  }

  finish(): GroupValues {
    return { values: this.#counts, present: this.#present };
  }
}

/** 1 where there is any element. */
export class Group implements Accumulator {
  readonly #present: Uint8Array;

  constructor(count: number) {
    this.#present = new Uint8Array(count);
  }

  add({ present }: Column): void {
    for (let step = 0; step < present.length; step++) {
      if (present[step] === 1) this.#present[step] = 1;
    }
  }

  finish(): GroupValues {
    return { values: new Float64Array(this.#present.length).fill(1), present: this.#present };
  }
}
