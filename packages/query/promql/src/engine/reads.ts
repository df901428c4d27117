import { type LabelMatcher } from '@dwcp/core';

import {
  type AtModifier,
  type DurationExpression,
  type Expression,
  isComparison,
  type VectorSelector,
} from '../parser/ast.ts';
import { durationMs } from '../parser/durations.ts';
import { typeOf } from '../parser/type-check.ts';
import { DEFAULT_SUBQUERY_STEP_MS } from './evaluation.ts';
import { type Grid, lastTime } from './grid.ts';

/** What a query is going to ask the store for, once. */
export interface PlannedRead {
  readonly matchers: readonly LabelMatcher[];
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  /** At how many times its series are looked at. */
  readonly steps: number;
  /** How much time each look takes in; the lookback for instant selectors. */
  readonly windowMs: number;
  /** Whether what comes of each of its series is held at every step until the query ends. */
  readonly isHeld: boolean;
}

/** Operators of which one side only picks from the other. */
const FILTERS: ReadonlySet<string> = new Set(['and', 'unless']);
/** Functions that make fewer series than they take. */
const REDUCING: ReadonlySet<string> = new Set([
  'absent',
  'absent_over_time',
  'histogram_quantile',
  'histogram_quantiles',
  'info',
  'scalar',
]);

export interface PlannedWork {
  readonly reads: readonly PlannedRead[];
  /** Points per series that subqueries around a selector compute and look at again. */
  readonly subqueryPoints: number;
}

/**
 * What evaluating an expression is going to read, known without a look at the store.
 * @throws RangeError for a duration that cannot be computed
 */
export function planWork(expression: Expression, grid: Grid, lookbackMs: number): PlannedWork {
  const plan = new Plan(grid, lookbackMs);
  plan.visit(expression, grid);
  return plan;
}

class Plan implements PlannedWork {
  readonly reads: PlannedRead[] = [];
  subqueryPoints = 0;
  readonly #grid: Grid;
  readonly #lookbackMs: number;

  constructor(grid: Grid, lookbackMs: number) {
    this.#grid = grid;
    this.#lookbackMs = lookbackMs;
  }

  /** @param isHeld whether nothing around the node makes less of its series */
  visit(node: Expression, grid: Grid, isHeld = true): void {
    switch (node.kind) {
      case 'number':
      case 'string':
        return;
      case 'paren':
      case 'unary':
        this.visit(node.of, grid, isHeld);
        return;
      case 'binary': {
        const filters = isComparison(node.operator) || FILTERS.has(node.operator);
        // To match vectors, both have to be there as a whole.
        const matches = typeOf(node.left) === 'vector' && typeOf(node.right) === 'vector';
        this.visit(node.left, grid, !filters && (isHeld || matches));
        this.visit(node.right, grid, !filters && (isHeld || matches));
        return;
      }
      case 'aggregate':
        this.visit(node.of, grid, false);
        if (node.parameter !== undefined) this.visit(node.parameter, grid, false);
        return;
      case 'call':
        for (const argument of node.args) {
          this.visit(argument, grid, isHeld && !REDUCING.has(node.name));
        }
        return;
      case 'vector-selector':
        this.#read(node, grid, this.#lookbackMs, isHeld);
        return;
      case 'matrix-selector':
        this.#read(node.selector, grid, this.#ms(node.range), isHeld);
        return;
      case 'subquery': {
        const rangeMs = this.#ms(node.range);
        const stepMs = node.step === undefined ? DEFAULT_SUBQUERY_STEP_MS : this.#ms(node.step);
        if (!(rangeMs > 0 && stepMs > 0)) return;
        const { firstMs, lastMs } = this.#span(node, grid);
        const fromMs = firstMs - rangeMs;
        const startMs = Math.floor(fromMs / stepMs) * stepMs + stepMs;
        const count = Math.max(0, Math.floor((lastMs - startMs) / stepMs) + 1);
        this.subqueryPoints += count + (grid.count * rangeMs) / stepMs;
        if (count > 0) this.visit(node.of, { startMs, stepMs, count }, false);
      }
    }
  }

  #read(selector: VectorSelector, grid: Grid, windowMs: number, isHeld: boolean): void {
    const { firstMs, lastMs } = this.#span(selector, grid);
    const { extension } = selector;
    const backMs = windowMs + (extension === undefined ? 0 : this.#lookbackMs);
    this.reads.push({
      matchers: selector.matchers,
      startUnixMs: Math.floor(firstMs - backMs) + 1,
      endUnixMs: lastMs + (extension === 'smoothed' ? this.#lookbackMs : 0),
      steps: grid.count,
      windowMs,
      isHeld,
    });
  }

  /** The first and the last time that a selector or a subquery looks back from. */
  #span(
    node: { readonly offset?: DurationExpression; readonly at?: AtModifier },
    grid: Grid,
  ): { readonly firstMs: number; readonly lastMs: number } {
    const offsetMs = node.offset === undefined ? 0 : this.#ms(node.offset);
    const atMs = this.#atMs(node.at);
    return {
      firstMs: (atMs ?? grid.startMs) - offsetMs,
      lastMs: (atMs ?? lastTime(grid)) - offsetMs,
    };
  }

  #atMs(at: AtModifier | undefined): number | undefined {
    if (at === undefined) return undefined;
    if (at.kind === 'time') return at.unixMs;
    return at.kind === 'start' ? this.#grid.startMs : lastTime(this.#grid);
  }

  #ms(duration: DurationExpression): number {
    const grid = this.#grid;
    return durationMs(duration, {
      stepMs: grid.count === 1 ? 0 : grid.stepMs,
      rangeMs: lastTime(grid) - grid.startMs,
    });
  }
}
