import { join } from 'node:path';

import { BackendError, CorruptionError } from '@dwcp/core';
import { DirectoryLock, type FileSystem, isTemporaryFile } from '@dwcp/segments';

import { listed, MANIFEST, TOMBSTONES } from './block-directory.ts';
import { BlockFile } from './block-file.ts';
import {
  blockName,
  type BlockSeries,
  type ChunkRow,
  isBlockName,
  parseBlockName,
} from './block-format.ts';
import { newestOf } from './block-merge.ts';
import { type BlockIdentity, type BlockWriter, writeBlock } from './block-writer.ts';
import { IntactSamples } from './check-content.ts';
import { decodeCoarse } from './downsample.ts';
import {
  type ListedBlock,
  type Manifest,
  type ManifestEntry,
  readManifest,
  saveManifest,
} from './manifest.ts';
import { type SalvagedBlock, salvageBlock } from './salvage.ts';
import { type NewestSample } from './series-index.ts';
import { readTombstones } from './tombstones.ts';
import { type StorageReport, verifyBlock, verifyBlocks, type VerifyOptions } from './verify.ts';

const DAMAGED = '.damaged';
const SALVAGED = '.salvaged';

export interface RepairReport {
  /** What was found, and with it what is lost for good. */
  readonly found: StorageReport;
  /** What was done, in words. */
  readonly actions: readonly string[];
  /** What a verification says now. */
  readonly left: StorageReport;
}

/**
 * Mends the blocks of a data directory that no store uses: writes damaged blocks anew with all that
 * can be read of them, also those that a start has set aside, and makes a manifest of what is
 * there. Originals stay, as `*.salvaged` where something was saved and `*.damaged` where nothing
 * was.
 * @throws BackendError when a store uses the directory, or the disk fails; what was done until then
 *   holds, and the repair can be run again
 */
