import { type NativeHistogram } from '@dwcp/core';

import { ByteWriter } from './bytes.ts';
import { ChunkArena, type ChunkInfo, SlabPool } from './chunk-arena.ts';
import { decodeChunk, encodeChunk } from './chunk.ts';
import { Columns, holdsSample } from './columns.ts';
import { LateSamples } from './late-samples.ts';
import { type Piece } from './piece.ts';
import { grown } from './series-state.ts';
import { Readers, SlotArena } from './slots.ts';

/** A new series begins with few places, since of many there come no more. */
const FIRST_SLOT_SAMPLES = 8;
/** Samples per compressed chunk; that many of each series are held as they are, at most. */
const CHUNK_SAMPLES = 32;
const SLAB_SAMPLES = 64 * 1024;
const NO_SLOT = 0;
/** Chunks that are looked through for a sample that comes again: some ten thousand samples. */
const MAX_LOOK_BACK = 1_024;
const EVER = {
  startUnixMs: Number.NEGATIVE_INFINITY,
  endUnixMs: Number.POSITIVE_INFINITY,
};

type Range = typeof EVER;

const scratch = new ByteWriter(16 * 1024);

/** Where heads keep their open samples: one for all heads of a store, since one follows another. */
export class HeadMemory {
  readonly first: SlotArena;
  readonly chunk: SlotArena;
  /** For chunks that are full. */
  readonly slabs: SlabPool;

  /** @param shared who reads chunks, and nothing else, on other threads */
  constructor(readers: Readers, shared = new Readers()) {
    this.first = new SlotArena(FIRST_SLOT_SAMPLES, SLAB_SAMPLES / 4, readers);
    this.chunk = new SlotArena(CHUNK_SAMPLES, SLAB_SAMPLES, readers);
    this.slabs = new SlabPool(readers, shared);
  }

  get sizeBytes(): number {
    return this.first.sizeBytes + this.chunk.sizeBytes + this.slabs.sizeBytes;
  }
}

/**
 * The samples that are in no block yet; the write-ahead log has them too. Of each series: compressed
 * chunks, behind them open columns, and apart from both what came late. All by series id.
 */
export class Head {
  readonly #memory: HeadMemory;
  readonly #chunks: ChunkArena;
  readonly #late = new Map<number, LateSamples>();
  /** Negative: minus a slot of the first kind, less one. Positive: a slot for a chunk, plus one. */
  #slots = new Int32Array(1_024);
  #counts = new Uint8Array(1_024);
  /** The open samples are compressed when they are so many. */
  #cutAt = new Uint8Array(1_024);
  #firstChunk = new Int32Array(1_024);
  #lastChunk = new Int32Array(1_024);
  #fullChunks = 0;
  sampleCount = 0;
  seriesCount = 0;
  minUnixMs = Number.POSITIVE_INFINITY;
  maxUnixMs = Number.NEGATIVE_INFINITY;

  constructor(memory: HeadMemory) {
    this.#memory = memory;
    this.#chunks = new ChunkArena(memory.slabs);
  }

