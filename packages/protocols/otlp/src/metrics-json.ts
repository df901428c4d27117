import { JsonReader, readEach } from './json-reader.ts';
import {
  type AggregationTemporality,
  type DecodedMetrics,
  type DecodeMetricsOptions,
  DEFAULT_MAX_POINTS,
  NO_BUCKETS,
  NO_RECORDED_VALUE,
  type OtlpBuckets,
  type OtlpExemplar,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpMetric,
  type OtlpMetricData,
  type OtlpNumberPoint,
  type OtlpPoint,
  type OtlpScope,
  type OtlpSummaryPoint,
  problemOfBuckets,
  problemOfTime,
  TEMPORALITIES,
} from './metrics.ts';
import { RequestTally } from './request-tally.ts';
import { readResource, readScope } from './traces-json.ts';
import { unixMsOf } from './unix-time.ts';

const TEMPORALITY_NUMBERS: Readonly<Record<string, number>> = {
  AGGREGATION_TEMPORALITY_UNSPECIFIED: 0,
  AGGREGATION_TEMPORALITY_DELTA: 1,
  AGGREGATION_TEMPORALITY_CUMULATIVE: 2,
};
const MAX_INT32 = 2 ** 31 - 1;
const MAX_UINT64 = 2 ** 64;
const MAX_INT64 = 2 ** 63;

/**
 * Reads an ExportMetricsServiceRequest in OTLP's JSON encoding. A bad point costs only itself.
 * @param body what `JSON.parse` gave
 * @throws InvalidInputError when what stands around the points is wrong
 */
export function decodeMetricsJson(
  body: unknown,
  { maxItems = DEFAULT_MAX_POINTS }: DecodeMetricsOptions = {},
): DecodedMetrics {
  const tally = new RequestTally({ maxItems });
  let pointCount = 0;
  const groups = new JsonReader(body, '').field('resourceMetrics').items();
  const resourceMetrics = Array.from(groups, (group) => ({
    resource: readResource(group),
    scopeMetrics: Array.from(group.field('scopeMetrics').items(), (scopeMetrics) => ({
      scope: readOtlpScope(scopeMetrics),
      schemaUrl: scopeMetrics.field('schemaUrl').string(),
      metrics: Array.from(scopeMetrics.field('metrics').items(), (item) => {
        const metric = readMetric(item, tally);
        pointCount += metric.points.length;
        return metric;
      }),
    })),
  }));
  const { rejected, rejectedCount } = tally;
  return { resourceMetrics, pointCount, rejected, rejectedCount };
}

function readOtlpScope(group: JsonReader): OtlpScope {
  const scope = group.field('scope');
  return {
    ...readScope(group),
    attributes: scope.present ? scope.field('attributes').attributes() : {},
  };
}

function readMetric(metric: JsonReader, tally: RequestTally): OtlpMetric {
  return {
    name: metric.field('name').string(),
    description: metric.field('description').string(),
    unit: metric.field('unit').string(),
    metadata: metric.field('metadata').attributes(),
    ...readData(metric, tally),
  };
}

function readData(metric: JsonReader, tally: RequestTally): OtlpMetricData {
  const gauge = metric.field('gauge');
  if (gauge.present) return { type: 'gauge', points: readPoints(gauge, tally, readNumberPoint) };
  const sum = metric.field('sum');
  if (sum.present) {
    return {
      type: 'sum',
      temporality: readTemporality(sum),
      isMonotonic: sum.field('isMonotonic').boolean(),
      points: readPoints(sum, tally, readNumberPoint),
    };
  }
  const histogram = metric.field('histogram');
  if (histogram.present) {
    return {
      type: 'histogram',
      temporality: readTemporality(histogram),
      points: readPoints(histogram, tally, readHistogramPoint),
    };
  }
  const exponential = metric.field('exponentialHistogram');
  if (exponential.present) {
    return {
      type: 'exponentialHistogram',
      temporality: readTemporality(exponential),
      points: readPoints(exponential, tally, readExponentialPoint),
    };
  }
  const summary = metric.field('summary');
  if (summary.present) {
    return { type: 'summary', points: readPoints(summary, tally, readSummaryPoint) };
  }
  return { type: 'none', points: [] };
}

function readPoints<Point>(
  data: JsonReader,
  tally: RequestTally,
  read: (point: JsonReader) => Point,
): readonly Point[] {
  const points: Point[] = [];
  readEach(tally, data.field('dataPoints').items(), (item) => points.push(read(item)));
  return points;
}

