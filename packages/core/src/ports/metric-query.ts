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

/** What one part of an expression cost. */
export interface QueryNodeStats {
  /** The part as PromQL. */
  readonly expression: string;
  /** What it is: `vector-selector`, `call`, `aggregate` and so on. */
  readonly kind: string;
  /** Of its own, that of the parts below it left out. */
  readonly durationMs: number;
  /** Series it gave to the part above. */
  readonly seriesCount: number;
  /** Samples it read from the store; those of the parts below it left out. */
  readonly samplesRead: number;
  readonly children: readonly QueryNodeStats[];
}

/** What a query cost. */
export interface QueryStats {
  readonly durationMs: number;
  /** Series read from the store, those read twice counted twice. */
  readonly seriesRead: number;
  readonly samplesRead: number;
  /** The most samples held at a time. */
  readonly peakSamples: number;
  /** Steps of the answer that were kept from earlier queries, of how many. */
  readonly cachedSteps: number;
  readonly steps: number;
  /** Whether it ran on a thread of its own. */
  readonly onWorker: boolean;
  /** Undefined when the whole answer was kept. */
  readonly root?: QueryNodeStats;
}

export interface QueryResult {
  readonly value: QueryValue;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** There when asked for. */
  readonly stats?: QueryStats;
}

export interface QueryOptions extends CallOptions {
  /** Whether the answer tells what it cost; false by default. */
  readonly stats?: boolean;
  /** How long a sample counts as current, in place of the engine's own. */
  readonly lookbackMs?: number;
  /** Takes nothing that was kept from earlier queries; false by default. */
  readonly noCache?: boolean;
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
  instant(query: InstantQuery, options?: QueryOptions): Promise<QueryResult>;
  /** Always a matrix. @throws QueryError when the expression is wrong or its evaluation failed */
  range(query: RangeQuery, options?: QueryOptions): Promise<QueryResult>;
}
