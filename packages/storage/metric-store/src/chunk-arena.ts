import { grown } from './series-state.ts';

const SLAB_BYTES = 256 * 1024;
const FIRST_CAPACITY = 1_024;

/** Encoded chunks one behind the other in large slabs, each linked to the next one of its series. */
export class ChunkArena {
  readonly #slabs: Uint8Array[] = [];
  #free = SLAB_BYTES;
  #count = 0;
  #slab = new Int32Array(FIRST_CAPACITY);
  #offset = new Int32Array(FIRST_CAPACITY);
  #samples = new Int32Array(FIRST_CAPACITY);
  #minUnixMs = new Float64Array(FIRST_CAPACITY);
  #maxUnixMs = new Float64Array(FIRST_CAPACITY);
  /** The next chunk of the series; 0 at its end, which no link points to. */
  #next = new Int32Array(FIRST_CAPACITY);

  /**
   * @param before the last chunk of the series, 0 when this is its first
   * @returns the chunk's number, from 1 on
   */
  add(
    bytes: Uint8Array,
    { samples, minUnixMs, maxUnixMs }: Omit<StoredChunk, 'bytes' | 'offset'>,
    before: number,
  ): number {
    const chunk = ++this.#count;
    if (chunk === this.#slab.length) this.#grow();
    if (bytes.length > SLAB_BYTES - this.#free) {
      // A chunk of histograms may be larger than a slab: it gets one of its own.
      this.#slabs.push(new Uint8Array(new SharedArrayBuffer(Math.max(SLAB_BYTES, bytes.length))));
      this.#free = 0;
    }
    this.#slabs.at(-1)?.set(bytes, this.#free);
    this.#slab[chunk] = this.#slabs.length - 1;
    this.#offset[chunk] = this.#free;
    this.#samples[chunk] = samples;
    this.#minUnixMs[chunk] = minUnixMs;
    this.#maxUnixMs[chunk] = maxUnixMs;
    if (before !== 0) this.#next[before] = chunk;
    this.#free += bytes.length;
    return chunk;
  }

  get(chunk: number): StoredChunk {
    const bytes = this.#slabs[this.#slab[chunk] ?? -1];
    if (bytes === undefined) throw new Error(`there is no chunk ${chunk}`);
    return {
      bytes,
      offset: this.#offset[chunk] ?? 0,
      samples: this.#samples[chunk] ?? 0,
      minUnixMs: this.#minUnixMs[chunk] ?? 0,
      maxUnixMs: this.#maxUnixMs[chunk] ?? 0,
    };
  }

  nextOf(chunk: number): number {
    return this.#next[chunk] ?? 0;
  }

  #grow(): void {
    const capacity = this.#slab.length * 2;
    this.#slab = grown(this.#slab, new Int32Array(capacity));
    this.#offset = grown(this.#offset, new Int32Array(capacity));
    this.#samples = grown(this.#samples, new Int32Array(capacity));
    this.#minUnixMs = grown(this.#minUnixMs, new Float64Array(capacity));
    this.#maxUnixMs = grown(this.#maxUnixMs, new Float64Array(capacity));
    this.#next = grown(this.#next, new Int32Array(capacity));
  }
}

export interface StoredChunk {
  /** The slab, and where in it the chunk begins. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly samples: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
}
