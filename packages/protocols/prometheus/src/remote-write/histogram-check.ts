import { type BucketSpan, type NativeHistogram } from '@dwcp/core';

const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;
const CUSTOM_SCHEMA = -53;

/**
 * What is wrong with a histogram, by the rules of Prometheus' `Histogram.Validate` and
 * `FloatHistogram.Validate`; undefined when nothing is.
 * @param isInteger whether the counts were sent as integers: only then must they add up exactly
 * @see https://github.com/prometheus/prometheus/blob/main/model/histogram/histogram.go
 */
export function problemOfHistogram(
  histogram: NativeHistogram,
  isInteger: boolean,
): string | undefined {
  const { schema, count, zeroCount } = histogram;
  if (schema === CUSTOM_SCHEMA) {
    const problem = problemOfCustomBuckets(histogram);
    if (problem !== undefined) return problem;
  } else if (schema < MIN_SCHEMA || schema > MAX_SCHEMA) {
    return `its schema is ${schema}: it must be ${MIN_SCHEMA} to ${MAX_SCHEMA}, or ${CUSTOM_SCHEMA}`;
  } else if (histogram.customValues !== undefined) {
    return `it has custom bounds, which only the schema ${CUSTOM_SCHEMA} may have, but the schema ${schema}`;
  }
  if (count < 0) return `its count is negative: ${count}`;
  if (zeroCount < 0) return `its zero bucket counts ${zeroCount}`;
  const { positiveSpans, positiveBuckets, negativeSpans, negativeBuckets } = histogram;
  const problem =
    problemOfBuckets('positive', positiveSpans, positiveBuckets) ??
    problemOfBuckets('negative', negativeSpans, negativeBuckets);
  if (problem !== undefined || !isInteger) return problem;
  const counted = total(positiveBuckets) + total(negativeBuckets) + zeroCount;
  // Observations of NaN count, but are in no bucket. Beyond 2^53 a double cannot tell.
  const isPossible = Number.isNaN(histogram.sum) ? counted <= count : counted === count;
  if (isPossible || counted > Number.MAX_SAFE_INTEGER) return undefined;
  return `its count is ${count}, but its buckets hold ${counted} observations`;
}

function problemOfBuckets(
  side: 'positive' | 'negative',
  spans: readonly BucketSpan[],
  buckets: readonly number[],
): string | undefined {
  const spanned = spans.reduce((sum, { length }) => sum + length, 0);
  if (spanned !== buckets.length) {
    return `its ${side} spans name ${spanned} buckets, but there are ${buckets.length}`;
  }
  const backwards = spans.findIndex(({ offset }, index) => index > 0 && offset < 0);
  if (backwards > 0) {
    return `the ${side} span ${backwards} has a negative offset: ${spans[backwards]?.offset}`;
  }
  const negative = buckets.findIndex((count) => count < 0);
  return negative < 0
    ? undefined
    : `the ${side} bucket ${negative} has a negative count: ${buckets[negative]}`;
}

function problemOfCustomBuckets(histogram: NativeHistogram): string | undefined {
  const { customValues: bounds = [], positiveSpans, negativeSpans, negativeBuckets } = histogram;
  for (const [index, bound] of bounds.entries()) {
    if (!Number.isFinite(bound)) return `the custom bound ${index} is ${bound}: it must be finite`;
    const previous = bounds[index - 1];
    if (previous !== undefined && bound <= previous) {
      return `the custom bound ${index} is ${bound}, after ${previous}: they must ascend`;
    }
  }
  const first = positiveSpans[0];
  if (first !== undefined && first.offset < 0) {
    return `its buckets start at ${first.offset}: with custom bounds the first is 0`;
  }
  const reach = positiveSpans.reduce((sum, { offset, length }) => sum + offset + length, 0);
  if (reach > bounds.length + 1) {
    return `its spans reach bucket ${reach - 1}, but ${bounds.length} custom bounds make the last ${bounds.length}`;
  }
  if (histogram.zeroCount !== 0) {
    return `its zero bucket counts ${histogram.zeroCount}: with custom bounds there is none`;
  }
  if (histogram.zeroThreshold !== 0) {
    return `its zero threshold is ${histogram.zeroThreshold}: with custom bounds it must be 0`;
  }
  if (negativeSpans.length > 0 || negativeBuckets.length > 0) {
    return 'it has negative buckets: with custom bounds all are positive';
  }
  return undefined;
}

function total(buckets: readonly number[]): number {
  return buckets.reduce((sum, count) => sum + count, 0);
}
