const TWO_32 = 2 ** 32;
const FIRST_CAPACITY = 64 * 1_024;

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** Writes protobuf into a buffer that grows. Fields of value 0 are left out, as proto3 does. */
export class WireWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;

  /** What was written, valid until the next write. */
  get written(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, 0, this.#length);
  }

  /** Begins anew in the same memory. */
  reset(): void {
    this.#length = 0;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A string of any length, also the empty one. */
  string(tag: number, text: string): void {
    // A UTF-16 unit takes up to three bytes.
    this.#reserve(text.length * 3 + 16);
    this.#put(tag);
    const start = this.#length;
    this.#length = start + 1 + this.#text(text, start + 1);
    this.#closeAt(start);
  }

  /** @returns how many bytes it takes */
  #text(text: string, start: number): number {
    const bytes = this.#bytes;
    const { length } = text;
    // For a short text in ASCII, as most are, a call out of JavaScript costs more than the loop.
    if (length > 64) return bytes.write(text, start, 'utf8');
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 128) return bytes.write(text, start, 'utf8');
      bytes[start + i] = code;
    }
    return length;
  }

  /** The bits of a double. */
  bits(tag: number, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    this.#reserve(16);
    this.#put(tag);
    const bytes = this.#bytes;
    bytes.writeInt32LE(low, this.#length);
    bytes.writeInt32LE(high, this.#length + 4);
    this.#length += 8;
  }

  double(tag: number, value: number): void {
    double[0] = value;
    this.bits(tag, words[0] ?? 0, words[1] ?? 0);
  }

  uint(tag: number, value: number): void {
    if (value === 0) return;
    this.#reserve(24);
    this.#put(tag);
    this.#put(value);
  }

  int64(tag: number, value: number): void {
    if (value >= 0) {
      this.uint(tag, value);
      return;
    }
    this.#reserve(24);
    this.#put(tag);
    this.#putBig(BigInt.asUintN(64, BigInt(value)));
  }

  sint(tag: number, value: number): void {
    if (value === 0) return;
    this.#reserve(24);
    this.#put(tag);
    this.#putZigzag(value);
  }

  /** A field whatever its value: for what is in a `oneof`. */
  presentUint(tag: number, value: number): void {
    this.#reserve(24);
    this.#put(tag);
    this.#put(value);
  }

  presentDouble(tag: number, value: number): void {
    this.#reserve(24);
    this.#put(tag);
    this.#bytes.writeDoubleLE(value, this.#length);
    this.#length += 8;
  }

  packedUints(tag: number, values: readonly number[]): void {
    this.#packed(tag, values, (value) => this.#put(value));
  }

  packedSints(tag: number, values: readonly number[]): void {
    this.#packed(tag, values, (value) => this.#putZigzag(value));
  }

  packedDoubles(tag: number, values: readonly number[]): void {
    this.#packed(tag, values, (value) => {
      this.#bytes.writeDoubleLE(value, this.#length);
      this.#length += 8;
    });
  }

  /** Begins a nested message. @returns what `close` wants */
  open(tag: number): number {
    this.#reserve(8);
    this.#put(tag);
    return this.#length++;
  }

  /** Puts the length in front of the message, which moves when that takes more than one byte. */
  close(opened: number): void {
    this.#reserve(8);
    this.#closeAt(opened);
  }

  #closeAt(opened: number): void {
    const size = this.#length - opened - 1;
    if (size < 128) {
      this.#bytes[opened] = size;
      return;
    }
    let lengthBytes = 2;
    for (let rest = size >>> 14; rest > 0; rest >>>= 7) lengthBytes++;
    this.#bytes.copyWithin(opened + lengthBytes, opened + 1, this.#length);
    this.#length = opened;
    this.#put(size);
    this.#length += size;
  }

  #packed(tag: number, values: readonly number[], put: (value: number) => void): void {
    if (values.length === 0) return;
    this.#reserve(values.length * 10 + 16);
    this.#put(tag);
    const opened = this.#length++;
    for (const value of values) put(value);
    this.#closeAt(opened);
  }

  #putZigzag(value: number): void {
    if (Math.abs(value) < 2 ** 51) this.#put(value < 0 ? -value * 2 - 1 : value * 2);
    else
      this.#putBig(BigInt.asUintN(64, value < 0 ? -BigInt(value) * 2n - 1n : BigInt(value) * 2n));
  }

  /** @param value an integer >= 0 */
  #put(value: number): void {
    const bytes = this.#bytes;
    let rest = value;
    if (rest >= 2 ** 53) {
      this.#putBig(BigInt(rest));
      return;
    }
    while (rest >= TWO_32) {
      bytes[this.#length++] = (rest & 127) | 128;
      rest = Math.floor(rest / 128);
    }
    rest |= 0;
    while (rest >>> 7 !== 0) {
      bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[this.#length++] = rest;
  }

  #putBig(value: bigint): void {
    let rest = value;
    while (rest >= 128n) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
