import { type Budget } from '../budget.ts';
import { type ColumnSink } from '../values.ts';

/** The elements of a column that is being made. */
export interface OutColumn {
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/** Arrays for the columns that a sink is given: new ones where it keeps them. */
export class OutColumns {
  readonly #keeps: boolean;
  readonly #count: number;
  readonly #budget: Budget;
  #last: OutColumn | undefined;

  constructor(sink: ColumnSink, count: number, budget: Budget) {
    this.#keeps = sink.keepsColumns;
    this.#count = count;
    this.#budget = budget;
  }

  /** What is in the arrays is to be written over at every step. */
  next(): OutColumn {
    if (this.#last === undefined) {
      this.#budget.chargeColumn(this.#count);
      this.#last = {
        values: new Float64Array(this.#count),
        present: new Uint8Array(this.#count),
      };
    }
    return this.#last;
  }

  /** The arrays were given to the sink. */
  given(): void {
    if (this.#keeps) this.#last = undefined;
  }
}
