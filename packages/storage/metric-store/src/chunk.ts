import { ByteReader, type ByteWriter } from './bytes.ts';
import { type Columns } from './columns.ts';
import { decodeHistogram, encodeHistogram } from './histogram-codec.ts';
import { decodeGrid, encodeGrid } from './timestamp-grid.ts';

// One series' samples in few bytes; the layout is described in docs/formats/metric-block.md.
// Values that are whole numbers of 10^-k are stored as deltas of those numbers: in JavaScript that
// is several times faster to read than Gorilla's XOR by bits, and half as large.

const KIND_CONSTANT = 0;
const KIND_DECIMAL = 1;
const KIND_XOR = 2;
const FLAG_STEADY = 4;
const FLAG_HISTOGRAMS = 8;
const FLAG_GRID = 16;
const FLAG_TAIL = 32;

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const;
const MAX_PLACES = 6;
/** Deltas of numbers up to this stay exact, also doubled by zigzag. */
const MAX_MANTISSA = 2 ** 51;
const SIGN = 0x80000000;

/**
 * Writes the samples from `start` up to, not including, `end`; at least one.
 * @param tail that of the group, for what does not compress; without it all is in the chunk
 */
export function encodeChunk(
  writer: ByteWriter,
  columns: Columns,
  start: number,
  end: number,
  tail?: ByteWriter,
): void {
  const count = end - start;
  writer.varint(count);
  const flagsAt = writer.length;
  writer.byte(0);
  let flags = encodeTimestamps(writer, columns.timestamps, { start, end, tail });
  if (isConstant(columns.words, start, end)) {
    flags |= KIND_CONSTANT;
    writer.words(columns.words[start * 2] ?? 0, columns.words[start * 2 + 1] ?? 0);
  } else {
    const places = decimalPlaces(columns, start, end);
    if (places >= 0) {
      flags |= KIND_DECIMAL;
      encodeDecimal(writer, columns, { start, end, places });
    } else {
      flags |= KIND_XOR;
      encodeXor(writer, columns.words, start, end);
    }
  }
  if (encodeHistograms(writer, columns, start, end)) flags |= FLAG_HISTOGRAMS;
  writer.bytes[flagsAt] = flags;
}

/** Whether the values have neither few decimals nor much else that encoding makes short. */
export function isRandom(columns: Columns, start: number, end: number): boolean {
  return !isConstant(columns.words, start, end) && decimalPlaces(columns, start, end) < 0;
}

/** Times that are wanted, both included. */
interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Writes a chunk's samples into the columns from a position on; returns how many they are.
 * @param bytes all of a group when the chunk is in one: its tail is found from its end
 * @param wanted where given, samples outside of it may be left out
 */
export function decodeChunk(
  bytes: Uint8Array,
  offset: number,
  into: Columns,
  at: number,
  wanted?: TimeRange,
): number {
  const reader = new ByteReader(bytes, offset);
  const count = reader.varint();
  const flags = reader.byte();
  const canSkip =
    (flags & (FLAG_STEADY | FLAG_HISTOGRAMS)) === FLAG_STEADY && (flags & 3) !== KIND_XOR;
  if (canSkip && wanted !== undefined && count > 1) {
    return decodePart(reader, { count, flags }, { into, at }, wanted);
  }
  into.forgetTimes();
  decodeTimestamps(reader, into.timestamps.subarray(at, at + count), flags);
  const words = into.words.subarray(at * 2, (at + count) * 2);
  switch (flags & 3) {
    case KIND_CONSTANT:
      fillWords(words, reader.uint32(), reader.uint32());
      break;
    case KIND_DECIMAL:
      decodeDecimal(reader, into.values.subarray(at, at + count), words, 0, 0);
      break;
    default:
      decodeXor(reader, words);
  }
  if ((flags & FLAG_HISTOGRAMS) !== 0) {
    into.histograms ??= [];
    let index = at;
    for (let left = reader.varint(); left > 0; left--) {
      index += reader.varint();
      into.histograms[index] = decodeHistogram(reader);
    }
  }
  return count;
}

/** Of times with a steady step the places of the wanted ones are known beforehand. */
function decodePart(
  reader: ByteReader,
  { count, flags }: { readonly count: number; readonly flags: number },
  { into, at }: { readonly into: Columns; readonly at: number },
  { from, to }: TimeRange,
): number {
  const first = reader.zigzag();
  const step = reader.varint();
  const start = Math.min(count, Math.max(0, Math.ceil((from - first) / step)));
  const end = Math.max(start, Math.min(count, Math.floor((to - first) / step) + 1));
  const size = end - start;
  into.putSteady(at, { first: first + start * step, step, count: size });
  const words = into.words.subarray(at * 2, (at + size) * 2);
  if ((flags & 3) === KIND_CONSTANT) {
    fillWords(words, reader.uint32(), reader.uint32());
  } else {
    decodeDecimal(reader, into.values.subarray(at, at + size), words, start, count - end);
  }
  return size;
}

