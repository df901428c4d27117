import { type PackedError, type SeriesQuery } from '@dwcp/core';

// What a store and a reader on another thread tell each other. All that is long is a typed array
// and changes its owner on the way, or lies in shared memory; nothing long is cloned.

export type ToStore =
  | { readonly kind: 'select'; readonly id: number; readonly query: SeriesQuery }
  /** The selection is not read any more. */
  | { readonly kind: 'release'; readonly id: number; readonly damaged: readonly DamagedGroup[] };

export type ToReader =
  | { readonly kind: 'selected'; readonly id: number; readonly selection: SharedSelection }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PackedError };

/** A group that could not be read: block by its place in the selection. */
export interface DamagedGroup {
  readonly block: number;
  readonly group: number;
}

/** The samples of some series as they are at one moment, by where they are. */
export interface SharedSelection {
  /** Of all series, those outside of the range that share a chunk with some inside counted too. */
  readonly sampleCount: number;
  /** Series by number, in no order. A number means the same labels until `forgetsLabels`. */
  readonly series: Int32Array;
  /** Whether numbers sent earlier mean nothing any more, and begin at 0 again. */
  readonly forgetsLabels: boolean;
  /** `Labels.key` of series that are new to the reader, by number, behind those it knows. */
  readonly newKeys: readonly string[];
  readonly blocks: readonly SharedBlock[];
  /** By series: where its rows in `blockRows` end, in rows. */
  readonly blockRowEnds: Uint32Array;
  /** Chunks in blocks, oldest first, as BLOCK_ROW numbers each: block, group, offset, samples. */
  readonly blockRows: Uint32Array;
  /** Stretches that were deleted, as three numbers each: row, from, to; ascending by row. */
  readonly deleted: Float64Array;
  /** By series: where its rows in `headRows` end, in rows. */
  readonly headRowEnds: Uint32Array;
  /** Runs of samples behind those of blocks, as HEAD_ROW numbers each: place, offset, samples. */
  readonly headRows: Uint32Array;
  /** Memory with chunks that is new to the reader, by the number that rows call it. */
  readonly newSlabs: readonly (readonly [number, Uint8Array])[];
  /** The same, of what only this selection needs. */
  readonly ownSlabs: readonly (readonly [number, Uint8Array])[];
  /** Copies of samples that are in no chunk, in the form of Columns. */
  readonly open: ArrayBufferLike;
  /** Copies of those among which there are histograms, as chunks. */
  readonly encoded: Uint8Array;
}

export const BLOCK_ROW = 4;
export const HEAD_ROW = 3;

/** Where a row of the head is; otherwise the number of a slab plus FIRST_SLAB. */
export const IN_OPEN = 0;
export const IN_ENCODED = 1;
export const FIRST_SLAB = 2;

/** The file stays under its name until the release. */
export interface SharedBlock {
  /** No other block of the process has it. */
  readonly serial: number;
  readonly path: string;
  /** Those that rows name, as three numbers each: group, position, size in bytes. */
  readonly groups: Float64Array;
}
