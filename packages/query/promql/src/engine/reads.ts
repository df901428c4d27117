import { type LabelMatcher } from '@dwcp/core';

import {
  type AtModifier,
  type BinaryExpression,
  type CallExpression,
  type DurationExpression,
  type Expression,
  isComparison,
  type SubqueryExpression,
  type VectorSelector,
} from '../parser/ast.ts';
import { durationMs } from '../parser/durations.ts';
import { typeOf } from '../parser/type-check.ts';
import { DEFAULT_SUBQUERY_STEP_MS } from './evaluation.ts';
import { type Grid, lastTime } from './grid.ts';
import { groupingNames } from './operators/aggregation/groups.ts';
import { LEAST_NS_PER_POINT, leastNsOfWindows } from './window-costs.ts';

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
  /** By which its series become groups, each of which is held at every step until the query ends. */
  readonly groupedBy: Grouping | undefined;
  /** The function that goes over windows of it; '' for an instant selector. */
  readonly windowFunction: string;
  /** Windows of each series; 1 where an `@` makes all of them the same. */
  readonly windows: number;
  /** What the subqueries around it make of each of its series. */
  readonly subqueries: SubqueryWork;
}

/** Labels that groups have in common, or that tell nothing of them. */
export interface Grouping {
  readonly names: ReadonlySet<string>;
  readonly without: boolean;
}

export interface SubqueryWork {
  /** Points that are computed, and looked at again. */
  readonly points: number;
  /** How long that takes at the very least. */
  readonly leastNs: number;
}

const NO_WORK: SubqueryWork = { points: 0, leastNs: 0 };

/** Operators of which one side only picks from the other. */
const FILTERS: ReadonlySet<string> = new Set(['and', 'unless']);
/** Functions that make fewer series than they take. */
const REDUCING: ReadonlySet<string> = new Set([
  'absent',
  'absent_over_time',
  'histogram_quantile',
  'histogram_quantiles',
  'scalar',
]);

/** Aggregations that hold all elements until the last one is there. */
const HOLDING: ReadonlySet<string> = new Set([
  'bottomk',
  'limit_ratio',
  'limitk',
  'quantile',
  'topk',
]);
/** Functions after which labels are no longer those of the series. */
const CHANGES_LABELS: ReadonlySet<string> = new Set([
  ...REDUCING,
  'info',
  'label_join',
  'label_replace',
]);

export interface PlannedWork {
  readonly reads: readonly PlannedRead[];
  /** Of subqueries that do not go over each series of a selector: over a sum, say. */
  readonly subqueries: SubqueryWork;
}

/** What is around a part of an expression. */
interface Around {
  /** Whether nothing makes less of its series. */
  readonly isHeld: boolean;
  readonly groupedBy?: Grouping | undefined;
  /** Of the subqueries that look at each of its series. */
  readonly subqueries: SubqueryWork;
  /** The call that has it as its range vector. */
  readonly windowFunction?: string;
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

const UNKNOWN: Around = { isHeld: false, subqueries: NO_WORK };

class Plan implements PlannedWork {
  readonly reads: PlannedRead[] = [];
  subqueries = NO_WORK;
  readonly #grid: Grid;
  readonly #lookbackMs: number;

  constructor(grid: Grid, lookbackMs: number) {
    this.#grid = grid;
    this.#lookbackMs = lookbackMs;
  }

