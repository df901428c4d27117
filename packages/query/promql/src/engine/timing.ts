import { type AtModifier, type DurationExpression } from '../parser/ast.ts';
import { durationMs } from '../parser/durations.ts';
import { executionError } from './errors.ts';
import { type Grid, lastTime } from './grid.ts';
import { type Shift } from './select.ts';

/** What durations and moments in a query mean, given the grid of the whole query. */
export class Timing {
  readonly #grid: Grid;

  constructor(grid: Grid) {
    this.#grid = grid;
  }

  shiftOf(node: { readonly offset?: DurationExpression; readonly at?: AtModifier }): Shift {
    const offsetMs = node.offset === undefined ? 0 : this.#durationMs(node.offset);
    return { offsetMs, atMs: this.#atMs(node.at) };
  }

  /** @throws QueryError for a range or step that is not greater than 0 */
  positiveMs(duration: DurationExpression): number {
    const ms = this.#durationMs(duration);
    if (ms <= 0) throw executionError('duration must be greater than 0', duration);
    return ms;
  }

  #atMs(at: AtModifier | undefined): number | undefined {
    switch (at?.kind) {
      case undefined:
        return undefined;
      case 'time':
        return at.unixMs;
      case 'start':
        return this.#grid.startMs;
      case 'end':
        return lastTime(this.#grid);
    }
  }

  #durationMs(duration: DurationExpression): number {
    const grid = this.#grid;
    const context = {
      stepMs: grid.count === 1 ? 0 : grid.stepMs,
      rangeMs: lastTime(grid) - grid.startMs,
    };
    try {
      return durationMs(duration, context);
    } catch (error) {
      if (error instanceof RangeError) throw executionError(error.message, duration);
      throw error;
    }
  }
}
