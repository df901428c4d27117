import { join } from 'node:path';

import { CorruptionError, type Log, type MetricMetadata } from '@dwcp/core';
import { isTemporaryFile } from '@dwcp/segments';

import { blockName, type BlockSeries, isBlockName } from './block-format.ts';
import { writeBlock } from './block-writer.ts';
import { Block, type BlockEnvironment } from './block.ts';
import { type Manifest, readManifest, saveManifest } from './manifest.ts';
import { type SeriesEntry } from './series-table.ts';

const MANIFEST = 'manifest';
/** This many neighbours of one level become one block of the next. */
const MERGE_COUNT = 8;

export interface BlockListOptions extends BlockEnvironment {
  readonly dir: string;
  readonly log: Log;
  /** Blocks are not merged beyond this much time, so that retention can remove them in parts. */
  readonly maxMergedMs: number;
  readonly metadata: () => readonly MetricMetadata[];
}

/** The blocks of the store and the manifest that lists them. Changes come one at a time. */
export class BlockList {
  readonly #options: BlockListOptions;
  #blocks: readonly Block[] = [];
  #walFrom = 1;

  private constructor(options: BlockListOptions) {
    this.#options = options;
  }

  /**
   * Opens what the manifest lists and removes what it does not. Without a readable manifest it is
   * made anew from the blocks that are there. A block that is missing or cannot be read is told to
   * `onCorruption`, and kept aside as `*.damaged`.
   */
  static async open(
    options: BlockListOptions,
  ): Promise<{ readonly list: BlockList; readonly metadata: readonly MetricMetadata[] }> {
    const list = new BlockList(options);
    try {
      return { list, metadata: await list.#load() };
    } catch (error) {
      await list.close();
      throw error;
    }
  }

  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  /** The first log segment that is not in the blocks. */
  get walFrom(): number {
    return this.#walFrom;
  }

  get sizeBytes(): number {
    return this.#blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /**
   * Writes a sealed head as a block and lists it.
   * @param onPublished called in the very step in which readers begin to see the block
   */
  async seal(
    walFrom: number,
    fill: Parameters<typeof writeBlock>[3],
    onPublished: () => void,
  ): Promise<void> {
    const sequence = (this.#blocks.at(-1)?.footer.lastSequence ?? 0) + 1;
    const name = blockName(sequence, sequence);
    await writeBlock(
      this.#options.fileSystem,
      join(this.#options.dir, name),
      { firstSequence: sequence, lastSequence: sequence, walFrom, level: 0 },
      fill,
    );
    const block = await Block.open(this.#options, this.#options.dir, name);
    await this.#publish([...this.#blocks, block], walFrom, onPublished).catch(
      async (error: unknown) => {
        await block.retire();
        throw error;
      },
    );
  }

  /**
   * Merges one run of small blocks, if there is one. Where a damaged group turns up, the run is left
   * alone, and other runs may be tried.
   * @returns whether there was a run
   */
  async merge(signal: AbortSignal): Promise<boolean> {
    const run = this.#mergeable();
    if (run === undefined) return false;
    try {
      await this.#mergeRun(run, signal);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
    }
    return true;
  }

  async #mergeRun(run: readonly Block[], signal: AbortSignal): Promise<void> {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) return;
    const { fileSystem, dir } = this.#options;
    const name = blockName(first.footer.firstSequence, last.footer.lastSequence);
    const identity = {
      firstSequence: first.footer.firstSequence,
      lastSequence: last.footer.lastSequence,
      walFrom: last.footer.walFrom,
      level: first.footer.level + 1,
    };
    await writeBlock(fileSystem, join(dir, name), identity, async (writer) => {
      const firstGroups = new Map<Block, number>();
      let groups = 0;
      for (const block of run) {
        firstGroups.set(block, groups);
        for (let group = 0; group < block.groupCount; group++) {
          signal.throwIfAborted();
          await writer.addGroup(await readForMerge(block, group));
        }
        groups += block.groupCount;
      }
      for (const entry of new Set(run.flatMap(({ entries }) => entries))) {
        await writer.addSeries(mergedSeries(entry, firstGroups));
      }
    });
    const merged = await Block.open(this.#options, dir, name);
    const blocks = this.#blocks.flatMap((block) =>
      block === first ? [merged] : run.includes(block) ? [] : [block],
    );
    await this.#publish(blocks, this.#walFrom).catch(async (error: unknown) => {
      await merged.retire();
      throw error;
    });
    await this.#discard(run);
  }

  /** Removes the blocks that hold nothing from the moment on; returns the series that were in them. */
  async removeBefore(unixMs: number): Promise<readonly SeriesEntry[]> {
    const old = this.#blocks.filter(({ footer }) => footer.maxUnixMs < unixMs);
    if (old.length === 0) return [];
    await this.#publish(
      this.#blocks.filter((block) => !old.includes(block)),
      this.#walFrom,
    );
    await this.#discard(old);
    this.#options.log.info(
      { blockCount: old.length },
      'removed metric blocks past their retention',
    );
    return [...new Set(old.flatMap(({ entries }) => entries))];
  }

  async close(): Promise<void> {
    for (const block of this.#blocks) await block.retire();
  }

  async #publish(
    blocks: readonly Block[],
    walFrom: number,
    onPublished: () => void = () => undefined,
  ): Promise<void> {
    await this.#save(blocks, walFrom, this.#options.metadata());
    this.#blocks = blocks;
    this.#walFrom = walFrom;
    onPublished();
  }

  /** Removes files that the manifest does not list any more. */
  async #discard(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) {
      await block.remove().catch((err: unknown) => {
        this.#options.log.warn({ err, block: block.name }, 'the next start removes a block file');
      });
    }
  }

  #save(
    blocks: readonly Block[],
    walFrom: number,
    metadata: readonly MetricMetadata[],
  ): Promise<void> {
    const { fileSystem, dir } = this.#options;
    const names = blocks.map(({ name }) => name);
    return saveManifest(fileSystem, join(dir, MANIFEST), { walFrom, blocks: names, metadata });
  }

  /** The oldest run of neighbours that are alike, sound, and together not too long. */
  #mergeable(): readonly Block[] | undefined {
    const { maxMergedMs } = this.#options;
    for (let start = 0; start + MERGE_COUNT <= this.#blocks.length; start++) {
      const run = this.#blocks.slice(start, start + MERGE_COUNT);
      const level = run[0]?.footer.level;
      if (run.some((block) => block.isDamaged || block.footer.level !== level)) continue;
      const starts = run.map(({ footer }) => footer.minUnixMs);
      const ends = run.map(({ footer }) => footer.maxUnixMs);
      // A late sample makes its block long at once. What such a block holds goes with its end.
      const isLong = ends.some((end, i) => end - (starts[i] ?? end) > maxMergedMs);
      const from = Math.min(...(isLong ? ends : starts));
      if (Math.max(...ends) - from <= maxMergedMs) return run;
    }
    return undefined;
  }

  async #load(): Promise<readonly MetricMetadata[]> {
    const { fileSystem, dir } = this.#options;
    await fileSystem.makeDirectory(dir);
    const manifest = await this.#readManifest();
    for (const name of manifest?.blocks ?? (await fileSystem.list(dir)).filter(isBlockName)) {
      const block = await this.#openOrSetAside(name);
      if (block !== undefined) this.#blocks = [...this.#blocks, block];
    }
    this.#blocks = this.#blocks.toSorted((a, b) => a.footer.firstSequence - b.footer.firstSequence);
    if (manifest === undefined) this.#blocks = await removeCovered(this.#blocks);
    this.#walFrom = Math.max(
      manifest?.walFrom ?? 1,
      ...this.#blocks.map(({ footer }) => footer.walFrom),
    );
    const metadata = manifest?.metadata ?? [];
    if (this.#blocks.length !== manifest?.blocks.length) {
      await this.#save(this.#blocks, this.#walFrom, metadata);
    }
    const known = new Set(this.#blocks.map(({ name }) => name));
    for (const name of await fileSystem.list(dir)) {
      if (isTemporaryFile(name) || (isBlockName(name) && !known.has(name))) {
        await fileSystem.remove(join(dir, name));
      }
    }
    return metadata;
  }

  async #readManifest(): Promise<Manifest | undefined> {
    const { fileSystem, dir, onCorruption } = this.#options;
    const path = join(dir, MANIFEST);
    try {
      return await readManifest(fileSystem, path);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      onCorruption(error);
      await fileSystem.rename(path, `${path}.damaged`);
      return undefined;
    }
  }

  async #openOrSetAside(name: string): Promise<Block | undefined> {
    const { fileSystem, dir, onCorruption } = this.#options;
    const path = join(dir, name);
    try {
      return await Block.open(this.#options, dir, name);
    } catch (error) {
      if (error instanceof CorruptionError) {
        onCorruption(error);
        await fileSystem.rename(path, `${path}.damaged`);
        return undefined;
      }
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        onCorruption(new CorruptionError(path, 0, 'the block is in the manifest, but not there'));
        return undefined;
      }
      throw error;
    }
  }
}

