import { type BucketSpan, type NativeHistogram } from '@dwcp/core';

export interface HistogramBucket {
  /** Which bounds belong to the bucket: 0 only the upper, 1 only the lower, 2 neither, 3 both. */
  readonly rule: 0 | 1 | 2 | 3;
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

const CUSTOM_BUCKETS = -53;

/**
 * The buckets of a native histogram that hold something, in ascending order.
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/#native-histograms
 */
export function bucketsOf(histogram: NativeHistogram): readonly HistogramBucket[] {
  const { schema, zeroThreshold, zeroCount, customValues = [] } = histogram;
  const custom = schema === CUSTOM_BUCKETS;
  const boundOf = (index: number): number => {
    if (!custom) return 2 ** (index * 2 ** -schema);
    if (index < 0) return Number.NEGATIVE_INFINITY;
    return customValues[index] ?? Number.POSITIVE_INFINITY;
  };

  /** The part of a bucket that the zero bucket covers belongs to that. */
  const outsideZero = (bound: number): number =>
    bound > 0 && bound < zeroThreshold ? zeroThreshold : bound;

  const negative = indexed(histogram.negativeSpans, histogram.negativeBuckets)
    .toReversed()
    .map(([index, count]): HistogramBucket => ({
      rule: 1,
      lower: -boundOf(index),
      upper: -outsideZero(boundOf(index - 1)),
      count,
    }));
  const zero: readonly HistogramBucket[] =
    // As in Prometheus, what a difference made negative is not shown.
    zeroCount > 0
      ? [{ rule: 3, lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount }]
      : [];
  const positive = indexed(histogram.positiveSpans, histogram.positiveBuckets).map(
    ([index, count]): HistogramBucket => ({
      rule: custom && index === 0 ? 3 : 0,
      lower: outsideZero(boundOf(index - 1)),
      upper: boundOf(index),
      count,
    }),
  );
  return [...negative, ...zero, ...positive].filter(({ count }) => count !== 0);
}

/** Bucket index and count, from spans and the counts they cover. */
function indexed(
  spans: readonly BucketSpan[],
  counts: readonly number[],
): readonly (readonly [number, number])[] {
  const result: (readonly [number, number])[] = [];
  let index = 0;
  let position = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) result.push([index++, counts[position++] ?? 0]);
  }
  return result;
}
