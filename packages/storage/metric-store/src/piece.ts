import { type Columns } from './columns.ts';

/** A run of one series' samples, somewhere in memory or on disk. What it holds does not change. */
export interface Piece {
  /** At least as many as `copyTo` writes. */
  readonly count: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
  /** Samples of it were deleted: the ends may be gone, and fewer or none are left. */
  readonly isTrimmed?: boolean;
  /**
   * Writes the samples to a position, at once where that needs no disk. Up to `count` positions
   * from there on may be written to.
   * @returns how many samples there are; 0 when the stored bytes are damaged
   */
  copyTo(into: Columns, at: number): number | Promise<number>;
}
