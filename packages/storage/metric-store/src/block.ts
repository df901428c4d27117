import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';

import { CorruptionError } from '@dwcp/core';
import { type FileSystem, type OpenFile } from '@dwcp/segments';

import {
  type BlockFooter,
  type BlockSeries,
  checkHeader,
  type ChunkRow,
  decodeFooter,
  decodeIndex,
  FOOTER_BYTES,
  HEADER_BYTES,
  unwrap,
} from './block-format.ts';
import { decodeChunk } from './chunk.ts';
import { type Columns } from './columns.ts';
import { type GroupCache } from './group-cache.ts';
import { type Piece } from './piece.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';

export interface BlockEnvironment {
  readonly fileSystem: FileSystem;
  readonly table: SeriesTable;
  readonly cache: GroupCache;
  /** Told once of each damaged place. */
  readonly onCorruption: (error: CorruptionError) => void;
}

let blocksOpened = 0;
/** More groups than a block of 4 GiB has. */
const GROUPS_PER_BLOCK = 2 ** 20;
/** Index rows read between two turns of the event loop. */
const SERIES_PER_TURN = 2_000;

/** An immutable block file, open for reading. Its index is in memory, as columns. */
export class Block {
  readonly name: string;
  readonly footer: BlockFooter;
  readonly sizeBytes: number;
  /** Whether a damaged group was found; such a block is not merged. */
  isDamaged = false;
  readonly #path: string;
  readonly #environment: BlockEnvironment;
  readonly #file: OpenFile;
  readonly #serial = blocksOpened++;
  readonly #damagedGroups = new Set<number>();
  /** By id, ascending; the ids again; and where the chunks of each begin, with one more at the end. */
  #entries: readonly SeriesEntry[] = [];
  #ids = new Int32Array(0);
  #firstChunk = new Int32Array(1);
  #lastValues = new Uint32Array(0);
  #lastIsHistogram = new Uint8Array(0);
  #minUnixMs = new Float64Array(0);
  #maxUnixMs = new Float64Array(0);
  #counts = new Uint32Array(0);
  #groups = new Uint32Array(0);
  #offsets = new Uint32Array(0);
  #groupPositions = new Float64Array(0);
  #groupSizes = new Uint32Array(0);
  #readers = 0;
  #retired = false;

  private constructor(
    environment: BlockEnvironment,
    path: string,
    name: string,
    file: OpenFile,
    footer: BlockFooter,
    sizeBytes: number,
  ) {
    this.#environment = environment;
    this.#path = path;
    this.name = name;
    this.#file = file;
    this.footer = footer;
    this.sizeBytes = sizeBytes;
  }