function fillWords(words: Uint32Array, low: number, high: number): void {
  for (let i = 0; i < words.length; i += 2) {
    words[i] = low;
    words[i + 1] = high;
  }
}

interface TimesPart {
  readonly start: number;
  readonly end: number;
  readonly tail: ByteWriter | undefined;
}

function encodeTimestamps(
  writer: ByteWriter,
  timestamps: Float64Array,
  { start, end, tail }: TimesPart,
): number {
  const first = timestamps[start] ?? 0;
  writer.zigzag(first);
  if (end - start === 1) return FLAG_STEADY;
  let before = timestamps[start + 1] ?? 0;
  const step = before - first;
  let steady = true;
  for (let i = start + 2; steady && i < end; i++) {
    steady = (timestamps[i] ?? 0) - (timestamps[i - 1] ?? 0) === step;
  }
  if (!steady && encodeGrid({ writer, tail }, timestamps, start, end)) {
    return tail === undefined ? FLAG_GRID : FLAG_GRID | FLAG_TAIL;
  }
  writer.varint(step);
  if (steady) return FLAG_STEADY;
  let delta = step;
  for (let i = start + 2; i < end; i++) {
    const unixMs = timestamps[i] ?? 0;
    writer.zigzag(unixMs - before - delta);
    delta = unixMs - before;
    before = unixMs;
  }
  return 0;
}

function decodeTimestamps(reader: ByteReader, target: Float64Array, flags: number): void {
  let unixMs = reader.zigzag();
  target[0] = unixMs;
  if (target.length === 1) return;
  if ((flags & FLAG_GRID) !== 0) {
    decodeGrid(reader, target, (flags & FLAG_TAIL) !== 0);
    return;
  }
  const steady = (flags & FLAG_STEADY) !== 0;
  let delta = reader.varint();
  unixMs += delta;
  target[1] = unixMs;
  for (let i = 2; i < target.length; i++) {
    if (!steady) delta += reader.zigzag();
    unixMs += delta;
    target[i] = unixMs;
  }
}

function isConstant(words: Uint32Array, start: number, end: number): boolean {
  const low = words[start * 2];
  const high = words[start * 2 + 1];
  for (let i = start * 2 + 2; i < end * 2; i += 2) {
    if (words[i] !== low || words[i + 1] !== high) return false;
  }
  return true;
}

/** v * 10^places as a whole number, or NaN when that does not give v back exactly. */
function mantissaOf(value: number, high: number, power: number): number {
  const mantissa = Math.round(value * power);
  const exact = mantissa / power === value && Math.abs(mantissa) <= MAX_MANTISSA;
  // Of -0 the sign would be lost.
  return exact && (mantissa !== 0 || high < SIGN) ? mantissa : Number.NaN;
}

/** The fewest decimal places that suit nearly all values; -1 when too many have more than six. */
function decimalPlaces({ values, words }: Columns, start: number, end: number): number {
  let places = 0;
  let exceptionsLeft = (end - start) >> 3;
  for (let i = start; i < end; i++) {
    const value = values[i] ?? 0;
    const high = words[i * 2 + 1] ?? 0;
    let wanted = places;
    while (
      wanted <= MAX_PLACES &&
      !(mantissaOf(value, high, POWERS[wanted] ?? 1) <= MAX_MANTISSA)
    ) {
      wanted++;
    }
    if (wanted <= MAX_PLACES) places = wanted;
    else if (exceptionsLeft-- === 0) return -1;
  }
  return places;
}

function encodeDecimal(
  writer: ByteWriter,
  { values, words }: Columns,
  { start, end, places }: { readonly start: number; readonly end: number; readonly places: number },
): void {
  const power = POWERS[places] ?? 1;
  const exceptions: number[] = [];
  writer.byte(places);
  let before = 0;
  for (let i = start; i < end; i++) {
    const mantissa = mantissaOf(values[i] ?? 0, words[i * 2 + 1] ?? 0, power);
    if (mantissa === mantissa) {
      writer.zigzag(mantissa - before);
      before = mantissa;
    } else {
      // An infinity, a stale marker or the like: repeats the value before, and is listed below.
      writer.zigzag(0);
      exceptions.push(i);
    }
  }
  writer.varint(exceptions.length);
  let last = start;
  for (const i of exceptions) {
    writer.varint(i - last);
    writer.words(words[i * 2] ?? 0, words[i * 2 + 1] ?? 0);
    last = i;
  }
}

/**
 * Fills values with those behind the first `before` of the chunk.
 * @param behind how many more there are
 */
