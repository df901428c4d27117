import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createZstdCompress } from 'node:zlib';

import { type FileSystem, type OpenFile, writeFileAtomically } from '@dwcp/segments';

import {
  type BlockFooter,
  type BlockSeries,
  type ChunkRow,
  encodeEnvelope,
  encodeFooter,
  encodeHeader,
  type GroupPlace,
  IndexEncoder,
  lengthOf,
} from './block-format.ts';
import { ByteWriter } from './bytes.ts';
import { encodeChunk, isRandom } from './chunk.ts';
import { type Columns } from './columns.ts';
import { type CoarseChunk, encodeCoarse } from './downsample.ts';
import { GroupWriter } from './group.ts';

/** Samples of a chunk: a query for a moment decodes no more than these. */
const MAX_CHUNK_SAMPLES = 2_048;
/** Compressed groups kept for the sake of their order. */
const MAX_WAITING_GROUPS = 16;
/** Between two turns of the event loop; about 5 ms of work. */
const SERIES_PER_TURN = 400;
const SAMPLES_PER_TURN = 65_536;

export type BlockIdentity = Pick<
  BlockFooter,
  | 'firstSequence'
  | 'lastSequence'
  | 'walFrom'
  | 'level'
  | 'sealedUnixMs'
  | 'deletedThrough'
  | 'resolutionMs'
>;

/**
 * Writes a block file atomically: chunks in compressed groups, then the index, then the footer. It
 * works in short steps with a turn of the event loop between them.
 * @param onSeries called with each series as the index has it
 * @returns where the groups are
 */
export async function writeBlock(
  fileSystem: FileSystem,
  path: string,
  identity: BlockIdentity,
  fill: (writer: BlockWriter) => Promise<void>,
  onSeries?: (series: BlockSeries) => void,
): Promise<readonly GroupPlace[]> {
  let groups: readonly GroupPlace[] = [];
  await writeFileAtomically(fileSystem, path, async (file) => {
    const writer = new BlockWriter(file, onSeries);
    await writer.begin();
    await fill(writer);
    groups = await writer.finish(identity);
  });
  return groups;
}

export class BlockWriter {
  readonly #file: OpenFile;
  readonly #onSeries: (series: BlockSeries) => void;
  readonly #index = new IndexEncoder();
  readonly #groups: GroupPlace[] = [];
  readonly #regular = new GroupWriter();
  /** For values that do not compress: in one block of zstd they would spoil the codes of the others. */
  readonly #random = new GroupWriter();
  /** Where the series that is being written goes; undefined before its first chunk. */
  #current: GroupWriter | undefined;
  #groupCount = 0;
  /** Groups that wait for one of a lower number. */
  readonly #waiting = new Map<number, Uint8Array>();
  readonly #scratch = new ByteWriter(16 * 1024);
  #position = 0;
  #seriesCount = 0;
  #samplesInTurn = 0;
  #sampleCount = 0;
  #minUnixMs = Number.POSITIVE_INFINITY;
  #maxUnixMs = Number.NEGATIVE_INFINITY;

  constructor(file: OpenFile, onSeries: (series: BlockSeries) => void = () => undefined) {
    this.#file = file;
    this.#onSeries = onSeries;
  }

  get sampleCount(): number {
    return this.#sampleCount;
  }

  begin(): Promise<void> {
    return this.#append(encodeHeader());
  }

