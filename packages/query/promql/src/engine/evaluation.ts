import { InvalidInputError, type MetricStore } from '@dwcp/core';

import {
  type AggregateExpression,
  type BinaryExpression,
  type Expression,
  isSetOperator,
  type SubqueryExpression,
  type UnaryExpression,
  unwrapParens,
  type VectorSelector,
} from '../parser/ast.ts';
import { typeOf } from '../parser/type-check.ts';
import { type Annotations } from './annotations.ts';
import { type Budget } from './budget.ts';
import { executionError } from './errors.ts';
import { type Evaluator } from './evaluator.ts';
import { callFunction, isStreaming, streamFunction } from './functions/registry.ts';
import { GridSamples } from './grid-samples.ts';
import { type Grid, lastTime } from './grid.ts';
import { withoutHints } from './histograms/stats-hints.ts';
import { aggregatorOf } from './operators/aggregation/aggregator.ts';
import { negating } from './operators/negation.ts';
import { arithmetic, isTrim } from './operators/scalar-operators.ts';
import { setOperation } from './operators/set-operators.ts';
import { VectorMatcher } from './operators/vector-matching.ts';
import { vectorWithScalar } from './operators/vector-scalar.ts';
import { type QueryRecorder } from './recorder.ts';
import { eachRangeSeries, type SelectContext } from './select.ts';
import { type SampleField, streamInstant, streamSmoothed } from './streaming/instant-selector.ts';
import { Timing } from './timing.ts';
import {
  type Column,
  ColumnList,
  type ColumnSink,
  NO_REACH,
  type RangeSeries,
  type RangeStream,
  type RangeVector,
  type Value,
} from './values.ts';

/** The step of a subquery that names none. */
export const DEFAULT_SUBQUERY_STEP_MS = 60_000;

export interface EvaluationOptions {
  readonly store: Pick<MetricStore, 'select'>;
  readonly budget: Budget;
  readonly annotations: Annotations;
  readonly signal: AbortSignal | undefined;
  readonly lookbackMs: number;
  /** The grid of the whole query, which `@ start()` and `step()` mean inside subqueries too. */
  readonly grid: Grid;
  /** Where what the nodes cost is asked for. */
  readonly recorder: QueryRecorder | undefined;
  /** The selectors of which only count and sum of histograms are looked at. */
  readonly statistics: ReadonlySet<VectorSelector>;
}

/**
 * Evaluates the parts of one query, each over a whole grid at once. Where it can, the series of a
 * vector go one by one from the store through functions into an aggregation, and none is held.
 */
export class Evaluation implements Evaluator {
  readonly budget: Budget;
  readonly annotations: Annotations;
  /** The grid of the whole query. */
  readonly queryGrid: Grid;
  readonly #select: SelectContext;
  readonly #timing: Timing;
  readonly #recorder: QueryRecorder | undefined;

  constructor(options: EvaluationOptions) {
    this.budget = options.budget;
    this.annotations = options.annotations;
    this.queryGrid = options.grid;
    this.#select = options;
    this.#timing = new Timing(options.grid);
    this.#recorder = options.recorder;
  }

  /** Evaluates an expression of any type but range vector. */
  async evaluate(node: Expression, grid: Grid): Promise<Value> {
    this.budget.check();
    const recorder = this.#recorder;
    if (recorder === undefined) return this.#evaluate(node, grid);
    const record = recorder.enter(node);
    try {
      const value = await this.#evaluate(node, grid);
      record.seriesCount = value.kind === 'vector' ? value.columns.length : 1;
      return value;
    } finally {
      recorder.leave(record);
    }
  }