function decodeDecimal(
  reader: ByteReader,
  values: Float64Array,
  words: Uint32Array,
  before: number,
  behind: number,
): void {
  const power = POWERS[reader.byte()] ?? 1;
  let mantissa = sumOf(reader, before);
  const { bytes } = reader;
  let { position } = reader;
  for (let i = 0; i < values.length; i++) {
    const first = bytes[position] ?? 0;
    const second = bytes[position + 1] ?? 0;
    if ((first & second & 0x80) === 0) {
      // One byte or two, which no processor can foresee: computed without a branch.
      const hasSecond = first >>> 7;
      const zigzag = (first & 0x7f) | ((second & -hasSecond) << 7);
      mantissa += (zigzag >>> 1) ^ -(zigzag & 1);
      position += 1 + hasSecond;
    } else {
      reader.position = position;
      mantissa += reader.zigzag();
      ({ position } = reader);
    }
    values[i] = mantissa;
  }
  if (power !== 1) for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) / power;
  reader.position = position;
  skipVarints(reader, behind);
  let index = -before;
  for (let left = reader.varint(); left > 0; left--) {
    index += reader.varint();
    const [low, high] = [reader.uint32(), reader.uint32()];
    if (index < 0 || index >= values.length) continue;
    words[index * 2] = low;
    words[index * 2 + 1] = high;
  }
}

/** The sum of the next zigzags. */
function sumOf(reader: ByteReader, count: number): number {
  const { bytes } = reader;
  let { position } = reader;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const first = bytes[position] ?? 0;
    const second = bytes[position + 1] ?? 0;
    if ((first & second & 0x80) === 0) {
      const hasSecond = first >>> 7;
      const zigzag = (first & 0x7f) | ((second & -hasSecond) << 7);
      sum += (zigzag >>> 1) ^ -(zigzag & 1);
      position += 1 + hasSecond;
    } else {
      reader.position = position;
      sum += reader.zigzag();
      ({ position } = reader);
    }
  }
  reader.position = position;
  return sum;
}

function skipVarints(reader: ByteReader, count: number): void {
  const { bytes } = reader;
  let { position } = reader;
  for (let left = count; left > 0; position++) left -= 1 - ((bytes[position] ?? 0) >>> 7);
  reader.position = position;
}

/** Each value XOR the one before: a byte that counts zero bytes at both ends, then those between. */
function encodeXor(writer: ByteWriter, words: Uint32Array, start: number, end: number): void {
  let beforeLow = 0;
  let beforeHigh = 0;
  for (let i = start; i < end; i++) {
    const low = words[i * 2] ?? 0;
    const high = words[i * 2 + 1] ?? 0;
    const xorLow = low ^ beforeLow;
    const xorHigh = high ^ beforeHigh;
    beforeLow = low;
    beforeHigh = high;
    if (xorLow === 0 && xorHigh === 0) {
      writer.byte(0x80);
      continue;
    }
    const leading = xorHigh === 0 ? 4 + (Math.clz32(xorLow) >> 3) : Math.clz32(xorHigh) >> 3;
    const trailing = xorLow === 0 ? 4 + trailingZeroBytes(xorHigh) : trailingZeroBytes(xorLow);
    writer.byte((leading << 4) | trailing);
    for (let place = 7 - leading; place >= trailing; place--) {
      writer.byte((place >= 4 ? xorHigh >>> ((place - 4) * 8) : xorLow >>> (place * 8)) & 255);
    }
  }
}

function decodeXor(reader: ByteReader, words: Uint32Array): void {
  const { bytes } = reader;
  let { position } = reader;
  let low = 0;
  let high = 0;
  for (let i = 0; i < words.length; i += 2) {
    const control = bytes[position++] ?? 0;
    const trailing = control & 15;
    for (let place = 7 - (control >> 4); place >= trailing; place--) {
      const byte = bytes[position++] ?? 0;
      if (place >= 4) high ^= byte << ((place - 4) * 8);
      else low ^= byte << (place * 8);
    }
    words[i] = low;
    words[i + 1] = high;
  }
  reader.position = position;
}

function trailingZeroBytes(word: number): number {
  return (31 - Math.clz32(word & -word)) >> 3;
}

function encodeHistograms(
  writer: ByteWriter,
  { histograms }: Columns,
  start: number,
  end: number,
): boolean {
  if (histograms === undefined) return false;
  const present: number[] = [];
  for (let i = start; i < end; i++) if (histograms[i] !== undefined) present.push(i);
  if (present.length === 0) return false;
  writer.varint(present.length);
  let last = start;
  for (const i of present) {
    const histogram = histograms[i];
    if (histogram === undefined) continue;
    writer.varint(i - last);
    encodeHistogram(writer, histogram);
    last = i;
  }
  return true;
}
