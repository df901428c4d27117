import { grown } from './series-state.ts';
import { type Readers } from './slots.ts';

/** Of all slabs but those that are there for one large chunk. */
export const SLAB_BYTES = 256 * 1024;
const FIRST_CAPACITY = 1_024;

/** Slabs for chunks, used again by the next head: left to the collector they would pile up. */
export class SlabPool {
  readonly #readers: Readers;
  /** Those on other threads. */
  readonly #shared: Readers;
  #free: Uint8Array[] = [];
  /** Given back, and perhaps still read. */
  #limbo: {
    readonly slabs: readonly Uint8Array[];
    readonly tag: number;
    readonly sharedTag: number;
  }[] = [];
  #sizeBytes = 0;

  constructor(readers: Readers, shared: Readers) {
    this.#readers = readers;
    this.#shared = shared;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  take(): Uint8Array {
    const left = this.#limbo.filter(({ slabs, tag, sharedTag }) => {
      if (!this.#readers.haveLeft(tag) || !this.#shared.haveLeft(sharedTag)) return true;
      this.#free.push(...slabs);
      return false;
    });
    this.#limbo = left;
    const slab = this.#free.pop();
    if (slab !== undefined) return slab;
    this.#sizeBytes += SLAB_BYTES;
    return new Uint8Array(new SharedArrayBuffer(SLAB_BYTES));
  }

  give(slabs: readonly Uint8Array[]): void {
    this.#limbo.push({
      slabs: slabs.filter(({ length }) => length === SLAB_BYTES),
      tag: this.#readers.epoch,
      sharedTag: this.#shared.epoch,
    });
  }
}

/** Encoded chunks one behind the other in slabs, each linked to the next one of its series. */
export class ChunkArena {
  readonly #pool: SlabPool;
  #slabs: Uint8Array[] = [];
  #free = SLAB_BYTES;
  #count = 0;
  #slab = new Uint32Array(FIRST_CAPACITY);
  #offset = new Uint32Array(FIRST_CAPACITY);
  #samples = new Uint8Array(FIRST_CAPACITY);
  #minUnixMs = new Float64Array(FIRST_CAPACITY);
  #maxUnixMs = new Float64Array(FIRST_CAPACITY);
  /** The next chunk of the series; 0 at its end, which no link points to. */
  #next = new Uint32Array(FIRST_CAPACITY);
  #previous = new Uint32Array(FIRST_CAPACITY);

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /**
   * @param before the last chunk of the series, 0 when this is its first
   * @returns the chunk's number, from 1 on
   */
  add(bytes: Uint8Array, about: ChunkInfo, before: number): number {
    const chunk = ++this.#count;
    if (chunk === this.#slab.length) this.#grow();
    const last = this.#slabs.at(-1);
    if (last === undefined || bytes.length > last.length - this.#free) {
      // A chunk of histograms may be larger than a slab: it gets one of its own.
      this.#slabs.push(
        bytes.length > SLAB_BYTES
          ? new Uint8Array(new SharedArrayBuffer(bytes.length))
          : this.#pool.take(),
      );
      this.#free = 0;
    }
    this.#slabs.at(-1)?.set(bytes, this.#free);
    this.#slab[chunk] = this.#slabs.length - 1;
    this.#offset[chunk] = this.#free;
    this.#samples[chunk] = about.samples;
    this.#minUnixMs[chunk] = about.minUnixMs;
    this.#maxUnixMs[chunk] = about.maxUnixMs;
    if (before !== 0) this.#next[before] = chunk;
    this.#previous[chunk] = before;
    this.#free += bytes.length;
    return chunk;
  }

  infoOf(chunk: number): ChunkInfo {
    return {
      samples: this.#samples[chunk] ?? 0,
      minUnixMs: this.#minUnixMs[chunk] ?? 0,
      maxUnixMs: this.#maxUnixMs[chunk] ?? 0,
    };
  }

  /** The slab that a chunk is in. */
  bytesOf(chunk: number): Uint8Array {
    const slab = this.#slabs[this.#slab[chunk] ?? 0];
    if (slab === undefined) throw new Error(`there is no chunk ${chunk}`);
    return slab;
  }

  /** Which slab of the arena a chunk is in: a number that rises with the slabs. */
  slabOf(chunk: number): number {
    return this.#slab[chunk] ?? 0;
  }

  /** Where in its slab a chunk begins. */
  offsetOf(chunk: number): number {
    return this.#offset[chunk] ?? 0;
  }

  nextOf(chunk: number): number {
    return this.#next[chunk] ?? 0;
  }

  /** 0 for the first one of a series. */
  previousOf(chunk: number): number {
    return this.#previous[chunk] ?? 0;
  }

  /** Gives the slabs back when no new reader will come; who reads now still may. */
  dispose(): void {
    this.#pool.give(this.#slabs);
  }

  #grow(): void {
    const capacity = this.#slab.length * 2;
    this.#slab = grown(this.#slab, new Uint32Array(capacity));
    this.#offset = grown(this.#offset, new Uint32Array(capacity));
    this.#samples = grown(this.#samples, new Uint8Array(capacity));
    this.#minUnixMs = grown(this.#minUnixMs, new Float64Array(capacity));
    this.#maxUnixMs = grown(this.#maxUnixMs, new Float64Array(capacity));
    this.#next = grown(this.#next, new Uint32Array(capacity));
    this.#previous = grown(this.#previous, new Uint32Array(capacity));
  }
}

export interface ChunkInfo {
  /** At most 255. */
  readonly samples: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
}
