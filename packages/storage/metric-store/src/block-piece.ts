import { type ChunkRow } from './block-format.ts';
import { type Columns } from './columns.ts';
import { type Piece } from './piece.ts';
import { type TimeRange, without } from './tombstones.ts';

/** Writes samples of a chunk to a position; returns how many. */
export type CopyChunk = (row: ChunkRow, into: Columns, at: number) => number | Promise<number>;

/** A chunk of a block of which nothing was deleted. */
export class WholeChunk implements Piece {
  readonly count: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
  readonly #row: ChunkRow;
  readonly #copy: CopyChunk;

  constructor(row: ChunkRow, copy: CopyChunk) {
    this.count = row.count;
    this.minUnixMs = row.minUnixMs;
    this.maxUnixMs = row.maxUnixMs;
    this.#row = row;
    this.#copy = copy;
  }

  copyTo(into: Columns, at: number): number | Promise<number> {
    return this.#copy(this.#row, into, at);
  }
}

/** A chunk without the stretches that were deleted. */
export class TrimmedChunk extends WholeChunk {
  readonly isTrimmed = true;
  readonly #deleted: readonly TimeRange[];

  constructor(row: ChunkRow, copy: CopyChunk, deleted: readonly TimeRange[]) {
    super(row, copy);
    this.#deleted = deleted;
  }

  override copyTo(into: Columns, at: number): number | Promise<number> {
    const copied = super.copyTo(into, at);
    return typeof copied === 'number'
      ? without(into, at, copied, this.#deleted)
      : copied.then((count) => without(into, at, count, this.#deleted));
  }
}
