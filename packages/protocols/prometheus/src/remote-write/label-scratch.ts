const LABEL = 0x0a;
const NAME = 0x0a;
const VALUE = 0x12;
/** Copies write whole words past their end. */
const SLACK = 16;

/** Labels of one series, written as consecutive Label fields into a buffer that is reused and grown. */
export class LabelScratch {
  readonly #source: Uint8Array;
  readonly #sourceView: DataView;
  #bytes = new Uint8Array(4_096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** @param source the message that names and values are copied from */
  constructor(source: Uint8Array) {
    this.#source = source;
    this.#sourceView = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Adds a label whose message stands in the source. */
  message(start: number, end: number): void {
    this.#reserve(end - start + 6);
    this.#field(LABEL, start, end - start);
  }

  /**
   * Adds labels whose names and values stand in the source.
   * @param refs of names and values in turn
   * @param places of symbol i: its start at 2 i, its end at 2 i + 1
   * @returns false when they have more than `maxBytes`
   */
  labels(refs: Int32Array, refCount: number, places: Int32Array, maxBytes: number): boolean {
    const source = this.#sourceView;
    const wordsEnd = this.#source.length - SLACK;
    for (let i = 0; i + 1 < refCount; i += 2) {
      const name = (refs[i] ?? 0) * 2;
      const value = (refs[i + 1] ?? 0) * 2;
      const nameStart = places[name] ?? 0;
      const nameSize = (places[name + 1] ?? 0) - nameStart;
      const valueStart = places[value] ?? 0;
      const valueSize = (places[value + 1] ?? 0) - valueStart;
      const size = nameSize + valueSize;
      if (this.#length + size > maxBytes) return false;
      this.#reserve(size + 24);
      if (size >= 124 || nameStart + nameSize > wordsEnd || valueStart + valueSize > wordsEnd) {
        this.#longLabel(nameStart, nameSize, valueStart, valueSize);
        continue;
      }
      const view = this.#view;
      let to = this.#length;
      view.setUint16(to, LABEL | ((size + 4) << 8), true);
      view.setUint16(to + 2, NAME | (nameSize << 8), true);
      to += 4;
      for (let k = 0; k < nameSize; k += 16) {
        view.setBigInt64(to + k, source.getBigInt64(nameStart + k, true), true);
        view.setBigInt64(to + k + 8, source.getBigInt64(nameStart + k + 8, true), true);
      }
      to += nameSize;
      view.setUint16(to, VALUE | (valueSize << 8), true);
      to += 2;
      for (let k = 0; k < valueSize; k += 16) {
        view.setBigInt64(to + k, source.getBigInt64(valueStart + k, true), true);
        view.setBigInt64(to + k + 8, source.getBigInt64(valueStart + k + 8, true), true);
      }
      this.#length = to + valueSize;
    }
    return true;
  }

  #longLabel(nameStart: number, nameSize: number, valueStart: number, valueSize: number): void {
    this.#header(LABEL, 2 + lengthBytes(nameSize) + nameSize + lengthBytes(valueSize) + valueSize);
    this.#field(NAME, nameStart, nameSize);
    this.#field(VALUE, valueStart, valueSize);
  }

  #field(tag: number, start: number, size: number): void {
    this.#header(tag, size);
    this.#bytes.set(this.#source.subarray(start, start + size), this.#length);
    this.#length += size;
  }

  #header(tag: number, size: number): void {
    const bytes = this.#bytes;
    let position = this.#length;
    bytes[position++] = tag;
    let rest = size;
    while (rest >= 128) {
      bytes[position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[position++] = rest;
    this.#length = position;
  }

  #reserve(count: number): void {
    const needed = this.#length + count + SLACK;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, needed));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function lengthBytes(size: number): number {
  let count = 1;
  for (let rest = size >>> 7; rest > 0; rest >>>= 7) count++;
  return count;
}
