import {
  type BlockIndex,
  type BlockSeries,
  type ChunkRow,
  type GroupPlace,
} from './block-format.ts';
import { grown } from './series-state.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';
import { sortedPlaces } from './sorted-places.ts';
import { Turns } from './turns.ts';

/** Index rows read between two turns of the event loop. */
const SERIES_PER_TURN = 1_000;
const NUMBERS_PER_TURN = 65_536;
const FIRST_CAPACITY = 256;

/** What a block's index says of the newest sample of a series. */
export type NewestSample = Pick<BlockSeries, 'lastLow' | 'lastHigh' | 'lastIsHistogram'>;

/** What stands in the columns, by place of a series or number of a chunk. */
interface IndexColumns {
  /** Where the chunks of each series begin, with one more at the end. */
  readonly firstChunk: Int32Array;
  readonly lastValues: Uint32Array;
  readonly lastIsHistogram: Uint8Array;
  readonly minUnixMs: Float64Array;
  readonly maxUnixMs: Float64Array;
  readonly counts: Uint32Array;
  readonly groups: Uint32Array;
  readonly offsets: Uint32Array;
}

/** The index of a block in memory: columns, rather than an object per series and chunk. */
export class SeriesIndex {
  readonly groups: readonly GroupPlace[];
  /** By place, which is how they stand in the file, and about how their chunks do. */
  readonly entries: readonly SeriesEntry[];
  /** Ascending. */
  readonly #ids: Int32Array;
  /** The places of the ids; undefined where they ascend in the file too. */
  readonly #places: Int32Array | undefined;
  readonly #columns: IndexColumns;
  /** Found last: series are mostly looked for in the order in which they stand in the file. */
  #foundLast = -1;

  constructor(
    groups: readonly GroupPlace[],
    entries: readonly SeriesEntry[],
    { ids, places }: { readonly ids: Int32Array; readonly places: Int32Array | undefined },
    columns: IndexColumns,
  ) {
    this.groups = groups;
    this.entries = entries;
    this.#ids = ids;
    this.#places = places;
    this.#columns = columns;
  }

  /** Takes a decoded index over; its series enter the table. */
  static async load(
    { groups, series }: BlockIndex,
    table: Pick<SeriesTable, 'ensure'>,
  ): Promise<SeriesIndex> {
    const builder = new SeriesIndexBuilder(table);
    const turns = new Turns(SERIES_PER_TURN);
    for (const row of series) {
      builder.add(row);
      await turns.spend(1);
    }
    return builder.finish(groups);
  }

