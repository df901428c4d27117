import { exponentialBound } from './bounds.ts';
import { type FloatHistogram } from './float-histogram.ts';

export interface ZeroBucket {
  readonly count: number;
  readonly threshold: number;
}

/**
 * The zero bucket that a histogram would have with a larger threshold. Where the threshold falls
 * into a bucket that has observations, it moves on to the end of that bucket.
 */
export function absorbIntoZero(histogram: FloatHistogram, largerThreshold: number): ZeroBucket {
  const { schema, zeroCount, zeroThreshold, positive, negative } = histogram;
  let threshold = largerThreshold;
  if (threshold === zeroThreshold) return { count: zeroCount, threshold };
  for (;;) {
    let count = zeroCount;
    let moved = threshold;
    for (const side of [positive, negative]) {
      for (const [i, index] of side.indices.entries()) {
        if (exponentialBound(index - 1, schema) >= moved) break;
        const inside = side.counts[i] ?? 0;
        count += inside + (side.compensations[i] ?? 0);
        const upper = exponentialBound(index, schema);
        if (upper > moved && inside !== 0) moved = upper;
      }
    }
    if (moved === threshold) return { count, threshold };
    // One side moved the threshold, so the other side is looked at again.
    threshold = moved;
  }
}

/**
 * Finds a zero bucket that covers those of both and ends in no bucket of either. The first
 * histogram gets it; the other stays as it is.
 * @returns the zero count that the other histogram would have
 */
export function reconcileZeroBuckets(histogram: FloatHistogram, other: FloatHistogram): number {
  let found: ZeroBucket = { count: other.zeroCount, threshold: other.zeroThreshold };
  while (found.threshold !== histogram.zeroThreshold) {
    if (found.threshold < histogram.zeroThreshold) {
      found = absorbIntoZero(other, histogram.zeroThreshold);
    }
    if (found.threshold > histogram.zeroThreshold) histogram.widenZeroBucket(found.threshold);
  }
  return found.count;
}
