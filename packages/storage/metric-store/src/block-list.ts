import { join } from 'node:path';

import {
  BackendError,
  type Clock,
  CorruptionError,
  type Labels,
  type MetricMetadata,
} from '@dwcp/core';

import { type BlockDirectory, type BlockState, loadBlocks, revisionOf } from './block-directory.ts';
import { blockName } from './block-format.ts';
import { canCopyGroups, copyGroups, rewrite, rewriteCoarse, writeCoarse } from './block-merge.ts';
import { type BlockIdentity, type BlockWriter, writeBlock } from './block-writer.ts';
import { Block } from './block.ts';
import { isCounterName } from './downsample.ts';
import { planMerge } from './merge-plan.ts';
import { PublishedBlocks } from './published-blocks.ts';
import { notDownsampled, readableBlocks } from './readable.ts';
import { SeriesIndexBuilder } from './series-index.ts';
import { type SeriesEntry } from './series-table.ts';
import { saveSnapshot, type SnapshotTarget } from './snapshot.ts';
import { Deletion, type TimeRange } from './tombstones.ts';
import { Turns } from './turns.ts';

/** Samples decoded between two turns of the event loop; about 5 ms with all that follows. */
const SAMPLES_PER_TURN = 32_768;
/** The same, with the four aggregates to encode. */
const COARSE_SAMPLES_PER_TURN = 16_384;
const SERIES_PER_TURN = 2_000;
/** Each costs every read a look; beyond, one has to clean up first. */
const MAX_DELETIONS = 1_000;
const DEFAULT_MERGED_BYTES = 1024 * 1024 * 1024;

export interface BlockListOptions extends BlockDirectory {
  /** Without it a block counts as having arrived when its newest sample did. */
  readonly clock?: Pick<Clock, 'nowUnixMs'>;
  /** Blocks are not merged beyond this much time, so that retention can remove them in parts. */
  readonly maxMergedMs: number;
  /** Nor beyond this size. Default 1 GiB. */
  readonly maxMergedBytes?: number;
  readonly metadata: () => readonly MetricMetadata[];
  /** To what blocks are downsampled when nothing is merged with them any more. Default: not at all. */
  readonly resolutionsMs?: readonly number[];
  /** Whether a series is a counter. Default: by the suffix of its name. */
  readonly isCounter?: (labels: Labels) => boolean;
}

/** Thrown to give up a block that would be empty. */
const NOTHING_LEFT = new Error('nothing is left of the samples');

/**
 * The blocks of the store: what is done to them. Sealing, merging and removing may go on at
 * the same time: each change is published as a whole, and a merge whose blocks were replaced or
 * removed meanwhile is given up.
 */
export class BlockList {
  readonly #options: BlockListOptions;
  readonly #published: PublishedBlocks;
  /** Blocks of which all was deleted, and that wait to be cleaned. */
  readonly #hasNothing = new WeakSet<Block>();
  /** Blocks that were replaced without what was deleted, until somebody asks. */
  #thinned: Block[] = [];

  private constructor(options: BlockListOptions, state: BlockState) {
    this.#options = options;
    this.#published = new PublishedBlocks(options, state);
  }

  /**
   * Opens what is there. A block that is missing or cannot be read is told to `onCorruption`, and
   * kept aside as `*.damaged`; so are manifest and tombstones.
   */
  static async open(
    options: BlockListOptions,
  ): Promise<{ readonly list: BlockList; readonly metadata: readonly MetricMetadata[] }> {
    const { state, metadata } = await loadBlocks(options);
    return { list: new BlockList(options, state), metadata };
  }

  /** In the order their heads were sealed: of two samples of one moment the later block's counts. */
  get blocks(): readonly Block[] {
    return this.#state.blocks;
  }

