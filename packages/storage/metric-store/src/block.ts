import { join } from 'node:path';

import { CorruptionError } from '@dwcp/core';
import { type FileSystem } from '@dwcp/segments';

import { BlockFile } from './block-file.ts';
import { type BlockFooter, type ChunkRow, type GroupPlace } from './block-format.ts';
import { type CopyChunk, TrimmedChunk, WholeChunk } from './block-piece.ts';
import { decodeChunk } from './chunk.ts';
import { type Columns } from './columns.ts';
import { type Aggregate, type CoarseChunk, coarseWithout, decodeCoarse } from './downsample.ts';
import { type GroupCache } from './group-cache.ts';
import { type Piece } from './piece.ts';
import { type NewestSample, SeriesIndex } from './series-index.ts';
import { type SeriesOrder } from './series-order.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';
import { type Deletion, rangesOf, type TimeRange } from './tombstones.ts';
import { Turns } from './turns.ts';

export interface BlockEnvironment {
  readonly fileSystem: FileSystem;
  readonly table: Pick<SeriesTable, 'ensure' | 'order'>;
  readonly cache: GroupCache;
  /** Told once of each damaged place. */
  readonly onCorruption: (error: CorruptionError) => void;
}

/** Looked at between two turns of the event loop. */
const SERIES_PER_TURN = 16_384;

let blocksOpened = 0;
/** More groups than a block of 64 GiB has. */
const GROUPS_PER_BLOCK = 2 ** 24;

const ALWAYS: TimeRange = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** An immutable block file, open for reading. Its index is in memory. */
export class Block {
  readonly name: string;
  /** Whether a damaged group was found; such a block is not merged. */
  isDamaged = false;
  readonly #environment: BlockEnvironment;
  readonly #file: BlockFile;
  readonly #index: SeriesIndex;
  /** No other block that this process opens has it. */
  readonly serial = blocksOpened++;
  readonly #damagedGroups = new Set<number>();
  /** Those that take something out of this block; they stay as long as it is read. */
  #deletions: readonly Deletion[] = [];

  private constructor(
    environment: BlockEnvironment,
    name: string,
    file: BlockFile,
    index: SeriesIndex,
  ) {
    this.#environment = environment;
    this.name = name;
    this.#file = file;
    this.#index = index;
  }

  /**
   * Reads the index, where it is not known; its series enter the table, and learn of their newest
   * sample that is not deleted.
   * @param known the index of a block that was just written: to read that of a hundred thousand series
   *   takes half a second
   * @throws CorruptionError when header, index or footer are damaged
   */
  static async open(
    environment: BlockEnvironment,
    dir: string,
    name: string,
    deletions: readonly Deletion[] = [],
    known?: SeriesIndex,
  ): Promise<Block> {
    const file = await BlockFile.open(environment.fileSystem, join(dir, name));
    try {
      const index = known ?? (await SeriesIndex.load(await file.readIndex(), environment.table));
      const block = new Block(environment, name, file, index);
      for (const deletion of deletions) block.addDeletion(deletion);
      await block.#tellNewest();
      return block;
    } catch (error) {
      await file.retire();
      throw error;
    }
  }

  get footer(): BlockFooter {
    return this.#file.footer;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  get path(): string {
    return this.#file.path;
  }

  /** The series as they stand in the file. */
  get entries(): readonly SeriesEntry[] {
    return this.#index.entries;
  }

  get groupCount(): number {
    return this.#index.groups.length;
  }

  /** Both its newest sample and its arrival are no later than this. */
  get endUnixMs(): number {
    return Math.max(this.footer.maxUnixMs, this.footer.sealedUnixMs);
  }

  has(entry: SeriesEntry): boolean {
    return this.#index.find(entry) !== -1;
  }

  /** Sets a flag for each of its series, by id: far quicker than `has` for many. */
  mark(flags: Uint8Array): void {
    this.#index.mark(flags);
  }

  overlaps(startUnixMs: number, endUnixMs: number): boolean {
    return this.footer.minUnixMs <= endUnixMs && this.footer.maxUnixMs >= startUnixMs;
  }

