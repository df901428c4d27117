import { type Columns } from './columns.ts';

/** A run of one series' samples, somewhere in memory or on disk. What it holds does not change. */
export interface Piece {
  readonly count: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
  /**
   * Writes the samples to a position, at once where that needs no disk.
   * @returns how many were written; 0 when the stored bytes are damaged
   */
  copyTo(into: Columns, at: number): number | Promise<number>;
}
