import { InvalidInputError, type NativeHistogram } from '@dwcp/core';
import { type OtlpExponentialPoint } from '@dwcp/protocol-otlp';

import {
  coarser,
  mergedBuckets,
  NO_SPARSE_BUCKETS,
  type SparseBuckets,
  sparseBucketsOf,
  spansOf,
  totalOf,
} from './native-buckets.ts';

const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;
/** What a point without a threshold is taken to have, as the specification says. */
const DEFAULT_ZERO_THRESHOLD = 1e-128;
/** Exponents of two that doubles reach. */
const MAX_EXPONENT = 1_024;
const MIN_EXPONENT = -1_075;

/** An exponential histogram on the way to a native one. */
export interface ExponentialTotal {
  readonly schema: number;
  readonly count: number;
  readonly sum: number | undefined;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: SparseBuckets;
  readonly negative: SparseBuckets;
}

/**
 * A point in Prometheus' schemas, -4 to 8; a finer scale is made coarser.
 * @throws InvalidInputError when the scale is coarser than -4, a bucket lies where no double is, or
 *   the counts do not add up
 */
export function exponentialOf(point: OtlpExponentialPoint): ExponentialTotal {
  const { scale, count, sum, zeroCount } = point;
  if (scale < MIN_SCHEMA) {
    throw new InvalidInputError(
      'scale',
      `must be ${MIN_SCHEMA} or more to become a native histogram, got ${scale}; raise the number of buckets`,
    );
  }
  const schema = Math.min(scale, MAX_SCHEMA);
  const positive = sparseBucketsOf(point.positive, scale - schema);
  const negative = sparseBucketsOf(point.negative, scale - schema);
  checkRange('positive', positive, schema);
  checkRange('negative', negative, schema);
  const total = zeroCount + totalOf(positive) + totalOf(negative);
  // NaN counts as an observation that no bucket holds.
  const isWhole = Number.isNaN(sum ?? 0) ? count >= total : count === total;
  if (!isWhole) {
    throw new InvalidInputError('count', `must be the sum of the buckets, ${total}, got ${count}`);
  }
  const { zeroThreshold } = point;
  if (!(zeroThreshold >= 0 && Number.isFinite(zeroThreshold))) {
    throw new InvalidInputError('zeroThreshold', `must be 0 or more, got ${zeroThreshold}`);
  }
  return {
    schema,
    count,
    sum,
    zeroThreshold: zeroThreshold || DEFAULT_ZERO_THRESHOLD,
    zeroCount,
    positive,
    negative,
  };
}

function checkRange(field: string, { indexes }: SparseBuckets, schema: number): void {
  const perPower = 2 ** schema;
  for (const index of [indexes[0], indexes.at(-1)]) {
    if (index === undefined) continue;
    if ((index - 1) / perPower >= MAX_EXPONENT || index / perPower <= MIN_EXPONENT) {
      throw new InvalidInputError(
        `${field}.offset`,
        `puts observations where no double is: bucket ${index} of schema ${schema}`,
      );
    }
  }
}

/** The observations of both, at the coarser resolution and the wider zero bucket of the two. */
export function mergedExponential(a: ExponentialTotal, b: ExponentialTotal): ExponentialTotal {
  const schema = Math.min(a.schema, b.schema);
  const left = withSchema(a, schema);
  const right = withSchema(b, schema);
  return withZeroThreshold(
    {
      schema,
      count: a.count + b.count,
      sum: a.sum === undefined || b.sum === undefined ? undefined : a.sum + b.sum,
      zeroThreshold: Math.min(a.zeroThreshold, b.zeroThreshold),
      zeroCount: a.zeroCount + b.zeroCount,
      positive: mergedBuckets(left.positive, right.positive),
      negative: mergedBuckets(left.negative, right.negative),
    },
    Math.max(a.zeroThreshold, b.zeroThreshold),
  );
}

/** Halves the resolution until no more than so many buckets hold something. */
export function limitedTo(total: ExponentialTotal, maxBuckets: number): ExponentialTotal {
  let limited = total;
  while (
    limited.positive.indexes.length + limited.negative.indexes.length > maxBuckets &&
    limited.schema > MIN_SCHEMA
  ) {
    limited = withSchema(limited, limited.schema - 1);
  }
  return limited;
}

function withSchema(total: ExponentialTotal, schema: number): ExponentialTotal {
  if (schema === total.schema) return total;
  return {
    ...total,
    schema,
    positive: coarser(total.positive, total.schema - schema),
    negative: coarser(total.negative, total.schema - schema),
  };
}

/** Counts as zero what lies at or below the threshold, which grows to the end of a bucket it cuts. */
function withZeroThreshold(total: ExponentialTotal, threshold: number): ExponentialTotal {
  if (threshold <= total.zeroThreshold) return total;
  const bound = (index: number): number => 2 ** (index * 2 ** -total.schema);
  let zeroThreshold = threshold;
  for (const { indexes } of [total.positive, total.negative]) {
    for (const index of indexes) {
      if (bound(index - 1) < zeroThreshold) zeroThreshold = Math.max(zeroThreshold, bound(index));
    }
  }
  const split = (side: SparseBuckets): readonly [zero: number, rest: SparseBuckets] => {
    const at = side.indexes.findIndex((index) => bound(index - 1) >= zeroThreshold);
    const from = at < 0 ? side.indexes.length : at;
    const rest = { indexes: side.indexes.slice(from), counts: side.counts.slice(from) };
    return [totalOf(side) - totalOf(rest), rest];
  };
  const [positiveZeros, positive] = split(total.positive);
  const [negativeZeros, negative] = split(total.negative);
  return {
    ...total,
    zeroThreshold,
    zeroCount: total.zeroCount + positiveZeros + negativeZeros,
    positive,
    negative,
  };
}

/** The same histogram before anything was observed. */
export function emptied(total: ExponentialTotal): ExponentialTotal {
  return {
    ...total,
    count: 0,
    sum: 0,
    zeroCount: 0,
    positive: NO_SPARSE_BUCKETS,
    negative: NO_SPARSE_BUCKETS,
  };
}

/** A sum that was not given is 0, as Prometheus has it. */
export function nativeHistogramOf(total: ExponentialTotal): NativeHistogram {
  return {
    schema: total.schema,
    count: total.count,
    sum: total.sum ?? 0,
    zeroThreshold: total.zeroThreshold,
    zeroCount: total.zeroCount,
    positiveSpans: spansOf(total.positive),
    positiveBuckets: total.positive.counts,
    negativeSpans: spansOf(total.negative),
    negativeBuckets: total.negative.counts,
    counterResetHint: 'unknown',
  };
}
