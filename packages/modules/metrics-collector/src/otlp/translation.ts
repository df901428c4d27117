import {
  InvalidInputError,
  type Labels,
  type MetricMetadata,
  type SampleBatch,
  SampleBatchBuilder,
} from '@dwcp/core';
import {
  type AggregationTemporality,
  type DecodedMetrics,
  type OtlpExemplar,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpMetric,
  type OtlpNumberPoint,
  type OtlpPoint,
  type OtlpSummaryPoint,
  type RejectedItem,
} from '@dwcp/protocol-otlp';

import { type Accumulator, type DeltaRefusal, type DeltaTracker } from './delta-tracker.ts';
import { exemplarOf } from './exemplars.ts';
import {
  emptied,
  exponentialOf,
  type ExponentialTotal,
  limitedTo,
  mergedExponential,
  nativeHistogramOf,
} from './exponential.ts';
import {
  checkBuckets,
  histogramAccumulator,
  type HistogramSeries,
  type HistogramTotal,
} from './histogram-series.ts';
import { metadataOf } from './metadata.ts';
import { type MetricFamily } from './metric-family.ts';
import { type LabelNamer } from './names.ts';

/** A request as our series. */
export interface OtlpTranslation {
  /** To be appended as one. */
  readonly batch: SampleBatch;
  readonly metadata: readonly MetricMetadata[];
  /** Points that became samples. */
  readonly pointCount: number;
  /** What was refused and why, at decoding or here: the first 100, and warnings that cost no point. */
  readonly rejected: readonly RejectedItem[];
  /** Points that were refused in all, for `rejectedDataPoints`. */
  readonly rejectedCount: number;
}

export interface TranslationLimits {
  readonly labelNames: LabelNamer;
  readonly maxBuckets: number;
  readonly maxNativeBuckets: number;
}

/** Refusals that are told one by one; the others are only counted. */
const MAX_DETAILS = 100;

const DELTA_PROBLEMS: Readonly<Record<DeltaRefusal, string>> = {
  delta_out_of_order: 'is a delta that ends before the one that came before it',
  delta_duplicate: 'is a delta that was counted already',
  delta_overlap:
    'is a delta that overlaps the one before it; give each process its own service.instance.id',
  delta_limit: 'is a delta of one series too many to add up; send cumulative temporality',
};

/** One request on its way to samples. */
export class Translation {
  readonly batch: SampleBatchBuilder = new SampleBatchBuilder();
  /** Refused points by reason. */
  readonly reasons: Map<string, number> = new Map();
  pointCount = 0;
  readonly #metadata = new Map<string, MetricMetadata>();
  readonly #rejected: RejectedItem[];
  #rejectedCount: number;
  readonly #deltas: DeltaTracker;
  readonly #limits: TranslationLimits;
  readonly #sums: Accumulator<OtlpNumberPoint, { readonly value: number }>;
  readonly #exponentials: Accumulator<OtlpExponentialPoint, ExponentialTotal>;

  constructor(metrics: DecodedMetrics, deltas: DeltaTracker, limits: TranslationLimits) {
    this.#rejected = [...metrics.rejected];
    this.#rejectedCount = metrics.rejectedCount;
    if (metrics.rejectedCount > 0) this.reasons.set('invalid', metrics.rejectedCount);
    this.#deltas = deltas;
    this.#limits = limits;
    this.#sums = sumAccumulator;
    this.#exponentials = exponentialAccumulator(limits.maxNativeBuckets);
  }

  finish(): OtlpTranslation {
    return {
      batch: this.batch.build(),
      metadata: [...this.#metadata.values()],
      pointCount: this.pointCount,
      rejected: this.#rejected,
      rejectedCount: this.#rejectedCount,
    };
  }

  describe(metadata: MetricMetadata): void {
    this.#metadata.set(metadata.name, metadata);
  }

  warn(item: RejectedItem): void {
    if (this.#rejected.length < MAX_DETAILS) this.#rejected.push(item);
  }

  /** @param path of the metric in the request */
  add(metric: OtlpMetric, family: MetricFamily, path: () => string): void {
    const problem = problemOf(metric);
    if (problem !== undefined) {
      this.#reject(problem.reason, metric.points.length, {
        field: `${path()}.${problem.field}`,
        problem: `of ${nameOf(metric)} ${problem.problem}`,
      });
      return;
    }
    const before = this.pointCount;
    switch (metric.type) {
      case 'gauge':
        this.#each(metric, path, (point) => this.#gauge(family, point));
        break;
      case 'sum':
        this.#each(metric, path, (point) => this.#sum(family, point, metric));
        break;
      case 'histogram':
        this.#each(metric, path, (point) => this.#histogram(family, point, metric.temporality));
        break;
      case 'exponentialHistogram':
        this.#each(metric, path, (point) => this.#exponential(family, point, metric.temporality));
        break;
      case 'summary':
        this.#each(metric, path, (point) => this.#summary(family, point));
        break;
      case 'none':
        return;
    }
    if (this.pointCount > before && typeof family.name === 'string') {
      this.describe(metadataOf(metric, family.name));
    }
  }

