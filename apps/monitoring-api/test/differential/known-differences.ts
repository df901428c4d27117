// Where Prometheus 2.42 and 3 (ours) answer differently, one by one. The generated queries keep away
// from all of these but the three that `isExplained` judges.
import { type Answer, hasSameSeries, largestDistance, largestRatio } from './answers.ts';
import { type Difference } from './run.ts';

/** What an answer consists of. */
export type Kind = 'nothing' | 'zeros' | 'floats' | 'histograms' | 'an error';

export interface KnownDifference {
  readonly expression: string;
  readonly theirs: Kind;
  readonly ours: Kind;
  readonly reason: string;
}

const noFloats = 'functions of floats leave histograms out; 2.42 takes each for a 0';
const kept = 'it knows histograms by now; 2.42 takes each for a 0';
const arithmetic = 'histograms can be scaled and subtracted by now';

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...['abs(native_seconds)', 'round(native_seconds)', 'ceil(native_seconds)'].map(
    (expression): KnownDifference => ({
      expression,
      theirs: 'zeros',
      ours: 'nothing',
      reason: noFloats,
    }),
  ),
  ...['deriv', 'max_over_time', 'min_over_time', 'stddev_over_time'].map(
    (name): KnownDifference => ({
      expression: `${name}(native_seconds[5m])`,
      theirs: 'zeros',
      ours: 'nothing',
      reason: noFloats,
    }),
  ),
  ...['min', 'max', 'stddev', 'stdvar'].map((name): KnownDifference => ({
    expression: `${name}(native_seconds)`,
    theirs: 'zeros',
    ours: 'nothing',
    reason: noFloats,
  })),
  {
    expression: 'topk(1, native_seconds)',
    theirs: 'zeros',
    ours: 'nothing',
    reason: noFloats,
  },
  {
    expression: 'quantile(0.5, native_seconds)',
    theirs: 'zeros',
    ours: 'nothing',
    reason: noFloats,
  },
  {
    expression: 'sort(native_seconds)',
    theirs: 'histograms',
    ours: 'nothing',
    reason: 'sorting leaves histograms out by now',
  },
  ...['last_over_time', 'sum_over_time', 'avg_over_time', 'irate', 'idelta'].map(
    (name): KnownDifference => ({
      expression: `${name}(${name === 'idelta' ? 'native_gauge' : 'native_seconds'}[5m])`,
      theirs: 'zeros',
      ours: 'histograms',
      reason: kept,
    }),
  ),
  ...['changes', 'resets'].map((name): KnownDifference => ({
    expression: `${name}(native_seconds[2h])`,
    theirs: 'zeros',
    ours: 'floats',
    reason: kept,
  })),
  { expression: 'avg(native_seconds)', theirs: 'zeros', ours: 'histograms', reason: kept },
  {
    expression: 'label_replace(native_seconds, "host", "$1", "instance", "(.*):.*")',
    theirs: 'zeros',
    ours: 'histograms',
    reason: kept,
  },
  {
    expression: 'label_join(native_seconds, "x", "-", "job", "instance")',
    theirs: 'zeros',
    ours: 'histograms',
    reason: kept,
  },
  {
    expression: 'native_seconds - native_seconds',
    theirs: 'zeros',
    ours: 'histograms',
    reason: arithmetic,
  },
  {
    expression: 'native_seconds * native_seconds',
    theirs: 'zeros',
    ours: 'nothing',
    reason: 'two histograms cannot be multiplied; 2.42 takes each for a 0',
  },
  {
    expression: 'native_seconds + 1',
    theirs: 'histograms',
    ours: 'nothing',
    reason: 'a float cannot be added to a histogram; 2.42 gives the histogram back',
  },
  {
    expression: 'native_seconds % 1',
    theirs: 'histograms',
    ours: 'nothing',
    reason: 'a histogram has no remainder; 2.42 gives the histogram back',
  },
  ...['native_seconds * 2', '2 * native_seconds', 'native_seconds / 2', '-native_seconds'].map(
    (expression): KnownDifference => ({
      expression,
      theirs: 'histograms',
      ours: 'histograms',
      reason: `${arithmetic}; 2.42 gives them back as they are`,
    }),
  ),
  {
    expression: 'native_seconds == native_seconds',
    theirs: 'zeros',
    ours: 'histograms',
    reason: 'histograms are compared by now; 2.42 compares two zeros',
  },
  {
    expression: 'count_values("x", native_seconds)',
    theirs: 'floats',
    ours: 'floats',
    reason: 'a histogram is a value of its own, not "0"',
  },
  {
    expression: 'histogram_quantile(0.9, delta(native_gauge[5m]))',
    theirs: 'floats',
    ours: 'floats',
    reason: 'levels from 0.5 on are looked for from the top by now, which negative counts show',
  },
  {
    expression: 'holt_winters(temperature[10m], 0.5, 0.3)',
    theirs: 'floats',
    ours: 'an error',
    reason: 'its name is double_exponential_smoothing since 3.0',
  },
  {
    expression: 'max_over_time(max_over_time(temperature[5m:1m])[10m:3m])',
    theirs: 'floats',
    ours: 'floats',
    reason: 'windows of subqueries are left-open since 3.0, and here begin at a step',
  },
  {
    expression: 'count by (job) (rate({__name__=~"http_requests_total|errors_total"}[5m]))',
    theirs: 'an error',
    ours: 'floats',
    reason:
      'names are dropped at the end of a query, as with the feature promql-delayed-name-removal',
  },
  {
    expression: 'label_replace(rate(errors_total[5m]), "metric", "$1", "__name__", "(.*)")',
    theirs: 'floats',
    ours: 'floats',
    reason: 'the same: the name is still there to be read',
  },
];

/**
 * Whether a difference of generated queries is one that cannot be kept away from: quantiles of native
 * histograms lie on an exponential curve within their bucket since 3.0, and on a line before; names
 * that repeat were an error before they were dropped late; and a mean is a sum over a count by now,
 * which 2.42 moves along value by value, so that the last digit decides where a half is rounded to.
 */
export function isExplained({ expression, got, wanted }: Difference): boolean {
  if ('error' in wanted) {
    return (
      expression.includes('{__name__=~') &&
      wanted.error.includes('vector cannot contain metrics with the same labelset')
    );
  }
  if (/\b(?:round|floor|ceil)\(.*\bavg/.test(expression)) {
    return hasSameSeries(got, wanted) && largestDistance(got, wanted) <= 1;
  }
  // Both are within the same bucket, whose bounds are a factor of two apart at most in these data, or
  // at the two sides of a hole between buckets, which is a factor of four.
  return (
    /^histogram_(?:quantile|fraction)\(.*native_/.test(expression) &&
    hasSameSeries(got, wanted) &&
    largestRatio(got, wanted) <= 8
  );
}

export function kindOf(answer: Answer): Kind {
  if ('error' in answer) return 'an error';
  const values = [...answer.points.values()].flatMap((points) => [...points.values()]);
  if (values.length === 0) return 'nothing';
  if (values.some((value) => typeof value !== 'number')) return 'histograms';
  return values.every((value) => value === 0) ? 'zeros' : 'floats';
}
