import { type NativeHistogram } from '@dwcp/core';

/** Reads chunks bit by bit, slowly, from the description of the format. */
class BitReader {
  readonly #bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#position = start * 8;
  }

  bits(count: number): bigint {
    let value = 0n;
    for (let i = 0; i < count; i++, this.#position++) {
      const byte = this.#bytes[this.#position >> 3];
      if (byte === undefined) throw new Error('the chunk ends too soon');
      value = (value << 1n) | BigInt((byte >> (7 - (this.#position & 7))) & 1);
    }
    return value;
  }

  /** How many ones come before a zero, at most so many. */
  ones(most: number): number {
    let count = 0;
    while (count < most && this.bits(1) === 1n) count++;
    return count;
  }

  uvarint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bits(8);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
  }

  varint(): bigint {
    const value = this.uvarint();
    return (value & 1n) === 1n ? -(value >> 1n) - 1n : value >> 1n;
  }

  /** An integer of so many bits, whose values go from `1 - half` to `half`; of 64, two's complement. */
  signed(count: number): bigint {
    const value = this.bits(count);
    const half = 1n << BigInt(count - 1);
    if (count === 64) return BigInt.asIntN(64, value);
    return value > half ? value - (1n << BigInt(count)) : value;
  }
}

class XorReader {
  value = 0n;
  #leading = 0;
  #trailing = 0;

  first(reader: BitReader): void {
    this.value = reader.bits(64);
  }

  next(reader: BitReader): void {
    if (reader.bits(1) === 0n) return;
    if (reader.bits(1) === 1n) {
      this.#leading = Number(reader.bits(5));
      const significant = Number(reader.bits(6)) || 64;
      this.#trailing = 64 - this.#leading - significant;
    }
    const bits = reader.bits(64 - this.#leading - this.#trailing);
    this.value ^= bits << BigInt(this.#trailing);
  }
}

export interface DecodedSample {
  readonly unixMs: number;
  /** The 64 bits. */
  readonly bits: bigint;
}

export function decodeXorChunk(bytes: Uint8Array): DecodedSample[] {
  const reader = new BitReader(bytes, 2);
  const count = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const value = new XorReader();
  const samples: DecodedSample[] = [];
  let time = 0n;
  let delta = 0n;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      time = reader.varint();
      value.first(reader);
    } else {
      if (i === 1) delta = reader.uvarint();
      else {
        const size = [0, 14, 17, 20, 64][reader.ones(4)] ?? 0;
        if (size > 0) delta += reader.signed(size);
      }
      time += delta;
      value.next(reader);
    }
    samples.push({ unixMs: Number(time), bits: value.value });
  }
  return samples;
}

function varbit(reader: BitReader, isSigned: boolean): bigint {
  const size = [0, 3, 6, 9, 12, 18, 25, 56, 64][reader.ones(8)] ?? 0;
  if (size === 0) return 0n;
  return isSigned ? reader.signed(size) : reader.bits(size);
}

export interface DecodedHistogram {
  readonly unixMs: number;
  readonly histogram: NativeHistogram;
}

const double = new DataView(new ArrayBuffer(8));

export function numberOf(bits: bigint): number {
  double.setBigUint64(0, bits);
  return double.getFloat64(0);
}

export function bitsOf(value: number): bigint {
  double.setFloat64(0, value);
  return double.getBigUint64(0);
}

const HINTS = ['unknown', 'not_reset', 'reset', 'gauge'] as const;

export function decodeFloatHistogramChunk(bytes: Uint8Array): DecodedHistogram[] {
  const reader = new BitReader(bytes, 3);
  const count = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const header = HINTS[(bytes[2] ?? 0) >> 6] ?? 'unknown';
  const thresholdByte = Number(reader.bits(8));
  const zeroThreshold =
    thresholdByte === 0
      ? 0
      : thresholdByte === 255
        ? numberOf(reader.bits(64))
        : 2 ** (thresholdByte - 244);
  const schema = Number(varbit(reader, true));
  const spans = () =>
    Array.from({ length: Number(varbit(reader, false)) }, () => {
      const length = Number(varbit(reader, false));
      return { offset: Number(varbit(reader, true)), length };
    });
  const positiveSpans = spans();
  const negativeSpans = spans();
  const customValues =
    schema === -53
      ? Array.from({ length: Number(varbit(reader, false)) }, () => {
          const bound = varbit(reader, false);
          return bound === 0n ? numberOf(reader.bits(64)) : Number(bound - 1n) / 1_000;
        })
      : undefined;
  const buckets = (all: typeof positiveSpans) => all.reduce((sum, { length }) => sum + length, 0);
  const positiveCount = buckets(positiveSpans);
  const fields = Array.from(
    { length: 3 + positiveCount + buckets(negativeSpans) },
    () => new XorReader(),
  );
  let time = 0n;
  let delta = 0n;
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) time = varbit(reader, true);
    else {
      delta += varbit(reader, true);
      time += delta;
    }
    for (const field of fields) {
      if (i === 0) field.first(reader);
      else field.next(reader);
    }
    const [total = 0, zeroCount = 0, sum = 0, ...rest] = fields.map(({ value }) => numberOf(value));
    return {
      unixMs: Number(time),
      histogram: {
        schema,
        count: total,
        sum,
        zeroThreshold,
        zeroCount,
        positiveSpans,
        positiveBuckets: rest.slice(0, positiveCount),
        negativeSpans,
        negativeBuckets: rest.slice(positiveCount),
        ...(customValues === undefined ? {} : { customValues }),
        counterResetHint: header === 'gauge' || i === 0 ? header : 'not_reset',
      },
    };
  });
}
