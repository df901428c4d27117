import { type Labels, type Series, type SeriesQuery } from '@dwcp/core';

import { decodeChunk } from './chunk.ts';
import { Columns } from './columns.ts';
import { sortSamples } from './late-samples.ts';
import { histogramsOf, placesIn } from './selection.ts';
import { GROUPS_PER_BLOCK, type SharedBlocks } from './shared-blocks.ts';
import {
  BLOCK_ROW,
  FIRST_SLAB,
  HEAD_ROW,
  IN_ENCODED,
  IN_OPEN,
  type SharedSelection,
} from './shared-message.ts';
import { type TimeRange, without } from './tombstones.ts';

/** Shared memory by the number that rows call it. */
export type Slabs = (number: number) => Uint8Array;

/** The samples of a selection, decoded series by series from where they are. */
export class SharedSamples {
  readonly selection: SharedSelection;
  readonly #slabs: Slabs;
  readonly #blocks: SharedBlocks;
  readonly #range: Pick<SeriesQuery, 'startUnixMs' | 'endUnixMs'>;
  readonly #open: Columns;
  readonly #deleted: ReadonlyMap<number, readonly TimeRange[]>;

  constructor(
    selection: SharedSelection,
    slabs: Slabs,
    blocks: SharedBlocks,
    range: Pick<SeriesQuery, 'startUnixMs' | 'endUnixMs'>,
  ) {
    this.selection = selection;
    this.#slabs = slabs;
    this.#blocks = blocks;
    this.#range = range;
    this.#open = new Columns(selection.open.byteLength / 16, selection.open);
    this.#deleted = deletedByRow(selection.deleted);
  }

  /** How many samples `read` writes at most. */
  countOf(place: number): number {
    const { blockRows, blockRowEnds, headRows, headRowEnds } = this.selection;
    let count = 0;
    for (let row = startOf(blockRowEnds, place); row < (blockRowEnds[place] ?? 0); row++) {
      count += blockRows[row * BLOCK_ROW + 3] ?? 0;
    }
    for (let row = startOf(headRowEnds, place); row < (headRowEnds[place] ?? 0); row++) {
      count += headRows[row * HEAD_ROW + 2] ?? 0;
    }
    return count;
  }

  /**
   * Decodes a series to the beginning of the columns, as many as `countOf` says.
   * @returns how many samples there are
   */
  async read(place: number, into: Columns): Promise<number> {
    const { blockRowEnds, headRowEnds } = this.selection;
    let count = 0;
    for (let row = startOf(blockRowEnds, place); row < (blockRowEnds[place] ?? 0); row++) {
      const copied = this.#copyFromBlock(row, into, count);
      count += typeof copied === 'number' ? copied : await copied;
    }
    for (let row = startOf(headRowEnds, place); row < (headRowEnds[place] ?? 0); row++) {
      count += this.#copyFromHead(row, into, count);
    }
    return sortSamples(into, count);
  }

  /** What of some decoded samples is in the range; undefined when nothing is. */
  seriesOf(labels: Labels, columns: Columns, count: number): Series | undefined {
    const [start, end] = placesIn(columns, count, this.#range);
    if (start >= end) return undefined;
    const series = {
      labels,
      timestamps: columns.timestamps.subarray(start, end),
      values: columns.values.subarray(start, end),
    };
    const histograms = histogramsOf(columns, start, end);
    return histograms === undefined ? series : { ...series, histograms };
  }

  /** Rises with the place of a series in files: to read by it goes through each file once. */
  fileOrder(place: number): number {
    const { blockRows, blockRowEnds } = this.selection;
    const row = startOf(blockRowEnds, place);
    if (row === (blockRowEnds[place] ?? 0)) return Number.POSITIVE_INFINITY;
    const first = row * BLOCK_ROW;
    return (blockRows[first] ?? 0) * GROUPS_PER_BLOCK + (blockRows[first + 1] ?? 0);
  }

  #copyFromBlock(row: number, into: Columns, at: number): number | Promise<number> {
    const { blockRows } = this.selection;
    const first = row * BLOCK_ROW;
    const raw = this.#blocks.group(blockRows[first] ?? 0, blockRows[first + 1] ?? 0);
    const offset = blockRows[first + 2] ?? 0;
    const decode = (bytes: Uint8Array | undefined): number => {
      if (bytes === undefined) return 0;
      const { startUnixMs: from, endUnixMs: to } = this.#range;
      const count = decodeChunk(bytes, offset, into, at, { from, to });
      const deleted = this.#deleted.get(row);
      return deleted === undefined ? count : without(into, at, count, deleted);
    };
    return raw instanceof Promise ? raw.then(decode) : decode(raw);
  }

  #copyFromHead(row: number, into: Columns, at: number): number {
    const { headRows, encoded } = this.selection;
    const where = headRows[row * HEAD_ROW] ?? 0;
    const offset = headRows[row * HEAD_ROW + 1] ?? 0;
    const count = headRows[row * HEAD_ROW + 2] ?? 0;
    switch (where) {
      case IN_OPEN:
        into.copyFrom(this.#open, offset, count, at);
        return count;
      case IN_ENCODED:
        return decodeChunk(encoded, offset, into, at);
      default:
        return decodeChunk(this.#slabs(where - FIRST_SLAB), offset, into, at);
    }
  }
}

/** Where the rows of a series begin. */
function startOf(ends: Uint32Array, place: number): number {
  return place === 0 ? 0 : (ends[place - 1] ?? 0);
}

function deletedByRow(deleted: Float64Array): ReadonlyMap<number, readonly TimeRange[]> {
  const byRow = new Map<number, TimeRange[]>();
  for (let i = 0; i < deleted.length; i += 3) {
    const row = deleted[i] ?? 0;
    const range = { from: deleted[i + 1] ?? 0, to: deleted[i + 2] ?? 0 };
    const known = byRow.get(row);
    if (known === undefined) byRow.set(row, [range]);
    else known.push(range);
  }
  return byRow;
}
