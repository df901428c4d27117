import { type AggregateExpression } from '../../../parser/ast.ts';
import { formatFloat } from '../../../parser/go-text.ts';
import { executionError } from '../../errors.ts';
import { anyPresent, type Column } from '../../values.ts';
import { type Aggregator, type AggregatorOptions } from './aggregator.ts';
import { Groups } from './groups.ts';
import { withoutHistograms } from './without-histograms.ts';

const STEPS_PER_BREATH = 16;
/** Above it, sorting all elements takes less than to find each one's place. */
const MAX_INSERTIONS = 64;

/** `topk`, `bottomk` and `limitk`: elements of the input pass unchanged. */
export class SelectK implements Aggregator {
  readonly keepsColumns = true;
  readonly #options: AggregatorOptions;
  readonly #order: -1 | 0 | 1;
  readonly #takes: readonly number[];
  readonly #groups: Groups<Column[]>;

  /** @param order -1 largest first, 1 smallest first, 0 as they come; NaN counts as the worst */
  constructor(options: AggregatorOptions, order: -1 | 0 | 1) {
    this.#options = options;
    this.#order = order;
    const { node, parameter, count } = options;
    // Judged before the data, so that a bad parameter never goes unnoticed.
    this.#takes = Array.from({ length: count }, (_, step) => takeAt(node, parameter, step));
    this.#groups = new Groups(node, () => []);
  }

  add(column: Column): void {
    const taken = this.#order === 0 ? column : withoutHistograms(column, this.#options);
    this.#groups.of(column.labels, column.dropName).push(taken);
  }

  async finish(): Promise<Column[]> {
    const result: Column[] = [];
    for (const members of this.#groups.values()) result.push(...(await this.#select(members)));
    return result;
  }

  async #select(members: readonly Column[]): Promise<Column[]> {
    const { budget, count } = this.#options;
    const kept = members.map((column) => ({ ...column, present: new Uint8Array(count) }));
    const ranking = new Ranking(members, this.#order);
    for (let step = 0; step < count; step++) {
      const take = this.#takes[step] ?? 0;
      ranking.open(step, take);
      for (const index of ranking.best) {
        const column = kept[index];
        if (column !== undefined) column.present[step] = 1;
      }
      if (step % STEPS_PER_BREATH === 0) await budget.breathe();
    }
    // An instant vector keeps the ranking; over a range there is no one ranking.
    if (count === 1) return ranking.best.flatMap((index) => kept[index] ?? []);
    return kept.filter(anyPresent);
  }
}

/** The best elements of one step after the other. */
class Ranking {
  /** Positions of columns, the best first; of equal ones the earlier. */
  best: number[] = [];
  readonly #columns: readonly Column[];
  readonly #order: -1 | 0 | 1;

  constructor(columns: readonly Column[], order: -1 | 0 | 1) {
    this.#columns = columns;
    this.#order = order;
  }

  open(step: number, take: number): void {
    this.best = [];
    if (take < 1) return;
    if (take > MAX_INSERTIONS && this.#order !== 0) this.#sort(step, take);
    else this.#insert(step, take);
  }

  #sort(step: number, take: number): void {
    const present: number[] = [];
    for (const [index, column] of this.#columns.entries()) {
      if (column.present[step] === 1) present.push(index);
    }
    this.best = present.sort((a, b) => this.#compare(a, b, step)).slice(0, take);
  }

  /** For few places, which most elements do not come near to. */
  #insert(step: number, take: number): void {
    const { best } = this;
    const { length } = this.#columns;
    for (let index = 0; index < length; index++) {
      if (this.#columns[index]?.present[step] !== 1) continue;
      if (best.length >= take) {
        // As they come, the first ones stay.
        if (this.#order === 0) return;
        if (this.#compare(index, best[take - 1] ?? 0, step) >= 0) continue;
        best.pop();
      }
      let place = best.length;
      if (this.#order !== 0) {
        while (place > 0 && this.#compare(index, best[place - 1] ?? 0, step) < 0) place--;
      }
      best.splice(place, 0, index);
    }
  }

  #compare(a: number, b: number, step: number): number {
    const x = this.#columns[a]?.values[step] ?? 0;
    const y = this.#columns[b]?.values[step] ?? 0;
    return compareNanLast(x, y, this.#order === -1 ? -1 : 1);
  }
}

/** How many elements to take at a step. @throws QueryError when the parameter is no such number */
function takeAt(
  node: AggregateExpression,
  parameter: Float64Array | undefined,
  step: number,
): number {
  const k = parameter?.[step] ?? Number.NaN;
  if (Number.isNaN(k)) throw executionError('Parameter value is NaN', node);
  if (k >= 2 ** 63 || k <= -(2 ** 63)) {
    throw executionError(`Scalar value ${formatFloat(k)} overflows int64`, node);
  }
  return Math.trunc(k);
}

/** Orders numbers ascending (1) or descending (-1), NaN last either way. */
export function compareNanLast(a: number, b: number, order: -1 | 1): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  if (a === b) return 0;
  return a < b ? -order : order;
}
