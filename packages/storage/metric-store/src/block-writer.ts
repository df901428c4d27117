import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { zstdCompress, zstdCompressSync } from 'node:zlib';

import { type FileSystem, type OpenFile, writeFileAtomically } from '@dwcp/segments';

import {
  type BlockFooter,
  type BlockSeries,
  type ChunkRow,
  encodeFooter,
  encodeHeader,
  type GroupPlace,
  IndexEncoder,
  wrap,
} from './block-format.ts';
import { ByteWriter } from './bytes.ts';
import { encodeChunk } from './chunk.ts';
import { type Columns } from './columns.ts';
import { type CoarseChunk, encodeCoarse } from './downsample.ts';

/** Raw bytes of a group; one is read and decompressed as a whole. */
const GROUP_BYTES = 64 * 1024;
/** Samples of a chunk: a query for a moment decodes no more than these. */
const MAX_CHUNK_SAMPLES = 4_096;
/** Between two turns of the event loop; about 5 ms of work. */
const SERIES_PER_TURN = 1_000;
const SAMPLES_PER_TURN = 65_536;

const compressAside = promisify(zstdCompress);

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
 */
export async function writeBlock(
  fileSystem: FileSystem,
  path: string,
  identity: BlockIdentity,
  fill: (writer: BlockWriter) => Promise<void>,
): Promise<void> {
  await writeFileAtomically(fileSystem, path, async (file) => {
    const writer = new BlockWriter(file);
    await writer.begin();
    await fill(writer);
    await writer.finish(identity);
  });
}

export class BlockWriter {
  readonly #file: OpenFile;
  readonly #index = new IndexEncoder();
  readonly #groups: GroupPlace[] = [];
  readonly #group = new ByteWriter(GROUP_BYTES + 16 * 1024);
  readonly #scratch = new ByteWriter(16 * 1024);
  #position = 0;
  #seriesCount = 0;
  #samplesInTurn = 0;
  #sampleCount = 0;
  #minUnixMs = Number.POSITIVE_INFINITY;
  #maxUnixMs = Number.NEGATIVE_INFINITY;

  constructor(file: OpenFile) {
    this.#file = file;
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
      rows.push({
        minUnixMs: columns.timestamps[start] ?? 0,
        maxUnixMs: columns.timestamps[end - 1] ?? 0,
        count: end - start,
        group: this.#groups.length,
        offset: this.#group.length,
      });
      encodeChunk(this.#group, columns, start, end);
      this.#samplesInTurn += end - start;
      if (this.#group.length >= GROUP_BYTES) await this.#flushGroup();
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
      group: this.#groups.length,
      offset: encodeCoarse(this.#group, this.#scratch, chunk),
    };
    if (this.#group.length >= GROUP_BYTES) await this.#flushGroup();
    return row;
  }

  /** Takes over a group of another block as it stands; returns its number here. */
  async addGroup(wrapped: Uint8Array): Promise<number> {
    await this.#flushGroup();
    await this.#append(wrapped);
    this.#groups.push({
      position: this.#position - wrapped.length,
      sizeBytes: wrapped.length,
    });
    return this.#groups.length - 1;
  }

  async addSeries(series: BlockSeries): Promise<void> {
    this.#index.add(series);
    for (const { minUnixMs, maxUnixMs, count } of series.chunks) {
      this.#sampleCount += count;
      this.#minUnixMs = Math.min(this.#minUnixMs, minUnixMs);
      this.#maxUnixMs = Math.max(this.#maxUnixMs, maxUnixMs);
    }
    if (++this.#seriesCount % SERIES_PER_TURN === 0) await this.#yield();
  }

  async finish(identity: BlockIdentity): Promise<void> {
    await this.#flushGroup();
    const indexOffset = this.#position;
    const index = this.#index.finish(this.#groups);
    // Of a hundred thousand series the index is megabytes: compressed on the thread pool.
    const wrapped = wrap(await compressAside(index), index.length);
    await this.#append(wrapped);
    await this.#append(
      encodeFooter({
        ...identity,
        indexOffset,
        indexBytes: wrapped.length,
        minUnixMs: this.#minUnixMs,
        maxUnixMs: this.#maxUnixMs,
        sampleCount: this.#sampleCount,
        seriesCount: this.#seriesCount,
      }),
    );
  }

  async #flushGroup(): Promise<void> {
    if (this.#group.length === 0) return;
    const wrapped = wrap(zstdCompressSync(this.#group.view()), this.#group.length);
    this.#group.clear();
    await this.#append(wrapped);
    this.#groups.push({ position: this.#position - wrapped.length, sizeBytes: wrapped.length });
    this.#samplesInTurn = 0;
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
