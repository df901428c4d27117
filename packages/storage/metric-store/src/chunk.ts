import { ByteReader, type ByteWriter } from './bytes.ts';
import { type Columns, firstAtOrAfter } from './columns.ts';
import {
  decimalPlaces,
  decodeDecimal,
  decodeMarked,
  encodeDecimal,
  encodeMarked,
  MARK_EVERY,
} from './decimal.ts';
import { decodeHistogram, encodeHistogram } from './histogram-codec.ts';
import { decodeGrid, encodeGrid } from './timestamp-grid.ts';

// One series' samples in few bytes; the layout is described in docs/formats/metric-block.md.
// Values that are whole numbers of 10^-k are stored as deltas of those numbers: in JavaScript that
// is several times faster to read than Gorilla's XOR by bits, and half as large.

const KIND_CONSTANT = 0;
const KIND_DECIMAL = 1;
const KIND_XOR = 2;
const KIND_MARKED = 3;
const FLAG_STEADY = 4;
const FLAG_HISTOGRAMS = 8;
const FLAG_GRID = 16;
const FLAG_TAIL = 32;

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
      const isLong = count > MARK_EVERY;
      flags |= isLong ? KIND_MARKED : KIND_DECIMAL;
      (isLong ? encodeMarked : encodeDecimal)(writer, columns, { start, end, places });
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
  const kind = flags & 3;
  const canSkip = (flags & FLAG_HISTOGRAMS) === 0 && kind !== KIND_XOR && count > 1;
  if (canSkip && wanted !== undefined) {
    const part = { into, at, count, ...wanted };
    const places =
      (flags & FLAG_STEADY) === 0 ? timesWanted(reader, flags, part) : steadyWanted(reader, part);
    decodeValues(reader, kind, part, places);
    return places.end - places.start;
  }
  into.forgetTimes();
  decodeTimestamps(reader, into.timestamps.subarray(at, at + count), flags);
  decodeValues(reader, kind, { into, at, count }, { start: 0, end: count });
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

/** Where a chunk of `count` samples is decoded to, and the times that are wanted of it. */
interface Part extends Target, TimeRange {}

interface Target {
  readonly into: Columns;
  readonly at: number;
  readonly count: number;
}

/** Positions in a chunk, the last one not included. */
interface Places {
  readonly start: number;
  readonly end: number;
}

/** Of times with a steady step the places of the wanted ones are known beforehand. */
function steadyWanted(reader: ByteReader, { into, at, count, from, to }: Part): Places {
  const first = reader.zigzag();
  const step = reader.varint();
  const start = Math.min(count, Math.max(0, Math.ceil((from - first) / step)));
  const end = Math.max(start, Math.min(count, Math.floor((to - first) / step) + 1));
  into.putSteady(at, { first: first + start * step, step, count: end - start });
  return { start, end };
}

function timesWanted(
  reader: ByteReader,
  flags: number,
  { into, at, count, from, to }: Part,
): Places {
  into.forgetTimes();
  const timestamps = into.timestamps.subarray(at, at + count);
  decodeTimestamps(reader, timestamps, flags);
  const start = firstAtOrAfter(timestamps, count, from);
  const end = Math.max(start, firstAtOrAfter(timestamps, count, Math.floor(to) + 1));
  timestamps.copyWithin(0, start, end);
  return { start, end };
}

/** Of a chunk whose times were read. */
function decodeValues(
  reader: ByteReader,
  kind: number,
  { into, at, count }: Target,
  { start, end }: Places,
): void {
  const to = at + end - start;
  switch (kind) {
    case KIND_CONSTANT:
      fillWords(into.words, at, to, reader);
      break;
    case KIND_DECIMAL:
      decodeDecimal(reader, { into, at, end: to, before: start, behind: count - end });
      break;
    case KIND_MARKED:
      decodeMarked(reader, { into, at, end: to, before: start, behind: count - end });
      break;
    default:
      decodeXor(reader, into.words.subarray(at * 2, to * 2));
  }
}

function fillWords(words: Uint32Array, at: number, end: number, reader: ByteReader): void {
  const low = reader.uint32();
  const high = reader.uint32();
  for (let i = at * 2; i < end * 2; i += 2) {
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
