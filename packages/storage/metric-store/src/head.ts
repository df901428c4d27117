import { type NativeHistogram } from '@dwcp/core';

import { ByteWriter } from './bytes.ts';
import { decodeChunk, encodeChunk } from './chunk.ts';
import { Columns } from './columns.ts';
import { type Piece } from './piece.ts';
import { type SeriesEntry } from './series-table.ts';

const FIRST_CAPACITY = 16;
/** Samples per compressed chunk; that many of each series are held as they are, at most. */
const CHUNK_SAMPLES = 256;

const scratch = new ByteWriter(16 * 1024);

/** The samples that are in no block yet; the write-ahead log has them too. */
export class Head {
  readonly series = new Map<SeriesEntry, HeadSeries>();
  /** The same by id, without a hash on the way of every sample. */
  readonly #byId: (HeadSeries | undefined)[] = [];
  sampleCount = 0;
  minUnixMs = Number.POSITIVE_INFINITY;
  maxUnixMs = Number.NEGATIVE_INFINITY;

  /** The sample must be newer than all of its series. */
  append(
    entry: SeriesEntry,
    unixMs: number,
    low: number,
    high: number,
    histogram: NativeHistogram | undefined,
  ): void {
    const series = this.#byId[entry.id] ?? this.#add(entry);
    series.append(unixMs, low, high, histogram);
    this.sampleCount++;
    if (unixMs < this.minUnixMs) this.minUnixMs = unixMs;
    if (unixMs > this.maxUnixMs) this.maxUnixMs = unixMs;
  }

  #add(entry: SeriesEntry): HeadSeries {
    // The first cut comes at a different time for each series, so that not all compress at once.
    const series = new HeadSeries(CHUNK_SAMPLES / 2 + (entry.id % (CHUNK_SAMPLES / 2)));
    this.series.set(entry, series);
    while (this.#byId.length <= entry.id) this.#byId.push(undefined);
    this.#byId[entry.id] = series;
    return series;
  }
}

/** One series in the head: compressed chunks and, behind them, open columns that grow. */
export class HeadSeries {
  readonly #chunks: Piece[] = [];
  #open = new Columns(FIRST_CAPACITY);
  #count = 0;
  #cutAt: number;

  constructor(cutAt: number) {
    this.#cutAt = cutAt;
  }

  append(unixMs: number, low: number, high: number, histogram: NativeHistogram | undefined): void {
    if (this.#count === this.#open.capacity) {
      const larger = new Columns(Math.min(this.#count * 2, CHUNK_SAMPLES));
      larger.copyFrom(this.#open, this.#count, 0);
      this.#open = larger;
    }
    if (histogram === undefined) this.#open.put(this.#count, unixMs, low, high);
    else this.#open.putHistogram(this.#count, unixMs, histogram);
    this.#count++;
    if (this.#count === this.#cutAt) this.#compress();
  }

  /** What is there now, oldest first. Stays as it is while more is appended. */
  pieces(): readonly Piece[] {
    if (this.#count === 0) return [...this.#chunks];
    return [...this.#chunks, new OpenPiece(this.#open, this.#count)];
  }

  #compress(): void {
    scratch.clear();
    encodeChunk(scratch, this.#open, 0, this.#count);
    this.#chunks.push(
      new HeadChunk(
        scratch.copy(),
        this.#count,
        this.#open.timestamps[0] ?? 0,
        this.#open.timestamps[this.#count - 1] ?? 0,
      ),
    );
    // Not the old columns again: a query may be reading them.
    this.#open = new Columns(CHUNK_SAMPLES);
    this.#count = 0;
    this.#cutAt = CHUNK_SAMPLES;
  }
}

class HeadChunk implements Piece {
  readonly #bytes: Uint8Array;
  readonly count: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;

  constructor(bytes: Uint8Array, count: number, minUnixMs: number, maxUnixMs: number) {
    this.#bytes = bytes;
    this.count = count;
    this.minUnixMs = minUnixMs;
    this.maxUnixMs = maxUnixMs;
  }

  copyTo(into: Columns, at: number): number {
    return decodeChunk(this.#bytes, 0, into, at);
  }
}

class OpenPiece implements Piece {
  readonly #columns: Columns;
  readonly count: number;

  constructor(columns: Columns, count: number) {
    this.#columns = columns;
    this.count = count;
  }

  get minUnixMs(): number {
    return this.#columns.timestamps[0] ?? 0;
  }

  get maxUnixMs(): number {
    return this.#columns.timestamps[this.count - 1] ?? 0;
  }

  copyTo(into: Columns, at: number): number {
    into.copyFrom(this.#columns, this.count, at);
    return this.count;
  }
}
