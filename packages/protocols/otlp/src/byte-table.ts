/** How far a search goes; bytes made to collide are then not found, and cost no more than that. */
const MAX_PROBES = 32;

/**
 * Values by bytes. When it is full it forgets everything, which costs one slow round.
 * Looking something up makes no object.
 */
export class ByteTable<T> {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** Entry number plus one by hash; 0 where nothing is. */
  #slots = new Int32Array(256);
  #hashes = new Int32Array(128);
  #starts = new Int32Array(128);
  #lengths = new Int32Array(128);
  #values: T[] = [];
  #bytes = new Uint8Array(8_192);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  /** How often it was full. */
  resets = 0;

  constructor(options: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.#maxEntries = options.maxEntries;
    this.#maxBytes = options.maxBytes;
  }

  get size(): number {
    return this.#values.length;
  }

  find(bytes: Uint8Array, view: DataView, start: number, end: number): T | undefined {
    const hash = hashOf(bytes, view, start, end);
    const mask = this.#slots.length - 1;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const entry = (this.#slots[(hash + probe) & mask] ?? 0) - 1;
      if (entry < 0) return undefined;
      if (this.#hashes[entry] === hash && this.#equals(entry, bytes, view, start, end)) {
        return this.#values[entry];
      }
    }
    return undefined;
  }

  /** Adds what `find` did not find. */
  add(bytes: Uint8Array, view: DataView, start: number, end: number, value: T): void {
    const length = end - start;
    if (length > this.#maxBytes / 4) return;
    if (this.size >= this.#maxEntries || this.#used + length > this.#maxBytes) this.#clear();
    this.#reserve(length);
    const hash = hashOf(bytes, view, start, end);
    const mask = this.#slots.length - 1;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & mask;
      if (this.#slots[slot] !== 0) continue;
      const entry = this.#values.push(value) - 1;
      this.#slots[slot] = entry + 1;
      this.#hashes[entry] = hash;
      this.#starts[entry] = this.#used;
      this.#lengths[entry] = length;
      this.#bytes.set(bytes.subarray(start, end), this.#used);
      this.#used += length;
      return;
    }
  }

  #equals(entry: number, bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const length = end - start;
    if (this.#lengths[entry] !== length) return false;
    const own = this.#starts[entry] ?? 0;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      if (view.getInt32(start + i, true) !== this.#view.getInt32(own + i, true)) return false;
    }
    for (; i < length; i++) if (bytes[start + i] !== this.#bytes[own + i]) return false;
    return true;
  }

  #reserve(length: number): void {
    if (this.#used + length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    if (this.size < this.#hashes.length) return;
    this.#hashes = doubled(this.#hashes);
    this.#starts = doubled(this.#starts);
    this.#lengths = doubled(this.#lengths);
    // Four slots for each entry that now has room keep searches short.
    this.#slots = new Int32Array(this.#hashes.length * 2);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      const hash = this.#hashes[entry] ?? 0;
      for (let probe = 0; probe < MAX_PROBES; probe++) {
        const slot = (hash + probe) & mask;
        if (this.#slots[slot] !== 0) continue;
        this.#slots[slot] = entry + 1;
        break;
      }
    }
  }

  #clear(): void {
    this.#slots.fill(0);
    this.#values = [];
    this.#used = 0;
    this.resets++;
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}

/** Four bytes at a time, with the final mixing of MurmurHash3. */
function hashOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let hash = end - start;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x9e3779b1);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