  /**
   * Reads the index; its series enter the table.
   * @throws CorruptionError when header, index or footer are damaged
   */
  static async open(environment: BlockEnvironment, dir: string, name: string): Promise<Block> {
    const path = join(dir, name);
    const file = await environment.fileSystem.open(path, 'read');
    try {
      const sizeBytes = await file.size();
      checkHeader(path, await readRange(file, 0, Math.min(HEADER_BYTES, sizeBytes)));
      const footerAt = Math.max(0, sizeBytes - FOOTER_BYTES);
      const footer = decodeFooter(path, footerAt, await readRange(file, footerAt, FOOTER_BYTES));
      const block = new Block(environment, path, name, file, footer, sizeBytes);
      await block.#loadIndex();
      return block;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get entries(): readonly SeriesEntry[] {
    return this.#entries;
  }

  get groupCount(): number {
    return this.#groupPositions.length;
  }

  has(entry: SeriesEntry): boolean {
    return this.#indexOf(entry) !== -1;
  }

  overlaps(startUnixMs: number, endUnixMs: number): boolean {
    return this.footer.minUnixMs <= endUnixMs && this.footer.maxUnixMs >= startUnixMs;
  }

  /** The chunks of a series that overlap the range, oldest first. */
  pieces(entry: SeriesEntry, startUnixMs: number, endUnixMs: number): readonly Piece[] {
    const index = this.#indexOf(entry);
    if (index === -1) return [];
    const pieces: Piece[] = [];
    const end = this.#firstChunk[index + 1] ?? 0;
    for (let chunk = this.#firstChunk[index] ?? 0; chunk < end; chunk++) {
      const minUnixMs = this.#minUnixMs[chunk] ?? 0;
      const maxUnixMs = this.#maxUnixMs[chunk] ?? 0;
      if (maxUnixMs < startUnixMs || minUnixMs > endUnixMs) continue;
      pieces.push({
        count: this.#counts[chunk] ?? 0,
        minUnixMs,
        maxUnixMs,
        copyTo: (into, at) => this.#copyChunk(chunk, into, at),
      });
    }
    return pieces;
  }

  /** What the index has of a series, for a merge. */
  seriesOf(entry: SeriesEntry): {
    readonly chunks: readonly ChunkRow[];
    readonly lastLow: number;
    readonly lastHigh: number;
    readonly lastIsHistogram: boolean;
  } {
    const index = this.#indexOf(entry);
    const chunks: ChunkRow[] = [];
    const end = this.#firstChunk[index + 1] ?? 0;
    for (let chunk = this.#firstChunk[index] ?? 0; index !== -1 && chunk < end; chunk++) {
      chunks.push({
        minUnixMs: this.#minUnixMs[chunk] ?? 0,
        maxUnixMs: this.#maxUnixMs[chunk] ?? 0,
        count: this.#counts[chunk] ?? 0,
        group: this.#groups[chunk] ?? 0,
        offset: this.#offsets[chunk] ?? 0,
      });
    }
    return {
      chunks,
      lastLow: this.#lastValues[index * 2] ?? 0,
      lastHigh: this.#lastValues[index * 2 + 1] ?? 0,
      lastIsHistogram: this.#lastIsHistogram[index] === 1,
    };
  }

  /**
   * A group as it stands in the file, its checksum verified.
   * @throws CorruptionError
   */
  async readGroup(group: number): Promise<Uint8Array> {
    const position = this.#groupPositions[group] ?? 0;
    const bytes = await readRange(this.#file, position, this.#groupSizes[group] ?? 0);
    unwrap(this.#path, position, bytes);
    return bytes;
  }

  /** Keeps the file open until the matching `release`, also when the block is retired meanwhile. */
  acquire(): void {
    this.#readers++;
  }

  async release(): Promise<void> {
    this.#readers--;
    if (this.#retired && this.#readers === 0) await this.#file.close();
  }

  /** Closes the file as soon as nobody reads it. */
  async retire(): Promise<void> {
    if (this.#retired) return;
    this.#retired = true;
    if (this.#readers === 0) await this.#file.close();
  }

  /** Closes and removes the file. Readers of before go on reading. */
  async remove(): Promise<void> {
    await this.retire();
    await this.#environment.fileSystem.remove(this.#path);
  }

  #indexOf(entry: SeriesEntry): number {
    let low = 0;
    let high = this.#ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const id = this.#ids[middle] ?? 0;
      if (id === entry.id) return middle;
      if (id < entry.id) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #copyChunk(chunk: number, into: Columns, at: number): number | Promise<number> {
    const group = this.#groups[chunk] ?? 0;
    const key = this.#serial * GROUPS_PER_BLOCK + group;
    const cached = this.#environment.cache.get(key);
    const offset = this.#offsets[chunk] ?? 0;
    if (cached !== undefined) return decodeChunk(cached, offset, into, at);
    return this.#loadGroup(group, key).then((bytes) =>
      bytes === undefined ? 0 : decodeChunk(bytes, offset, into, at),
    );
  }

  /** The raw bytes of a group; undefined when it is damaged. */
  async #loadGroup(group: number, key: number): Promise<Uint8Array | undefined> {
    if (this.#damagedGroups.has(group)) return undefined;
    try {
      const bytes = await this.readGroup(group);
      const { compressed, rawLength } = unwrap(this.#path, 0, bytes);
      const raw = zstdDecompressSync(compressed, { maxOutputLength: rawLength });
      this.#environment.cache.put(key, raw);
      return raw;
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.noteDamage(group, error);
      return undefined;
    }
  }

  /** Remembers a damaged group, so that it is told once and not read again. */
  noteDamage(group: number, error: CorruptionError): void {
    this.isDamaged = true;
    if (this.#damagedGroups.has(group)) return;
    this.#damagedGroups.add(group);
    this.#environment.onCorruption(error);
  }

  async #loadIndex(): Promise<void> {
    const { indexOffset, indexBytes } = this.footer;
    const wrapped = await readRange(this.#file, indexOffset, indexBytes);
    const { compressed, rawLength } = unwrap(this.#path, indexOffset, wrapped);
    const { groups, series } = decodeIndex(
      zstdDecompressSync(compressed, { maxOutputLength: rawLength }),
    );
    const { table } = this.#environment;
    const rows: (BlockSeries & { readonly entry: SeriesEntry })[] = [];
    for (const row of series) {
      rows.push({ ...row, entry: table.ensure(row.labels) });
      if (rows.length % SERIES_PER_TURN === 0) await nextTurn();
    }
    rows.sort((a, b) => a.entry.id - b.entry.id);
    const chunkCount = rows.reduce((sum, { chunks }) => sum + chunks.length, 0);
    this.#entries = rows.map(({ entry }) => entry);
    this.#ids = Int32Array.from(rows, ({ entry }) => entry.id);
    this.#firstChunk = new Int32Array(rows.length + 1);
    this.#lastValues = Uint32Array.from(rows.flatMap((row) => [row.lastLow, row.lastHigh]));
    this.#lastIsHistogram = Uint8Array.from(rows, (row) => (row.lastIsHistogram ? 1 : 0));
    this.#minUnixMs = new Float64Array(chunkCount);
    this.#maxUnixMs = new Float64Array(chunkCount);
    this.#counts = new Uint32Array(chunkCount);
    this.#groups = new Uint32Array(chunkCount);
    this.#offsets = new Uint32Array(chunkCount);
    this.#groupPositions = Float64Array.from(groups, ({ position }) => position);
    this.#groupSizes = Uint32Array.from(groups, ({ sizeBytes }) => sizeBytes);
    let at = 0;
    rows.forEach(({ entry, chunks, lastLow, lastHigh, lastIsHistogram }, i) => {
      for (const chunk of chunks) {
        this.#minUnixMs[at] = chunk.minUnixMs;
        this.#maxUnixMs[at] = chunk.maxUnixMs;
        this.#counts[at] = chunk.count;
        this.#groups[at] = chunk.group;
        this.#offsets[at] = chunk.offset;
        at++;
      }
      this.#firstChunk[i + 1] = at;
      const newest = this.#maxUnixMs[at - 1] ?? Number.NEGATIVE_INFINITY;
      if (newest > entry.newestUnixMs) {
        entry.setNewest(newest, lastLow, lastHigh, lastIsHistogram);
      }
    });
  }
}

async function readRange(file: OpenFile, position: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, await file.read(bytes, position));
}
