import { join } from 'node:path';

import { type MetricMetadata } from '@dwcp/core';

import { type BlockDirectory, type BlockState, saveState, TOMBSTONES } from './block-directory.ts';
import { type Block } from './block.ts';
import { saveTombstones, type Tombstones } from './tombstones.ts';

interface PublishedOptions extends BlockDirectory {
  readonly metadata: () => readonly MetricMetadata[];
}

/**
 * What the store consists of, in memory and in manifest and tombstones; changes come one after the
 * other, and readers see each as a whole once it is durable.
 */
export class PublishedBlocks {
  state: BlockState;
  readonly #options: PublishedOptions;
  /** Settles when the last change handed in is published. */
  #publishing: Promise<unknown> = Promise.resolve();

  constructor(options: PublishedOptions, state: BlockState) {
    this.#options = options;
    this.state = state;
  }

  all(): readonly Block[] {
    return [...this.state.blocks, ...this.state.coarse];
  }

  /** A number for a sealed head, given out once. */
  takeSequence(): number {
    const sequence = this.state.nextSequence;
    this.state = { ...this.state, nextSequence: sequence + 1 };
    return sequence;
  }

  async close(): Promise<void> {
    await this.#publishing;
    for (const block of this.all()) await block.retire();
  }

  /** Publishes a change that brings a block; when that fails the block is closed. */
  async add(
    block: Block | undefined,
    change: (state: BlockState) => BlockState | undefined,
    onPublished?: () => void,
  ): Promise<boolean> {
    try {
      return await this.change((state) => {
        // Deletions that came while it was written.
        for (const deletion of state.tombstones.deletions) block?.addDeletion(deletion);
        return change(state);
      }, onPublished);
    } catch (error) {
      await block?.retire();
      throw error;
    }
  }

  /** @returns false when the change turned out to be none */
  change(
    change: (state: BlockState) => BlockState | undefined,
    onPublished: () => void = () => undefined,
  ): Promise<boolean> {
    return this.inTurn(async () => {
      const changed = change(this.state);
      if (changed === undefined) return false;
      await saveState(this.#options, changed, this.#options.metadata());
      // A number may have been given out meanwhile.
      this.state = { ...changed, nextSequence: this.state.nextSequence };
      onPublished();
      return true;
    });
  }

  /** Runs a task when all changes handed in before are done. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#publishing.then(task);
    this.#publishing = run.catch(() => undefined);
    return run;
  }

  /** To be called in turn. */
  async saveTombstones(tombstones: Tombstones): Promise<void> {
    const { fileSystem, dir } = this.#options;
    await saveTombstones(fileSystem, join(dir, TOMBSTONES), tombstones);
    this.state = { ...this.state, tombstones };
  }

  /** Forgets deletions of which no block has anything any more. */
  async dropTombstones(): Promise<void> {
    if (this.state.tombstones.deletions.length === 0) return;
    await this.inTurn(async () => {
      const { lastId, deletions } = this.state.tombstones;
      const left = deletions.filter((deletion) =>
        this.all().some((block) => block.overlapsDeletion(deletion)),
      );
      if (left.length < deletions.length) await this.saveTombstones({ lastId, deletions: left });
    });
  }

  /** Removes files that the manifest does not list any more. */
  async discard(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) {
      await block.remove().catch((err: unknown) => this.leftBehind(block, err));
    }
  }

  /** Tells of a file that could not be removed. */
  leftBehind(block: Block, err: unknown): void {
    this.#options.log.warn({ err, block: block.name }, 'the next start removes a block file');
  }
}
