import { type BucketSpan, type NativeHistogram } from '@dwcp/core';

import { BitWriter } from './bit-writer.ts';
import { XorField } from './xor-value.ts';

const CUSTOM_BUCKETS = -53;
/** What a chunk says of the histogram before its first one. */
const HEADERS = { unknown: 0, not_reset: 0x40, reset: 0x80, gauge: 0xc0 } as const;
const MAX_CUSTOM_BOUND = 33_554_430;

const writer = new BitWriter();
const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** One native histogram and its time, Unix milliseconds. */
export interface HistogramSample {
  readonly unixMs: number;
  readonly histogram: NativeHistogram;
}

/** Whether a histogram can stand behind another in one chunk: the same buckets and no reset. */
export function canFollow(before: NativeHistogram, next: NativeHistogram): boolean {
  return (
    next.counterResetHint !== 'reset' &&
    (before.counterResetHint === 'gauge') === (next.counterResetHint === 'gauge') &&
    before.schema === next.schema &&
    before.zeroThreshold === next.zeroThreshold &&
    sameSpans(before.positiveSpans, next.positiveSpans) &&
    sameSpans(before.negativeSpans, next.negativeSpans) &&
    sameNumbers(before.customValues ?? [], next.customValues ?? []) &&
    (next.counterResetHint === 'gauge' || !isReset(before, next))
  );
}

/** Whether a counter of the same buckets went back. */
export function isReset(before: NativeHistogram, next: NativeHistogram): boolean {
  return (
    next.count < before.count ||
    next.zeroCount < before.zeroCount ||
    next.positiveBuckets.some((count, i) => count < (before.positiveBuckets[i] ?? 0)) ||
    next.negativeBuckets.some((count, i) => count < (before.negativeBuckets[i] ?? 0))
  );
}

/**
 * Native histograms that can follow each other as a chunk of Prometheus' float histogram encoding:
 * number of samples, what is known of the histogram before, the buckets, then for each sample its time
 * and count, zero count, sum and buckets as XOR.
 *
 * @param before of the same series, directly before these, where there is one
 * @see https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md#float-histogram-chunk-data
 */
export function encodeFloatHistogramChunk(
  samples: readonly HistogramSample[],
  before?: NativeHistogram,
): Uint8Array {
  const [first] = samples;
  if (first === undefined) throw new Error('a chunk needs a sample');
  writer.reset();
  writer.bits(samples.length, 16);
  writer.bits(HEADERS[hintOf(first.histogram, before)], 8);
  writeLayout(first.histogram);

  const fields: XorField[] = [];
  let beforeMs = first.unixMs;
  let intervalMs = 0;
  for (const [i, { unixMs, histogram }] of samples.entries()) {
    if (i === 0) writeVarbitInt(unixMs);
    else {
      const nextIntervalMs = unixMs - beforeMs;
      writeVarbitInt(nextIntervalMs - intervalMs);
      beforeMs = unixMs;
      intervalMs = nextIntervalMs;
    }
    const { count, zeroCount, sum, positiveBuckets, negativeBuckets } = histogram;
    const numbers = [count, zeroCount, sum, ...positiveBuckets, ...negativeBuckets];
    for (const [j, number] of numbers.entries()) {
      double[0] = number;
      const [low = 0, high = 0] = words;
      if (i === 0) (fields[j] = new XorField()).first(writer, low, high);
      else fields[j]?.next(writer, low, high);
    }
  }
  return writer.copy();
}

function hintOf(
  { counterResetHint, ...next }: NativeHistogram,
  before: NativeHistogram | undefined,
): NativeHistogram['counterResetHint'] {
  if (counterResetHint !== 'unknown' || before === undefined) return counterResetHint;
  // It begins a new chunk: of the same buckets that is because they went back, else nothing is known.
  const same = sameSpans(before.positiveSpans, next.positiveSpans) && before.schema === next.schema;
  return same && isReset(before, { ...next, counterResetHint }) ? 'reset' : 'unknown';
}

function writeLayout(histogram: NativeHistogram): void {
  const { schema, zeroThreshold, positiveSpans, negativeSpans, customValues = [] } = histogram;
  writeZeroThreshold(zeroThreshold);
  writeVarbitInt(schema);
  writeSpans(positiveSpans);
  writeSpans(negativeSpans);
  if (schema !== CUSTOM_BUCKETS) return;
  writeVarbitUint(customValues.length);
  for (const bound of customValues) writeCustomBound(bound);
}

/** Powers of two, the usual ones, take one byte. */
function writeZeroThreshold(threshold: number): void {
  const exponent = Math.round(Math.log2(threshold));
  if (threshold === 0) writer.bits(0, 8);
  else if (exponent >= -243 && exponent <= 10 && 2 ** exponent === threshold) {
    writer.bits(exponent + 244, 8);
  } else {
    writer.bits(255, 8);
    writeDouble(threshold);
  }
}

function writeSpans(spans: readonly BucketSpan[]): void {
  writeVarbitUint(spans.length);
  for (const { offset, length } of spans) {
    writeVarbitUint(length);
    writeVarbitInt(offset);
  }
}

/** Whole thousandths, the usual ones, take one to four bytes. */
function writeCustomBound(bound: number): void {
  const thousandths = Math.round(bound * 1_000);
  if (thousandths >= 0 && thousandths <= MAX_CUSTOM_BOUND && thousandths / 1_000 === bound) {
    writeVarbitUint(thousandths + 1);
  } else {
    writer.bits(0, 1);
    writeDouble(bound);
  }
}

function writeDouble(value: number): void {
  double[0] = value;
  writer.bits64(words[1] ?? 0, words[0] ?? 0, 64);
}

/** How many bits a number may take, in the order of the prefixes that tell which. */
const VARBIT_SIZES = [3, 6, 9, 12, 18, 25] as const;

function writeVarbitInt(value: number): void {
  writeVarbit(value, (size) => value > -(2 ** (size - 1)) && value <= 2 ** (size - 1));
}

function writeVarbitUint(value: number): void {
  writeVarbit(value, (size) => value < 2 ** size);
}

function writeVarbit(value: number, fitsIn: (size: number) => boolean): void {
  if (value === 0) {
    writer.bits(0, 1);
    return;
  }
  const index = VARBIT_SIZES.findIndex(fitsIn);
  const size = VARBIT_SIZES[index];
  if (size !== undefined) {
    // As many ones as sizes were passed over and one more, then a zero.
    writer.bits(2 ** (index + 2) - 2, index + 2);
    writer.bits(value, size);
  } else if (fitsIn(56)) {
    writer.bits(0b1111_1110, 8);
    writer.bits64(Math.floor(value / 2 ** 32), value - Math.floor(value / 2 ** 32) * 2 ** 32, 56);
  } else {
    writer.bits(0b1111_1111, 8);
    writer.int64(value);
  }
}

function sameSpans(a: readonly BucketSpan[], b: readonly BucketSpan[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ offset, length }, i) => b[i]?.offset === offset && b[i].length === length)
  );
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
