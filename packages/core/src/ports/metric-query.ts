import { type Labels } from '../labels.ts';
import { type NativeHistogram } from '../native-histogram.ts';
import { type Series } from '../sample.ts';
import { type CallOptions } from './metric-store.ts';

/** One element of an instant vector. */
export interface VectorSample {
  readonly labels: Labels;
  readonly unixMs: number;
  readonly value: number;
  readonly histogram?: NativeHistogram;
}

/** What a PromQL expression evaluated to. */
export type QueryValue =
  | { readonly kind: 'scalar'; readonly unixMs: number; readonly value: number }
  | { readonly kind: 'string'; readonly unixMs: number; readonly value: string }
  | { readonly kind: 'vector'; readonly samples: readonly VectorSample[] }
  | { readonly kind: 'matrix'; readonly series: readonly Series[] };

export interface QueryResult {
  readonly value: QueryValue;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export interface InstantQuery {
  readonly expression: string;
  readonly unixMs: number;
}

export interface RangeQuery {
  readonly expression: string;
  readonly startUnixMs: number;
  /** Inclusive. */
  readonly endUnixMs: number;
  readonly stepMs: number;
}

/** Answers PromQL. Embedded it is our engine over the store; else a Prometheus-compatible server. */
export interface MetricQuery {
  /** @throws QueryError when the expression is wrong or its evaluation failed */
  instant(query: InstantQuery, options?: CallOptions): Promise<QueryResult>;
  /** Always a matrix. @throws QueryError when the expression is wrong or its evaluation failed */
  range(query: RangeQuery, options?: CallOptions): Promise<QueryResult>;
}
