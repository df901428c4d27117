import { type NativeHistogram } from '@dwcp/core';

import { CompensatedSum } from '../summation.ts';
import { isCustomSchema } from './bounds.ts';
import { allBuckets, type Bucket } from './buckets.ts';

/** What observations that were no numbers do to an estimate. */
export type NanEffect = 'none' | 'result is NaN' | 'result is skewed higher';

/**
 * Zero is the natural bound of a zero bucket in a histogram with buckets on one side only.
 */
function naturalBounds(bucket: Bucket, histogram: NativeHistogram): void {
  const hasPositive = histogram.positiveBuckets.length > 0;
  const hasNegative = histogram.negativeBuckets.length > 0;
  if (hasPositive && !hasNegative) bucket.lower = 0;
  else if (hasNegative && !hasPositive) bucket.upper = 0;
}

/**
 * Estimates a quantile. Inside exponential buckets observations are taken to be spread evenly on a
 * logarithmic scale, inside custom buckets and the zero bucket on a linear one.
 * @param q in [0, 1]; below gives -Infinity, above gives +Infinity
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function nativeQuantile(
  q: number,
  histogram: NativeHistogram,
): { readonly value: number; readonly nan: NanEffect } {
  const only = (value: number) => ({ value, nan: 'none' as const });
  if (q < 0) return only(-Infinity);
  if (q > 1) return only(Infinity);
  if (histogram.count === 0 || Number.isNaN(q)) return only(Number.NaN);
  const isCustom = isCustomSchema(histogram.schema);
  const hasNan = Number.isNaN(histogram.sum);
  const isForward = hasNan || q < 0.5;
  const buckets = allBuckets(histogram);
  if (!isForward) buckets.reverse();
  let rank = (isForward ? q : 1 - q) * histogram.count;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  let count = 0;
  let at = 0;
  for (; at < buckets.length; at++) {
    bucket = buckets[at] ?? bucket;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  if (isCustom) {
    if (bucket.lower === -Infinity) {
      if (bucket.upper <= 0) return only(bucket.upper);
      bucket.lower = 0;
    } else if (bucket.upper === Infinity) return only(bucket.lower);
  } else if (bucket.lower < 0 && bucket.upper > 0) naturalBounds(bucket, histogram);
  // Rounding may have made the buckets more than the whole.
  count = Math.min(count, histogram.count);
  if (count < rank) {
    return hasNan ? { value: Number.NaN, nan: 'result is NaN' } : only(bucket.upper);
  }
  rank = isForward ? rank - (count - bucket.count) : count - rank;
  const inBuckets = buckets.slice(at + 1).reduce((sum, rest) => sum + rest.count, count);
  const nan = hasNan && inBuckets < histogram.count ? 'result is skewed higher' : 'none';
  return { value: interpolate(bucket, rank / bucket.count, isCustom), nan };
}

function interpolate({ lower, upper }: Bucket, share: number, isCustom: boolean): number {
  if (isCustom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * share;
  const [logLower, logUpper] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * share);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - share)));
}

/** Which share of a bucket on a logarithmic scale lies below a value inside it. */
export function logarithmicShare({ lower, upper }: Bucket, value: number): number {
  const [logLower, logUpper] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  const logValue = Math.log2(Math.abs(value));
  return lower >= 0
    ? (logValue - logLower) / (logUpper - logLower)
    : 1 - (logValue - logUpper) / (logLower - logUpper);
}

/**
 * Estimates which share of the observations lies between two bounds.
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_fraction
 */
export function nativeFraction(
  lower: number,
  upper: number,
  histogram: NativeHistogram,
): { readonly value: number; readonly hasNan: boolean } {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) {
    return { value: Number.NaN, hasNan: false };
  }
  if (lower >= upper) return { value: 0, hasNan: false };
  const buckets = allBuckets(histogram);
  let count = histogram.count;
  let hasNan = false;
  if (Number.isNaN(histogram.sum)) {
    // Observations that are no numbers are in no bucket.
    count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
    hasNan = count < histogram.count;
  }
  const below = (value: number) => Math.min(rankOf(value, buckets, histogram) ?? count, count);
  return { value: (below(upper) - below(lower)) / histogram.count, hasNan };
}

/** How many observations are estimated to lie below a value; undefined means all. */
function rankOf(
  value: number,
  buckets: readonly Bucket[],
  histogram: NativeHistogram,
): number | undefined {
  const isCustom = isCustomSchema(histogram.schema);
  let rank = 0;
  for (const original of buckets) {
    const bucket = { ...original };
    const isZero = bucket.lower <= 0 && bucket.upper >= 0;
    if (isZero) naturalBounds(bucket, histogram);
    if (bucket.lower >= value) return rank;
    if (bucket.upper > value) {
      // Of a bucket without an end it is not known how it is filled.
      if (bucket.lower === -Infinity) return bucket.count;
      const share =
        isCustom || isZero
          ? (value - bucket.lower) / (bucket.upper - bucket.lower)
          : logarithmicShare(bucket, value);
      return rank + bucket.count * share;
    }
    rank += bucket.count;
  }
  return undefined;
}

/** The variance of the observations, each taken to lie in the middle of its bucket. */
export function nativeVariance(histogram: NativeHistogram): number {
  const mean = histogram.sum / histogram.count;
  const isCustom = isCustomSchema(histogram.schema);
  const squares = new CompensatedSum();
  for (const { lower, upper, count } of allBuckets(histogram)) {
    if (count === 0) continue;
    let middle = 0;
    if (isCustom) middle = (lower + upper) / 2;
    else if (lower > 0 || upper < 0) {
      middle = Math.sign(upper) * Math.sqrt(upper * lower);
    }
    const delta = middle - mean;
    squares.add(count * delta * delta);
  }
  return (squares.sum + squares.compensation) / histogram.count;
}
