import { type BucketSpan, type NativeHistogram } from '@dwcp/core';

import { problemOfHistogram } from './histogram-check.ts';
import { RESET_HINTS } from './histograms.ts';
import { BYTES, FIXED64, VARINT } from './wire-reader.ts';
import { type WireWriter } from './wire-writer.ts';

/**
 * Writes a Histogram, 1.0 and 2.0 alike. Counts are sent as integers where they are integers that add
 * up, else as floats.
 */
export function writeHistogram(
  writer: WireWriter,
  tag: number,
  unixMs: number,
  histogram: NativeHistogram,
): void {
  const opened = writer.open(tag);
  const isInteger = hasIntegerCounts(histogram);
  if (isInteger) writer.presentUint((1 << 3) | VARINT, histogram.count);
  else writer.presentDouble((2 << 3) | FIXED64, histogram.count);
  writer.double((3 << 3) | FIXED64, histogram.sum);
  writer.sint((4 << 3) | VARINT, histogram.schema);
  writer.double((5 << 3) | FIXED64, histogram.zeroThreshold);
  if (isInteger) writer.presentUint((6 << 3) | VARINT, histogram.zeroCount);
  else writer.presentDouble((7 << 3) | FIXED64, histogram.zeroCount);
  writeSpans(writer, (8 << 3) | BYTES, histogram.negativeSpans);
  if (isInteger) writer.packedSints((9 << 3) | BYTES, deltas(histogram.negativeBuckets));
  else writer.packedDoubles((10 << 3) | BYTES, histogram.negativeBuckets);
  writeSpans(writer, (11 << 3) | BYTES, histogram.positiveSpans);
  if (isInteger) writer.packedSints((12 << 3) | BYTES, deltas(histogram.positiveBuckets));
  else writer.packedDoubles((13 << 3) | BYTES, histogram.positiveBuckets);
  writer.uint((14 << 3) | VARINT, RESET_HINTS.indexOf(histogram.counterResetHint));
  writer.int64((15 << 3) | VARINT, unixMs);
  writer.packedDoubles((16 << 3) | BYTES, histogram.customValues ?? []);
  writer.close(opened);
}

function hasIntegerCounts(histogram: NativeHistogram): boolean {
  return (
    Number.isSafeInteger(histogram.count) &&
    Number.isSafeInteger(histogram.zeroCount) &&
    histogram.positiveBuckets.every(Number.isSafeInteger) &&
    histogram.negativeBuckets.every(Number.isSafeInteger) &&
    problemOfHistogram(histogram, true) === undefined
  );
}

function writeSpans(writer: WireWriter, tag: number, spans: readonly BucketSpan[]): void {
  for (const { offset, length } of spans) {
    const opened = writer.open(tag);
    writer.sint(0x08, offset);
    writer.uint(0x10, length);
    writer.close(opened);
  }
}

function deltas(buckets: readonly number[]): number[] {
  return buckets.map((count, index) => count - (buckets[index - 1] ?? 0));
}
