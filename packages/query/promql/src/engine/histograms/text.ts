import { type NativeHistogram } from '@dwcp/core';

import { formatShortFloat } from '../../parser/go-text.ts';
import { isCustomSchema } from './bounds.ts';
import { type Bucket, bucketsOfSide } from './buckets.ts';

/** A histogram as Prometheus writes it in texts: `{count:3, sum:4, (1,2]:3}`. */
export function histogramText(histogram: NativeHistogram): string {
  const { zeroThreshold, zeroCount } = histogram;
  const isCustom = isCustomSchema(histogram.schema);
  const written = ({ lower, upper, count }: Bucket, brackets: readonly [string, string]) =>
    `${brackets[0]}${formatShortFloat(lower)},${formatShortFloat(upper)}${brackets[1]}:${formatShortFloat(count)}`;
  const parts = [
    `count:${formatShortFloat(histogram.count)}`,
    `sum:${formatShortFloat(histogram.sum)}`,
  ];
  for (const bucket of bucketsOfSide(histogram, 'negative').reverse()) {
    if (bucket.count !== 0) parts.push(written(bucket, ['[', ')']));
  }
  if (zeroCount !== 0) {
    const zero = { lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount };
    parts.push(written(zero, ['[', ']']));
  }
  for (const bucket of bucketsOfSide(histogram, 'positive')) {
    if (bucket.count === 0) continue;
    parts.push(written(bucket, [isCustom && bucket.lower === -Infinity ? '[' : '(', ']']));
  }
  return `{${parts.join(', ')}}`;
}