  visit(
    node: Expression,
    grid: Grid,
    around: Around = { isHeld: true, subqueries: NO_WORK },
  ): void {
    switch (node.kind) {
      case 'number':
        this.#once(around);
        return;
      case 'string':
        return;
      case 'paren':
      case 'unary':
        this.visit(node.of, grid, around);
        return;
      case 'binary':
        this.#binary(node, grid, around);
        return;
      case 'aggregate': {
        const isHeld = HOLDING.has(node.operator);
        const groupedBy = isHeld
          ? undefined
          : { names: groupingNames(node), without: node.without };
        this.visit(node.of, grid, { isHeld, groupedBy, subqueries: this.#once(around) });
        if (node.parameter !== undefined) this.visit(node.parameter, grid, UNKNOWN);
        return;
      }
      case 'call':
        this.#call(node, grid, around);
        return;
      case 'vector-selector':
        this.#read(node, grid, this.#lookbackMs, around);
        return;
      case 'matrix-selector':
        this.#read(node.selector, grid, this.#ms(node.range), around);
        return;
      case 'subquery':
        this.#subquery(node, grid, around);
    }
  }

  #binary(node: BinaryExpression, grid: Grid, around: Around): void {
    const [left, right] = [typeOf(node.left), typeOf(node.right)];
    const filters = isComparison(node.operator) || FILTERS.has(node.operator);
    // To match vectors, both have to be there as a whole.
    const matches = left === 'vector' && right === 'vector';
    const isHeld = !filters && (around.isHeld || matches);
    const groupedBy = filters || matches ? undefined : around.groupedBy;
    // How many series come out of it is known of the side only that may have many of them.
    const many = {
      isHeld,
      groupedBy,
      subqueries: filters ? this.#once(around) : around.subqueries,
    };
    const one = { isHeld, subqueries: NO_WORK };
    const isRight =
      right === 'vector' && (left === 'scalar' || node.matching.cardinality === 'one-to-many');
    this.visit(node.left, grid, isRight ? one : many);
    this.visit(node.right, grid, isRight ? many : one);
  }

  #call(node: CallExpression, grid: Grid, around: Around): void {
    const isReducing = REDUCING.has(node.name);
    const main = node.args.find((arg) => typeOf(arg) === 'vector' || typeOf(arg) === 'matrix');
    if (main === undefined) this.#once(around);
    for (const arg of node.args) {
      if (arg !== main) {
        this.visit(arg, grid, { isHeld: around.isHeld && !isReducing, subqueries: NO_WORK });
        continue;
      }
      this.visit(arg, grid, {
        isHeld: around.isHeld && !isReducing,
        groupedBy: CHANGES_LABELS.has(node.name) ? undefined : around.groupedBy,
        subqueries: isReducing ? this.#once(around) : around.subqueries,
        windowFunction: node.name,
      });
    }
  }

  #subquery(node: SubqueryExpression, grid: Grid, around: Around): void {
    const rangeMs = this.#ms(node.range);
    const stepMs = node.step === undefined ? DEFAULT_SUBQUERY_STEP_MS : this.#ms(node.step);
    if (!(rangeMs > 0 && stepMs > 0)) return;
    const { firstMs, lastMs } = this.#span(node, grid);
    const fromMs = firstMs - rangeMs;
    const startMs = Math.floor(fromMs / stepMs) * stepMs + stepMs;
    const count = Math.max(0, Math.floor((lastMs - startMs) / stepMs) + 1);
    if (count === 0) return;
    const samplesPerWindow = rangeMs / stepMs;
    const steps = node.at === undefined ? grid.count : 1;
    const samplesPassed = (lastMs - firstMs) / stepMs;
    const { points, leastNs } = around.subqueries;
    const subqueries = {
      points: points + count + grid.count * samplesPerWindow,
      leastNs:
        leastNs +
        count * LEAST_NS_PER_POINT +
        leastNsOfWindows(around.windowFunction ?? '', { steps, samplesPerWindow, samplesPassed }),
    };
    // What it goes over is there as a whole.
    this.visit(node.of, { startMs, stepMs, count }, { isHeld: true, subqueries });
  }

  /** Subqueries over what may be one series only. */
  #once({ subqueries: { leastNs, points } }: Around): SubqueryWork {
    this.subqueries = {
      points: this.subqueries.points + points,
      leastNs: this.subqueries.leastNs + leastNs,
    };
    return NO_WORK;
  }

  #read(selector: VectorSelector, grid: Grid, windowMs: number, around: Around): void {
    const { firstMs, lastMs } = this.#span(selector, grid);
    const { extension } = selector;
    const backMs = windowMs + (extension === undefined ? 0 : this.#lookbackMs);
    const { groupedBy, isHeld, subqueries, windowFunction = '' } = around;
    this.reads.push({
      matchers: selector.matchers,
      startUnixMs: Math.floor(firstMs - backMs) + 1,
      endUnixMs: lastMs + (extension === 'smoothed' ? this.#lookbackMs : 0),
      steps: grid.count,
      windowMs,
      isHeld,
      groupedBy,
      windowFunction,
      windows: selector.at === undefined ? grid.count : 1,
      subqueries,
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
