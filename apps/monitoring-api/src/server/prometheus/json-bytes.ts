import { formatTimestamp, formatValue } from './numbers.ts';

/** Text is given away in pieces of about this size, each made within a fraction of a millisecond. */
const PIECE_BYTES = 65_536;
/** Most answers are shorter. */
const FIRST_BYTES = 16_384;
const NOTHING = Buffer.alloc(0);
/** Points that are written in one go; a point has up to some 60 bytes. */
const RUN = 256;
const MAX_POINT_BYTES = 64;

const COMMA = 0x2c;
const DOT = 0x2e;
const QUOTE = 0x22;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const ZERO = 0x30;

/** The values of a run, as the engine writes them best, and as JSON, before they are put among the times. */
const wholeRun = numbers(RUN);
/** Of another length; series of one answer mostly have the same. */
let partOfRun = numbers(1);
const scratch = Buffer.allocUnsafe(RUN * 32);
/** `00` to `99`. */
const PAIRS = Buffer.from(
  Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')).join(''),
);

/**
 * JSON as bytes while it is put together. A large answer is mostly numbers, and a string of each would be
 * more work for the garbage collector than all the rest.
 */
export class JsonBytes {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  get isFull(): boolean {
    return this.#length >= PIECE_BYTES;
  }

  text(text: string): void {
    // UTF-8 has at most three bytes for each unit of a string.
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  /**
   * Points from `start` on, each `[seconds,"value"]`, with commas between them.
   * @returns up to where they were written: not further than `end`, nor much beyond a piece
   */
  points(timestamps: Float64Array, values: Float64Array, start: number, end: number): number {
    const to = Math.min(end, start + RUN);
    this.#reserve((to - start) * MAX_POINT_BYTES);
    if (arePlain(values, start, to)) this.#plainPoints(timestamps, values, start, to);
    else {
      for (let i = start; i < to; i++) {
        this.#point(timestamps[i] ?? 0, values[i] ?? Number.NaN, i > start);
      }
    }
    return to;
  }

  /** What was written since the last time. */
  take(): Uint8Array {
    const piece = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return piece;
  }

  #point(unixMs: number, value: number, isNext: boolean): void {
    this.text(`${isNext ? ',' : ''}[${formatTimestamp(unixMs)},"${formatValue(value)}"]`);
  }

  /** The engine writes an array of numbers several times quicker than each of them as a string. */
  #plainPoints(timestamps: Float64Array, values: Float64Array, start: number, end: number): void {
    const count = end - start;
    if (count !== RUN && count !== partOfRun.length) partOfRun = numbers(count);
    const run = count === RUN ? wholeRun : partOfRun;
    for (let i = 0; i < count; i++) run[i] = values[start + i] ?? 0;
    scratch.write(JSON.stringify(run), 0, 'latin1');
    const bytes = this.#bytes;
    let at = this.#length;
    let from = 1;
    for (let i = start; i < end; i++) {
      if (i > start) bytes[at++] = COMMA;
      bytes[at++] = OPEN;
      at = writeTime(bytes, at, timestamps[i] ?? 0);
      bytes[at++] = COMMA;
      bytes[at++] = QUOTE;
      for (let byte = scratch[from++] ?? 0; byte !== COMMA && byte !== CLOSE;) {
        bytes[at++] = byte;
        byte = scratch[from++] ?? 0;
      }
      bytes[at++] = QUOTE;
      bytes[at++] = CLOSE;
    }
    this.#length = at;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const usual =
      this.#bytes === NOTHING ? PIECE_BYTES + RUN * MAX_POINT_BYTES : 2 * this.#bytes.length;
    const larger = Buffer.allocUnsafe(Math.max(usual, this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, () => 0.5);
}

/** Whether JSON has the values as the API does: no NaN, infinity or -0, and none with an exponent. */
function arePlain(values: Float64Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const value = values[i] ?? 0;
    const size = Math.abs(value);
    if (!((size >= 1e-6 && size < 1e21) || Object.is(value, 0))) return false;
  }
  return true;
}

/** As formatTimestamp has it; returns the place behind. */
function writeTime(bytes: Buffer, start: number, unixMs: number): number {
  if (!(unixMs >= 1e12 && unixMs < 2_147_483_648_000) || unixMs % 1 !== 0) {
    return start + bytes.write(formatTimestamp(unixMs), start, 'latin1');
  }
  const seconds = Math.floor(unixMs / 1_000) | 0;
  const rest = (unixMs - seconds * 1_000) | 0;
  // From 2001 to 2038 seconds have ten digits.
  const high = (seconds / 1_000_000) | 0;
  const low = seconds - high * 1_000_000;
  writePair(bytes, start, (high / 100) | 0);
  writePair(bytes, start + 2, high % 100);
  writePair(bytes, start + 4, (low / 10_000) | 0);
  writePair(bytes, start + 6, ((low / 100) | 0) % 100);
  writePair(bytes, start + 8, low % 100);
  if (rest === 0) return start + 10;
  bytes[start + 10] = DOT;
  writePair(bytes, start + 11, (rest / 10) | 0);
  bytes[start + 13] = ZERO + (rest % 10);
  return start + 14;
}

function writePair(bytes: Buffer, at: number, pair: number): void {
  bytes[at] = PAIRS[pair * 2] ?? 0;
  bytes[at + 1] = PAIRS[pair * 2 + 1] ?? 0;
}