  /** Sets a flag for each series, by id. */
  mark(flags: Uint8Array): void {
    for (const id of this.#ids) flags[id] = 1;
  }

  /** The place of a series in the index; -1 when it has none. */
  find(entry: SeriesEntry): number {
    const next = this.#foundLast + 1;
    this.#foundLast = this.entries[next] === entry ? next : this.#search(entry);
    return this.#foundLast;
  }

  #search({ id: wanted }: SeriesEntry): number {
    let low = 0;
    let high = this.#ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const id = this.#ids[middle] ?? 0;
      if (id === wanted) return this.#places?.[middle] ?? middle;
      if (id < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The chunks of the series at a place that overlap a stretch of time, oldest first. */
  chunks(place: number, startUnixMs: number, endUnixMs: number): readonly ChunkRow[] {
    const { firstChunk, counts, groups, offsets } = this.#columns;
    const rows: ChunkRow[] = [];
    const end = place === -1 ? 0 : (firstChunk[place + 1] ?? 0);
    for (let chunk = firstChunk[place] ?? 0; chunk < end; chunk++) {
      const minUnixMs = this.#columns.minUnixMs[chunk] ?? 0;
      const maxUnixMs = this.#columns.maxUnixMs[chunk] ?? 0;
      if (maxUnixMs < startUnixMs || minUnixMs > endUnixMs) continue;
      rows.push({
        minUnixMs,
        maxUnixMs,
        count: counts[chunk] ?? 0,
        group: groups[chunk] ?? 0,
        offset: offsets[chunk] ?? 0,
      });
    }
    return rows;
  }

  newest(place: number): NewestSample {
    const { lastValues, lastIsHistogram } = this.#columns;
    return {
      lastLow: lastValues[place * 2] ?? 0,
      lastHigh: lastValues[place * 2 + 1] ?? 0,
      lastIsHistogram: lastIsHistogram[place] === 1,
    };
  }

  /** Time of the newest sample of the series at a place. */
  newestUnixMs(place: number): number {
    const { firstChunk, maxUnixMs } = this.#columns;
    return maxUnixMs[(firstChunk[place + 1] ?? 0) - 1] ?? Number.NEGATIVE_INFINITY;
  }
}

/** Makes the index of a block in memory, series by series as they stand in the file. */
export class SeriesIndexBuilder {
  readonly #table: Pick<SeriesTable, 'ensure'>;
  readonly #entries: SeriesEntry[] = [];
  #chunkCount = 0;
  #ids = new Int32Array(FIRST_CAPACITY);
  #firstChunk = new Int32Array(FIRST_CAPACITY + 1);
  #lastValues = new Uint32Array(FIRST_CAPACITY * 2);
  #lastIsHistogram = new Uint8Array(FIRST_CAPACITY);
  #minUnixMs = new Float64Array(FIRST_CAPACITY);
  #maxUnixMs = new Float64Array(FIRST_CAPACITY);
  #counts = new Uint32Array(FIRST_CAPACITY);
  #groups = new Uint32Array(FIRST_CAPACITY);
  #offsets = new Uint32Array(FIRST_CAPACITY);

  constructor(table: Pick<SeriesTable, 'ensure'>) {
    this.#table = table;
  }

  /** The series enters the table. */
  add({ labels, lastLow, lastHigh, lastIsHistogram, chunks }: BlockSeries): void {
    const entry = this.#table.ensure(labels);
    const place = this.#entries.length;
    if (place === this.#ids.length) this.#growSeries();
    this.#entries.push(entry);
    this.#ids[place] = entry.id;
    this.#lastValues[place * 2] = lastLow;
    this.#lastValues[place * 2 + 1] = lastHigh;
    this.#lastIsHistogram[place] = lastIsHistogram ? 1 : 0;
    for (const { minUnixMs, maxUnixMs, count, group, offset } of chunks) {
      const at = this.#chunkCount++;
      if (at === this.#counts.length) this.#growChunks();
      this.#minUnixMs[at] = minUnixMs;
      this.#maxUnixMs[at] = maxUnixMs;
      this.#counts[at] = count;
      this.#groups[at] = group;
      this.#offsets[at] = offset;
    }
    this.#firstChunk[place + 1] = this.#chunkCount;
  }

  async finish(groups: readonly GroupPlace[]): Promise<SeriesIndex> {
    const turns = new Turns(NUMBERS_PER_TURN);
    const count = this.#entries.length;
    // One column at a time: of a day of a hundred thousand series they are tens of megabytes.
    const cut = async <Column extends { readonly length: number }>(
      column: {
        slice(start: number, end: number): Column;
      },
      length: number,
    ): Promise<Column> => {
      const own = column.slice(0, length);
      await turns.spend(length);
      return own;
    };
    const fileIds = await cut(this.#ids, count);
    const places = isAscending(fileIds) ? undefined : await sortedPlaces(fileIds, turns);
    const ids = places?.map((place) => fileIds[place] ?? 0) ?? fileIds;
    await turns.spend(count);
    const chunks = this.#chunkCount;
    const columns = {
      firstChunk: await cut(this.#firstChunk, count + 1),
      lastValues: await cut(this.#lastValues, count * 2),
      lastIsHistogram: await cut(this.#lastIsHistogram, count),
      minUnixMs: await cut(this.#minUnixMs, chunks),
      maxUnixMs: await cut(this.#maxUnixMs, chunks),
      counts: await cut(this.#counts, chunks),
      groups: await cut(this.#groups, chunks),
      offsets: await cut(this.#offsets, chunks),
    };
    return new SeriesIndex(groups, this.#entries, { ids, places }, columns);
  }

  #growSeries(): void {
    const capacity = this.#ids.length * 2;
    this.#ids = grown(this.#ids, new Int32Array(capacity));
    this.#firstChunk = grown(this.#firstChunk, new Int32Array(capacity + 1));
    this.#lastValues = grown(this.#lastValues, new Uint32Array(capacity * 2));
    this.#lastIsHistogram = grown(this.#lastIsHistogram, new Uint8Array(capacity));
  }

  #growChunks(): void {
    const capacity = this.#counts.length * 2;
    this.#minUnixMs = grown(this.#minUnixMs, new Float64Array(capacity));
    this.#maxUnixMs = grown(this.#maxUnixMs, new Float64Array(capacity));
    this.#counts = grown(this.#counts, new Uint32Array(capacity));
    this.#groups = grown(this.#groups, new Uint32Array(capacity));
    this.#offsets = grown(this.#offsets, new Uint32Array(capacity));
  }
}

function isAscending(numbers: Int32Array): boolean {
  for (let i = 1; i < numbers.length; i++) {
    if ((numbers[i - 1] ?? 0) >= (numbers[i] ?? 0)) return false;
  }
  return true;
}
