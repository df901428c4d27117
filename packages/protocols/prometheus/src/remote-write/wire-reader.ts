import { malformed, type RemoteWriteError } from './errors.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const GROUP_START = 3;
const GROUP_END = 4;
const FIXED32 = 5;

const TWO_32 = 2 ** 32;
/** Deeper groups are refused. No message here has any, but unknown fields may. */
const MAX_GROUP_DEPTH = 64;

const words = new Int32Array(2);
const double = new Float64Array(words.buffer);

/**
 * Walks over the fields of protobuf messages in place. A nested message is read by setting `end`:
 *
 *     const outer = reader.enter();
 *     while (reader.more()) { const tag = reader.tag(); ... }
 *     reader.leave(outer);
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class WireReader {
  readonly bytes: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  position: number;
  /** Of the message being read. */
  end: number;
  /** The halves of what `varint` or `fixed64` read last. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
    this.end = end;
  }

  more(): boolean {
    return this.position < this.end;
  }

  /** The number and wire type of the next field, as `number << 3 | type`. */
  tag(): number {
    const byte = this.bytes[this.position] ?? 0;
    if (byte >= 8 && byte < 128 && this.position < this.end) {
      this.position++;
      return byte;
    }
    const start = this.position;
    this.varint();
    if (this.high !== 0 || this.low >>> 3 === 0) throw this.problem('a field has no number', start);
    return this.low >>> 0;
  }

  /** Reads up to ten bytes into `low` and `high`. */
  varint(): void {
    const { bytes, end } = this;
    const start = this.position;
    let position = start;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw this.problem('a number runs past the end of its message', start);
      const byte = bytes[position++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) {
        this.position = position;
        this.low = low;
        this.high = high;
        return;
      }
    }
    throw this.problem('a number has more than ten bytes', start);
  }

  /** As protobuf reads a uint32: the bits above are dropped. */
  uint32(): number {
    const byte = this.bytes[this.position] ?? 128;
    if (byte < 128 && this.position < this.end) {
      this.position++;
      return byte;
    }
    this.varint();
    return this.low >>> 0;
  }

  sint32(): number {
    this.varint();
    return (this.low >>> 1) ^ -(this.low & 1);
  }

  int64(): number {
    this.varint();
    return this.high * TWO_32 + (this.low >>> 0);
  }

  uint64(): number {
    this.varint();
    return (this.high >>> 0) * TWO_32 + (this.low >>> 0);
  }

  sint64(): number {
    this.varint();
    const sign = -(this.low & 1);
    const low = ((this.low >>> 1) | (this.high << 31)) ^ sign;
    const high = (this.high >>> 1) ^ sign;
    return high * TWO_32 + (low >>> 0);
  }

  /** Reads eight bytes into `low` and `high`. */
  fixed64(): void {
    const { view, position } = this;
    if (position + 8 > this.end) throw this.problem('a double runs past the end of its message');
    this.low = view.getInt32(position, true);
    this.high = view.getInt32(position + 4, true);
    this.position = position + 8;
  }

  /** A NaN may lose its bits. */
  double(): number {
    this.fixed64();
    words[0] = this.low;
    words[1] = this.high;
    return double[0] ?? 0;
  }

  /** The end of the payload whose length comes next; `position` is then at its start. */
  payload(): number {
    const start = this.position;
    const length = this.#length();
    const end = this.position + length;
    if (end > this.end) {
      const left = this.end - this.position;
      throw this.problem(
        `a length of ${length} runs past the end of its message, which has ${left} bytes left`,
        start,
      );
    }
    return end;
  }

  /** Goes into the message whose length comes next. @returns what `leave` wants */
  enter(): number {
    const outer = this.end;
    this.end = this.payload();
    return outer;
  }

  leave(outer: number): void {
    this.position = this.end;
    this.end = outer;
  }

  /**
   * Passes over the value of an unknown field.
   * @param known the numbers below 32 the message defines, as bits: those have the wrong wire type
   */
  skip(tag: number, known: number): void {
    const field = tag >>> 3;
    if (field < 32 && ((known >>> field) & 1) === 1) {
      throw this.problem(`field ${field} has the wire type ${tag & 7}`);
    }
    this.#skipValue(tag, 0);
  }

  problem(what: string, position: number = this.position): RemoteWriteError {
    return malformed(`byte ${position}: ${what}`);
  }

  #length(): number {
    const start = this.position;
    const first = this.bytes[start] ?? 128;
    if (first < 128 && start < this.end) {
      this.position = start + 1;
      return first;
    }
    const second = this.bytes[start + 1] ?? 128;
    if (second < 128 && start + 1 < this.end) {
      this.position = start + 2;
      return (first & 127) | (second << 7);
    }
    this.varint();
    return (this.high >>> 0) * TWO_32 + (this.low >>> 0);
  }

  #skipValue(tag: number, depth: number): void {
    switch (tag & 7) {
      case VARINT:
        this.varint();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case BYTES:
        this.position = this.payload();
        return;
      case FIXED32:
        this.#advance(4);
        return;
      case GROUP_START:
        this.#skipGroup(tag, depth + 1);
        return;
      default:
        throw this.problem(`field ${tag >>> 3} has the wire type ${tag & 7}, which does not exist`);
    }
  }

  #skipGroup(tag: number, depth: number): void {
    if (depth > MAX_GROUP_DEPTH) throw this.problem('groups are nested too deep');
    const groupEnd = (tag - GROUP_START + GROUP_END) >>> 0;
    for (;;) {
      const inner = this.tag();
      if (inner === groupEnd) return;
      this.#skipValue(inner, depth);
    }
  }

  #advance(count: number): void {
    if (this.position + count > this.end) {
      throw this.problem('a value runs past the end of its message');
    }
    this.position += count;
  }
}
