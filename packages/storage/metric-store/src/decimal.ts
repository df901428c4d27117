import { type ByteReader, ByteWriter } from './bytes.ts';
import { type Columns } from './columns.ts';

// Values that are whole numbers of 10^-k, as zigzags of the differences of those numbers. Long runs
// have marks: what the numbers before each add up to, and how many bytes they take, so that a part
// can be read without those before it. The layout is in docs/formats/metric-block.md.

/** Numbers between two marks. */
export const MARK_EVERY = 256;
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const;
const MAX_PLACES = 6;
/** Deltas of numbers up to this stay exact, also doubled by zigzag. */
const MAX_MANTISSA = 2 ** 51;
const SIGN = 0x80000000;

interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Decimal places. */
  readonly places: number;
}

/** Where the values are wanted, and which of the chunk. */
interface Wanted {
  readonly into: Pick<Columns, 'values' | 'words'>;
  /** Positions there, the last one not included. */
  readonly at: number;
  readonly end: number;
  /** How many of the chunk stand before those. */
  readonly before: number;
  /** And behind them. */
  readonly behind: number;
}

/** v * 10^places as a whole number, or NaN when that does not give v back exactly. */
function mantissaOf(value: number, high: number, power: number): number {
  const mantissa = Math.round(value * power);
  const exact = mantissa / power === value && Math.abs(mantissa) <= MAX_MANTISSA;
  // Of -0 the sign would be lost.
  return exact && (mantissa !== 0 || high < SIGN) ? mantissa : Number.NaN;
}