  /**
   * What answers a query: `blocks`, and of the downsampled ones those of which nothing finer is left.
   * To be read in this order.
   */
  get readable(): readonly Block[] {
    return readableBlocks(this.#state.blocks, this.#state.coarse);
  }

  /** All of them, also those that no query needs. */
  get all(): readonly Block[] {
    return this.#all();
  }

  /** Whether a series has samples in any block, downsampled ones left out. */
  has(entry: SeriesEntry): boolean {
    return this.#state.blocks.some((block) => block.has(entry));
  }

  /** The first log segment that is not in the blocks. */
  get walFrom(): number {
    return this.#state.walFrom;
  }

  get sizeBytes(): number {
    return this.#all().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Deletions of which the samples are still in the files. */
  get deletionCount(): number {
    return this.#state.tombstones.deletions.length;
  }

  /**
   * Writes a sealed head as a block and lists it.
   * @param onPublished called in the very step in which readers begin to see the block
   */
  async seal(
    walFrom: number,
    fill: (writer: BlockWriter) => Promise<void>,
    onPublished: () => void,
  ): Promise<void> {
    const sequence = this.#published.takeSequence();
    const block = await this.#write(
      {
        firstSequence: sequence,
        lastSequence: sequence,
        walFrom,
        level: 0,
        sealedUnixMs: this.#options.clock?.nowUnixMs() ?? 0,
        deletedThrough: this.#state.tombstones.lastId,
        resolutionMs: 0,
      },
      0,
      fill,
    );
    await this.#published.add(
      block,
      (state) => ({ ...state, blocks: [...state.blocks, block], walFrom }),
      onPublished,
    );
  }

  /**
   * Merges one run of blocks, if there is one. Where a damaged group turns up, the run is left
   * alone, and other runs may be tried.
   * @returns whether there was a run
   */
  async merge(signal: AbortSignal): Promise<boolean> {
    const { maxMergedMs, maxMergedBytes = DEFAULT_MERGED_BYTES } = this.#options;
    const plan = planMerge(this.blocks, { maxMergedMs, maxMergedBytes });
    if (plan === undefined) return false;
    const revision = 0;
    await this.#replace(plan.run, { mayCopy: !plan.isLast, revision }, signal);
    return true;
  }

  /**
   * Writes one downsampled block, if one is wanted: of a block that ends in a window of time that is
   * over. To be called when there is nothing to merge.
   * @returns whether one was wanted
   */
  async downsample(signal: AbortSignal): Promise<boolean> {
    const { maxMergedMs, resolutionsMs = [], clock, isCounter = isCounterByName } = this.#options;
    const { blocks, coarse, tombstones } = this.#state;
    const ends = blocks.map(({ footer }) => footer.maxUnixMs);
    // The clock counts a whole window later: what is on its way may still end in this one.
    const now = Math.max(...ends, (clock?.nowUnixMs() ?? 0) - maxMergedMs);
    const windowStart = Math.floor(now / maxMergedMs) * maxMergedMs;
    const candidates = blocks.filter((one) => !this.#hasNothing.has(one));
    const wanted = notDownsampled(candidates, coarse, resolutionsMs, windowStart);
    if (wanted === undefined) return false;
    const { block, resolutionMs } = wanted;
    const { firstSequence, lastSequence } = block.footer;
    const gone = coarse.filter(
      ({ footer }) =>
        footer.resolutionMs === resolutionMs &&
        footer.firstSequence >= firstSequence &&
        footer.lastSequence <= lastSequence,
    );
    const identity = { ...block.footer, level: 0, resolutionMs, deletedThrough: tombstones.lastId };
    const turns = new Turns(COARSE_SAMPLES_PER_TURN, signal);
    await this.#replaceBy(
      { run: [block], gone, list: 'coarse' },
      { identity, revision: freeRevision(coarse, identity) },
      async (writer) => {
        await writeCoarse(writer, [block], { resolutionMs, isCounter }, turns);
        if (writer.sampleCount === 0) this.#hasNothing.add(block);
      },
    );
    return true;
  }

