import { type NativeHistogram, type Series, setStale } from '@dwcp/core';

import { bucketCounts } from './histogram-notation.ts';
import { type SequenceValue, type SeriesLine } from './series-notation.ts';

/**
 * The samples that a line stands for, as a store would give them back: value i stands at
 * `startUnixMs + i * stepMs`.
 */
export function samplesOfLine(
  { labels, values, startOffsetsMs }: SeriesLine,
  { stepMs, startUnixMs = 0 }: { readonly stepMs: number; readonly startUnixMs?: number },
): Series {
  const present = asStored(values)
    .map((value, i) => ({ value, unixMs: startUnixMs + i * stepMs, offsetMs: startOffsetsMs[i] }))
    .filter(({ value }) => value.kind !== 'missing');
  const numbers = new Float64Array(present.length);
  for (const [i, { value }] of present.entries()) {
    if (value.kind === 'stale') setStale(numbers, i);
    else numbers[i] = value.kind === 'float' ? value.value : Number.NaN;
  }
  const timestamps = Float64Array.from(present, ({ unixMs }) => unixMs);
  const histograms = present.map(({ value }) =>
    value.kind === 'histogram' ? value.histogram : undefined,
  );
  return {
    labels,
    timestamps,
    values: numbers,
    ...(histograms.some((histogram) => histogram !== undefined) ? { histograms } : {}),
    ...(present.some(({ offsetMs }) => offsetMs !== undefined)
      ? {
          startTimestamps: Float64Array.from(present, ({ unixMs, offsetMs }) =>
            offsetMs === undefined ? 0 : unixMs + offsetMs,
          ),
        }
      : {}),
  };
}

/**
 * Sets the counter reset hints to what Prometheus' storage gives back. It keeps counter histograms
 * in chunks without a reset, so that all but the first of a chunk are known not to be one. The
 * first is `unknown`, also where the storage saw the reset itself: it keeps only what it was told.
 * @see https://github.com/prometheus/prometheus/issues/15346
 */
function asStored(values: readonly SequenceValue[]): SequenceValue[] {
  let before: NativeHistogram | undefined;
  return values.map((value) => {
    if (value.kind === 'missing') return value;
    if (value.kind !== 'histogram') {
      before = undefined;
      return value;
    }
    const { histogram } = value;
    const told = histogram.counterResetHint;
    const goesOn = before !== undefined && continues(before, histogram);
    before = told === 'gauge' ? undefined : histogram;
    if (told === 'gauge' || told === 'reset') return value;
    const counterResetHint = goesOn ? 'not_reset' : 'unknown';
    return { ...value, histogram: { ...histogram, counterResetHint } };
  });
}

/** Whether no count went down and the layout is the same. */
function continues(before: NativeHistogram, after: NativeHistogram): boolean {
  const grows = (side: 'positive' | 'negative'): boolean => {
    const now = bucketCounts(after[`${side}Spans`], after[`${side}Buckets`]);
    const then = bucketCounts(before[`${side}Spans`], before[`${side}Buckets`]);
    return [...then].every(([index, count]) => (now.get(index) ?? 0) >= count);
  };
  return (
    before.schema === after.schema &&
    before.zeroThreshold === after.zeroThreshold &&
    String(before.customValues) === String(after.customValues) &&
    before.count <= after.count &&
    before.zeroCount <= after.zeroCount &&
    grows('positive') &&
    grows('negative')
  );
}