/** The fewest decimal places that suit nearly all values; -1 when too many have more than six. */
export function decimalPlaces({ values, words }: Columns, start: number, end: number): number {
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

/** Infinities, stale markers and the like are listed behind the numbers. */
export function encodeDecimal(writer: ByteWriter, columns: Columns, stretch: Stretch): void {
  writer.byte(stretch.places);
  const exceptions = new Exceptions(columns, stretch.start);
  encodeNumbers(writer, columns, stretch, exceptions);
  exceptions.writeTo(writer);
}

/** As `encodeDecimal`, with the exceptions and marks in front of the numbers. */
export function encodeMarked(writer: ByteWriter, columns: Columns, stretch: Stretch): void {
  writer.byte(stretch.places);
  const exceptions = new Exceptions(columns, stretch.start);
  const marks: number[] = [];
  numbers.clear();
  encodeNumbers(numbers, columns, stretch, exceptions, marks);
  exceptions.writeTo(writer);
  let [lengthBefore, sumBefore] = [0, 0];
  for (let i = 0; i < marks.length; i += 2) {
    const [length = 0, sum = 0] = [marks[i], marks[i + 1]];
    writer.varint(length - lengthBefore);
    writer.zigzag(sum - sumBefore);
    [lengthBefore, sumBefore] = [length, sum];
  }
  writer.raw(numbers.view());
}

const numbers = new ByteWriter();

/** @param marks takes the length of what was written and the sum of it, every so many numbers */
function encodeNumbers(
  writer: ByteWriter,
  { values, words }: Columns,
  { start, end, places }: Stretch,
  exceptions: Exceptions,
  marks?: number[],
): void {
  const power = POWERS[places] ?? 1;
  let before = 0;
  for (let i = start; i < end; i++) {
    if (marks !== undefined && i > start && (i - start) % MARK_EVERY === 0) {
      marks.push(writer.length, before);
    }
    const mantissa = mantissaOf(values[i] ?? 0, words[i * 2 + 1] ?? 0, power);
    if (mantissa === mantissa) {
      writer.zigzag(mantissa - before);
      before = mantissa;
    } else {
      // Repeats the value before, and is listed by itself.
      writer.zigzag(0);
      exceptions.add(i);
    }
  }
}

/** Values that are no decimals, with their places. */
class Exceptions {
  readonly #words: Uint32Array;
  readonly #start: number;
  readonly #places: number[] = [];

  constructor({ words }: Columns, start: number) {
    this.#words = words;
    this.#start = start;
  }

  add(place: number): void {
    this.#places.push(place);
  }

  writeTo(writer: ByteWriter): void {
    writer.varint(this.#places.length);
    let last = this.#start;
    for (const place of this.#places) {
      writer.varint(place - last);
      writer.words(this.#words[place * 2] ?? 0, this.#words[place * 2 + 1] ?? 0);
      last = place;
    }
  }
}

export function decodeDecimal(reader: ByteReader, wanted: Wanted): void {
  const { into, at, end, before, behind } = wanted;
  const power = POWERS[reader.byte()] ?? 1;
  addUp(reader, into.values, at, end, sumOf(reader, before));
  divide(into.values, at, end, power);
  skipVarints(reader, behind);
  for (let left = reader.varint(), place = -before; left > 0; left--) {
    place += reader.varint();
    putWords(wanted, place, reader.uint32(), reader.uint32());
  }
}

/** The reader stands behind the last number filled then. */
export function decodeMarked(reader: ByteReader, wanted: Wanted): void {
  const { into, at, end, before, behind } = wanted;
  const power = POWERS[reader.byte()] ?? 1;
  const exceptions: number[] = [];
  for (let left = reader.varint(), place = -before; left > 0; left--) {
    place += reader.varint();
    exceptions.push(place, reader.uint32(), reader.uint32());
  }
  const markCount = Math.floor((before + end - at + behind - 1) / MARK_EVERY);
  const passed = Math.min(markCount, Math.floor(before / MARK_EVERY));
  let [sum, length, whole] = [0, 0, 0];
  for (let mark = 0; mark < markCount; mark++) {
    whole += reader.varint();
    const rise = reader.zigzag();
    if (mark >= passed) continue;
    length = whole;
    sum += rise;
  }
  reader.position += length;
  sum += sumOf(reader, before - passed * MARK_EVERY);
  addUp(reader, into.values, at, end, sum);
  divide(into.values, at, end, power);
  for (let i = 0; i < exceptions.length; i += 3) {
    putWords(wanted, exceptions[i] ?? 0, exceptions[i + 1] ?? 0, exceptions[i + 2] ?? 0);
  }
}

/**
 * Adds up the next zigzags, from a sum on, into an array. It goes over every sample that is read, and
 * makes no number on the heap: all is in one function, and the sum is a double from the beginning.
 */
function addUp(
  reader: ByteReader,
  sums: Float64Array,
  at: number,
  end: number,
  from: number,
): void {
  const { bytes } = reader;
  let { position } = reader;
  let sum = from + 0;
  for (let i = at; i < end; i++) {
    const first = bytes[position] ?? 0;
    const second = bytes[position + 1] ?? 0;
    let delta: number;
    if ((first & second & 0x80) === 0) {
      // One byte or two, which no processor can foresee: computed without a branch.
      const hasSecond = first >>> 7;
      const zigzag = (first & 0x7f) | ((second & -hasSecond) << 7);
      delta = (zigzag >>> 1) ^ -(zigzag & 1);
      position += 1 + hasSecond;
    } else {
      const third = bytes[position + 2] ?? 0;
      const three = (first & 0x7f) | ((second & 0x7f) << 7) | ((third & 0x7f) << 14);
      if (third < 0x80) {
        delta = (three >>> 1) ^ -(three & 1);
        position += 3;
      } else {
        const fourth = bytes[position + 3] ?? 0;
        const four = three | ((fourth & 0x7f) << 21);
        position += 4;
        if (fourth < 0x80) delta = (four >>> 1) ^ -(four & 1);
        else {
          let high = 0;
          let scale = 1;
          let byte = 0x80;
          while (byte >= 0x80) {
            byte = bytes[position++] ?? 0;
            high += (byte & 0x7f) * scale;
            scale *= 128;
          }
          const half = high * 2 ** 27 + (four >>> 1);
          delta = (four & 1) === 0 ? half : -half - 1;
        }
      }
    }
    sum += delta;
    sums[i] = sum;
  }
  reader.position = position;
}

/** The sum of the next zigzags. */
function sumOf(reader: ByteReader, count: number): number {
  if (count === 0) return 0;
  if (count > passedSums.length) passedSums = new Float64Array(count);
  addUp(reader, passedSums, 0, count, 0);
  return passedSums[count - 1] ?? 0;
}

/** What is added up and not wanted. */
let passedSums = new Float64Array(MARK_EVERY);

function divide(values: Float64Array, at: number, end: number, power: number): void {
  if (power === 1) return;
  for (let i = at; i < end; i++) values[i] = (values[i] ?? 0) / power;
}

/** @param place counted from the first that is wanted */
function putWords(
  { into: { words }, at, end }: Wanted,
  place: number,
  low: number,
  high: number,
): void {
  if (place < 0 || place >= end - at) return;
  words[(at + place) * 2] = low;
  words[(at + place) * 2 + 1] = high;
}

function skipVarints(reader: ByteReader, count: number): void {
  const { bytes } = reader;
  let { position } = reader;
  for (let left = count; left > 0; position++) left -= 1 - ((bytes[position] ?? 0) >>> 7);
  reader.position = position;
}