  /**
   * From its return on, what the blocks have of the matching series in the range is in no piece. It
   * is durable. What a later seal brings is not concerned.
   * @returns series of which the newest known sample may be gone
   * @throws InvalidInputError for a regular expression that is not valid RE2
   * @throws BackendError when there are too many deletions already, or the disk fails
   */
  delete(matchers: Deletion['matchers'], range: TimeRange): Promise<readonly SeriesEntry[]> {
    return this.#published.inTurn(async () => {
      const { lastId, deletions } = this.#state.tombstones;
      if (deletions.length >= MAX_DELETIONS) {
        throw new BackendError(
          'metric store',
          `there are ${MAX_DELETIONS} deletions to clean up after; clean the tombstones first`,
          { retryable: false },
        );
      }
      const deletion = new Deletion(lastId + 1, matchers, range);
      const concerned = this.#all().filter((block) => block.overlapsDeletion(deletion));
      if (concerned.length === 0) return [];
      await this.#published
        .saveTombstones({ lastId: lastId + 1, deletions: [...deletions, deletion] })
        .catch((cause: unknown) => {
          const reason = cause instanceof Error ? cause.message : String(cause);
          throw new BackendError('metric store', `cannot store a deletion: ${reason}`, {
            retryable: true,
            cause,
          });
        });
      for (const block of concerned) block.addDeletion(deletion);
      const entries = new Set(concerned.flatMap((block) => block.entries));
      return [...entries].filter(
        (entry) =>
          deletion.concerns(entry) &&
          entry.newestUnixMs >= range.from &&
          entry.newestUnixMs <= range.to,
      );
    });
  }

  /**
   * Writes the blocks that have deleted samples anew, without them.
   * Of the blocks that there were `takeThinned` tells.
   */
  async clean(signal: AbortSignal): Promise<void> {
    for (const block of this.blocks.filter(({ hasDeletions }) => hasDeletions)) {
      await this.#replace([block], { mayCopy: false, revision: revisionOf(block) + 1 }, signal);
    }
    for (const block of this.#state.coarse.filter(({ hasDeletions }) => hasDeletions)) {
      const identity = { ...block.footer, deletedThrough: this.#state.tombstones.lastId };
      await this.#replaceBy(
        { run: [block], gone: [block], list: 'coarse' },
        { identity, revision: revisionOf(block) + 1 },
        (writer) => rewriteCoarse(writer, block, new Turns(COARSE_SAMPLES_PER_TURN, signal)),
      );
    }
    await this.#published.dropTombstones();
  }

  /** Blocks in whose place there is less since the last call: their series may be gone. */
  takeThinned(): readonly Block[] {
    const thinned = this.#thinned;
    this.#thinned = [];
    return thinned;
  }

  /**
   * Removes the blocks of which both the newest sample and the arrival are before the moment, so
   * that imported old samples are kept for as long as others.
   * @param resolutionMs of the blocks: 0 for samples as they came, or one they are downsampled to
   * @returns those removed
   */
  removeBefore(unixMs: number, resolutionMs = 0): Promise<readonly Block[]> {
    return this.#remove('removed metric blocks past their retention', (blocks) =>
      blocks.filter(
        (block) => block.endUnixMs < unixMs && block.footer.resolutionMs === resolutionMs,
      ),
    );
  }

  /**
   * Removes the oldest blocks until the rest is no larger than the limit.
   * @returns those removed
   */
  shrinkTo(maxBytes: number): Promise<readonly Block[]> {
    return this.#remove('removed the oldest metric blocks to save space', (blocks) => {
      let excess = blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - maxBytes;
      const oldest = blocks.toSorted((a, b) => a.endUnixMs - b.endUnixMs);
      return oldest.filter(({ sizeBytes }) => {
        if (excess <= 0) return false;
        excess -= sizeBytes;
        return true;
      });
    });
  }

  /**
   * A copy of the blocks as they are at the call, while merges and removals go on.
   * @returns its path
   */
  async snapshot(target: SnapshotTarget): Promise<string> {
    const state = this.#state;
    const blocks = [...state.blocks, ...state.coarse];
    for (const block of blocks) block.pin();
    try {
      return await saveSnapshot(this.#options, target, state, this.#options.metadata());
    } finally {
      for (const block of blocks) {
        await block.unpin().catch((err: unknown) => this.#published.leftBehind(block, err));
      }
    }
  }

  close(): Promise<void> {
    return this.#published.close();
  }

  get #state(): BlockState {
    return this.#published.state;
  }

  #all(): readonly Block[] {
    return this.#published.all();
  }

  /** Puts one block in the place of a run; none when nothing is left of it. */
  #replace(
    run: readonly Block[],
    { mayCopy, revision }: { readonly mayCopy: boolean; readonly revision: number },
    signal: AbortSignal,
  ): Promise<void> {
    const footers = run.map(({ footer }) => footer);
    const identity = {
      firstSequence: Math.min(...footers.map(({ firstSequence }) => firstSequence)),
      lastSequence: Math.max(...footers.map(({ lastSequence }) => lastSequence)),
      walFrom: Math.max(...footers.map(({ walFrom }) => walFrom)),
      level: Math.max(...footers.map(({ level }) => level)) + (run.length > 1 ? 1 : 0),
      sealedUnixMs: Math.max(...footers.map(({ sealedUnixMs }) => sealedUnixMs)),
      deletedThrough: this.#state.tombstones.lastId,
      resolutionMs: 0,
    };
    const change = { run, gone: run, list: 'blocks' } as const;
    return this.#replaceBy(change, { identity, revision }, async (writer) => {
      if (mayCopy && (await canCopyGroups(run, new Turns(SERIES_PER_TURN, signal)))) {
        await copyGroups(writer, run, signal, new Turns(SERIES_PER_TURN, signal));
      } else {
        await rewrite(writer, run, new Turns(SAMPLES_PER_TURN, signal));
      }
    });
  }

  /**
   * Writes a block of a run and publishes it in the place of those that go; it is given up when the
   * run is not there any more by then, or a group of it is damaged.
   */
  async #replaceBy(
    { run, gone, list }: Replacement,
    { identity, revision }: { readonly identity: BlockIdentity; readonly revision: number },
    fill: (writer: BlockWriter) => Promise<void>,
  ): Promise<void> {
    let block: Block | undefined;
    for (const source of run) source.acquire();
    try {
      block = await this.#write(identity, revision, async (writer) => {
        await fill(writer);
        if (writer.sampleCount === 0) throw NOTHING_LEFT;
      });
    } catch (error) {
      if (error instanceof CorruptionError) return;
      if (error !== NOTHING_LEFT) throw error;
    } finally {
      for (const source of run) await source.release();
    }
    const isPublished = await this.#published.add(block, (state) => {
      const present = [...state.blocks, ...state.coarse];
      if (!run.every((source) => present.includes(source))) return undefined;
      const left = state[list].filter((one) => !gone.includes(one));
      const news = block === undefined ? left : [...left, block];
      return { ...state, [list]: news.toSorted(bySequence) };
    });
    if (isPublished) {
      if (gone.some(({ hasDeletions }) => hasDeletions)) this.#thinned.push(...gone);
      await this.#published.discard(gone);
      await this.#published.dropTombstones();
    } else {
      await block?.remove();
    }
  }

  async #write(
    identity: BlockIdentity,
    revision: number,
    fill: (writer: BlockWriter) => Promise<void>,
  ): Promise<Block> {
    const { fileSystem, dir } = this.#options;
    const name = blockName({ ...identity, revision });
    const index = new SeriesIndexBuilder(this.#options.table);
    const groups = await writeBlock(fileSystem, join(dir, name), identity, fill, (series) =>
      index.add(series),
    );
    const { deletions } = this.#state.tombstones;
    return Block.open(this.#options, dir, name, deletions, await index.finish(groups));
  }

  async #remove(
    message: string,
    choose: (blocks: readonly Block[]) => readonly Block[],
  ): Promise<readonly Block[]> {
    let gone: readonly Block[] = [];
    await this.#published.change((state) => {
      gone = choose([...state.blocks, ...state.coarse]);
      if (gone.length === 0) return undefined;
      const isLeft = (block: Block): boolean => !gone.includes(block);
      return {
        ...state,
        blocks: state.blocks.filter(isLeft),
        coarse: state.coarse.filter(isLeft),
      };
    });
    if (gone.length === 0) return [];
    await this.#published.discard(gone);
    this.#options.log.info({ blockCount: gone.length }, message);
    await this.#published.dropTombstones();
    return gone;
  }
}

interface Replacement {
  /** What the new block is made of. */
  readonly run: readonly Block[];
  readonly gone: readonly Block[];
  /** Where it belongs. */
  readonly list: 'blocks' | 'coarse';
}

function bySequence({ footer: a }: Block, { footer: b }: Block): number {
  return a.firstSequence - b.firstSequence;
}

/** A name is not used twice, also where downsampling is done once more. */
function freeRevision(coarse: readonly Block[], identity: BlockIdentity): number {
  const same = coarse.filter(
    ({ footer }) =>
      footer.resolutionMs === identity.resolutionMs &&
      footer.firstSequence === identity.firstSequence &&
      footer.lastSequence === identity.lastSequence,
  );
  return Math.max(-1, ...same.map(revisionOf)) + 1;
}

function isCounterByName(labels: Labels): boolean {
  return isCounterName(labels.metricName);
}