export async function repairBlocks(
  dataDir: string,
  options: VerifyOptions & { readonly fileSystem: FileSystem },
): Promise<RepairReport> {
  await using lock = await DirectoryLock.acquire(dataDir);
  void lock;
  const found = await verifyBlocks(dataDir, options);
  const actions: string[] = [];
  const isIdle = found.isSound && found.blocks.every(({ status }) => status !== 'set-aside');
  if (isIdle) return { found, actions, left: found };
  try {
    await new Repair(options.fileSystem, join(dataDir, 'blocks'), actions).run(options.signal);
  } catch (cause) {
    if (cause instanceof BackendError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BackendError('metric store', `cannot repair ${dataDir}: ${reason}`, {
      retryable: false,
      cause,
    });
  }
  return { found, actions, left: await verifyBlocks(dataDir, options) };
}

class Repair {
  readonly #fileSystem: FileSystem;
  readonly #dir: string;
  readonly #actions: string[];
  readonly #kept: ListedBlock[] = [];
  #walFrom = 1;
  #nextSequence = 1;

  constructor(fileSystem: FileSystem, dir: string, actions: string[]) {
    this.#fileSystem = fileSystem;
    this.#dir = dir;
    this.#actions = actions;
  }

  async run(signal: AbortSignal | undefined): Promise<void> {
    const manifest = await this.#manifest();
    await this.#checkTombstones();
    const files = await this.#fileSystem.list(this.#dir);
    const blocks = files.filter(isBlockName);
    const entries: readonly ManifestEntry[] =
      manifest?.blocks ?? uncovered(blocks).map((name) => ({ name }));
    const numbers = [...blocks, ...files.map(withoutSuffix), ...entries.map(({ name }) => name)];
    const last = numbers.map((name) => parseBlockName(name)?.lastSequence ?? 0);
    this.#nextSequence = Math.max(manifest?.nextSequence ?? 1, ...last.map((number) => number + 1));
    for (const entry of entries) {
      signal?.throwIfAborted();
      if (blocks.includes(entry.name)) await this.#mend(entry, signal);
      else this.#actions.push(`${entry.name} is missing; it is no longer in the manifest`);
    }
    for (const name of files.filter((file) => file.endsWith(`.block${DAMAGED}`))) {
      signal?.throwIfAborted();
      await this.#bringBack(name);
    }
    for (const name of files.filter(isTemporaryFile)) {
      await this.#fileSystem.remove(join(this.#dir, name));
    }
    await this.#saveManifest(manifest);
  }

  /** Keeps a block that is whole, and writes one that is not anew. */
  async #mend(entry: ManifestEntry, signal: AbortSignal | undefined): Promise<void> {
    const path = join(this.#dir, entry.name);
    const report = await verifyBlock(this.#fileSystem, path, entry, signal);
    if (report.status === 'ok') return this.#keep(entry.name);
    await using block = await salvageBlock(this.#fileSystem, path, entry);
    const old = parseBlockName(entry.name);
    const written = await this.#write(block, block.footer, (old?.revision ?? 0) + 1);
    await this.#setAside(entry.name, written);
  }

  /** Writes what can be read of a block that was set aside as the newest, since its place may be taken. */
  async #bringBack(name: string): Promise<void> {
    await using block = await salvageBlock(this.#fileSystem, join(this.#dir, name), undefined);
    if (block.footer.resolutionMs !== 0) {
      this.#actions.push(
        `${name} stays aside: it is downsampled, and has a place for its heads only`,
      );
      return;
    }
    const sequence = this.#nextSequence;
    const identity = { ...block.footer, level: 0, firstSequence: sequence, lastSequence: sequence };
    const written = await this.#write(block, identity, 0);
    if (written === undefined) {
      this.#actions.push(`${name} stays aside: nothing of it can be read`);
      return;
    }
    this.#nextSequence++;
    await this.#setAside(name, written);
  }

  /** @returns the new name; undefined when nothing can be read */
  async #write(
    block: SalvagedBlock,
    identity: BlockIdentity,
    revision: number,
  ): Promise<string | undefined> {
    const isCoarse = block.footer.resolutionMs !== 0;
    const name = blockName({ ...identity, revision });
    const isEmpty = new Error('nothing can be read');
    try {
      await writeBlock(this.#fileSystem, join(this.#dir, name), identity, async (writer) => {
        const samples = new IntactSamples(block);
        for (const series of block.series ?? []) {
          if (isCoarse) {
            await copyCoarse(writer, block, series);
            continue;
          }
          const count = await samples.read(series);
          if (count === 0) continue;
          const chunks = await writer.addSamples(samples.columns, count);
          const newest = newestOf(samples.columns, count);
          await writer.addSeries({ labels: series.labels, ...newest, chunks });
        }
        if (writer.sampleCount === 0) throw isEmpty;
      });
    } catch (error) {
      if (error === isEmpty) return undefined;
      throw error;
    }
    await this.#keep(name);
    return name;
  }

  async #keep(name: string): Promise<void> {
    const file = await BlockFile.open(this.#fileSystem, join(this.#dir, name));
    const { footer, sizeBytes } = file;
    this.#kept.push(listed({ name, sizeBytes, footer }));
    this.#walFrom = Math.max(this.#walFrom, footer.walFrom);
    await file.retire();
  }

  async #setAside(name: string, written: string | undefined): Promise<void> {
    const original = withoutSuffix(name);
    const aside = `${original}${written === undefined ? DAMAGED : SALVAGED}`;
    // The manifest comes later; until then the damaged one must not be missing from the directory.
    await this.#fileSystem.rename(join(this.#dir, name), join(this.#dir, aside));
    const what = written === undefined ? 'nothing of it can be read' : `rewritten as ${written}`;
    this.#actions.push(`${name}: ${what}; the original is ${aside}`);
  }

  async #manifest(): Promise<Manifest | undefined> {
    const path = join(this.#dir, MANIFEST);
    try {
      return await readManifest(this.#fileSystem, path);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      await this.#fileSystem.rename(path, `${path}${DAMAGED}`);
      this.#actions.push(`${MANIFEST}: made anew from the blocks; what metrics mean is forgotten`);
      return undefined;
    }
  }

  async #checkTombstones(): Promise<void> {
    const path = join(this.#dir, TOMBSTONES);
    try {
      await readTombstones(this.#fileSystem, path);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      await this.#fileSystem.rename(path, `${path}${DAMAGED}`);
      this.#actions.push(
        `${TOMBSTONES}: set aside; samples that were deleted and not cleaned are visible again`,
      );
    }
  }

  async #saveManifest(manifest: Manifest | undefined): Promise<void> {
    const blocks = this.#kept.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    await saveManifest(this.#fileSystem, join(this.#dir, MANIFEST), {
      walFrom: Math.max(manifest?.walFrom ?? 1, this.#walFrom),
      nextSequence: this.#nextSequence,
      blocks,
      metadata: manifest?.metadata ?? [],
    });
    this.#actions.push(`${MANIFEST}: lists ${blocks.length} blocks`);
  }
}

/** Takes over the chunks of a series of a downsampled block that can be read. */
async function copyCoarse(
  writer: BlockWriter,
  block: SalvagedBlock,
  { labels, chunks }: BlockSeries,
): Promise<void> {
  const rows: ChunkRow[] = [];
  let newest: NewestSample | undefined;
  for (const { group, offset, count } of chunks) {
    const raw = await block.readGroup(group);
    if (!(raw instanceof Uint8Array)) continue;
    const chunk = decodeCoarse(raw, offset, count);
    newest = newestOf(chunk.samples.columns, chunk.samples.count);
    rows.push(await writer.addCoarse(chunk));
  }
  if (newest !== undefined) await writer.addSeries({ labels, ...newest, chunks: rows });
}

/** Without those that another one was made of; a crash may have left them. */
function uncovered(names: readonly string[]): readonly string[] {
  const parsed = names.flatMap((name) => {
    const known = parseBlockName(name);
    return known === undefined ? [] : [{ name, ...known }];
  });
  return parsed
    .filter(
      (one) =>
        !parsed.some((other) => {
          if (other === one || other.resolutionMs !== one.resolutionMs) return false;
          if (other.firstSequence > one.firstSequence) return false;
          if (other.lastSequence < one.lastSequence) return false;
          const isSame =
            other.firstSequence === one.firstSequence && other.lastSequence === one.lastSequence;
          return !isSame || other.revision > one.revision;
        }),
    )
    .map(({ name }) => name);
}

function withoutSuffix(name: string): string {
  return name.endsWith(DAMAGED) ? name.slice(0, -DAMAGED.length) : name;
}
