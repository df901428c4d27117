import { InvalidInputError, type MetricStore, type NativeHistogram } from '@dwcp/core';

import {
  type AggregateExpression,
  type AtModifier,
  type BinaryExpression,
  type DurationExpression,
  type Expression,
  isSetOperator,
  type SubqueryExpression,
  unwrapParens,
  type VectorSelector,
} from '../parser/ast.ts';
import { durationMs } from '../parser/durations.ts';
import { typeOf } from '../parser/type-check.ts';
import { type Annotations } from './annotations.ts';
import { type Budget } from './budget.ts';
import { executionError, unsupported } from './errors.ts';
import { type Evaluator } from './evaluator.ts';
import { callFunction } from './functions/registry.ts';
import { type Grid, lastTime, timeAt } from './grid.ts';
import { refuseHistograms } from './native.ts';
import { aggregate } from './operators/aggregation.ts';
import { arithmetic } from './operators/scalar-operators.ts';
import { setOperation } from './operators/set-operators.ts';
import { VectorMatcher } from './operators/vector-matching.ts';
import { vectorWithScalar } from './operators/vector-scalar.ts';
import {
  type SelectContext,
  selectInstant,
  selectRange,
  selectSmoothed,
  type Shift,
} from './select.ts';
import { type Column, type RangeSeries, type RangeVector, type Value, NO_REACH } from './values.ts';

/** The step of a subquery that names none. */
const DEFAULT_SUBQUERY_STEP_MS = 60_000;

export interface EvaluationOptions {
  readonly store: MetricStore;
  readonly budget: Budget;
  readonly annotations: Annotations;
  readonly signal: AbortSignal | undefined;
  readonly lookbackMs: number;
  /** The grid of the whole query, which `@ start()` and `step()` mean inside subqueries too. */
  readonly grid: Grid;
}

/** Evaluates the parts of one query, each over a whole grid at once. */
export class Evaluation implements Evaluator {
  readonly budget: Budget;
  readonly annotations: Annotations;
  /** The grid of the whole query. */
  readonly queryGrid: Grid;
  readonly #select: SelectContext;

  constructor(options: EvaluationOptions) {
    this.budget = options.budget;
    this.annotations = options.annotations;
    this.queryGrid = options.grid;
    this.#select = options;
  }

  /** Evaluates an expression of any type but range vector. */
  async evaluate(node: Expression, grid: Grid): Promise<Value> {
    this.budget.check();
    switch (node.kind) {
      case 'number':
        return { kind: 'scalar', values: new Float64Array(grid.count).fill(node.value) };
      case 'string':
        return { kind: 'string', value: node.value };
      case 'paren':
        return this.evaluate(node.of, grid);
      case 'unary':
        return this.#unary(node.operator, await this.evaluate(node.of, grid), node);
      case 'binary':
        return this.#binary(node, grid);
      case 'aggregate':
        return this.#aggregate(node, grid);
      case 'call':
        return callFunction(this, node, grid);
      case 'vector-selector':
        return { kind: 'vector', columns: await this.selectColumns(node, grid, 'value') };
      case 'matrix-selector':
      case 'subquery':
        throw new Error('a range vector is evaluated by the function around it');
    }
  }

  async vector(node: Expression, grid: Grid): Promise<readonly Column[]> {
    const value = await this.evaluate(node, grid);
    if (value.kind !== 'vector') throw new Error(`expected a vector, got ${value.kind}`);
    return value.columns;
  }

  async scalar(node: Expression, grid: Grid): Promise<Float64Array> {
    const value = await this.evaluate(node, grid);
    if (value.kind !== 'scalar') throw new Error(`expected a scalar, got ${value.kind}`);
    return value.values;
  }

  async selectColumns(node: VectorSelector, grid: Grid, what: 'value' | 'time'): Promise<Column[]> {
    if (node.extension !== undefined && (node.extension === 'anchored' || what === 'time')) {
      throw unsupported(`the ${node.extension} modifier on this selector is`, node);
    }
    const shift = this.#shift(node);
    return this.#storeErrors(() =>
      node.extension === 'smoothed'
        ? selectSmoothed(this.#select, node, grid, shift)
        : selectInstant(this.#select, node, grid, shift, what),
    );
  }

  /** Evaluates a range selector or a subquery to its samples. */
  async range(expression: Expression, grid: Grid): Promise<RangeVector> {
    this.budget.check();
    const node = unwrapParens(expression);
    if (node.kind === 'subquery') return this.#subquery(node, grid);
    if (node.kind !== 'matrix-selector') throw new Error(`${node.kind} is no range vector`);
    const { selector } = node;
    const rangeMs = this.#positiveMs(node.range);
    const shift = this.#shift(selector);
    const { lookbackMs } = this.#select;
    const { extension } = selector;
    const reach = {
      backMs: extension === undefined ? 0 : lookbackMs,
      aheadMs: extension === 'smoothed' ? lookbackMs : 0,
    };
    const series = await this.#storeErrors(() =>
      selectRange(this.#select, selector, grid, shift, rangeMs, reach),
    );
    return { series, rangeMs, reach, ...shift };
  }

  async #subquery(node: SubqueryExpression, grid: Grid): Promise<RangeVector> {
    const rangeMs = this.#positiveMs(node.range);
    const shift = this.#shift(node);
    const stepMs = node.step === undefined ? DEFAULT_SUBQUERY_STEP_MS : this.#positiveMs(node.step);
    const fromMs = (shift.atMs ?? grid.startMs) - shift.offsetMs - rangeMs;
    const toMs = (shift.atMs ?? lastTime(grid)) - shift.offsetMs;
    // Steps lie on multiples of the step, the same for every query.
    const startMs = Math.floor(fromMs / stepMs) * stepMs + stepMs;
    const count = Math.max(0, Math.floor((toMs - startMs) / stepMs) + 1);
    this.budget.charge(count);
    if (count === 0) return { series: [], rangeMs, reach: NO_REACH, ...shift };
    const inner: Grid = { startMs, stepMs, count };
    const columns = await this.vector(node.of, inner);
    this.budget.charge(columns.length * count);
    const series = columns.map((column) => toSeries(column, inner));
    return { series, rangeMs, reach: NO_REACH, ...shift };
  }