function readTemporality(data: JsonReader): AggregationTemporality {
  const number = data.field('aggregationTemporality').enumeration(TEMPORALITY_NUMBERS);
  return TEMPORALITIES[number] ?? 'unspecified';
}

function readPoint(point: JsonReader): OtlpPoint {
  const startUnixMs = readUnixMs(point.field('startTimeUnixNano'));
  const timeUnixMs = readUnixMs(point.field('timeUnixNano'));
  const problem = problemOfTime(timeUnixMs);
  if (problem !== undefined) point.field(problem[0]).fail(problem[1]);
  const flags = point.field('flags').integer(0, 2 ** 32 - 1);
  return {
    attributes: point.field('attributes').attributes(),
    startUnixMs,
    timeUnixMs,
    isNoRecordedValue: (flags & NO_RECORDED_VALUE) !== 0,
  };
}

function readNumberPoint(item: JsonReader): OtlpNumberPoint {
  const point = readPoint(item);
  const { isNoRecordedValue } = point;
  const value = readValue(item);
  if (value === undefined && !isNoRecordedValue) item.fail('has neither asDouble nor asInt');
  return {
    ...point,
    value: isNoRecordedValue ? Number.NaN : (value ?? Number.NaN),
    exemplars: readExemplars(item),
  };
}

function readHistogramPoint(item: JsonReader): OtlpHistogramPoint {
  const bucketCounts = readCounts(item.field('bucketCounts'));
  const explicitBounds = Float64Array.from(
    Array.from(item.field('explicitBounds').items(), (bound) => bound.double()),
  );
  const point = readPoint(item);
  const problem = problemOfBuckets(explicitBounds, bucketCounts);
  if (problem !== undefined) item.field(problem[0]).fail(problem[1]);
  return {
    ...point,
    count: item.field('count').integer(0, MAX_UINT64),
    sum: readOptionalDouble(item.field('sum')),
    bucketCounts,
    explicitBounds,
    exemplars: readExemplars(item),
  };
}

function readExponentialPoint(item: JsonReader): OtlpExponentialPoint {
  return {
    ...readPoint(item),
    count: item.field('count').integer(0, MAX_UINT64),
    sum: readOptionalDouble(item.field('sum')),
    scale: item.field('scale').integer(-MAX_INT32 - 1, MAX_INT32),
    zeroCount: item.field('zeroCount').integer(0, MAX_UINT64),
    zeroThreshold: item.field('zeroThreshold').double(),
    positive: readBuckets(item.field('positive')),
    negative: readBuckets(item.field('negative')),
    exemplars: readExemplars(item),
  };
}

function readSummaryPoint(item: JsonReader): OtlpSummaryPoint {
  return {
    ...readPoint(item),
    count: item.field('count').integer(0, MAX_UINT64),
    sum: item.field('sum').double(),
    quantiles: Array.from(item.field('quantileValues').items(), (quantile) => ({
      quantile: quantile.field('quantile').double(),
      value: quantile.field('value').double(),
    })),
  };
}

function readBuckets(buckets: JsonReader): OtlpBuckets {
  if (!buckets.present) return NO_BUCKETS;
  return {
    offset: buckets.field('offset').integer(-MAX_INT32 - 1, MAX_INT32),
    counts: readCounts(buckets.field('bucketCounts')),
  };
}

function readCounts(counts: JsonReader): Float64Array {
  return Float64Array.from(Array.from(counts.items(), (count) => count.integer(0, MAX_UINT64)));
}

function readOptionalDouble(number: JsonReader): number | undefined {
  return number.present ? number.double() : undefined;
}

function readValue(item: JsonReader): number | undefined {
  const int = item.field('asInt');
  if (int.present) return int.integer(-MAX_INT64, MAX_INT64);
  return readOptionalDouble(item.field('asDouble'));
}

function readExemplars(item: JsonReader): readonly OtlpExemplar[] {
  return Array.from(item.field('exemplars').items(), (exemplar) => {
    const traceId = exemplar.field('traceId');
    const spanId = exemplar.field('spanId');
    return {
      timeUnixMs: readUnixMs(exemplar.field('timeUnixNano')),
      value: readValue(exemplar) ?? Number.NaN,
      traceId: traceId.string() === '' ? '' : traceId.traceId(),
      spanId: spanId.string() === '' ? '' : spanId.spanId(),
      attributes: exemplar.field('filteredAttributes').attributes(),
    };
  });
}

function readUnixMs(time: JsonReader): number {
  const nano = time.uint64();
  return unixMsOf(Number(nano >> 32n), Number(nano & 0xffffffffn));
}