  /** Encodes the first `count` samples, at least one, of a series. */
  async addSamples(columns: Columns, count: number): Promise<readonly ChunkRow[]> {
    const rows: ChunkRow[] = [];
    for (let start = 0; start < count; start += MAX_CHUNK_SAMPLES) {
      const end = Math.min(count, start + MAX_CHUNK_SAMPLES);
      // One choice for all chunks of a series, so that their groups' numbers only rise.
      const group = (this.#current ??= isRandom(columns, start, end)
        ? this.#random
        : this.#regular);
      rows.push({
        minUnixMs: columns.timestamps[start] ?? 0,
        maxUnixMs: columns.timestamps[end - 1] ?? 0,
        count: end - start,
        group: this.#numberOf(group),
        offset: group.bytes.length,
      });
      encodeChunk(group.bytes, columns, start, end, group.tail);
      this.#samplesInTurn += end - start;
      if (group.isFull) await this.#flush(group);
      else if (this.#samplesInTurn >= SAMPLES_PER_TURN) await this.#yield();
    }
    return rows;
  }

  /** Encodes a chunk of a downsampled block. */
  async addCoarse(chunk: CoarseChunk): Promise<ChunkRow> {
    const { columns, count } = chunk.samples;
    const row = {
      minUnixMs: columns.timestamps[0] ?? 0,
      maxUnixMs: columns.timestamps[count - 1] ?? 0,
      count,
      group: this.#numberOf(this.#regular),
      offset: encodeCoarse(this.#regular.bytes, this.#scratch, chunk),
    };
    if (this.#regular.isFull) await this.#flush(this.#regular);
    return row;
  }

  /** Takes over a group of another block as it stands; returns its number here. */
  async addGroup(wrapped: Uint8Array): Promise<number> {
    await this.#flushAll();
    await this.#write(this.#groupCount++, wrapped);
    return this.#groupCount - 1;
  }

  async addSeries(series: BlockSeries): Promise<void> {
    this.#index.add(series);
    this.#current = undefined;
    this.#onSeries(series);
    for (const { minUnixMs, maxUnixMs, count } of series.chunks) {
      this.#sampleCount += count;
      this.#minUnixMs = Math.min(this.#minUnixMs, minUnixMs);
      this.#maxUnixMs = Math.max(this.#maxUnixMs, maxUnixMs);
    }
    if (++this.#seriesCount % SERIES_PER_TURN === 0) await this.#yield();
  }

  async finish(identity: BlockIdentity): Promise<readonly GroupPlace[]> {
    await this.#flushAll();
    const indexOffset = this.#position;
    const index = this.#index.finish(this.#groups);
    // Of a hundred thousand series the index is megabytes: compressed on the thread pool.
    const compressed = await compressAside(index);
    await this.#append(encodeEnvelope(compressed, lengthOf(index)));
    for (const part of compressed) await this.#append(part);
    await this.#append(
      encodeFooter({
        ...identity,
        indexOffset,
        indexBytes: this.#position - indexOffset,
        minUnixMs: this.#minUnixMs,
        maxUnixMs: this.#maxUnixMs,
        sampleCount: this.#sampleCount,
        seriesCount: this.#seriesCount,
      }),
    );
    return this.#groups;
  }

  #numberOf(group: GroupWriter): number {
    if (group.isEmpty) group.number = this.#groupCount++;
    return group.number;
  }

  async #flushAll(): Promise<void> {
    await this.#flush(this.#regular);
    await this.#flush(this.#random);
  }

  async #flush(group: GroupWriter): Promise<void> {
    if (group.isEmpty) return;
    const wrapped = group.take();
    this.#samplesInTurn = 0;
    await this.#write(group.number, wrapped);
    // The one that all others wait for fills too slowly.
    if (this.#waiting.size >= MAX_WAITING_GROUPS) await this.#flushAll();
  }

  /** Groups stand in the file in the order of their numbers. */
  async #write(number: number, wrapped: Uint8Array): Promise<void> {
    this.#waiting.set(number, wrapped);
    for (;;) {
      const next = this.#waiting.get(this.#groups.length);
      if (next === undefined) return;
      this.#waiting.delete(this.#groups.length);
      this.#groups.push({ position: this.#position, sizeBytes: next.length });
      await this.#append(next);
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#file.write(bytes, this.#position);
    this.#position += bytes.length;
  }

  async #yield(): Promise<void> {
    this.#samplesInTurn = 0;
    await nextTurn();
  }
}

async function compressAside(parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const compressed: Uint8Array[] = [];
  const stream = Readable.from(parts).pipe(createZstdCompress({ pledgedSrcSize: lengthOf(parts) }));
  for await (const part of stream) compressed.push(part as Uint8Array);
  return compressed;
}
