import { BYTES, type WireReader } from './wire-reader.ts';

/**
 * References to symbols, in an array that is reused and grown. Those from 2^31 on are negative in it,
 * because signed integers are what V8 computes with fast, and are never in range.
 */
export class RefList {
  #refs = new Int32Array(64);
  count = 0;

  /** The first `count` are meant. */
  get values(): Int32Array {
    return this.#refs;
  }

  clear(): void {
    this.count = 0;
  }

  /** @param index less than `count` */
  at(index: number): number {
    return this.#refs[index] ?? 0;
  }

  /** Adds what a field holds: one number, or several packed. */
  read(reader: WireReader, tag: number): void {
    if ((tag & 7) !== BYTES) {
      this.#reserve(1);
      this.#refs[this.count++] = reader.uint32();
      return;
    }
    const outer = reader.enter();
    const { bytes, end } = reader;
    let { position } = reader;
    // Each takes a byte at least.
    this.#reserve(end - position);
    const refs = this.#refs;
    let { count } = this;
    while (position < end) {
      const first = bytes[position] ?? 0;
      const second = bytes[position + 1] ?? 0;
      if (first < 128) {
        refs[count++] = first;
        position++;
      } else if (second < 128 && position + 2 <= end) {
        refs[count++] = (first & 127) | (second << 7);
        position += 2;
      } else {
        reader.position = position;
        refs[count++] = reader.uint32();
        position = reader.position;
      }
    }
    this.count = count;
    reader.leave(outer);
  }

  /** What is wrong with them as names and values in turn. */
  problem(symbolCount: number): string | undefined {
    if (this.count % 2 !== 0) {
      return `labels_refs has ${this.count} references: each name needs a value`;
    }
    const { count } = this;
    const refs = this.#refs;
    for (let i = 0; i < count; i++) {
      const ref = refs[i] ?? 0;
      if (ref < 0 || ref >= symbolCount) {
        return `labels_refs[${i}] is ${ref >>> 0}, but there are ${symbolCount} symbols`;
      }
    }
    return undefined;
  }

  #reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.#refs.length) return;
    const grown = new Int32Array(Math.max(this.#refs.length * 2, needed));
    grown.set(this.#refs);
    this.#refs = grown;
  }
}
