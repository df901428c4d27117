import { type BucketSpan, type CounterResetHint, type NativeHistogram } from '@dwcp/core';

import { problemOfHistogram } from './histogram-check.ts';
import { type RemoteWriteVisitor } from './types.ts';
import { FIXED64, BYTES, VARINT, type WireReader } from './wire-reader.ts';

/** By the number they have on the wire. */
export const RESET_HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** Buckets with custom bounds. */
export const CUSTOM_SCHEMA = -53;

const STALE_LOW = 2;
const STALE_HIGH = 0x7ff00000;

const SPAN_FIELDS = (1 << 1) | (1 << 2);
const HISTOGRAM_FIELDS = (2 << 16) - 2;

/** A Histogram as it is on the wire, 1.0 and 2.0 alike. */
interface WireHistogram {
  isFloat: boolean;
  isStale: boolean;
  unixMs: number;
  schema: number;
  count: number;
  sum: number;
  zeroThreshold: number;
  zeroCount: number;
  resetHint: number;
  readonly negativeSpans: BucketSpan[];
  readonly negativeDeltas: number[];
  readonly negativeCounts: number[];
  readonly positiveSpans: BucketSpan[];
  readonly positiveDeltas: number[];
  readonly positiveCounts: number[];
  readonly customValues: number[];
}

/**
 * Reads a Histogram, whose length comes next, and reports it: a stale marker as a sample.
 * @returns what is wrong with it; it is then not reported
 */
export function readHistogram(reader: WireReader, visitor: RemoteWriteVisitor): string | undefined {
  const outer = reader.enter();
  const wire: WireHistogram = {
    isFloat: false,
    isStale: false,
    unixMs: 0,
    schema: 0,
    count: 0,
    sum: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    resetHint: 0,
    negativeSpans: [],
    negativeDeltas: [],
    negativeCounts: [],
    positiveSpans: [],
    positiveDeltas: [],
    positiveCounts: [],
    customValues: [],
  };
  while (reader.more()) readField(reader, wire);
  reader.leave(outer);
  if (wire.isStale) {
    visitor.sample(wire.unixMs, STALE_LOW, STALE_HIGH);
    return undefined;
  }
  const histogram = fromWire(wire);
  const problem = problemOfHistogram(histogram, !wire.isFloat);
  if (problem !== undefined) return `a histogram at ${wire.unixMs}: ${problem}`;
  visitor.histogram(wire.unixMs, histogram);
  return undefined;
}

function readField(reader: WireReader, wire: WireHistogram): void {
  const tag = reader.tag();
  switch (tag) {
    case (1 << 3) | VARINT:
      wire.count = reader.uint64();
      wire.isFloat = false;
      break;
    case (2 << 3) | FIXED64:
      wire.count = reader.double();
      wire.isFloat = true;
      break;
    case (3 << 3) | FIXED64:
      wire.sum = reader.double();
      wire.isStale = reader.low === STALE_LOW && reader.high === STALE_HIGH;
      break;
    case (4 << 3) | VARINT:
      wire.schema = reader.sint32();
      break;
    case (5 << 3) | FIXED64:
      wire.zeroThreshold = reader.double();
      break;
    case (6 << 3) | VARINT:
      wire.zeroCount = reader.uint64();
      break;
    case (7 << 3) | FIXED64:
      wire.zeroCount = reader.double();
      break;
    case (8 << 3) | BYTES:
      wire.negativeSpans.push(readSpan(reader));
      break;
    case (9 << 3) | VARINT:
    case (9 << 3) | BYTES:
      readDeltas(reader, tag, wire.negativeDeltas);
      break;
    case (10 << 3) | FIXED64:
    case (10 << 3) | BYTES:
      readDoubles(reader, tag, wire.negativeCounts);
      break;
    case (11 << 3) | BYTES:
      wire.positiveSpans.push(readSpan(reader));
      break;
    case (12 << 3) | VARINT:
    case (12 << 3) | BYTES:
      readDeltas(reader, tag, wire.positiveDeltas);
      break;
    case (13 << 3) | FIXED64:
    case (13 << 3) | BYTES:
      readDoubles(reader, tag, wire.positiveCounts);
      break;
    case (14 << 3) | VARINT:
      wire.resetHint = reader.uint32();
      break;
    case (15 << 3) | VARINT:
      wire.unixMs = reader.int64();
      break;
    case (16 << 3) | FIXED64:
    case (16 << 3) | BYTES:
      readDoubles(reader, tag, wire.customValues);
      break;
    default:
      reader.skip(tag, HISTOGRAM_FIELDS);
  }
}

function readSpan(reader: WireReader): BucketSpan {
  const outer = reader.enter();
  let offset = 0;
  let length = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 0x08) offset = reader.sint32();
    else if (tag === 0x10) length = reader.uint32();
    else reader.skip(tag, SPAN_FIELDS);
  }
  reader.leave(outer);
  return { offset, length };
}

/** Repeated numbers come packed or one by one, and a reader must take both. */
function readDeltas(reader: WireReader, tag: number, deltas: number[]): void {
  if ((tag & 7) === VARINT) {
    deltas.push(reader.sint64());
    return;
  }
  const outer = reader.enter();
  while (reader.more()) deltas.push(reader.sint64());
  reader.leave(outer);
}

function readDoubles(reader: WireReader, tag: number, values: number[]): void {
  if ((tag & 7) === FIXED64) {
    values.push(reader.double());
    return;
  }
  const outer = reader.enter();
  while (reader.more()) values.push(reader.double());
  reader.leave(outer);
}

function fromWire(wire: WireHistogram): NativeHistogram {
  const { isFloat } = wire;
  const histogram = {
    schema: wire.schema,
    count: wire.count,
    sum: wire.sum,
    zeroThreshold: wire.zeroThreshold,
    zeroCount: wire.zeroCount,
    positiveSpans: wire.positiveSpans,
    positiveBuckets: isFloat ? wire.positiveCounts : absolute(wire.positiveDeltas),
    negativeSpans: wire.negativeSpans,
    negativeBuckets: isFloat ? wire.negativeCounts : absolute(wire.negativeDeltas),
    counterResetHint: RESET_HINTS[wire.resetHint] ?? 'unknown',
  };
  return wire.schema === CUSTOM_SCHEMA || wire.customValues.length > 0
    ? { ...histogram, customValues: wire.customValues }
    : histogram;
}

/** Each bucket is sent as the difference to the one before it. */
function absolute(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => (count += delta));
}