  /** The sample must be newer than all that were appended to its series. */
  append(
    id: number,
    unixMs: number,
    low: number,
    high: number,
    histogram: NativeHistogram | undefined,
  ): void {
    if (id >= this.#slots.length) this.#grow(id);
    let slot = this.#slots[id] ?? NO_SLOT;
    if (slot === NO_SLOT) slot = this.#begin(id);
    const count = this.#counts[id] ?? 0;
    if (slot < 0 && count === FIRST_SLOT_SAMPLES) slot = this.#widen(id, slot);
    const arena = slot < 0 ? this.#memory.first : this.#memory.chunk;
    const place = slot < 0 ? -slot - 1 : slot - 1;
    const columns = arena.columnsOf(place);
    const at = arena.startOf(place) + count;
    if (histogram === undefined) columns.put(at, unixMs, low, high);
    else columns.putHistogram(at, unixMs, histogram);
    this.#counts[id] = count + 1;
    if (count + 1 === this.#cutAt[id]) this.#compress(id, slot, count + 1);
    this.#count(1, unixMs);
  }

  /** Takes a sample that is older than others of its series. */
  appendLate(
    id: number,
    unixMs: number,
    low: number,
    high: number,
    histogram: NativeHistogram | undefined,
  ): void {
    if (id >= this.#slots.length) this.#grow(id);
    if (!this.has(id)) this.seriesCount++;
    let late = this.#late.get(id);
    if (late === undefined) this.#late.set(id, (late = new LateSamples()));
    this.#count(late.put(unixMs, low, high, histogram), unixMs);
  }

  /** Full ones, and one of each series that is still open. */
  get chunkCount(): number {
    return this.#fullChunks + this.seriesCount;
  }

  has(id: number): boolean {
    return (this.#slots[id] ?? NO_SLOT) !== NO_SLOT || this.#late.has(id);
  }

  /** The ids of all series it has, ascending. */
  *ids(): Iterable<number> {
    for (let id = 0; id < this.#slots.length; id++) if (this.has(id)) yield id;
  }

  /**
   * What is there of a series now in a range, and some beside it. Stays as it is while more is
   * appended and a reader is there.
   */
  pieces(id: number, { startUnixMs, endUnixMs }: Range = EVER): readonly HeadPiece[] {
    const pieces: HeadPiece[] = [];
    const run = this.#chunkRun(id, startUnixMs, endUnixMs);
    if (run !== undefined) pieces.push(run);
    const open = this.#openPlace(id);
    if (open !== undefined) pieces.push(new OpenPiece(open.columns, open.start, open.count));
    const late = this.#late.get(id);
    if (late !== undefined) pieces.push(new OpenPiece(late.copy(), 0, late.count));
    return pieces;
  }

  /** As `pieces`, for a reader on another thread: where chunks are, and what is in none. */
  eachPlace(id: number, { startUnixMs, endUnixMs }: Range, places: HeadPlaces): void {
    const chunks = this.#chunks;
    for (let chunk = this.#firstChunk[id] ?? 0; chunk !== 0; chunk = chunks.nextOf(chunk)) {
      const { samples, minUnixMs, maxUnixMs } = chunks.infoOf(chunk);
      if (maxUnixMs < startUnixMs) continue;
      if (minUnixMs > endUnixMs) break;
      places.chunk(chunks, chunk, samples);
    }
    const open = this.#openPlace(id);
    if (open !== undefined) places.open(open.columns, open.start, open.count);
    const late = this.#late.get(id);
    if (late !== undefined) places.open(late.copy(), 0, late.count);
  }

  /** Where the samples of a series are that are not compressed; undefined when there are none. */
  #openPlace(
    id: number,
  ): { readonly columns: Columns; readonly start: number; readonly count: number } | undefined {
    const count = this.#counts[id] ?? 0;
    const slot = this.#slots[id] ?? NO_SLOT;
    if (count === 0 || slot === NO_SLOT) return undefined;
    const arena = slot < 0 ? this.#memory.first : this.#memory.chunk;
    const place = slot < 0 ? -slot - 1 : slot - 1;
    return { columns: arena.columnsOf(place), start: arena.startOf(place), count };
  }

  /** The chunks that overlap the range, as one piece: they follow each other. */
  #chunkRun(id: number, startUnixMs: number, endUnixMs: number): HeadPiece | undefined {
    let first = 0;
    let chunkCount = 0;
    let samples = 0;
    let minUnixMs = 0;
    let maxUnixMs = 0;
    let chunk = this.#firstChunk[id] ?? 0;
    for (; chunk !== 0; chunk = this.#chunks.nextOf(chunk)) {
      const info = this.#chunks.infoOf(chunk);
      if (info.maxUnixMs < startUnixMs) continue;
      if (info.minUnixMs > endUnixMs) break;
      if (first === 0) {
        first = chunk;
        ({ minUnixMs } = info);
      }
      chunkCount++;
      samples += info.samples;
      ({ maxUnixMs } = info);
    }
    if (first === 0) return undefined;
    const info = { samples, minUnixMs, maxUnixMs };
    return new ChunkRun(this.#chunks, { first, chunkCount }, info);
  }

  /**
   * Whether it has just this sample. A histogram is never found, nor what is very far behind the
   * newest: who sends again what had no answer sends what is new.
   */
  holds(id: number, unixMs: number, low: number, high: number): boolean {
    const sample = { unixMs, low, high };
    if (this.#late.get(id)?.holds(sample) === true) return true;
    const open = this.#openPlace(id);
    if (open !== undefined && holdsSample(open.columns, open.start, open.count, sample))
      return true;
    let chunk = this.#lastChunk[id] ?? 0;
    for (let left = MAX_LOOK_BACK; chunk !== 0 && left > 0; left--) {
      const { samples, minUnixMs, maxUnixMs } = this.#chunks.infoOf(chunk);
      if (unixMs > maxUnixMs) return false;
      if (unixMs >= minUnixMs) {
        const columns = new Columns(samples);
        decodeChunk(this.#chunks.bytesOf(chunk), this.#chunks.offsetOf(chunk), columns, 0);
        return holdsSample(columns, 0, samples, sample);
      }
      chunk = this.#chunks.previousOf(chunk);
    }
    return false;
  }

  /** Gives the open columns back, once nothing is read from the head by new readers. */
  dispose(): void {
    for (let id = 0; id < this.#slots.length; id++) {
      const slot = this.#slots[id] ?? NO_SLOT;
      if (slot < 0) this.#memory.first.give(-slot - 1);
      else if (slot > 0) this.#memory.chunk.give(slot - 1);
    }
    this.#slots = new Int32Array(0);
    this.#late.clear();
    this.#chunks.dispose();
  }

  #begin(id: number): number {
    if (!this.#late.has(id)) this.seriesCount++;
    // The first cut comes at a different time for each series, so that not all compress at once.
    this.#cutAt[id] = CHUNK_SAMPLES / 2 + (id % (CHUNK_SAMPLES / 2));
    return (this.#slots[id] = -this.#memory.first.take() - 1);
  }

  /** Moves the open samples of a series to a place for a whole chunk. */
  #widen(id: number, slot: number): number {
    const { first, chunk } = this.#memory;
    const from = -slot - 1;
    const into = chunk.take();
    const columns = chunk.columnsOf(into);
    columns.copyFrom(
      first.columnsOf(from),
      first.startOf(from),
      FIRST_SLOT_SAMPLES,
      chunk.startOf(into),
    );
    first.give(from);
    return (this.#slots[id] = into + 1);
  }

  #compress(id: number, slot: number, count: number): void {
    const arena = this.#memory.chunk;
    const columns = arena.columnsOf(slot - 1);
    const start = arena.startOf(slot - 1);
    scratch.clear();
    encodeChunk(scratch, columns, start, start + count);
    const minUnixMs = columns.timestamps[start] ?? 0;
    const maxUnixMs = columns.timestamps[start + count - 1] ?? 0;
    const before = this.#lastChunk[id] ?? 0;
    this.#fullChunks++;
    const chunk = this.#chunks.add(
      scratch.view(),
      { samples: count, minUnixMs, maxUnixMs },
      before,
    );
    if (before === 0) this.#firstChunk[id] = chunk;
    this.#lastChunk[id] = chunk;
    this.#slots[id] = arena.renew(slot - 1) + 1;
    this.#counts[id] = 0;
    this.#cutAt[id] = CHUNK_SAMPLES;
  }

  #count(samples: number, unixMs: number): void {
    this.sampleCount += samples;
    if (unixMs < this.minUnixMs) this.minUnixMs = unixMs;
    if (unixMs > this.maxUnixMs) this.maxUnixMs = unixMs;
  }

  #grow(id: number): void {
    const capacity = Math.max(id + 1, this.#slots.length * 2);
    this.#slots = grown(this.#slots, new Int32Array(capacity));
    this.#counts = grown(this.#counts, new Uint8Array(capacity));
    this.#cutAt = grown(this.#cutAt, new Uint8Array(capacity));
    this.#firstChunk = grown(this.#firstChunk, new Int32Array(capacity));
    this.#lastChunk = grown(this.#lastChunk, new Int32Array(capacity));
  }
}

/** Takes down where samples of a series are, older ones first, late ones last. */
export interface HeadPlaces {
  /** A chunk stays where it is as long as a reader is there. */
  chunk(chunks: ChunkArena, chunk: number, samples: number): void;
  /** Samples that are in no chunk yet, to be copied at once. */
  open(columns: Columns, start: number, samples: number): void;
}

/** In memory, so that it is read at once. */
interface HeadPiece extends Piece {
  copyTo(into: Columns, at: number): number;
}

/** Chunks of a series that follow each other. */
class ChunkRun implements HeadPiece {
  readonly #chunks: ChunkArena;
  readonly #run: { readonly first: number; readonly chunkCount: number };
  readonly count: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;

  constructor(
    chunks: ChunkArena,
    run: { readonly first: number; readonly chunkCount: number },
    { samples, minUnixMs, maxUnixMs }: ChunkInfo,
  ) {
    this.#chunks = chunks;
    this.#run = run;
    this.count = samples;
    this.minUnixMs = minUnixMs;
    this.maxUnixMs = maxUnixMs;
  }

  copyTo(into: Columns, at: number): number {
    let end = at;
    let chunk = this.#run.first;
    for (let left = this.#run.chunkCount; left > 0; left--) {
      end += decodeChunk(this.#chunks.bytesOf(chunk), this.#chunks.offsetOf(chunk), into, end);
      chunk = this.#chunks.nextOf(chunk);
    }
    return end - at;
  }
}

class OpenPiece implements HeadPiece {
  readonly #columns: Columns;
  readonly #start: number;
  readonly count: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;

  constructor(columns: Columns, start: number, count: number) {
    this.#columns = columns;
    this.#start = start;
    this.count = count;
    this.minUnixMs = columns.timestamps[start] ?? 0;
    this.maxUnixMs = columns.timestamps[start + count - 1] ?? 0;
  }

  copyTo(into: Columns, at: number): number {
    into.copyFrom(this.#columns, this.#start, this.count, at);
    return this.count;
  }
}
