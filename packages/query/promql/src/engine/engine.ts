import {
  type CallOptions,
  type Clock,
  type InstantQuery,
  Labels,
  type MetricQuery,
  type MetricStore,
  QueryError,
  type QueryResult,
  type QueryValue,
  type RangeQuery,
  type Series,
  type VectorSample,
} from '@dwcp/core';

import { type Expression, unwrapParens } from '../parser/ast.ts';
import { documentedType } from '../parser/functions.ts';
import { quote } from '../parser/go-text.ts';
import { parseExpression } from '../parser/parser.ts';
import { typeOf } from '../parser/type-check.ts';
import { Annotations } from './annotations.ts';
import { Budget } from './budget.ts';
import { executionError, SAME_LABELSET, unsupported } from './errors.ts';
import { Evaluation, isRangeVector, toSeries } from './evaluation.ts';
import { type Grid } from './grid.ts';
import { dropNames } from './merge.ts';
import { anyPresent, type Column, type RangeSeries, withoutMetadata } from './values.ts';
import { moveTo, Window } from './window.ts';

/** As many points per series as Prometheus' HTTP API answers. */
const MAX_STEPS = 11_000;

export interface PromqlEngineOptions {
  readonly store: MetricStore;
  readonly clock: Clock;
  /** How long a sample counts as current; 5 minutes by default, as in Prometheus. */
  readonly lookbackMs?: number;
  /** Samples one query may hold in memory; 50 million by default. */
  readonly maxSamples?: number;
  /** How long one query may take; 2 minutes by default. */
  readonly timeoutMs?: number;
}

/**
 * Answers PromQL from a metric store, with the results, messages and limits of Prometheus 3.
 *
 * An expression is evaluated column by column: a selector reads the store once for the whole range
 * of the query, and every operation works on one series' values at all steps.
 * Long evaluations let the event loop turn every 20 ms, so that they can be cancelled.
 */
export class PromqlEngine implements MetricQuery {
  readonly #options: Required<PromqlEngineOptions>;

  constructor(options: PromqlEngineOptions) {
    this.#options = {
      lookbackMs: 5 * 60_000,
      maxSamples: 50_000_000,
      timeoutMs: 2 * 60_000,
      ...options,
    };
  }

  /**
   * @throws QueryError `bad_data` when the expression is wrong, `execution` when evaluation failed
   *   or needs what is not supported yet, `timeout`, or `canceled` after the signal
   */
  async instant(query: InstantQuery, options: CallOptions = {}): Promise<QueryResult> {
    const expression = parseExpression(query.expression);
    const grid: Grid = { startMs: query.unixMs, stepMs: 1, count: 1 };
    return this.#run(query.expression, grid, options, async (evaluation) => {
      if (isRangeVector(expression)) {
        return { kind: 'matrix', series: await rawSamples(evaluation, expression, grid) };
      }
      const value = await evaluation.evaluate(expression, grid);
      const { unixMs } = query;
      if (value.kind === 'string') return { kind: 'string', unixMs, value: value.value };
      if (value.kind === 'scalar') {
        return { kind: 'scalar', unixMs, value: value.values[0] ?? Number.NaN };
      }
      const columns = dropNames(value.columns, expression).filter(anyPresent);
      return { kind: 'vector', samples: columns.map((column) => toSample(column, unixMs)) };
    });
  }

  /** @throws QueryError as `instant` does, and `bad_data` for a range that is no range */
  async range(query: RangeQuery, options: CallOptions = {}): Promise<QueryResult> {
    const grid = gridOf(query);
    const expression = parseExpression(query.expression);
    const type = typeOf(expression);
    if (type !== 'scalar' && type !== 'vector') {
      throw new QueryError(
        'bad_data',
        `invalid expression type ${quote(documentedType(type))} for range query, must be Scalar or instant Vector`,
      );
    }
    return this.#run(query.expression, grid, options, async (evaluation) => {
      const value = await evaluation.evaluate(expression, grid);
      if (value.kind === 'string') throw new Error('a range query has no string result');
      const columns =
        value.kind === 'vector'
          ? dropNames(value.columns, expression).filter(anyPresent)
          : [scalarColumn(value.values)];
      const series = columns
        .toSorted((a, b) => a.labels.compare(b.labels))
        .map((column) => withoutFlags(toSeries(column, grid)));
      return { kind: 'matrix', series };
    });
  }

  async #run(
    input: string,
    grid: Grid,
    { signal }: CallOptions,
    work: (evaluation: Evaluation) => Promise<QueryValue>,
  ): Promise<QueryResult> {
    const { clock, lookbackMs, maxSamples, store, timeoutMs } = this.#options;
    const annotations = new Annotations(input);
    const budget = new Budget({ clock, maxSamples, timeoutMs, signal });
    const evaluation = new Evaluation({ store, budget, annotations, signal, lookbackMs, grid });
    const value = await work(evaluation);
    return { value, warnings: annotations.warnings, infos: annotations.infos };
  }
}

function gridOf({ startUnixMs, endUnixMs, stepMs }: RangeQuery): Grid {
  if (!(stepMs > 0)) {
    throw new QueryError(
      'bad_data',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if (endUnixMs < startUnixMs) {
    throw new QueryError('bad_data', 'end timestamp must not be before start time');
  }
  const count = Math.floor((endUnixMs - startUnixMs) / stepMs) + 1;
  // Like Prometheus' API, which counts the steps between the points.
  if (count - 1 > MAX_STEPS) {
    throw new QueryError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  return { startMs: startUnixMs, stepMs, count };
}

function scalarColumn(values: Float64Array): Column {
  const present = new Uint8Array(values.length).fill(1);
  return { labels: Labels.empty, dropName: false, values, present };
}

function toSample(column: Column, unixMs: number): VectorSample {
  const sample = { labels: column.labels, unixMs, value: column.values[0] ?? Number.NaN };
  const histogram = column.histograms?.[0];
  return histogram === undefined ? sample : { ...sample, histogram };
}

function withoutFlags({ labels, timestamps, values, histograms }: RangeSeries): Series {
  return histograms === undefined
    ? { labels, timestamps, values }
    : { labels, timestamps, values, histograms };
}

/** The samples of a range vector itself, sorted by labels. */
async function rawSamples(
  evaluation: Evaluation,
  expression: Expression,
  grid: Grid,
): Promise<Series[]> {
  const node = unwrapParens(expression);
  if (node.kind === 'matrix-selector' && node.selector.extension !== undefined) {
    throw unsupported(`the ${node.selector.extension} modifier without a function is`, node);
  }
  const vector = await evaluation.range(node, grid);
  const window = new Window();
  const seen = new Set<string>();
  const result: Series[] = [];
  for (const series of vector.series) {
    window.open(series);
    moveTo(window, vector, grid, 0);
    if (window.size === 0) continue;
    const labels = series.dropName ? withoutMetadata(series.labels) : series.labels;
    if (seen.has(labels.key)) throw executionError(SAME_LABELSET, expression);
    seen.add(labels.key);
    const { from, to } = window;
    result.push(
      withoutFlags({
        ...series,
        labels,
        timestamps: series.timestamps.slice(from, to),
        values: series.values.slice(from, to),
        ...(series.histograms === undefined
          ? {}
          : { histograms: series.histograms.slice(from, to) }),
      }),
    );
  }
  return result.sort((a, b) => a.labels.compare(b.labels));
}
