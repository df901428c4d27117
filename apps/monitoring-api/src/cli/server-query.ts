import { type PrometheusSuccess, type QueryData } from '@dwcp/api-schema';
import {
  type InstantQuery,
  Labels,
  type MetricQuery,
  type QueryResult,
  type RangeQuery,
  type Series,
} from '@dwcp/core';

import { type Client } from './client.ts';

/** PromQL, answered by a running server. Of native histograms only their presence comes over. */
export class ServerQuery implements MetricQuery {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async instant({ expression, unixMs }: InstantQuery): Promise<QueryResult> {
    const data = await this.#ask('/api/v1/query', {
      query: expression,
      time: String(unixMs / 1_000),
    });
    if (data.resultType !== 'vector') throw new Error(`got a ${data.resultType}, not a vector`);
    const samples = data.result.map(({ metric, value }) => ({
      labels: Labels.from(metric),
      unixMs,
      value: value === undefined ? 0 : numberOf(value[1]),
    }));
    return { value: { kind: 'vector', samples }, warnings: [], infos: [] };
  }

  async range({ expression, startUnixMs, endUnixMs, stepMs }: RangeQuery): Promise<QueryResult> {
    const data = await this.#ask('/api/v1/query_range', {
      query: expression,
      start: String(startUnixMs / 1_000),
      end: String(endUnixMs / 1_000),
      step: String(stepMs / 1_000),
    });
    if (data.resultType !== 'matrix') throw new Error(`got a ${data.resultType}, not a matrix`);
    const series = data.result.map(({ metric, values = [], histograms = [] }): Series => {
      const points = [
        ...values.map(([seconds, text]) => [seconds, numberOf(text)] as const),
        ...histograms.map(([seconds]) => [seconds, 0] as const),
      ].sort(([a], [b]) => a - b);
      return {
        labels: Labels.from(metric),
        timestamps: Float64Array.from(points, ([seconds]) => Math.round(seconds * 1_000)),
        values: Float64Array.from(points, ([, value]) => value),
      };
    });
    return { value: { kind: 'matrix', series }, warnings: [], infos: [] };
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>>): Promise<QueryData> {
    const answer = await this.#client.get(path, parameters, { asForm: true });
    return (answer as PrometheusSuccess<QueryData>).data;
  }
}

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}