  #each<Point extends OtlpPoint>(
    metric: OtlpMetric & { readonly points: readonly Point[] },
    path: () => string,
    add: (point: Point) => DeltaRefusal | undefined,
  ): void {
    for (const point of metric.points) {
      let refusal: DeltaRefusal | undefined;
      try {
        refusal = add(point);
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        this.#reject(`invalid_${error.field.replace(/\W.*/, '')}`, 1, {
          field: `${path()}.${error.field}`,
          problem: `of ${nameOf(metric)} ${error.message.slice(error.field.length + 2)}`,
        });
        continue;
      }
      if (refusal === undefined) this.pointCount++;
      else {
        const problem = `a point of ${nameOf(metric)} ${DELTA_PROBLEMS[refusal]}`;
        this.#reject(refusal, 1, { field: path(), problem });
      }
    }
  }

  #gauge(family: MetricFamily, point: OtlpNumberPoint): undefined {
    this.#value(family.series(point.attributes), point, point.value);
  }

  #sum(
    family: MetricFamily,
    point: OtlpNumberPoint,
    { temporality, isMonotonic }: OtlpMetric & { readonly type: 'sum' },
  ): DeltaRefusal | undefined {
    const series = family.series(point.attributes);
    if (temporality === 'delta' && !point.isNoRecordedValue) {
      if (!(point.value >= 0)) {
        const problem = `must be 0 or more in a delta of a counter, got ${point.value}`;
        throw new InvalidInputError('value', problem);
      }
      const sum = this.#deltas.accumulate(series, point, this.#sums);
      if (typeof sum === 'string') return sum;
      const zero = sum.isStart ? zeroTimeOf(point) : undefined;
      if (zero !== undefined) this.batch.add(series, zero, 0);
      this.#value(series, point, sum.total.value);
    } else {
      this.#value(series, point, point.value);
    }
    if (isMonotonic) for (const exemplar of point.exemplars) this.#exemplar(series, exemplar);
    return undefined;
  }

  #histogram(
    family: MetricFamily,
    point: OtlpHistogramPoint,
    temporality: AggregationTemporality,
  ): DeltaRefusal | undefined {
    checkBuckets(point, this.#limits.maxBuckets);
    const series = family.histogram(point.attributes);
    const unixMs = Math.floor(point.timeUnixMs);
    if (point.isNoRecordedValue) {
      for (const labels of series.buckets(point.explicitBounds)) {
        this.batch.addStale(labels, unixMs);
      }
      for (const labels of [series.all, series.sum, series.count]) {
        this.batch.addStale(labels, unixMs);
      }
      return undefined;
    }
    let total: HistogramTotal = point;
    if (temporality === 'delta') {
      const sum = this.#deltas.accumulate(series.count, point, histogramAccumulator);
      if (typeof sum === 'string') return sum;
      ({ total } = sum);
      const zero = sum.isStart ? zeroTimeOf(point) : undefined;
      if (zero !== undefined) this.#buckets(series, zero, emptiedHistogram(total));
    }
    this.#buckets(series, unixMs, total);
    for (const exemplar of point.exemplars) {
      this.#exemplar(bucketOf(series, point.explicitBounds, exemplar.value), exemplar);
    }
    return undefined;
  }

  #buckets(series: HistogramSeries, unixMs: number, total: HistogramTotal): void {
    let cumulative = 0;
    for (const [i, labels] of series.buckets(total.explicitBounds).entries()) {
      cumulative += total.bucketCounts[i] ?? 0;
      this.batch.add(labels, unixMs, cumulative);
    }
    this.batch.add(series.all, unixMs, total.count);
    if (total.sum !== undefined) this.batch.add(series.sum, unixMs, total.sum);
    this.batch.add(series.count, unixMs, total.count);
  }

  #exponential(
    family: MetricFamily,
    point: OtlpExponentialPoint,
    temporality: AggregationTemporality,
  ): DeltaRefusal | undefined {
    const series = family.series(point.attributes);
    const unixMs = Math.floor(point.timeUnixMs);
    if (point.isNoRecordedValue) {
      this.batch.addStale(series, unixMs);
      return undefined;
    }
    let total: ExponentialTotal;
    if (temporality === 'delta') {
      const sum = this.#deltas.accumulate(series, point, this.#exponentials);
      if (typeof sum === 'string') return sum;
      ({ total } = sum);
      const zero = sum.isStart ? zeroTimeOf(point) : undefined;
      if (zero !== undefined) {
        this.batch.addHistogram(series, zero, nativeHistogramOf(emptied(total)));
      }
    } else {
      total = limitedTo(exponentialOf(point), this.#limits.maxNativeBuckets);
    }
    this.batch.addHistogram(series, unixMs, nativeHistogramOf(total));
    for (const exemplar of point.exemplars) this.#exemplar(series, exemplar);
    return undefined;
  }

  #summary(family: MetricFamily, point: OtlpSummaryPoint): undefined {
    const series = family.summary(point.attributes);
    this.#value(series.sum, point, point.sum);
    this.#value(series.count, point, point.count);
    for (const [i, { labels }] of series.quantiles(point).entries()) {
      this.#value(labels, point, point.quantiles[i]?.value ?? Number.NaN);
    }
  }

  #value(labels: Labels, { timeUnixMs, isNoRecordedValue }: OtlpPoint, value: number): void {
    const unixMs = Math.floor(timeUnixMs);
    if (isNoRecordedValue) this.batch.addStale(labels, unixMs);
    else this.batch.add(labels, unixMs, value);
  }

  #exemplar(series: Labels, exemplar: OtlpExemplar): void {
    const translated = exemplarOf(exemplar, this.#limits.labelNames);
    if (translated !== undefined) this.batch.addExemplar(series, translated);
  }

  #reject(reason: string, count: number, item: RejectedItem): void {
    this.#rejectedCount += count;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + count);
    this.warn(item);
  }
}

