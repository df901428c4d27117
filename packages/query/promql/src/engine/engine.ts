import {
  type Clock,
  type InstantQuery,
  Labels,
  type MetricQuery,
  type MetricStore,
  QueryError,
  type QueryOptions,
  type QueryResult,
  type QueryValue,
  type RangeQuery,
  type Series,
  type VectorSample,
} from '@dwcp/core';

import { type Expression, unwrapParens } from '../parser/ast.ts';
import { documentedType } from '../parser/functions.ts';
import { quote } from '../parser/go-text.ts';
import { parseExpression } from '../parser/parsed.ts';
import { typeOf } from '../parser/type-check.ts';
import { Annotations } from './annotations.ts';
import { Budget } from './budget.ts';
import { executionError, SAME_LABELSET } from './errors.ts';
import { Evaluation, isRangeVector } from './evaluation.ts';
import { samplesWithEdges } from './functions/extended-functions.ts';
import { GridSamples } from './grid-samples.ts';
import { type Grid } from './grid.ts';
import { statisticsSelectors } from './histograms/stats-hints.ts';
import { dropNames } from './merge.ts';
import { QueryRecorder } from './recorder.ts';
import { anyPresent, type Column, type RangeSeries, withoutMetadata } from './values.ts';
import { moveTo, Window } from './window.ts';

const DEFAULTS = {
  lookbackMs: 5 * 60_000,
  maxSamples: 50_000_000,
  maxMemoryBytes: 1024 ** 3,
  // As many as Prometheus' HTTP API answers.
  maxSteps: 11_000,
  timeoutMs: 2 * 60_000,
};

export interface PromqlEngineOptions {
  readonly store: Pick<MetricStore, 'select'>;
  readonly clock: Clock;
  /** How long a sample counts as current; 5 minutes by default, as in Prometheus. */
  readonly lookbackMs?: number;
  /** Samples one query may hold in memory at a time; 50 million by default. */
  readonly maxSamples?: number;
  /** Memory one query may take, about; 1 GiB by default. */
  readonly maxMemoryBytes?: number;
  /** Steps a range query may have beyond its first; 11,000 by default. */
  readonly maxSteps?: number;
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
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * @throws QueryError `bad_data` when the expression is wrong, `execution` when evaluation failed
   *   or needs what is not supported yet, `timeout`, or `canceled` after the signal
   */
  async instant(query: InstantQuery, options: QueryOptions = {}): Promise<QueryResult> {
    const expression = parseExpression(query.expression);
    const grid: Grid = { startMs: query.unixMs, stepMs: 1, count: 1 };
    return this.#run({ ...query, tree: expression, grid }, options, async (evaluation) => {
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
  async range(query: RangeQuery, options: QueryOptions = {}): Promise<QueryResult> {
    const grid = gridOf(query, this.#options.maxSteps);
    const expression = parseExpression(query.expression);
    const type = typeOf(expression);
    if (type !== 'scalar' && type !== 'vector') {
      throw new QueryError(
        'bad_data',
        `invalid expression type ${quote(documentedType(type))} for range query, must be Scalar or instant Vector`,
      );
    }
    return this.#run({ ...query, tree: expression, grid }, options, async (evaluation) => {
      const value = await evaluation.evaluate(expression, grid);
      if (value.kind === 'string') throw new Error('a range query has no string result');
      const columns =
        value.kind === 'vector'
          ? dropNames(value.columns, expression).filter(anyPresent)
          : [scalarColumn(value.values)];
      const samples = new GridSamples(grid);
      const series = columns
        .toSorted((a, b) => a.labels.compare(b.labels))
        .map((column) => withoutFlags(samples.of(column)));
      return { kind: 'matrix', series };
    });
  }

  async #run(
    query: { readonly expression: string; readonly tree: Expression; readonly grid: Grid },
    options: QueryOptions,
    work: (evaluation: Evaluation) => Promise<QueryValue>,
  ): Promise<QueryResult> {
    const { clock, maxMemoryBytes, maxSamples, store, timeoutMs } = this.#options;
    const { lookbackMs = this.#options.lookbackMs, signal, stats = false } = options;
    const { grid } = query;
    const statistics = statisticsSelectors(query.tree);
    const annotations = new Annotations(query.expression);
    const budget = new Budget({ clock, maxSamples, maxMemoryBytes, timeoutMs, signal });
    const recorder = stats ? new QueryRecorder(clock) : undefined;
    const value = await work(
      new Evaluation({
        store,
        budget,
        annotations,
        signal,
        lookbackMs,
        grid,
        recorder,
        statistics,
      }),
    );
    const { warnings, infos } = annotations;
    if (recorder === undefined) return { value, warnings, infos };
    const { peakSamples } = budget;
    return { value, warnings, infos, stats: recorder.stats({ peakSamples, steps: grid.count }) };
  }
}

function gridOf({ startUnixMs, endUnixMs, stepMs }: RangeQuery, maxSteps: number): Grid {
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
  if (count - 1 > maxSteps) {
    throw new QueryError(
      'bad_data',
      `exceeded maximum resolution of ${maxSteps.toLocaleString('en-US')} points per timeseries. Try decreasing the query resolution (?step=XX)`,
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
  const extension = node.kind === 'matrix-selector' ? node.selector.extension : undefined;
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
    if (extension !== undefined) {
      if (series.histograms !== undefined) {
        throw executionError(`${extension} modifier is not supported with histograms`, node);
      }
      const samples = samplesWithEdges(window, extension);
      if (samples !== undefined) result.push({ labels, ...samples });
      continue;
    }
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
