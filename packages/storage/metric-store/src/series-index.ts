import { setImmediate as nextTurn } from 'node:timers/promises';

import {
  type BlockIndex,
  type BlockSeries,
  type ChunkRow,
  type GroupPlace,
} from './block-format.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';

/** Index rows read between two turns of the event loop. */
const SERIES_PER_TURN = 2_000;

/** What a block's index says of the newest sample of a series. */
export type NewestSample = Pick<BlockSeries, 'lastLow' | 'lastHigh' | 'lastIsHistogram'>;

interface Row extends BlockSeries {
  readonly entry: SeriesEntry;
  /** How many stand before it in the file. */
  readonly rank: number;
}

/** The index of a block in memory: columns, rather than an object per series and chunk. */
export class SeriesIndex {
  readonly groups: readonly GroupPlace[];
  readonly entries: readonly SeriesEntry[];
  /** By id, ascending; and where the chunks of each begin, with one more at the end. */
  readonly #ids: Int32Array;
  /** Places in the order in which the series stand in the file. */
  readonly #fileOrder: Int32Array;
  readonly #firstChunk: Int32Array;
  readonly #lastValues: Uint32Array;
  readonly #lastIsHistogram: Uint8Array;
  readonly #minUnixMs: Float64Array;
  readonly #maxUnixMs: Float64Array;
  readonly #counts: Uint32Array;
  readonly #groups: Uint32Array;
  readonly #offsets: Uint32Array;

  private constructor(groups: readonly GroupPlace[], rows: readonly Row[]) {
    const chunkCount = rows.reduce((sum, { chunks }) => sum + chunks.length, 0);
    this.groups = groups;
    this.entries = rows.map(({ entry }) => entry);
    this.#ids = Int32Array.from(rows, ({ entry }) => entry.id);
    this.#fileOrder = new Int32Array(rows.length);
    this.#firstChunk = new Int32Array(rows.length + 1);
    this.#lastValues = new Uint32Array(rows.length * 2);
    this.#lastIsHistogram = Uint8Array.from(rows, (row) => (row.lastIsHistogram ? 1 : 0));
    this.#minUnixMs = new Float64Array(chunkCount);
    this.#maxUnixMs = new Float64Array(chunkCount);
    this.#counts = new Uint32Array(chunkCount);
    this.#groups = new Uint32Array(chunkCount);
    this.#offsets = new Uint32Array(chunkCount);
    let at = 0;
    rows.forEach(({ rank, chunks, lastLow, lastHigh }, i) => {
      this.#fileOrder[rank] = i;
      this.#lastValues[i * 2] = lastLow;
      this.#lastValues[i * 2 + 1] = lastHigh;
      for (const chunk of chunks) {
        this.#minUnixMs[at] = chunk.minUnixMs;
        this.#maxUnixMs[at] = chunk.maxUnixMs;
        this.#counts[at] = chunk.count;
        this.#groups[at] = chunk.group;
        this.#offsets[at] = chunk.offset;
        at++;
      }
      this.#firstChunk[i + 1] = at;
    });
  }

  /** Takes a decoded index over; its series enter the table. */
  static async load(
    { groups, series }: BlockIndex,
    table: Pick<SeriesTable, 'ensure'>,
  ): Promise<SeriesIndex> {
    const rows: Row[] = [];
    for (const row of series) {
      rows.push({ ...row, entry: table.ensure(row.labels), rank: rows.length });
      if (rows.length % SERIES_PER_TURN === 0) await nextTurn();
    }
    rows.sort((a, b) => a.entry.id - b.entry.id);
    return new SeriesIndex(groups, rows);
  }

  /** The series as they stand in the file, which is about as their chunks do. */
  *inFileOrder(): Iterable<SeriesEntry> {
    for (const place of this.#fileOrder) {
      const entry = this.entries[place];
      if (entry !== undefined) yield entry;
    }
  }

  /** The place of a series in the index; -1 when it has none. */
  find({ id: wanted }: SeriesEntry): number {
    let low = 0;
    let high = this.#ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const id = this.#ids[middle] ?? 0;
      if (id === wanted) return middle;
      if (id < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The chunks of the series at a place that overlap a stretch of time, oldest first. */
  chunks(place: number, startUnixMs: number, endUnixMs: number): readonly ChunkRow[] {
    const rows: ChunkRow[] = [];
    const end = place === -1 ? 0 : (this.#firstChunk[place + 1] ?? 0);
    for (let chunk = this.#firstChunk[place] ?? 0; chunk < end; chunk++) {
      const minUnixMs = this.#minUnixMs[chunk] ?? 0;
      const maxUnixMs = this.#maxUnixMs[chunk] ?? 0;
      if (maxUnixMs < startUnixMs || minUnixMs > endUnixMs) continue;
      rows.push({
        minUnixMs,
        maxUnixMs,
        count: this.#counts[chunk] ?? 0,
        group: this.#groups[chunk] ?? 0,
        offset: this.#offsets[chunk] ?? 0,
      });
    }
    return rows;
  }

  newest(place: number): NewestSample {
    return {
      lastLow: this.#lastValues[place * 2] ?? 0,
      lastHigh: this.#lastValues[place * 2 + 1] ?? 0,
      lastIsHistogram: this.#lastIsHistogram[place] === 1,
    };
  }

  /** Time of the newest sample of the series at a place. */
  newestUnixMs(place: number): number {
    return this.#maxUnixMs[(this.#firstChunk[place + 1] ?? 0) - 1] ?? Number.NEGATIVE_INFINITY;
  }
}
