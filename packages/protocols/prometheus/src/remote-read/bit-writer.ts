const FIRST_CAPACITY = 1_024;

/** Writes bits, the highest of each number first, into a buffer that grows. */
export class BitWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;
  /** Bits of the last byte that are still free. */
  #free = 0;

  /** Begins anew. */
  reset(): void {
    this.#length = 0;
    this.#free = 0;
  }

  /** A copy of what was written, the last byte filled up with zeros. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Overwrites a byte that was written. */
  setByte(index: number, value: number): void {
    this.#bytes[index] = value;
  }

  /** @param count 1 to 32; bits of the value above it are dropped */
  bits(value: number, count: number): void {
    this.#reserve();
    let left = count;
    while (left > 0) {
      if (this.#free === 0) {
        this.#bytes[this.#length++] = 0;
        this.#free = 8;
      }
      const taken = Math.min(left, this.#free);
      left -= taken;
      this.#free -= taken;
      const part = (value >>> left) & (2 ** taken - 1);
      const last = this.#length - 1;
      this.#bytes[last] = (this.#bytes[last] ?? 0) | (part << this.#free);
    }
  }

  /** @param count 1 to 64, of the low ones */
  bits64(high: number, low: number, count: number): void {
    if (count > 32) {
      this.bits(high, count - 32);
      this.bits(low, 32);
    } else this.bits(low, count);
  }

  /** An integer in two's complement, of 64 bits. */
  int64(value: number): void {
    const high = Math.floor(value / 2 ** 32);
    this.bits64(high | 0, value - high * 2 ** 32, 64);
  }

  /** An integer >= 0 in groups of seven bits, as Go's `PutUvarint` writes it. */
  uvarint(value: bigint): void {
    let rest = value;
    while (rest >= 128n) {
      this.bits(Number(rest & 127n) | 128, 8);
      rest >>= 7n;
    }
    this.bits(Number(rest), 8);
  }

  /** The same for any integer, as Go's `PutVarint`. */
  varint(value: bigint): void {
    this.uvarint(value < 0n ? -value * 2n - 1n : value * 2n);
  }

  #reserve(): void {
    if (this.#length + 8 <= this.#bytes.length) return;
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
