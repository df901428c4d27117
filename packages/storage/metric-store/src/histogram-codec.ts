import {
  type BucketSpan,
  type CounterResetHint,
  InvalidInputError,
  type NativeHistogram,
} from '@dwcp/core';

import { type ByteReader, ByteWriter } from './bytes.ts';

// The layout is described in docs/formats/metric-block.md.

const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];
const WHOLE_COUNTS = 4;
const CUSTOM_VALUES = 8;
const MAX_WHOLE = 2 ** 51;

/** Buckets and spans of one histogram, at most. */
export const MAX_HISTOGRAM_PARTS = 10_000;

/** @throws InvalidInputError when spans and buckets do not fit together or are too many */
export function checkHistogram(histogram: NativeHistogram): void {
  const { positiveSpans, positiveBuckets, negativeSpans, negativeBuckets } = histogram;
  for (const [sign, spans, buckets] of [
    ['positive', positiveSpans, positiveBuckets],
    ['negative', negativeSpans, negativeBuckets],
  ] as const) {
    let wanted = 0;
    for (const { offset, length } of spans) {
      if (!Number.isInteger(offset) || !Number.isInteger(length) || length < 0) {
        throw new InvalidInputError(`${sign}Spans`, `offset ${offset} and length ${length}`);
      }
      wanted += length;
    }
    if (wanted !== buckets.length) {
      throw new InvalidInputError(
        `${sign}Buckets`,
        `the spans want ${wanted} buckets, got ${buckets.length}`,
      );
    }
  }
  const parts =
    positiveSpans.length +
    positiveBuckets.length +
    negativeSpans.length +
    negativeBuckets.length +
    (histogram.customValues?.length ?? 0);
  if (parts > MAX_HISTOGRAM_PARTS) {
    throw new InvalidInputError(
      'histogram',
      `at most ${MAX_HISTOGRAM_PARTS} spans, buckets and bounds, got ${parts}`,
    );
  }
}

export function encodeHistogram(writer: ByteWriter, histogram: NativeHistogram): void {
  const { count, zeroCount, positiveBuckets, negativeBuckets, customValues } = histogram;
  const whole = [count, zeroCount, ...positiveBuckets, ...negativeBuckets].every(isWhole);
  writer.zigzag(histogram.schema);
  writer.byte(
    HINTS.indexOf(histogram.counterResetHint) |
      (whole ? WHOLE_COUNTS : 0) |
      (customValues === undefined ? 0 : CUSTOM_VALUES),
  );
  writer.float64(histogram.sum);
  writer.float64(histogram.zeroThreshold);
  if (whole) {
    writer.varint(count);
    writer.varint(zeroCount);
  } else {
    writer.float64(count);
    writer.float64(zeroCount);
  }
  encodeSide(writer, histogram.positiveSpans, positiveBuckets, whole);
  encodeSide(writer, histogram.negativeSpans, negativeBuckets, whole);
  if (customValues === undefined) return;
  writer.varint(customValues.length);
  for (const bound of customValues) writer.float64(bound);
}

export function decodeHistogram(reader: ByteReader): NativeHistogram {
  const schema = reader.zigzag();
  const flags = reader.byte();
  const whole = (flags & WHOLE_COUNTS) !== 0;
  const sum = reader.float64();
  const zeroThreshold = reader.float64();
  const count = whole ? reader.varint() : reader.float64();
  const zeroCount = whole ? reader.varint() : reader.float64();
  const positive = decodeSide(reader, whole);
  const negative = decodeSide(reader, whole);
  const histogram = {
    schema,
    count,
    sum,
    zeroThreshold,
    zeroCount,
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
    counterResetHint: HINTS[flags & 3] ?? 'unknown',
  };
  if ((flags & CUSTOM_VALUES) === 0) return histogram;
  const customValues = Array.from({ length: reader.varint() }, () => reader.float64());
  return { ...histogram, customValues };
}

function encodeSide(
  writer: ByteWriter,
  spans: readonly BucketSpan[],
  buckets: readonly number[],
  whole: boolean,
): void {
  writer.varint(spans.length);
  for (const { offset, length } of spans) {
    writer.zigzag(offset);
    writer.varint(length);
  }
  let before = 0;
  for (const bucket of buckets) {
    if (whole) writer.zigzag(bucket - before);
    else writer.float64(bucket);
    before = bucket;
  }
}

function decodeSide(
  reader: ByteReader,
  whole: boolean,
): { readonly spans: readonly BucketSpan[]; readonly buckets: readonly number[] } {
  let bucketCount = 0;
  const spans = Array.from({ length: reader.varint() }, () => {
    const span = { offset: reader.zigzag(), length: reader.varint() };
    bucketCount += span.length;
    return span;
  });
  let before = 0;
  const buckets = Array.from({ length: bucketCount }, () => {
    before = whole ? before + reader.zigzag() : reader.float64();
    return before;
  });
  return { spans, buckets };
}

/** Whether a count fits the short form; -0 does not. */
function isWhole(value: number): boolean {
  return Number.isInteger(value) && value <= MAX_WHOLE && (value > 0 || Object.is(value, 0));
}

const scratch = new ByteWriter();

/** The bytes of one histogram. @throws InvalidInputError as checkHistogram */
export function encodedHistogram(histogram: NativeHistogram): Uint8Array {
  checkHistogram(histogram);
  scratch.clear();
  encodeHistogram(scratch, histogram);
  return scratch.copy();
}