  #shift(node: { readonly offset?: DurationExpression; readonly at?: AtModifier }): Shift {
    const offsetMs = node.offset === undefined ? 0 : this.#durationMs(node.offset);
    return { offsetMs, atMs: this.#atMs(node.at) };
  }

  #atMs(at: AtModifier | undefined): number | undefined {
    switch (at?.kind) {
      case undefined:
        return undefined;
      case 'time':
        return at.unixMs;
      case 'start':
        return this.queryGrid.startMs;
      case 'end':
        return lastTime(this.queryGrid);
    }
  }

  #durationMs(duration: DurationExpression): number {
    const { queryGrid } = this;
    const context = {
      stepMs: queryGrid.count === 1 ? 0 : queryGrid.stepMs,
      rangeMs: lastTime(queryGrid) - queryGrid.startMs,
    };
    try {
      return durationMs(duration, context);
    } catch (error) {
      if (error instanceof RangeError) throw executionError(error.message, duration);
      throw error;
    }
  }

  #positiveMs(duration: DurationExpression): number {
    const ms = this.#durationMs(duration);
    if (ms <= 0) throw executionError('duration must be greater than 0', duration);
    return ms;
  }

  async #storeErrors<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.budget.check();
      if (error instanceof InvalidInputError) throw executionError(error.message);
      throw error;
    }
  }

  #unary(operator: '+' | '-', value: Value, node: Expression): Value {
    if (operator === '+' || value.kind === 'string') return value;
    if (value.kind === 'scalar') return { kind: 'scalar', values: value.values.map((v) => -v) };
    refuseHistograms(value.columns, 'operator -', node);
    const columns = value.columns.map((column) => ({
      ...column,
      dropName: true,
      values: column.values.map((v) => -v),
    }));
    return { kind: 'vector', columns };
  }

  async #binary(node: BinaryExpression, grid: Grid): Promise<Value> {
    if (node.operator === '</' || node.operator === '>/') {
      throw unsupported(`operator ${node.operator} is`, node);
    }
    const left = await this.evaluate(node.left, grid);
    const right = await this.evaluate(node.right, grid);
    await this.budget.breathe();
    if (left.kind === 'string' || right.kind === 'string')
      throw new Error('strings do not combine');
    if (left.kind === 'scalar') {
      if (right.kind === 'vector') {
        const columns = vectorWithScalar(node, right.columns, left.values, true);
        return { kind: 'vector', columns };
      }
      const compute = arithmetic(node.operator);
      const values = left.values.map((value, i) => compute(value, right.values[i] ?? 0));
      return { kind: 'scalar', values };
    }
    if (right.kind === 'scalar') {
      const columns = vectorWithScalar(node, left.columns, right.values, false);
      return { kind: 'vector', columns };
    }
    const columns = isSetOperator(node.operator)
      ? setOperation(node, left.columns, right.columns)
      : new VectorMatcher(node, left.columns, right.columns, grid.count).columns;
    return { kind: 'vector', columns };
  }

  async #aggregate(node: AggregateExpression, grid: Grid): Promise<Value> {
    const { parameter } = node;
    const value = parameter === undefined ? undefined : await this.evaluate(parameter, grid);
    const columns = await this.vector(node.of, grid);
    await this.budget.breathe();
    const result = aggregate({
      node,
      columns,
      parameter: value?.kind === 'scalar' ? value.values : undefined,
      labelName: value?.kind === 'string' ? value.value : undefined,
      count: grid.count,
      annotations: this.annotations,
    });
    return { kind: 'vector', columns: result };
  }
}

/** Whether an expression is a range vector, which `evaluate` does not take. */
export function isRangeVector(node: Expression): boolean {
  return typeOf(node) === 'matrix';
}

/** The elements of a column as samples at the times of its grid. */
export function toSeries(column: Column, grid: Grid): RangeSeries {
  let size = 0;
  for (const is of column.present) size += is;
  const { labels, dropName } = column;
  const timestamps = new Float64Array(size);
  const values = new Float64Array(size);
  const histograms: (NativeHistogram | undefined)[] = [];
  size = 0;
  for (let step = 0; step < grid.count; step++) {
    if (column.present[step] === 0) continue;
    timestamps[size] = timeAt(grid, step);
    values[size] = column.values[step] ?? 0;
    if (column.histograms !== undefined) histograms[size] = column.histograms[step];
    size++;
  }
  const series = { labels, dropName, timestamps, values };
  return column.histograms === undefined ? series : { ...series, histograms };
}
