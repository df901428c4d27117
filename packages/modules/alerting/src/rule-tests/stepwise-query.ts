import {
  type InstantQuery,
  type MetricQuery,
  type QueryOptions,
  type QueryResult,
  type RangeQuery,
  type Series,
  type VectorSample,
} from '@dwcp/core';

/** Answers instant queries of a few expressions, asked step by step, out of one range query each. */
export class StepwiseQuery implements MetricQuery {
  readonly #query: MetricQuery;
  readonly #columns = new Map<string, readonly Column[]>();

  constructor(query: MetricQuery, expressions: readonly string[]) {
    this.#query = query;
    for (const expression of expressions) this.#columns.set(expression, []);
  }

  /** Reads the next part of the history. */
  async load(range: Omit<RangeQuery, 'expression'>, signal: AbortSignal): Promise<void> {
    for (const expression of this.#columns.keys()) {
      const { value } = await this.#query.range({ ...range, expression }, { signal });
      const series = value.kind === 'matrix' ? value.series : [];
      this.#columns.set(
        expression,
        series.map((one) => new Column(one)),
      );
    }
  }

  /** The elements at a step of the part. Steps of one expression are asked for in rising order. */
  at(expression: string, unixMs: number): readonly VectorSample[] {
    const columns = this.#columns.get(expression) ?? [];
    return columns.map((column) => column.at(unixMs)).filter((sample) => sample !== undefined);
  }

  async instant(query: InstantQuery, options?: QueryOptions): Promise<QueryResult> {
    const { expression, unixMs } = query;
    if (!this.#columns.has(expression)) return await this.#query.instant(query, options);
    const samples = this.at(expression, unixMs);
    return { value: { kind: 'vector', samples }, warnings: [], infos: [] };
  }

  async range(query: RangeQuery, options?: QueryOptions): Promise<QueryResult> {
    return await this.#query.range(query, options);
  }
}

/** One series of a range, read from its beginning to its end. */
class Column {
  readonly #series: Series;
  #next = 0;

  constructor(series: Series) {
    this.#series = series;
  }

  at(unixMs: number): VectorSample | undefined {
    const { histograms, labels, timestamps, values } = this.#series;
    while ((timestamps[this.#next] ?? Infinity) < unixMs) this.#next++;
    if (timestamps[this.#next] !== unixMs) return undefined;
    const histogram = histograms?.[this.#next];
    const value = values[this.#next] ?? Number.NaN;
    return { labels, unixMs, value, ...(histogram === undefined ? {} : { histogram }) };
  }
}
