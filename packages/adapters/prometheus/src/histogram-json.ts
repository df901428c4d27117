import { type BucketSpan, type NativeHistogram } from '@dwcp/core';

import { numberOf } from './api-number.ts';
import { isRecord } from './prometheus-server.ts';

interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/**
 * A native histogram as the query API writes it: `count`, `sum` and the buckets that hold something,
 * each `[boundary rule, lower, upper, count]`. The schema is found from their bounds; where no
 * exponential one fits, or there is none but the zero bucket, bounds are custom (schema -53). What
 * the API leaves out stays unknown: a zero threshold without a zero bucket, the counter reset hint.
 * @throws TypeError when it is no histogram
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/#native-histograms
 */
export function histogramOf(content: unknown): NativeHistogram {
  if (!isRecord(content)) throw new TypeError(`a histogram is ${JSON.stringify(content)}`);
  const buckets = (Array.isArray(content['buckets']) ? content['buckets'] : []).map(bucketOf);
  const zero = buckets.find(({ lower, upper }) => lower <= 0 && upper >= 0 && lower === -upper);
  const rest = buckets.filter((bucket) => bucket !== zero);
  const positive = rest.filter(({ lower, upper }) => lower >= 0 && upper > 0);
  const negative = rest.filter(({ lower, upper }) => upper <= 0 && lower < 0).toReversed();
  const whole = {
    count: numberOf(content['count']),
    sum: numberOf(content['sum']),
    counterResetHint: 'unknown',
  } as const;
  const mirrored = negative.map(({ lower, upper, count }) => ({
    lower: -upper,
    upper: -lower,
    count,
  }));
  const exponential = positive.length + negative.length === rest.length;
  const schema = exponential ? schemaOf([...positive, ...mirrored]) : undefined;
  if (schema === undefined) return { ...whole, ...customBuckets(buckets) };
  const [up, down] = [sparse(positive, schema), sparse(mirrored, schema)];
  return {
    ...whole,
    schema,
    zeroThreshold: zero?.upper ?? 0,
    zeroCount: zero?.count ?? 0,
    positiveSpans: up.spans,
    positiveBuckets: up.counts,
    negativeSpans: down.spans,
    negativeBuckets: down.counts,
  };
}

function bucketOf(value: unknown): Bucket {
  if (!Array.isArray(value) || value.length !== 4) {
    throw new TypeError(`a bucket is ${JSON.stringify(value)}`);
  }
  return { lower: numberOf(value[1]), upper: numberOf(value[2]), count: numberOf(value[3]) };
}

/** The schema n of which every bucket is one: `upper / lower = 2^(2^-n)`, at a whole index. */
function schemaOf(buckets: readonly Bucket[]): number | undefined {
  if (buckets.length === 0) return 0;
  const fits = (schema: number): boolean =>
    buckets.every(({ lower, upper }) => {
      const [from, to] = [lower, upper].map((bound) => Math.log2(bound) * 2 ** schema);
      const isBound = (place = Number.NaN): boolean => Math.abs(place - Math.round(place)) < 1e-6;
      return isBound(from) && isBound(to) && Math.round((to ?? 0) - (from ?? 0)) === 1;
    });
  return Array.from({ length: 13 }, (_, i) => i - 4).find(fits);
}

function sparse(
  buckets: readonly Bucket[],
  schema: number,
): { readonly spans: readonly BucketSpan[]; readonly counts: readonly number[] } {
  const indexes = buckets.map(({ upper }) => Math.round(Math.log2(upper) * 2 ** schema));
  return { spans: spansOf(indexes), counts: buckets.map(({ count }) => count) };
}

function spansOf(indexes: readonly number[]): readonly BucketSpan[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** Each bound becomes a custom one; a gap between buckets is a bucket that holds nothing. */
function customBuckets(
  buckets: readonly Bucket[],
): Pick<
  Required<NativeHistogram>,
  | 'schema'
  | 'zeroThreshold'
  | 'zeroCount'
  | 'positiveSpans'
  | 'positiveBuckets'
  | 'negativeSpans'
  | 'negativeBuckets'
  | 'customValues'
> {
  const bounds = new Set(buckets.flatMap(({ lower, upper }) => [lower, upper]));
  const customValues = [...bounds].filter(Number.isFinite).sort((a, b) => a - b);
  const counts = new Map(buckets.map(({ upper, count }) => [upper, count]));
  const indexes = [...customValues.keys(), customValues.length].filter((i) =>
    counts.has(customValues[i] ?? Infinity),
  );
  return {
    schema: -53,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: spansOf(indexes),
    positiveBuckets: indexes.map((i) => counts.get(customValues[i] ?? Infinity) ?? 0),
    negativeSpans: [],
    negativeBuckets: [],
    customValues,
  };
}
