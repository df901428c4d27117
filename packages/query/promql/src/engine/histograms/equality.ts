import { type BucketSpan, type NativeHistogram } from '@dwcp/core';

import { sameBounds } from './bounds.ts';

/**
 * Whether two histograms are the same to the bit; how their counter came about does not matter.
 * Empty buckets count: Prometheus compares layouts too.
 */
export function equalHistograms(a: NativeHistogram, b: NativeHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameBounds(a.customValues, b.customValues) &&
    sameLayout(a.positiveSpans, b.positiveSpans) &&
    sameLayout(a.negativeSpans, b.negativeSpans) &&
    sameCounts(a.positiveBuckets, b.positiveBuckets) &&
    sameCounts(a.negativeBuckets, b.negativeBuckets)
  );
}

function sameCounts(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((count, i) => Object.is(count, b[i]));
}

/** Spans may be cut in different places and still name the same buckets. */
function sameLayout(a: readonly BucketSpan[], b: readonly BucketSpan[]): boolean {
  const [left, right] = [joined(a), joined(b)];
  return (
    left.length === right.length &&
    left.every(
      ({ offset, length }, i) => offset === right[i]?.offset && length === right[i]?.length,
    )
  );
}

function joined(spans: readonly BucketSpan[]): BucketSpan[] {
  const out: { offset: number; length: number }[] = [];
  let gap = 0;
  for (const { offset, length } of spans) {
    gap += offset;
    if (length === 0) continue;
    const last = out.at(-1);
    if (last !== undefined && gap === 0) last.length += length;
    else out.push({ offset: gap, length });
    gap = 0;
  }
  return out;
}
