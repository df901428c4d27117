import { type NativeHistogram } from '@dwcp/core';

import { isCustomSchema, upperBound } from './bounds.ts';
import { decodeSide } from './side.ts';

export interface Bucket {
  lower: number;
  upper: number;
  readonly count: number;
}

/** The positive or the negative buckets, beginning at the one next to zero. */
export function bucketsOfSide(histogram: NativeHistogram, side: 'positive' | 'negative'): Bucket[] {
  const { schema, customValues } = histogram;
  const { indices, counts } =
    side === 'positive'
      ? decodeSide(histogram.positiveSpans, histogram.positiveBuckets)
      : decodeSide(histogram.negativeSpans, histogram.negativeBuckets);
  return indices.map((index, i) => {
    const near = upperBound(index - 1, schema, customValues);
    const far = upperBound(index, schema, customValues);
    const count = counts[i] ?? 0;
    return side === 'positive'
      ? { lower: near, upper: far, count }
      : { lower: -far, upper: -near, count };
  });
}

/** All buckets by ascending bounds; where one overlaps the zero bucket it is cut there. */
export function allBuckets(histogram: NativeHistogram): Bucket[] {
  const { zeroThreshold, zeroCount } = histogram;
  const negative = bucketsOfSide(histogram, 'negative').reverse();
  const positive = bucketsOfSide(histogram, 'positive');
  if (isCustomSchema(histogram.schema)) return positive;
  for (const bucket of negative) {
    if (bucket.upper > -zeroThreshold) bucket.upper = -zeroThreshold;
  }
  for (const bucket of positive) {
    if (bucket.lower < zeroThreshold) bucket.lower = zeroThreshold;
  }
  const zero = { lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount };
  return [...negative, ...(zeroCount > 0 ? [zero] : []), ...positive];
}