  /** From now on its samples are in no piece; unless they came after it. */
  addDeletion(deletion: Deletion): void {
    if (this.#deletions.includes(deletion)) return;
    if (this.overlapsDeletion(deletion)) this.#deletions = [...this.#deletions, deletion];
  }

  /** Whether chunks of series that a deletion concerns reach into its range. */
  overlapsDeletion(deletion: Deletion): boolean {
    if (deletion.id <= this.footer.deletedThrough) return false;
    const { from, to } = deletion.range;
    if (!this.overlaps(from, to)) return false;
    return this.entries.some(
      (entry, place) => deletion.concerns(entry) && this.#index.chunks(place, from, to).length > 0,
    );
  }

  get hasDeletions(): boolean {
    return this.#deletions.length > 0;
  }

  /** What deletions took out of a series of this block. */
  deletedRanges(entry: SeriesEntry, { from, to }: TimeRange = ALWAYS): readonly TimeRange[] {
    return this.#deletions.length === 0 ? [] : rangesOf(this.#deletions, entry, from, to);
  }

  /** The chunks of a series that overlap the range, oldest first, without what was deleted. */
  pieces(entry: SeriesEntry, startUnixMs: number, endUnixMs: number): readonly Piece[] {
    const wanted = { from: startUnixMs, to: endUnixMs };
    const copy: CopyChunk = (row, into, at) => this.#copyChunk(row, into, at, wanted);
    if (this.#deletions.length === 0) {
      const rows = this.#index.chunks(this.#index.find(entry), startUnixMs, endUnixMs);
      return rows.map((row) => new WholeChunk(row, copy));
    }
    const pieces: Piece[] = [];
    this.eachChunk(entry, startUnixMs, endUnixMs, (row, deleted) => {
      pieces.push(
        deleted.length === 0 ? new WholeChunk(row, copy) : new TrimmedChunk(row, copy, deleted),
      );
    });
    return pieces;
  }

  /**
   * Visits the chunks of a series that overlap the range, oldest first, each with the stretches of it
   * that were deleted; those of which nothing is left aside.
   */
  eachChunk(
    entry: SeriesEntry,
    startUnixMs: number,
    endUnixMs: number,
    visit: (row: ChunkRow, deleted: readonly TimeRange[]) => void,
  ): void {
    const rows = this.#index.chunks(this.#index.find(entry), startUnixMs, endUnixMs);
    if (rows.length === 0) return;
    const deleted = this.deletedRanges(entry, { from: startUnixMs, to: endUnixMs });
    for (const row of rows) {
      const { minUnixMs, maxUnixMs } = row;
      const ranges =
        deleted.length === 0
          ? deleted
          : deleted.filter(({ from, to }) => from <= maxUnixMs && to >= minUnixMs);
      if (ranges.some(({ from, to }) => from <= minUnixMs && to >= maxUnixMs)) continue;
      visit(row, ranges);
    }
  }

  /** Where a group is in the file. */
  groupPlace(group: number): GroupPlace {
    return this.#index.groups[group] ?? { position: 0, sizeBytes: 0 };
  }

  /**
   * What a downsampled block knows of the samples of a series, one value per bucket at the time of
   * its last sample; of buckets that overlap the range. Buckets that a deletion touched are missing.
   * @throws CorruptionError
   */
  async aggregates(
    entry: SeriesEntry,
    aggregate: Aggregate,
    { from, to }: TimeRange,
  ): Promise<{ readonly unixMs: number; readonly value: number }[]> {
    const { resolutionMs } = this.footer;
    if (resolutionMs === 0) return [];
    const found: { readonly unixMs: number; readonly value: number }[] = [];
    const place = this.#index.find(entry);
    for (const row of this.#index.chunks(place, from - resolutionMs, to + resolutionMs)) {
      const whole = decodeCoarse(await this.#raw(row.group), row.offset, row.count);
      const chunk = coarseWithout(whole, this.deletedRanges(entry), resolutionMs);
      const { columns, count } = chunk.aggregates[aggregate];
      for (let i = 0; i < count; i++) {
        const unixMs = columns.timestamps[i] ?? 0;
        const start = Math.floor(unixMs / resolutionMs) * resolutionMs;
        if (start > to || start + resolutionMs <= from) continue;
        found.push({ unixMs, value: columns.values[i] ?? 0 });
      }
    }
    return found;
  }

  /** A chunk of a downsampled block; a damaged group is noted. @throws CorruptionError */
  async decodeCoarse({ group, offset, count }: ChunkRow): Promise<CoarseChunk> {
    return decodeCoarse(await this.#raw(group), offset, count);
  }

  /** What the index has of a series, for a merge. */
  seriesOf(entry: SeriesEntry): NewestSample & { readonly chunks: readonly ChunkRow[] } {
    const place = this.#index.find(entry);
    return {
      ...this.#index.newest(place),
      chunks: this.#index.chunks(place, ALWAYS.from, ALWAYS.to),
    };
  }

  /**
   * A group as it stands in the file, its checksum verified; a damaged one is noted.
   * @throws CorruptionError
   */
  readGroup(group: number): Promise<Uint8Array> {
    return this.#noting(group, (place) => this.#file.readGroup(place));
  }

  /**
   * Decodes a chunk, with a cache of the caller's; a damaged group is noted.
   * @throws CorruptionError
   */
  async decode(row: ChunkRow, into: Columns, at: number, cache: GroupCache): Promise<number> {
    return decodeChunk(await this.#raw(row.group, cache), row.offset, into, at);
  }

  /** Keeps the file open until the matching `release`, also when the block is retired meanwhile. */
  acquire(): void {
    this.#file.acquire();
  }

  release(): Promise<void> {
    return this.#file.release();
  }

  /** That of all series of the store. */
  get order(): SeriesOrder {
    return this.#environment.table.order;
  }

  /** Keeps the file under its name until the matching `unpin`. */
  pin(): void {
    this.#file.pin();
  }

  unpin(): Promise<void> {
    return this.#file.unpin();
  }

  /** Closes the file as soon as nobody reads it. */
  retire(): Promise<void> {
    return this.#file.retire();
  }

  /** Closes and removes the file. Readers of before go on reading. */
  remove(): Promise<void> {
    return this.#file.remove();
  }

  async #tellNewest(): Promise<void> {
    if (this.footer.resolutionMs !== 0) return;
    const turns = new Turns(SERIES_PER_TURN);
    for (const [place, entry] of this.entries.entries()) {
      if (place % 256 === 0) await turns.spend(256);
      const unixMs = this.#index.newestUnixMs(place);
      if (!(unixMs > entry.newestUnixMs)) continue;
      // What was deleted may be written again, and must not be taken for a repeat.
      if (this.deletedRanges(entry, { from: unixMs, to: unixMs }).length > 0) continue;
      const { lastLow, lastHigh, lastIsHistogram } = this.#index.newest(place);
      entry.setNewest(unixMs, lastLow, lastHigh, lastIsHistogram);
    }
  }

  /** The chunks of a group. */
  async #raw(group: number, cache = this.#environment.cache): Promise<Uint8Array> {
    const key = this.#key(group);
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const raw = await this.#noting(group, (place) => this.#file.readRawGroup(place));
    cache.put(key, raw);
    return raw;
  }

  #key(group: number): number {
    return this.serial * GROUPS_PER_BLOCK + group;
  }

  #copyChunk(
    row: ChunkRow,
    into: Columns,
    at: number,
    wanted: TimeRange,
  ): number | Promise<number> {
    const cached = this.#environment.cache.get(this.#key(row.group));
    if (cached !== undefined) return decodeChunk(cached, row.offset, into, at, wanted);
    return this.#copyFromDisk(row, into, at);
  }

  /** 0 when the group is damaged. */
  async #copyFromDisk(row: ChunkRow, into: Columns, at: number): Promise<number> {
    if (this.#damagedGroups.has(row.group)) return 0;
    try {
      return await this.decode(row, into, at, this.#environment.cache);
    } catch (error) {
      if (error instanceof CorruptionError) return 0;
      throw error;
    }
  }

  /** Remembers a damaged group, so that it is told once and not read again. */
  async #noting<T>(group: number, read: (place: GroupPlace) => Promise<T>): Promise<T> {
    try {
      return await read(this.groupPlace(group));
    } catch (error) {
      if (error instanceof CorruptionError && !this.#damagedGroups.has(group)) {
        this.isDamaged = true;
        this.#damagedGroups.add(group);
        this.#environment.onCorruption(error);
      }
      throw error;
    }
  }
}