  /** Evaluates a vector, its columns one after the other, sorted by labels as far as the input is. */
  async stream(node: Expression, grid: Grid, sink: ColumnSink): Promise<void> {
    this.budget.check();
    const recorder = this.#recorder;
    if (recorder === undefined) {
      await this.#stream(node, grid, sink);
      return;
    }
    const record = recorder.enter(node);
    try {
      await this.#stream(node, grid, recorder.between(record, sink));
    } finally {
      recorder.leave(record);
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

  async selectColumns(node: VectorSelector, grid: Grid, what: SampleField): Promise<Column[]> {
    const list = new ColumnList();
    await this.#selector(node, grid, what, list);
    return list.columns;
  }

  /** Evaluates a range selector or a subquery to its samples. */
  async range(expression: Expression, grid: Grid): Promise<RangeVector> {
    const stream = this.rangeStream(expression, grid);
    const { rangeMs, reach, offsetMs, atMs } = stream;
    const found: RangeSeries[] = [];
    await stream.each((series) => {
      const { timestamps, values } = series;
      this.budget.charge(timestamps.length);
      found.push({ ...series, timestamps: timestamps.slice(), values: values.slice() });
    });
    return { series: found, rangeMs, reach, offsetMs, atMs };
  }

  /** A range selector or a subquery, its series one after the other. */
  rangeStream(expression: Expression, grid: Grid): RangeStream {
    const node = unwrapParens(expression);
    const stream = this.#rangeStream(node, grid);
    return this.#recorder?.watching(node, stream) ?? stream;
  }

  async #evaluate(node: Expression, grid: Grid): Promise<Value> {
    switch (node.kind) {
      case 'number':
        return { kind: 'scalar', values: new Float64Array(grid.count).fill(node.value) };
      case 'string':
        return { kind: 'string', value: node.value };
      case 'paren':
        return this.evaluate(node.of, grid);
      case 'unary':
        return typeOf(node) === 'vector' ? this.#collect(node, grid) : this.#unary(node, grid);
      case 'binary':
        return hasOneScalar(node) ? this.#collect(node, grid) : this.#binary(node, grid);
      case 'aggregate':
        return this.#aggregate(node, grid);
      case 'call':
        return isStreaming(node) ? this.#collect(node, grid) : callFunction(this, node, grid);
      case 'vector-selector':
        return this.#collect(node, grid);
      case 'matrix-selector':
      case 'subquery':
        throw new Error('a range vector is evaluated by the function around it');
    }
  }

  async #collect(node: Expression, grid: Grid): Promise<Value> {
    const list = new ColumnList();
    await this.#stream(node, grid, list);
    return { kind: 'vector', columns: list.columns };
  }