const sumAccumulator: Accumulator<OtlpNumberPoint, { readonly value: number }> = {
  add(before, { value }) {
    if (before === undefined) return { value };
    return 'value' in before ? { value: (before.value as number) + value } : undefined;
  },
};

function exponentialAccumulator(
  maxBuckets: number,
): Accumulator<OtlpExponentialPoint, ExponentialTotal> {
  return {
    add(before, point) {
      const own = exponentialOf(point);
      if (before === undefined) return limitedTo(own, maxBuckets);
      if (!('schema' in before)) return undefined;
      return limitedTo(mergedExponential(before as ExponentialTotal, own), maxBuckets);
    },
  };
}

interface MetricProblem {
  readonly reason: string;
  readonly field: string;
  readonly problem: string;
}

/** What is wrong with all points of a metric. */
function problemOf(metric: OtlpMetric): MetricProblem | undefined {
  if (metric.type === 'none') {
    const problem = 'has no gauge, sum, histogram, exponentialHistogram or summary';
    return { reason: 'no_data', field: 'data', problem };
  }
  if (!('temporality' in metric)) return undefined;
  if (metric.temporality === 'unspecified') {
    return {
      reason: 'unsupported_temporality',
      field: `${metric.type}.aggregationTemporality`,
      problem: 'must be cumulative or delta',
    };
  }
  if (metric.type === 'sum' && metric.temporality === 'delta' && !metric.isMonotonic) {
    return {
      reason: 'unsupported_temporality',
      field: 'sum.aggregationTemporality',
      problem: 'must be cumulative, as changes of what goes up and down have no known base',
    };
  }
  return undefined;
}

/**
 * Where the zero of a new sequence goes: right behind its start, where no sample of the sequence
 * before it is. Undefined when the start is not known or leaves no room.
 */
function zeroTimeOf({ startUnixMs, timeUnixMs }: OtlpPoint): number | undefined {
  const zeroMs = Math.floor(startUnixMs) + 1;
  return startUnixMs > 0 && zeroMs < Math.floor(timeUnixMs) ? zeroMs : undefined;
}

function emptiedHistogram(total: HistogramTotal): HistogramTotal {
  return {
    ...total,
    count: 0,
    sum: total.sum === undefined ? undefined : 0,
    bucketCounts: new Float64Array(total.bucketCounts.length),
  };
}

/** The bucket that a value fell into. */
function bucketOf(series: HistogramSeries, bounds: Float64Array, value: number): Labels {
  const at = bounds.findIndex((bound) => value <= bound);
  return series.buckets(bounds)[at] ?? series.all;
}

function nameOf(metric: OtlpMetric): string {
  const { name } = metric;
  return `"${name.length > 100 ? `${name.slice(0, 100)}...` : name}"`;
}
