import { join } from 'node:path';

import { CorruptionError, type Log, type MetricMetadata } from '@dwcp/core';
import { isTemporaryFile } from '@dwcp/segments';

import { isBlockName, parseBlockName } from './block-format.ts';
import { Block, type BlockEnvironment } from './block.ts';
import { type ListedBlock, type Manifest, readManifest, saveManifest } from './manifest.ts';
import { readTombstones, type Tombstones } from './tombstones.ts';

export const MANIFEST = 'manifest';
export const TOMBSTONES = 'tombstones';

export interface BlockDirectory extends BlockEnvironment {
  readonly dir: string;
  readonly log: Log;
}

/** What the store consists of at one moment. */
export interface BlockState {
  /** With samples as they came, in the order their heads were sealed. */
  readonly blocks: readonly Block[];
  /** Downsampled, in the same order. */
  readonly coarse: readonly Block[];
  /** The first log segment that is not in the blocks. */
  readonly walFrom: number;
  readonly nextSequence: number;
  readonly tombstones: Tombstones;
}

/**
 * Opens what the manifest lists and removes what it does not. Without a readable manifest it is made
 * anew from the blocks that are there.
 */
export async function loadBlocks(
  directory: BlockDirectory,
): Promise<{ readonly state: BlockState; readonly metadata: readonly MetricMetadata[] }> {
  const { fileSystem, dir } = directory;
  await fileSystem.makeDirectory(dir);
  const manifest = await orSetAside(directory, MANIFEST, (path) => readManifest(fileSystem, path));
  const tombstones = (await orSetAside(directory, TOMBSTONES, (path) =>
    readTombstones(fileSystem, path),
  )) ?? { lastId: 0, deletions: [] };
  const present = manifest === undefined ? await fileSystem.list(dir) : [];
  // One that was damaged has been told of, and stands aside now.
  if (present.some(isBlockName) && !present.some((name) => name.startsWith(`${MANIFEST}.`))) {
    const problem = 'there is no manifest; it is made anew from the blocks';
    directory.onCorruption(new CorruptionError(join(dir, MANIFEST), 0, problem));
  }
  const names = manifest?.blocks.map(({ name }) => name) ?? present.filter(isBlockName);
  let opened: readonly Block[] = [];
  try {
    for (const name of names) {
      const block = await openOrSetAside(directory, name, tombstones);
      if (block !== undefined) opened = [...opened, block];
    }
    opened = opened.toSorted((a, b) => a.footer.firstSequence - b.footer.firstSequence);
    if (manifest === undefined) opened = await removeCovered(opened);
    const footers = opened.map(({ footer }) => footer);
    const state: BlockState = {
      blocks: opened.filter(({ footer }) => footer.resolutionMs === 0),
      coarse: opened.filter(({ footer }) => footer.resolutionMs !== 0),
      walFrom: Math.max(manifest?.walFrom ?? 1, ...footers.map(({ walFrom }) => walFrom)),
      nextSequence: Math.max(
        manifest?.nextSequence ?? 1,
        ...names.map((name) => (parseBlockName(name)?.lastSequence ?? 0) + 1),
      ),
      tombstones: {
        ...tombstones,
        lastId: Math.max(tombstones.lastId, ...footers.map(({ deletedThrough }) => deletedThrough)),
      },
    };
    const metadata = manifest?.metadata ?? [];
    if (opened.length !== manifest?.blocks.length) await saveState(directory, state, metadata);
    await removeStrangers(directory, new Set(opened.map(({ name }) => name)));
    return { state, metadata };
  } catch (error) {
    for (const block of opened) await block.retire();
    throw error;
  }
}

/** Writes the manifest. */
export function saveState(
  { fileSystem, dir }: Pick<BlockDirectory, 'fileSystem' | 'dir'>,
  { blocks, coarse, walFrom, nextSequence }: BlockState,
  metadata: readonly MetricMetadata[],
): Promise<void> {
  const manifest: Manifest = {
    walFrom,
    nextSequence,
    blocks: [...blocks, ...coarse].map(listed),
    metadata,
  };
  return saveManifest(fileSystem, join(dir, MANIFEST), manifest);
}

/** What the manifest says of a block. */
export function listed({
  name,
  sizeBytes,
  footer,
}: Pick<Block, 'name' | 'sizeBytes' | 'footer'>): ListedBlock {
  const { minUnixMs, maxUnixMs, sampleCount, level, sealedUnixMs, deletedThrough } = footer;
  const what = { name, sizeBytes, minUnixMs, maxUnixMs, sampleCount };
  return { ...what, level, sealedUnixMs, deletedThrough };
}

async function removeStrangers(
  { fileSystem, dir }: BlockDirectory,
  known: ReadonlySet<string>,
): Promise<void> {
  for (const name of await fileSystem.list(dir)) {
    if (isTemporaryFile(name) || (isBlockName(name) && !known.has(name))) {
      await fileSystem.remove(join(dir, name));
    }
  }
}

async function orSetAside<T>(
  { fileSystem, dir, onCorruption }: BlockDirectory,
  name: string,
  read: (path: string) => Promise<T>,
): Promise<T | undefined> {
  const path = join(dir, name);
  try {
    return await read(path);
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    onCorruption(error);
    await fileSystem.rename(path, `${path}.damaged`);
    return undefined;
  }
}

async function openOrSetAside(
  directory: BlockDirectory,
  name: string,
  { deletions }: Tombstones,
): Promise<Block | undefined> {
  try {
    return await orSetAside(directory, name, () =>
      Block.open(directory, directory.dir, name, deletions),
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const path = join(directory.dir, name);
    const problem = 'the block is in the manifest, but not there';
    directory.onCorruption(new CorruptionError(path, 0, problem));
    return undefined;
  }
}

/**
 * Of a block that was made of others, and those, which a crash may leave side by side, keeps the
 * one that was made.
 */
async function removeCovered(blocks: readonly Block[]): Promise<readonly Block[]> {
  const kept: Block[] = [];
  for (const block of blocks) {
    if (blocks.some((other) => other !== block && covers(other, block))) await block.retire();
    else kept.push(block);
  }
  return kept;
}

function covers(one: Block, other: Block): boolean {
  const [a, b] = [one.footer, other.footer];
  if (a.resolutionMs !== b.resolutionMs) return false;
  if (a.firstSequence > b.firstSequence || a.lastSequence < b.lastSequence) return false;
  if (a.firstSequence !== b.firstSequence || a.lastSequence !== b.lastSequence) return true;
  return revisionOf(one) > revisionOf(other);
}

export function revisionOf({ name }: Block): number {
  return parseBlockName(name)?.revision ?? 0;
}