  async #stream(node: Expression, grid: Grid, sink: ColumnSink): Promise<void> {
    switch (node.kind) {
      case 'paren':
        return this.stream(node.of, grid, sink);
      case 'vector-selector':
        return this.#selector(node, grid, 'value', sink);
      case 'unary':
        return this.stream(
          node.of,
          grid,
          node.operator === '-' ? negating(node, sink, this.annotations) : sink,
        );
      case 'call':
        if (isStreaming(node)) return streamFunction(this, node, grid, sink);
        break;
      case 'binary':
        if (hasOneScalar(node)) return this.#withScalar(node, grid, sink);
        break;
      case 'aggregate':
      case 'matrix-selector':
      case 'number':
      case 'string':
      case 'subquery':
    }
    const value = await this.#evaluate(node, grid);
    if (value.kind !== 'vector') throw new Error(`expected a vector, got ${value.kind}`);
    for (const column of value.columns) {
      sink.add(column);
      if (this.budget.isDue) await this.budget.breathe();
    }
  }

  async #selector(
    selector: VectorSelector,
    grid: Grid,
    what: SampleField,
    sink: ColumnSink,
  ): Promise<void> {
    const selected = { selector, grid, shift: this.#timing.shiftOf(selector) };
    await this.#storeErrors(() =>
      // Anchoring is about the edges of ranges; and where a sample is nothing smoothes.
      selector.extension === 'smoothed' && what === 'value'
        ? streamSmoothed(this.#select, selected, sink)
        : streamInstant(this.#select, selected, what, sink),
    );
  }

  #rangeStream(node: Expression, grid: Grid): RangeStream {
    this.budget.check();
    if (node.kind === 'subquery') return this.#subquery(node, grid);
    if (node.kind !== 'matrix-selector') throw new Error(`${node.kind} is no range vector`);
    const { selector } = node;
    const rangeMs = this.#timing.positiveMs(node.range);
    const shift = this.#timing.shiftOf(selector);
    const { lookbackMs } = this.#select;
    const { extension } = selector;
    const reach =
      extension === undefined
        ? NO_REACH
        : { backMs: lookbackMs, aheadMs: extension === 'smoothed' ? lookbackMs : 0 };
    const shape = { rangeMs, reach, ...shift };
    const each: RangeStream['each'] = (visit) =>
      this.#storeErrors(() =>
        eachRangeSeries(this.#select, { selector, grid, shift }, shape, visit),
      );
    return { ...shape, each };
  }

  #subquery(node: SubqueryExpression, grid: Grid): RangeStream {
    const rangeMs = this.#timing.positiveMs(node.range);
    const shift = this.#timing.shiftOf(node);
    const stepMs =
      node.step === undefined ? DEFAULT_SUBQUERY_STEP_MS : this.#timing.positiveMs(node.step);
    const fromMs = (shift.atMs ?? grid.startMs) - shift.offsetMs - rangeMs;
    const toMs = (shift.atMs ?? lastTime(grid)) - shift.offsetMs;
    // Steps lie on multiples of the step, the same for every query.
    const startMs = Math.floor(fromMs / stepMs) * stepMs + stepMs;
    const count = Math.max(0, Math.floor((toMs - startMs) / stepMs) + 1);
    const each: RangeStream['each'] = async (visit) => {
      this.budget.charge(count);
      if (count === 0) return;
      const inner: Grid = { startMs, stepMs, count };
      const samples = new GridSamples(inner);
      for (const column of await this.vector(node.of, inner)) {
        this.budget.charge(count);
        await visit(withoutHints(samples.of(column)));
        this.budget.release(count);
        if (this.budget.isDue) await this.budget.breathe();
      }
    };
    return { rangeMs, reach: NO_REACH, ...shift, each };
  }

  async #storeErrors(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.budget.check();
      if (error instanceof InvalidInputError) throw executionError(error.message);
      throw error;
    }
  }

  async #unary({ of, operator }: UnaryExpression, grid: Grid): Promise<Value> {
    const value = await this.evaluate(of, grid);
    if (operator === '+' || value.kind !== 'scalar') return value;
    return { kind: 'scalar', values: value.values.map((v) => -v) };
  }

  async #binary(node: BinaryExpression, grid: Grid): Promise<Value> {
    const left = await this.evaluate(node.left, grid);
    const right = await this.evaluate(node.right, grid);
    await this.budget.breathe();
    if (left.kind === 'scalar' && right.kind === 'scalar') {
      if (isTrim(node.operator)) {
        throw executionError(`operator "${node.operator}" not allowed for Scalar operations`, node);
      }
      const compute = arithmetic(node.operator);
      const values = left.values.map((value, i) => compute(value, right.values[i] ?? 0));
      return { kind: 'scalar', values };
    }
    if (left.kind !== 'vector' || right.kind !== 'vector') throw new Error('types do not combine');
    const context = { count: grid.count, annotations: this.annotations, budget: this.budget };
    const columns = isSetOperator(node.operator)
      ? await setOperation(node, left.columns, right.columns, this.budget)
      : await new VectorMatcher(node, left.columns, right.columns, context).match();
    return { kind: 'vector', columns };
  }

  /** `vector op scalar` or the other way round. */
  async #withScalar(node: BinaryExpression, grid: Grid, sink: ColumnSink): Promise<void> {
    const scalarOnLeft = typeOf(node.left) === 'scalar';
    const scalar = await this.scalar(scalarOnLeft ? node.left : node.right, grid);
    const { annotations } = this;
    await this.stream(scalarOnLeft ? node.right : node.left, grid, {
      // A column of its own comes out.
      keepsColumns: false,
      add: (column) => {
        if (sink.keepsColumns) this.budget.chargeColumn(grid.count);
        const operation = { node, columns: [column], scalar, scalarOnLeft, annotations };
        for (const out of vectorWithScalar(operation)) sink.add(out);
      },
    });
  }

  async #aggregate(node: AggregateExpression, grid: Grid): Promise<Value> {
    const { parameter } = node;
    const value = parameter === undefined ? undefined : await this.evaluate(parameter, grid);
    const aggregator = aggregatorOf({
      node,
      parameter: value?.kind === 'scalar' ? value.values : undefined,
      labelName: value?.kind === 'string' ? value.value : undefined,
      count: grid.count,
      annotations: this.annotations,
      budget: this.budget,
    });
    await this.stream(node.of, grid, aggregator);
    await this.budget.breathe();
    return { kind: 'vector', columns: await aggregator.finish() };
  }
}

/** Whether an operator has a vector on one side and a scalar on the other. */
function hasOneScalar({ left, right }: BinaryExpression): boolean {
  return (typeOf(left) === 'scalar') !== (typeOf(right) === 'scalar');
}

/** Whether an expression is a range vector, which `evaluate` does not take. */
export function isRangeVector(node: Expression): boolean {
  return typeOf(node) === 'matrix';
}
