import { type Attributes, type InstrumentationScope, type Resource } from '@dwcp/core';

import { type DecodeOptions, type RejectedItem } from './request-tally.ts';

/**
 * The metrics of an export request, from either encoding, close to the protocol's own shape.
 *
 * Moments are Unix milliseconds with three decimals (microseconds), 0 for unset: a number costs a
 * tenth of a bigint, and `Math.floor` of it is the exact millisecond. Counts beyond 2^53 are the
 * nearest double.
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/
 */
export interface DecodedMetrics {
  readonly resourceMetrics: readonly OtlpResourceMetrics[];
  /** Points that were taken. */
  readonly pointCount: number;
  /** Points that were refused, for `partialSuccess`: the first 100 of them. */
  readonly rejected: readonly RejectedItem[];
  /** How many were refused in all. */
  readonly rejectedCount: number;
}

export interface DecodeMetricsOptions extends DecodeOptions {
  /** Points taken from one request at most; the others are refused. Default 200,000. */
  readonly maxItems?: number;
}

export const DEFAULT_MAX_POINTS = 200_000;

export interface OtlpResourceMetrics {
  readonly resource: Resource;
  readonly scopeMetrics: readonly OtlpScopeMetrics[];
}

export interface OtlpScope extends InstrumentationScope {
  readonly attributes: Attributes;
}

export interface OtlpScopeMetrics {
  readonly scope: OtlpScope;
  readonly schemaUrl: string;
  readonly metrics: readonly OtlpMetric[];
}

export type AggregationTemporality = 'unspecified' | 'delta' | 'cumulative';

export interface MetricHead {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** Further facts of the metric, such as `prometheus.type`. */
  readonly metadata: Attributes;
}

/** What a metric measured. One without data of a known type is of type `none`. */
export type OtlpMetricData =
  | { readonly type: 'none'; readonly points: readonly [] }
  | { readonly type: 'gauge'; readonly points: readonly OtlpNumberPoint[] }
  | {
      readonly type: 'sum';
      readonly temporality: AggregationTemporality;
      readonly isMonotonic: boolean;
      readonly points: readonly OtlpNumberPoint[];
    }
  | {
      readonly type: 'histogram';
      readonly temporality: AggregationTemporality;
      readonly points: readonly OtlpHistogramPoint[];
    }
  | {
      readonly type: 'exponentialHistogram';
      readonly temporality: AggregationTemporality;
      readonly points: readonly OtlpExponentialPoint[];
    }
  | { readonly type: 'summary'; readonly points: readonly OtlpSummaryPoint[] };

export type OtlpMetric = MetricHead & OtlpMetricData;

export interface OtlpPoint {
  /** Points whose attributes are equal byte for byte share one object, see `OtlpMetricsCache`. */
  readonly attributes: Attributes;
  /** 0 when it is not known. */
  readonly startUnixMs: number;
  /** Above 0. */
  readonly timeUnixMs: number;
  /** The series went away or was not measured; there is no value. */
  readonly isNoRecordedValue: boolean;
}

export interface OtlpNumberPoint extends OtlpPoint {
  /** NaN when there is no recorded value. */
  readonly value: number;
  readonly exemplars: readonly OtlpExemplar[];
}

export interface OtlpHistogramPoint extends OtlpPoint {
  readonly count: number;
  readonly sum: number | undefined;
  /** Count of each bucket for itself: one more than there are bounds, or none at all. */
  readonly bucketCounts: Float64Array;
  /** Upper bounds, inclusive: finite and ascending. */
  readonly explicitBounds: Float64Array;
  readonly exemplars: readonly OtlpExemplar[];
}

/** `counts[i]` is of bucket `offset + i`, from `base^index` exclusive to `base^(index+1)` inclusive. */
export interface OtlpBuckets {
  readonly offset: number;
  readonly counts: Float64Array;
}

export interface OtlpExponentialPoint extends OtlpPoint {
  readonly count: number;
  readonly sum: number | undefined;
  /** The base is `2^(2^-scale)`. */
  readonly scale: number;
  readonly zeroCount: number;
  /** 0 when it is not known. */
  readonly zeroThreshold: number;
  readonly positive: OtlpBuckets;
  readonly negative: OtlpBuckets;
  readonly exemplars: readonly OtlpExemplar[];
}

export interface OtlpSummaryPoint extends OtlpPoint {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export interface OtlpExemplar {
  /** 0 when it is not known. */
  readonly timeUnixMs: number;
  readonly value: number;
  /** 32 hex digits, '' when there is none. */
  readonly traceId: string;
  /** 16 hex digits, '' when there is none. */
  readonly spanId: string;
  readonly attributes: Attributes;
}

export const TEMPORALITIES: readonly AggregationTemporality[] = [
  'unspecified',
  'delta',
  'cumulative',
];

export const NO_EXEMPLARS: readonly OtlpExemplar[] = [];
export const NO_NUMBERS: Float64Array = new Float64Array(0);
export const NO_BUCKETS: OtlpBuckets = { offset: 0, counts: NO_NUMBERS };
/** DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK */
export const NO_RECORDED_VALUE = 1;

/** What both encodings check of a point: [field, problem] when it is wrong. */
export type PointProblem = readonly [field: string, problem: string];

export function problemOfTime(timeUnixMs: number): PointProblem | undefined {
  return timeUnixMs > 0 ? undefined : ['timeUnixNano', 'must be above 0'];
}

export function problemOfBuckets(
  bounds: Float64Array,
  counts: Float64Array,
): PointProblem | undefined {
  if (counts.length !== bounds.length + 1 && (counts.length > 0 || bounds.length > 0)) {
    const problem = `must be one more than the ${bounds.length} bounds, got ${counts.length}`;
    return ['bucketCounts', problem];
  }
  for (let i = 0; i < bounds.length; i++) {
    const bound = bounds[i] ?? Number.NaN;
    const before = i === 0 ? Number.NEGATIVE_INFINITY : (bounds[i - 1] ?? 0);
    if (!Number.isFinite(bound) || bound <= before) {
      return [`explicitBounds[${i}]`, `must be finite and above the bound before it, got ${bound}`];
    }
  }
  return undefined;
}
