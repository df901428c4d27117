import { Buffer } from 'node:buffer';

import { InvalidInputError, isSpanId, isTraceId } from '@dwcp/core';

import { cut } from './attribute-value.ts';
import { unixMsOf } from './unix-time.ts';

/** The item at hand is refused; what stands around it is well. */
export class RefusedItemError extends InvalidInputError {}

/** Messages that a request of any size may hold; a larger one, one for every eight bytes. */
const FREE_MESSAGES = 1_000_000;
const MIN_BYTES_PER_MESSAGE = 8;
const TWO_32 = 4_294_967_296;

/** Where a reader was, to go on behind an item that was refused. */
export interface WireMark {
  readonly end: number;
  readonly depth: number;
}

/**
 * Reads the protobuf wire format field by field, and knows the path of where it is, so that every
 * complaint names the field as the JSON encoding spells it. Reading never goes beyond the message
 * at hand, and objects are made for bytes that are there only.
 *
 * Malformed bytes throw InvalidInputError; `refuse` throws RefusedItemError.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class WireReader {
  readonly buffer: Buffer;
  readonly view: DataView;
  pos = 0;
  /** Where the message at hand ends. */
  end: number;
  #messagesLeft: number;
  #depth = 0;
  readonly #names: string[] = [];
  readonly #indexes: number[] = [];

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
    this.#messagesLeft = Math.max(FREE_MESSAGES, bytes.byteLength / MIN_BYTES_PER_MESSAGE);
  }

  /** The path of the message at hand, or of one of its fields. */
  path(field = ''): string {
    let path = '';
    for (let i = 0; i < this.#depth; i++) {
      const index = this.#indexes[i] ?? -1;
      path += `${path === '' ? '' : '.'}${this.#names[i]}${index < 0 ? '' : `[${index}]`}`;
    }
    return field === '' ? path : path === '' ? field : `${path}.${field}`;
  }

  /** The bytes are not what they should be: nothing of the request can be trusted. */
  fail(field: string, problem: string): never {
    const path = this.path(field);
    throw new InvalidInputError(
      path === '' ? 'body' : path,
      `${problem} (at byte ${this.pos}); send an OTLP request in protobuf`,
    );
  }

  /** The item at hand is wrong. */
  refuse(field: string, problem: string): never {
    throw new RefusedItemError(this.path(field), problem);
  }

  /** The key of the next field: its number times 8 plus its wire type. */
  key(): number {
    const { buffer } = this;
    const byte = buffer[this.pos] ?? 0;
    if (byte >= 8 && byte < 0x80) {
      this.pos++;
      return byte;
    }
    const key = this.uint32('');
    if (key < 8) this.fail('', 'holds a field of number 0');
    return key;
  }

  /** Goes into the message that follows. @returns where the message around it ends, for `leave` */
  enter(name: string, index = -1): number {
    this.#names[this.#depth] = name;
    this.#indexes[this.#depth] = index;
    this.#depth++;
    const length = this.length('');
    if (--this.#messagesLeft < 0) this.fail('', 'is one of too many messages for its size');
    const outer = this.end;
    this.end = this.pos + length;
    return outer;
  }

  leave(outer: number): void {
    this.end = outer;
    this.#depth--;
  }

  mark(): WireMark {
    return { end: this.end, depth: this.#depth };
  }

  /** Goes on behind the message that `enter` had gone into at the mark. */
  skipTo(mark: WireMark): void {
    this.end = mark.end;
    this.pos = mark.end;
    this.#depth = mark.depth;
  }

  /** Passes over a field that is not known, or not of the wire type it should have. */
  skip(key: number): void {
    switch (key & 7) {
      case 0:
        this.#varint('');
        return;
      case 1:
        this.#take(8, '');
        return;
      case 2: {
        const length = this.length('');
        this.pos += length;
        return;
      }
      case 5:
        this.#take(4, '');
        return;
      default:
        this.fail('', `holds field ${key >>> 3} of wire type ${key & 7}, which OTLP does not use`);
    }
  }

  /** The length that stands before bytes, text or a message. */
  length(name: string): number {
    const byte = this.pos < this.end ? (this.buffer[this.pos] ?? 0x80) : 0x80;
    const length = byte < 0x80 ? (this.pos++, byte) : this.uint32(name);
    if (length > this.end - this.pos) {
      this.fail(name, `says it has ${length} bytes where ${this.end - this.pos} are left`);
    }
    return length;
  }

  /** Passes over bytes of length 0. @returns false when there are some, or when there is no length */
  skipEmpty(): boolean {
    if (this.pos >= this.end || this.buffer[this.pos] !== 0) return false;
    this.pos++;
    return true;
  }

  text(name: string): string {
    const length = this.length(name);
    const start = this.pos;
    this.pos += length;
    return length === 0 ? '' : this.buffer.toString('utf8', start, this.pos);
  }

  base64(name: string): string {
    const length = this.length(name);
    this.pos += length;
    return this.buffer.toString('base64', this.pos - length, this.pos);
  }

  hex(name: string): string {
    const length = this.length(name);
    this.pos += length;
    return this.buffer.toString('hex', this.pos - length, this.pos);
  }

  traceId(name: string): string {
    const id = this.hex(name);
    return isTraceId(id)
      ? id
      : this.refuse(name, `must be 32 hex digits, not all zero, got "${cut(id)}"`);
  }

  spanId(name: string): string {
    const id = this.hex(name);
    return isSpanId(id)
      ? id
      : this.refuse(name, `must be 16 hex digits, not all zero, got "${cut(id)}"`);
  }

  double(name: string): number {
    return this.view.getFloat64(this.#take(8, name), true);
  }

  /** An unsigned integer of 8 bytes; beyond 2^53 the nearest double. */
  fixed64(name: string): number {
    const at = this.#take(8, name);
    return this.view.getUint32(at + 4, true) * TWO_32 + this.view.getUint32(at, true);
  }

  sfixed64(name: string): number {
    const at = this.#take(8, name);
    return this.view.getInt32(at + 4, true) * TWO_32 + this.view.getUint32(at, true);
  }

  /** A moment in Unix milliseconds with three decimals. */
  unixMs(name: string): number {
    const at = this.#take(8, name);
    const high = this.view.getUint32(at + 4, true);
    if (high >= 0x80000000) this.#tooLate(name, at);
    return unixMsOf(high, this.view.getUint32(at, true));
  }

  unixNano(name: string): bigint {
    const at = this.#take(8, name);
    if ((this.buffer[at + 7] ?? 0) >= 0x80) this.#tooLate(name, at);
    return this.view.getBigUint64(at, true);
  }

  boolean(name: string): boolean {
    this.#varint(name);
    return this.#low !== 0 || this.#high !== 0;
  }

  /** The low 32 bits, as protobuf reads a 32-bit field. */
  uint32(name: string): number {
    this.#varint(name);
    return this.#low >>> 0;
  }

  int32(name: string): number {
    this.#varint(name);
    return this.#low | 0;
  }

  /** A zigzag integer of 32 bits. */
  sint32(name: string): number {
    const value = this.uint32(name);
    return (value >>> 1) ^ -(value & 1);
  }

  /** An unsigned varint of 64 bits; beyond 2^53 the nearest double. */
  uint64(name: string): number {
    this.#varint(name);
    return (this.#high >>> 0) * TWO_32 + (this.#low >>> 0);
  }

  /** A signed varint of 64 bits; beyond 2^53 its decimal string. */
  int64(name: string): number | string {
    this.#varint(name);
    const number = (this.#high | 0) * TWO_32 + (this.#low >>> 0);
    if (Number.isSafeInteger(number)) return number;
    return String((BigInt(this.#high | 0) << 32n) | BigInt(this.#low >>> 0));
  }

  #low = 0;
  #high = 0;

  #varint(name: string): void {
    const { buffer, end } = this;
    let { pos } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) this.fail(name, 'ends in the middle of a number');
      const byte = buffer[pos++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.pos = pos;
        this.#low = low;
        this.#high = high;
        return;
      }
    }
    this.fail(name, 'is a number of more than 10 bytes');
  }

  #take(length: number, name: string): number {
    const at = this.pos;
    if (length > this.end - at) {
      this.fail(name, `wants ${length} bytes where ${this.end - at} are left`);
    }
    this.pos = at + length;
    return at;
  }

  #tooLate(name: string, at: number): never {
    return this.refuse(name, `must be below 2^63, got ${this.view.getBigUint64(at, true)}`);
  }
}
