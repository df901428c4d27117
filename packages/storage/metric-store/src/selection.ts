import { setImmediate as nextTurn } from 'node:timers/promises';

import { QueryError, type Series, type SeriesQuery } from '@dwcp/core';

import { type Block } from './block.ts';
import { Columns, firstAtOrAfter } from './columns.ts';
import { type Head } from './head.ts';
import { sortSamples } from './late-samples.ts';
import { type Piece } from './piece.ts';
import { giveBackScanColumns, takeScanColumns } from './scan-columns.ts';
import { type SeriesEntry } from './series-table.ts';
import { type Readers } from './slots.ts';
import { TimedTurns } from './turns.ts';

/** Samples decoded between two turns of the event loop; a few milliseconds. */
const SAMPLES_PER_TURN = 262_144;
const SERIES_PER_TURN = 2_000;
/** A scan's stretch between two turns of the event loop, what is done with the series included. */
const SCAN_TURN_MS = 10;

const NOTHING: readonly Piece[] = [];

/** A series and what is of it in the heads. */
type Selected = readonly [entry: SeriesEntry, inHead: readonly Piece[]];
type Visit = (series: Series) => void | Promise<void>;

export interface SelectionSources {
  /** In the order in which they came to be, and before the heads. */
  readonly blocks: readonly Block[];
  readonly heads: readonly Head[];
  readonly readers: Readers;
}

type Range = Pick<SeriesQuery, 'startUnixMs' | 'endUnixMs'>;

/**
 * The samples of some series as they are at one moment, whatever is appended, sealed or removed
 * while they are read. Must be released.
 */
export class Selection {
  readonly #range: Range;
  readonly #signal: AbortSignal | undefined;
  readonly #blocks: readonly Block[];
  readonly #entries: readonly Selected[];
  readonly #readers: Readers;
  readonly #reader: number;

  constructor(
    entries: readonly SeriesEntry[],
    sources: SelectionSources,
    range: Range,
    signal: AbortSignal | undefined,
  ) {
    this.#range = range;
    this.#signal = signal;
    this.#blocks = sources.blocks.filter((block) =>
      block.overlaps(range.startUnixMs, range.endUnixMs),
    );
    for (const block of this.#blocks) block.acquire();
    this.#readers = sources.readers;
    this.#reader = this.#readers.enter();
    // Blocks stay as they are; of the heads the present state is taken down here.
    const heads = sources.heads.filter(
      (head) => head.minUnixMs <= range.endUnixMs && head.maxUnixMs >= range.startUnixMs,
    );
    this.#entries = entries.map((entry) => [
      entry,
      heads.length === 0
        ? NOTHING
        : heads.flatMap((head) => head.pieces(entry.id, range)).filter(overlaps(range)),
    ]);
  }

  async release(): Promise<void> {
    this.#readers.leave(this.#reader);
    for (const block of this.#blocks) await block.release();
  }

  /**
   * Series with samples in the range, in the order given.
   * @throws QueryError when they hold more samples than the limit
   */
  async series(maxSamples: number): Promise<readonly Series[]> {
    const found: Series[] = [];
    let total = 0;
    let inTurn = 0;
    for (const [index, [entry, inHead]] of this.#entries.entries()) {
      const pieces = this.#pieces(entry, inHead);
      const count = countOf(pieces);
      total += count;
      if (total > maxSamples) {
        throw new QueryError(
          'execution',
          `the selection holds more than ${maxSamples} samples; narrow it by labels or time`,
        );
      }
      if (count > 0) {
        const columns = new Columns(count);
        const series = trim(entry, columns, await this.#read(pieces, columns), this.#range);
        if (series !== undefined) found.push(series);
      }
      inTurn += count;
      if (inTurn >= SAMPLES_PER_TURN || index % SERIES_PER_TURN === SERIES_PER_TURN - 1) {
        inTurn = 0;
        await this.#turn();
      }
    }
    return found;
  }

  /**
   * Gives series with samples in the range to `visit`, in the order given, in columns that are used
   * again. Blocks are in the order of labels: in another one groups are decompressed again and again.
   */
  async scan(visit: Visit): Promise<void> {
    const turns = new TimedTurns(SCAN_TURN_MS, this.#signal);
    let columns = takeScanColumns();
    try {
      for (const [entry, inHead] of this.#entries) {
        const pieces = this.#pieces(entry, inHead);
        const count = countOf(pieces);
        if (count > columns.capacity) columns = new Columns(Math.ceil(count * 1.25));
        columns.histograms = undefined;
        const read = this.#read(pieces, columns);
        const visited = this.#give(
          entry,
          columns,
          typeof read === 'number' ? read : await read,
          visit,
        );
        if (visited !== undefined) await visited;
        if (turns.isDue) await turns.take();
      }
    } finally {
      giveBackScanColumns(columns);
    }
  }

  /** The entries that have a sample in the range, in the order given. */
  async entries(): Promise<readonly SeriesEntry[]> {
    const found: SeriesEntry[] = [];
    for (const [index, [entry, inHead]] of this.#entries.entries()) {
      if (await this.#hasSample(this.#pieces(entry, inHead))) found.push(entry);
      if (index % SERIES_PER_TURN === SERIES_PER_TURN - 1) await this.#turn();
    }
    return found;
  }

  #pieces(entry: SeriesEntry, inHead: readonly Piece[]): readonly Piece[] {
    const { startUnixMs, endUnixMs } = this.#range;
    const [first] = this.#blocks;
    if (first !== undefined && this.#blocks.length === 1 && inHead.length === 0) {
      return first.pieces(entry, startUnixMs, endUnixMs);
    }
    const pieces: Piece[] = [];
    for (const block of this.#blocks) pieces.push(...block.pieces(entry, startUnixMs, endUnixMs));
    pieces.push(...inHead);
    return pieces;
  }

  async #hasSample(pieces: readonly Piece[]): Promise<boolean> {
    const { startUnixMs, endUnixMs } = this.#range;
    // An end of a piece inside the range is a sample in it, unless it was deleted; other pieces must
    // be read.
    const isInside = (piece: Piece): boolean =>
      piece.isTrimmed !== true && (piece.minUnixMs >= startUnixMs || piece.maxUnixMs <= endUnixMs);
    if (pieces.some(isInside)) return true;
    for (const piece of pieces) {
      const columns = new Columns(piece.count);
      const count = await piece.copyTo(columns, 0);
      const first = firstAtOrAfter(columns.timestamps, count, startUnixMs);
      if (first < count && (columns.timestamps[first] ?? 0) <= endUnixMs) return true;
    }
    return false;
  }

  /** How many samples are in the columns then; at once where that needs no disk. */
  #read(pieces: readonly Piece[], columns: Columns): number | Promise<number> {
    let count = 0;
    let index = 0;
    for (const piece of pieces) {
      const copied = piece.copyTo(columns, count);
      if (typeof copied !== 'number') return this.#readOn(pieces, columns, index, count, copied);
      count += copied;
      index++;
    }
    return areInOrder(pieces) ? count : sortSamples(columns, count);
  }

  /** Goes on with a piece that has to be waited for. */
  async #readOn(
    pieces: readonly Piece[],
    columns: Columns,
    index: number,
    before: number,
    copied: Promise<number>,
  ): Promise<number> {
    let count = before + (await copied);
    for (const piece of pieces.slice(index + 1)) count += await piece.copyTo(columns, count);
    return areInOrder(pieces) ? count : sortSamples(columns, count);
  }

  #give(
    { labels }: SeriesEntry,
    columns: Columns,
    count: number,
    visit: Visit,
  ): void | Promise<void> {
    const [start, end] = placesIn(columns, count, this.#range);
    if (start >= end) return undefined;
    const series = {
      labels,
      timestamps: columns.timestamps.subarray(start, end),
      values: columns.values.subarray(start, end),
    };
    const histograms = histogramsOf(columns, start, end);
    return visit(histograms === undefined ? series : { ...series, histograms });
  }

  async #turn(): Promise<void> {
    await nextTurn();
    this.#signal?.throwIfAborted();
  }
}

