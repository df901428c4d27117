/** Writes numbers and strings into a growing buffer. Little-endian throughout. */
export class ByteWriter {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 256) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  /** Makes room for that many more bytes; writers below that say so rely on it. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** LEB128 of a whole number in [0, 2^53). */
  varint(value: number): void {
    this.reserve(8);
    const { bytes } = this;
    let at = this.length;
    let rest = value;
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      // Shifts work on 32 bits only.
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 128);
    }
    bytes[at++] = rest;
    this.length = at;
  }

  /** A whole number in (-2^52, 2^52): 0, -1, 1, -2 become 0, 1, 2, 3. */
  zigzag(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeUInt32LE(value, this.length);
  }

  float64(value: number): void {
    this.reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  /** A double by its bits, for values whose NaN payload counts. */
  words(low: number, high: number): void {
    this.uint32(low);
    this.uint32(high);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** UTF-8 with its length in bytes before it. */
  string(text: string): void {
    const byteLength = Buffer.byteLength(text);
    this.varint(byteLength);
    this.reserve(byteLength);
    this.length += this.bytes.write(text, this.length);
  }

  /** What was written, valid until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** A copy of what was written, with memory of its own. */
  copy(): Uint8Array {
    return new Uint8Array(this.view());
  }

  clear(): void {
    this.length = 0;
  }
}

/** Reads what ByteWriter wrote. Input is trusted: it passed a checksum. */
export class ByteReader {
  readonly bytes: Buffer;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  byte(): number {
    return this.bytes.readUInt8(this.position++);
  }

  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.position++] ?? 0;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    do {
      byte = bytes[this.position++] ?? 0;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80);
    return value;
  }

  zigzag(): number {
    return fromZigzag(this.varint());
  }

  uint32(): number {
    const value = this.bytes.readUInt32LE(this.position);
    this.position += 4;
    return value;
  }

  float64(): number {
    const value = this.bytes.readDoubleLE(this.position);
    this.position += 8;
    return value;
  }

  /** @throws RangeError when fewer bytes are left */
  raw(length: number): Buffer {
    const end = this.position + length;
    if (end > this.bytes.length) throw new RangeError(`${length} bytes wanted at the end`);
    const part = this.bytes.subarray(this.position, end);
    this.position = end;
    return part;
  }

  string(): string {
    return this.raw(this.varint()).toString('utf8');
  }
}

/** 0, 1, 2, 3 become 0, -1, 1, -2. */
export function fromZigzag(value: number): number {
  // Bit operations where they reach; the remainder of doubles is many times slower.
  if (value < 0x80000000) return (value >>> 1) ^ -(value & 1);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
