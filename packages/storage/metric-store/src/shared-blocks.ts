import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { BackendError, CorruptionError } from '@dwcp/core';
import { nodeFileSystem } from '@dwcp/segments';

import { BlockFile, type BlockFiles, type OpenBlockFile } from './block-file.ts';
import { type GroupPlace } from './block-format.ts';
import { type GroupCache } from './group-cache.ts';
import { type DamagedGroup, type SharedBlock } from './shared-message.ts';

/** More groups than a block of 64 GiB has. */
export const GROUPS_PER_BLOCK = 2 ** 24;

/** Reads groups of the blocks of one selection; must be closed. */
export class SharedBlocks {
  readonly damaged: DamagedGroup[] = [];
  readonly #blocks: readonly SharedBlock[];
  readonly #cache: GroupCache;
  readonly #files: (Promise<BlockFile> | undefined)[] = [];
  readonly #places: (Map<number, GroupPlace> | undefined)[] = [];

  constructor(blocks: readonly SharedBlock[], cache: GroupCache) {
    this.#blocks = blocks;
    this.#cache = cache;
  }

  /** The chunks of a group; undefined when it is damaged. */
  group(block: number, group: number): Uint8Array | Promise<Uint8Array | undefined> {
    const serial = this.#blocks[block]?.serial ?? 0;
    return this.#cache.get(serial * GROUPS_PER_BLOCK + group) ?? this.#read(block, group);
  }

  async close(): Promise<void> {
    for (const file of this.#files) {
      await file?.then(
        (opened) => opened.retire(),
        () => undefined,
      );
    }
  }

  async #read(block: number, group: number): Promise<Uint8Array | undefined> {
    if (this.damaged.some((one) => one.block === block && one.group === group)) return undefined;
    const about = this.#blocks[block];
    const place = this.#placesOf(block).get(group);
    if (about === undefined || place === undefined) throw new Error(`there is no group ${group}`);
    const file = await (this.#files[block] ??= openBlock(about.path));
    try {
      const raw = await file.readRawGroup(place);
      this.#cache.put(about.serial * GROUPS_PER_BLOCK + group, raw);
      return raw;
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.damaged.push({ block, group });
      return undefined;
    }
  }

  #placesOf(block: number): ReadonlyMap<number, GroupPlace> {
    const known = this.#places[block];
    if (known !== undefined) return known;
    const places = new Map<number, GroupPlace>();
    const { groups } = this.#blocks[block] ?? { groups: new Float64Array() };
    for (let i = 0; i < groups.length; i += 3) {
      places.set(groups[i] ?? 0, { position: groups[i + 1] ?? 0, sizeBytes: groups[i + 2] ?? 0 });
    }
    this.#places[block] = places;
    return places;
  }
}

/** @throws BackendError when the file is not what it was when the store opened it */
async function openBlock(path: string): Promise<BlockFile> {
  try {
    return await BlockFile.open(blockingFiles, path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BackendError('metric store', `cannot open ${path}: ${reason}`, {
      retryable: true,
      cause,
    });
  }
}

/** Reading that holds its thread, which has nothing else to do: quicker than to wait for another one. */
const blockingFiles: BlockFiles = {
  open: async (path) => new BlockingFile(openSync(path, 'r')),
  remove: (path) => nodeFileSystem.remove(path),
};

class BlockingFile implements OpenBlockFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async size(): Promise<number> {
    return fstatSync(this.#descriptor).size;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const left = target.length - done;
      const count = readSync(this.#descriptor, target, done, left, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  async close(): Promise<void> {
    closeSync(this.#descriptor);
  }
}
