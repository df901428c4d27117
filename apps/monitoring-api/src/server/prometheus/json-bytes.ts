import { NumberRun, RUN } from './number-run.ts';
import { formatTimestamp, formatValue } from './numbers.ts';

/** Text is given away in pieces of about this size, each made within a fraction of a millisecond. */
const PIECE_BYTES = 65_536;
/** Most answers are shorter. */
const FIRST_BYTES = 16_384;
const NOTHING = Buffer.alloc(0);
/** A point has up to some 60 bytes. */
const MAX_POINT_BYTES = 64;

const COMMA = 0x2c;
const DOT = 0x2e;
const OPEN = 0x5b;
const COMMA_QUOTE = 0x2c22;
const QUOTE_CLOSE = 0x225d;
const ZERO = 0x30;

/** One for all answers, from the first one on: a run is made within a turn of the event loop. */
let numberRun: NumberRun | undefined;
/** `00` to `99`, two bytes each. */
const PAIRS = Uint16Array.from({ length: 100 }, (_, i) =>
  Buffer.from(String(i).padStart(2, '0')).readUInt16BE(),
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

  #plainPoints(timestamps: Float64Array, values: Float64Array, start: number, end: number): void {
    const run = (numberRun ??= new NumberRun());
    run.take(values, start, end);
    const { buffer, byteOffset, length } = this.#bytes;
    const target = new DataView(buffer, byteOffset, length);
    let at = this.#length;
    for (let i = start; i < end; i++) {
      if (i > start) target.setUint8(at++, COMMA);
      target.setUint8(at, OPEN);
      at = this.#time(target, at + 1, timestamps, i);
      target.setUint16(at, COMMA_QUOTE);
      at = run.write(target, at + 2);
      target.setUint16(at, QUOTE_CLOSE);
      at += 2;
    }
    this.#length = at;
  }

  /**
   * Writes one of the timestamps as formatTimestamp has it; returns the place behind. (To be given the
   * number itself would allocate.)
   */
  #time(target: DataView, at: number, timestamps: Float64Array, index: number): number {
    const unixMs = timestamps[index] ?? 0;
    if (!(unixMs >= 1e12 && unixMs < 2_147_483_648_000) || unixMs % 1 !== 0) {
      return at + this.#bytes.write(formatTimestamp(unixMs), at, 'latin1');
    }
    const seconds = Math.floor(unixMs / 1_000) | 0;
    const rest = (unixMs - seconds * 1_000) | 0;
    // From 2001 to 2038 seconds have ten digits.
    const high = (seconds / 1_000_000) | 0;
    const low = seconds - high * 1_000_000;
    target.setUint16(at, PAIRS[(high / 100) | 0] ?? 0);
    target.setUint16(at + 2, PAIRS[high % 100] ?? 0);
    target.setUint16(at + 4, PAIRS[(low / 10_000) | 0] ?? 0);
    target.setUint16(at + 6, PAIRS[((low / 100) | 0) % 100] ?? 0);
    target.setUint16(at + 8, PAIRS[low % 100] ?? 0);
    if (rest === 0) return at + 10;
    target.setUint8(at + 10, DOT);
    target.setUint16(at + 11, PAIRS[(rest / 10) | 0] ?? 0);
    target.setUint8(at + 13, ZERO + (rest % 10));
    return at + 14;
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

/** Whether JSON has the values as the API does: no NaN, infinity or -0, and none with an exponent. */
function arePlain(values: Float64Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const value = values[i] ?? 0;
    const size = Math.abs(value);
    if (!((size >= 1e-6 && size < 1e21) || Object.is(value, 0))) return false;
  }
  return true;
}
