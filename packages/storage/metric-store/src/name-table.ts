import { grown, type SeriesState } from './series-state.ts';

const SLAB_BYTES = 1024 * 1024;
const FIRST_CAPACITY = 1_024;
/** No name. */
const NONE = -1;

/**
 * Series by the bytes in which a protocol writes their labels, so that the labels of a known series
 * are never decoded. Open addressing over the hashes of the bytes, compared in full on a hit.
 *
 * Senders name their series in the same order again and again: the name that came after the last one
 * found is tried first, and is nearly always right, without a hash.
 */
export class NameTable {
  readonly #state: SeriesState;
  /** By hash: a name's number or NONE. */
  #slots = new Int32Array(FIRST_CAPACITY * 4).fill(NONE);
  #hashes = new Int32Array(FIRST_CAPACITY);
  #lengths = new Int32Array(FIRST_CAPACITY);
  /** Where the bytes are, counted over all slabs. */
  #places = new Float64Array(FIRST_CAPACITY);
  #ids = new Int32Array(FIRST_CAPACITY);
  #generations = new Int32Array(FIRST_CAPACITY);
  /** The name that came after this one last time. */
  #followers = new Int32Array(FIRST_CAPACITY).fill(NONE);
  #count = 0;
  readonly #slabs: { readonly bytes: Uint8Array; readonly view: DataView }[] = [];
  #slabFree = 0;
  #last = NONE;
  #viewed: ArrayBufferLike | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(state: SeriesState) {
    this.#state = state;
  }

  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#slabs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** The id of the series, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    this.#lookAt(bytes);
    const from = bytes.byteOffset + start;
    const length = end - start;
    const guess = this.#last === NONE ? NONE : (this.#followers[this.#last] ?? NONE);
    if (guess !== NONE && this.#isName(guess, from, length)) return this.#found(guess);
    const hash = this.#hash(from, length);
    const name = this.#lookUp(hash, from, length);
    if (name === NONE) return NONE;
    if (this.#last !== NONE) this.#followers[this.#last] = name;
    return this.#found(name);
  }

  /** Remembers a name of a series; `find` has just said that it is not known. */
  add(bytes: Uint8Array, start: number, end: number, id: number): void {
    this.#lookAt(bytes);
    const from = bytes.byteOffset + start;
    const length = end - start;
    const hash = this.#hash(from, length);
    let name = this.#lookUp(hash, from, length);
    if (name === NONE) {
      name = this.#store(hash, bytes.subarray(start, end));
      if (this.#last !== NONE) this.#followers[this.#last] = name;
    }
    this.#ids[name] = id;
    this.#generations[name] = this.#state.generation[id] ?? 0;
    this.#last = name;
  }

  #found(name: number): number {
    this.#last = name;
    const id = this.#ids[name] ?? NONE;
    // The series may have been removed, and its id given to another.
    return this.#generations[name] === this.#state.generation[id] ? id : NONE;
  }

  #lookAt({ buffer }: Uint8Array): void {
    if (buffer === this.#viewed) return;
    this.#viewed = buffer;
    this.#view = new DataView(buffer);
  }

  #lookUp(hash: number, from: number, length: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const name = this.#slots[slot] ?? NONE;
      if (name === NONE) return NONE;
      if (this.#hashes[name] === hash && this.#isName(name, from, length)) return name;
    }
  }

  /** Whether the viewed bytes are the name's. Four at a time: of a hundred bytes it is most of the cost. */
  #isName(name: number, from: number, length: number): boolean {
    if (this.#lengths[name] !== length) return false;
    const place = this.#places[name] ?? 0;
    const slab = this.#slabs[Math.floor(place / SLAB_BYTES)];
    if (slab === undefined) return false;
    const theirs = this.#view;
    const ours = slab.view;
    let i = from;
    let k = place % SLAB_BYTES;
    for (const end = from + length - 3; i < end; i += 4, k += 4) {
      if (theirs.getInt32(i, true) !== ours.getInt32(k, true)) return false;
    }
    for (const end = from + length; i < end; i++, k++) {
      if (theirs.getUint8(i) !== ours.getUint8(k)) return false;
    }
    return true;
  }

  /** Of the viewed bytes; by words, with the finisher of MurmurHash3 (Appleby, 2011). */
  #hash(from: number, length: number): number {
    const view = this.#view;
    let hash = length;
    let i = from;
    for (const end = from + length - 3; i < end; i += 4) {
      hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    for (const end = from + length; i < end; i++) {
      hash = Math.imul(hash ^ view.getUint8(i), 0x9e3779b1);
    }
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }

  #store(hash: number, bytes: Uint8Array): number {
    if (this.#count === this.#ids.length) this.#grow();
    const name = this.#count++;
    this.#hashes[name] = hash;
    this.#lengths[name] = bytes.length;
    this.#places[name] = this.#keep(bytes);
    this.#followers[name] = NONE;
    this.#link(name, hash);
    return name;
  }

  #link(name: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask;
    this.#slots[slot] = name;
  }

  /** Copies the bytes to where they stay. @returns their place */
  #keep(bytes: Uint8Array): number {
    if (this.#slabs.length === 0 || this.#slabFree + bytes.length > SLAB_BYTES) {
      const slab = new Uint8Array(SLAB_BYTES);
      this.#slabs.push({ bytes: slab, view: new DataView(slab.buffer) });
      this.#slabFree = 0;
    }
    const at = this.#slabFree;
    this.#slabs.at(-1)?.bytes.set(bytes, at);
    this.#slabFree += bytes.length;
    return (this.#slabs.length - 1) * SLAB_BYTES + at;
  }

  #grow(): void {
    const capacity = this.#ids.length * 2;
    this.#hashes = grown(this.#hashes, new Int32Array(capacity));
    this.#lengths = grown(this.#lengths, new Int32Array(capacity));
    this.#places = grown(this.#places, new Float64Array(capacity));
    this.#ids = grown(this.#ids, new Int32Array(capacity));
    this.#generations = grown(this.#generations, new Int32Array(capacity));
    this.#followers = grown(this.#followers, new Int32Array(capacity).fill(NONE));
    this.#slots = new Int32Array(capacity * 4).fill(NONE);
    for (let name = 0; name < this.#count; name++) this.#link(name, this.#hashes[name] ?? 0);
  }
}
