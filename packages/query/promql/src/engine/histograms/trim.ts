import { type NativeHistogram } from '@dwcp/core';

import { isCustomSchema } from './bounds.ts';
import { type Bucket, bucketsOfSide } from './buckets.ts';
import { logarithmicShare } from './estimates.ts';
import { decodeSide, encodeSide } from './side.ts';

/** What of a bucket is kept: how many observations, and about where they are. */
interface Kept {
  readonly count: number;
  readonly middle: number;
}

/**
 * Keeps the observations on one side of a value: below it for `</`, above it for `>/`. A bucket
 * that the value cuts is split by interpolation; one without an end is kept or dropped as a whole,
 * since it is not known how it is filled. Count and sum follow from what is kept.
 */
export function trimHistogram(
  histogram: NativeHistogram,
  value: number,
  keeps: 'below' | 'above',
): NativeHistogram {
  const isCustom = isCustomSchema(histogram.schema);
  const keep = { value, keeps, isCustom };
  const positive = bucketsOfSide(histogram, 'positive').map((bucket) => keptOf(bucket, keep));
  const negative = bucketsOfSide(histogram, 'negative').map((bucket) => keptOf(bucket, keep));
  const zero = keptOfZero(histogram, keep);
  const isWhole =
    zero.count === histogram.zeroCount &&
    positive.every(({ count }, i) => count === histogram.positiveBuckets[i]) &&
    negative.every(({ count }, i) => count === histogram.negativeBuckets[i]);
  if (isWhole) return histogram;
  let [count, sum] = [0, 0];
  for (const kept of [...positive, ...negative, zero]) {
    count += kept.count;
    sum += kept.middle * kept.count;
  }
  const positiveSide = decodeSide(
    histogram.positiveSpans,
    positive.map((kept) => kept.count),
  );
  const negativeSide = decodeSide(
    histogram.negativeSpans,
    negative.map((kept) => kept.count),
  );
  const [above, below] = [encodeSide(positiveSide), encodeSide(negativeSide)];
  return {
    ...histogram,
    count,
    sum,
    zeroCount: zero.count,
    positiveSpans: above.spans,
    positiveBuckets: above.buckets,
    negativeSpans: below.spans,
    negativeBuckets: below.buckets,
  };
}

interface Keep {
  readonly value: number;
  readonly keeps: 'below' | 'above';
  readonly isCustom: boolean;
}

const NOTHING: Kept = { count: 0, middle: 0 };

function keptOf(bucket: Bucket, { value, keeps, isCustom }: Keep): Kept {
  const { lower, upper, count } = bucket;
  if (count === 0) return NOTHING;
  const isWhole = keeps === 'below' ? upper <= value : lower >= value;
  if (isWhole) return { count, middle: middleOf(lower, upper, isCustom) };
  const isCut = keeps === 'below' ? lower < value : upper > value;
  if (!isCut) return NOTHING;
  if (lower === -Infinity || upper === Infinity) return keptOfEndless(bucket, value, keeps);
  const share = isCustom ? (value - lower) / (upper - lower) : logarithmicShare(bucket, value);
  return keeps === 'below'
    ? { count: count * share, middle: middleOf(lower, value, isCustom) }
    : { count: count - count * share, middle: middleOf(value, upper, isCustom) };
}

/** Of a bucket without an end; only custom buckets and that of infinity have none. */
function keptOfEndless({ lower, upper, count }: Bucket, value: number, keeps: Keep['keeps']): Kept {
  if (lower === -Infinity) {
    // A first bucket that ends above zero is taken to begin there.
    const beginsAtZero = upper > 0 && upper !== Infinity;
    if (keeps === 'below') {
      if (value > 0 && beginsAtZero) return { count: (count * value) / upper, middle: value / 2 };
      return upper <= 0 ? { count, middle: value } : NOTHING;
    }
    return value >= 0 && beginsAtZero
      ? { count: count * (1 - value / upper), middle: (value + upper) / 2 }
      : NOTHING;
  }
  if (keeps === 'below') return NOTHING;
  return value >= lower ? { count, middle: value } : NOTHING;
}

function keptOfZero(histogram: NativeHistogram, { value, keeps }: Keep): Kept {
  const { zeroCount: count, zeroThreshold } = histogram;
  if (!(count > 0)) return { count, middle: 0 };
  const has = (buckets: readonly number[]): boolean => buckets.some((one) => one !== 0);
  const hasPositive = has(histogram.positiveBuckets);
  const hasNegative = has(histogram.negativeBuckets);
  const lower = hasPositive && !hasNegative ? 0 : -zeroThreshold;
  const upper = hasNegative && !hasPositive ? 0 : zeroThreshold;
  const cut = Math.min(Math.max(value, lower), upper);
  const [from, to] = keeps === 'below' ? [lower, cut] : [cut, upper];
  if (from === to) return NOTHING;
  // The whole bucket keeps its count to the bit.
  const share = to - from === upper - lower ? 1 : (to - from) / (upper - lower);
  return { count: count * share, middle: (from + to) / 2 };
}

/** Where the observations of a bucket are taken to be. */
function middleOf(lower: number, upper: number, isLinear: boolean): number {
  if (lower === -Infinity) {
    if (upper === Infinity) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (upper === Infinity) return lower;
  if (isLinear) return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return upper <= 0 ? -mean : mean;
}