/** Of a merged block and its sources, which a crash may leave side by side, keeps the merged one. */
async function removeCovered(blocks: readonly Block[]): Promise<readonly Block[]> {
  const kept: Block[] = [];
  for (const block of blocks) {
    const { firstSequence, lastSequence } = block.footer;
    const covered = blocks.some(
      (other) =>
        other !== block &&
        other.footer.firstSequence <= firstSequence &&
        other.footer.lastSequence >= lastSequence,
    );
    if (covered) await block.retire();
    else kept.push(block);
  }
  return kept;
}

/** Groups are copied as they are; a damaged one rules the block out of merges. */
async function readForMerge(block: Block, group: number): Promise<Uint8Array> {
  try {
    return await block.readGroup(group);
  } catch (error) {
    if (error instanceof CorruptionError) block.noteDamage(group, error);
    throw error;
  }
}

function mergedSeries(entry: SeriesEntry, firstGroups: ReadonlyMap<Block, number>): BlockSeries {
  let last = { lastLow: 0, lastHigh: 0, lastIsHistogram: false };
  const chunks: BlockSeries['chunks'][number][] = [];
  for (const [block, firstGroup] of firstGroups) {
    const part = block.seriesOf(entry);
    if (part.chunks.length === 0) continue;
    last = part;
    for (const row of part.chunks) chunks.push({ ...row, group: row.group + firstGroup });
  }
  const { lastLow, lastHigh, lastIsHistogram } = last;
  return { labels: entry.labels, lastLow, lastHigh, lastIsHistogram, chunks };
}