/** False when samples came late: then pieces overlap. */
function areInOrder(pieces: readonly Piece[]): boolean {
  for (let i = 1; i < pieces.length; i++) {
    if ((pieces[i]?.minUnixMs ?? 0) <= (pieces[i - 1]?.maxUnixMs ?? 0)) return false;
  }
  return true;
}

function overlaps({ startUnixMs, endUnixMs }: Range): (piece: Piece) => boolean {
  return (piece) => piece.minUnixMs <= endUnixMs && piece.maxUnixMs >= startUnixMs;
}

/** What of the columns is in the range; undefined when nothing is. */
function trim(
  { labels }: SeriesEntry,
  columns: Columns,
  count: number,
  range: Range,
): Series | undefined {
  const [start, end] = placesIn(columns, count, range);
  if (start >= end) return undefined;
  // A small part is copied, so that it does not keep the whole in memory.
  const cut = end - start > columns.capacity / 2 ? 'subarray' : 'slice';
  const series = {
    labels,
    timestamps: columns.timestamps[cut](start, end),
    values: columns.values[cut](start, end),
  };
  const histograms = histogramsOf(columns, start, end);
  return histograms === undefined ? series : { ...series, histograms };
}

/** Where the samples in the range begin and end. */
export function placesIn(
  { timestamps }: Columns,
  count: number,
  { startUnixMs, endUnixMs }: Range,
): readonly [start: number, end: number] {
  return [
    firstAtOrAfter(timestamps, count, startUnixMs),
    // Timestamps are whole, so what is after the end is at or after the next whole number.
    firstAtOrAfter(timestamps, count, Math.floor(endUnixMs) + 1),
  ];
}

export function histogramsOf(
  { histograms }: Columns,
  start: number,
  end: number,
): Series['histograms'] {
  if (histograms === undefined) return undefined;
  const own = Array.from({ length: end - start }, (_, i) => histograms[start + i]);
  return own.every((histogram) => histogram === undefined) ? undefined : own;
}

function countOf(pieces: readonly Piece[]): number {
  let count = 0;
  for (const piece of pieces) count += piece.count;
  return count;
}
