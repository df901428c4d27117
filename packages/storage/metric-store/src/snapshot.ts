import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { InvalidInputError, type MetricMetadata } from '@dwcp/core';
import { type FileSystem, isTemporaryFile, linkOrCopy } from '@dwcp/segments';

import { type BlockState, saveState, TOMBSTONES } from './block-directory.ts';
import { saveTombstones } from './tombstones.ts';

export interface SnapshotTarget {
  /** The directory that has the snapshots, each a directory in it. */
  readonly root: string;
  readonly unixMs: number;
  /**
   * Names of further files in the data directory, each replaced as a whole when it changes; what is
   * not there is passed over.
   */
  readonly alsoFiles?: readonly string[];
}

const NAME = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-[0-9a-f]{8}$/;
const TEMPORARY_SUFFIX = '.tmp';

export interface Snapshot {
  readonly name: string;
  readonly path: string;
  readonly createdUnixMs: number;
}

/**
 * Makes a directory that a store can be opened on: links to the blocks, which never change, and
 * manifest and tombstones of its own. It gets its name when all of it is on the disk.
 * @returns its path
 */
export async function saveSnapshot(
  { fileSystem, dir }: { readonly fileSystem: FileSystem; readonly dir: string },
  { root, unixMs, alsoFiles = [] }: SnapshotTarget,
  state: BlockState,
  metadata: readonly MetricMetadata[],
): Promise<string> {
  const time = new Date(unixMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const name = `${time}Z-${randomUUID().slice(0, 8)}`;
  const temporary = join(root, name + TEMPORARY_SUFFIX);
  const blocks = join(temporary, 'blocks');
  try {
    await fileSystem.makeDirectory(blocks);
    for (const block of [...state.blocks, ...state.coarse]) {
      await linkOrCopy(fileSystem, block.path, join(blocks, block.name));
    }
    const there = await fileSystem.list(join(dir, '..'));
    for (const file of alsoFiles.filter((one) => there.includes(one))) {
      await linkOrCopy(fileSystem, join(dir, '..', file), join(temporary, file));
    }
    if (state.tombstones.lastId > 0) {
      await saveTombstones(fileSystem, join(blocks, TOMBSTONES), state.tombstones);
    }
    await saveState({ fileSystem, dir: blocks }, state, metadata);
    await fileSystem.syncDirectory(blocks);
    await fileSystem.syncDirectory(temporary);
    await fileSystem.rename(temporary, join(root, name));
  } catch (error) {
    await fileSystem.removeDirectory(temporary).catch(() => undefined);
    throw error;
  }
  await fileSystem.syncDirectory(root);
  // The root itself may be new.
  await fileSystem.syncDirectory(join(dir, '..')).catch(() => undefined);
  return join(root, name);
}

/** The snapshots that are whole, the oldest first. */
export async function listSnapshots(
  fileSystem: FileSystem,
  root: string,
): Promise<readonly Snapshot[]> {
  const names = await fileSystem.list(root).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  return names.flatMap((name) => {
    const parts = NAME.exec(name)?.slice(1).map(Number);
    if (parts === undefined) return [];
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
    const createdUnixMs = Date.UTC(year, month - 1, day, hour, minute, second);
    return [{ name, path: join(root, name), createdUnixMs }];
  });
}

/**
 * Removes a snapshot; the space of blocks that nothing else has comes back.
 * @throws InvalidInputError when there is no snapshot of the name
 */
export async function deleteSnapshot(
  fileSystem: FileSystem,
  root: string,
  name: string,
): Promise<void> {
  const known = await listSnapshots(fileSystem, root);
  if (!known.some((snapshot) => snapshot.name === name)) {
    throw new InvalidInputError('snapshot', `there is none of the name ${JSON.stringify(name)}`);
  }
  // First it stops being one, so that a crash leaves no half of it.
  const doomed = join(root, name + TEMPORARY_SUFFIX);
  await fileSystem.rename(join(root, name), doomed);
  await fileSystem.syncDirectory(root);
  await fileSystem.removeDirectory(doomed);
}

/** Removes what a crash left of unfinished snapshots; for the start. */
export async function removeUnfinishedSnapshots(
  fileSystem: FileSystem,
  root: string,
): Promise<void> {
  for (const name of await fileSystem.list(root).catch(() => [])) {
    const isOurs = NAME.test(name.slice(0, -TEMPORARY_SUFFIX.length));
    if (isTemporaryFile(name) && isOurs) await fileSystem.removeDirectory(join(root, name));
  }
}
