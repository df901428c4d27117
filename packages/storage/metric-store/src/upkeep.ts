import { type Clock, type Labels, type Log, METRIC_NAME } from '@dwcp/core';

import { type BlockList } from './block-list.ts';
import { type Block } from './block.ts';
import { isCounterName } from './downsample.ts';
import { type MetadataTable } from './metadata-table.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';
import { Turns } from './turns.ts';

export const FIVE_MINUTES_MS = 300_000;
export const HOUR_MS = 3_600_000;

/** How long blocks stay, by what their samples are. */
export interface Retention {
  readonly rawMs: number;
  /** Samples of 5 minutes; undefined: none are made. */
  readonly fiveMinutesMs: number | undefined;
  readonly hourMs: number | undefined;
  /** Of all blocks together. */
  readonly maxBytes: number | undefined;
}

/** Looked at between two turns of the event loop; a few milliseconds, should all of them go. */
const SERIES_PER_TURN = 1_000;
/** To set or read a flag is so much quicker than to remove a series. */
const QUICKER = 50;

export interface UpkeepParts {
  readonly blocks: BlockList;
  readonly table: SeriesTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly retention: Retention;
  /** Whether a head has samples of the series. */
  readonly isInHead: (entry: SeriesEntry) => boolean;
  /** Called when samples are in no answer any more. */
  readonly onRemoved: () => void;
  readonly signal: AbortSignal;
}

/**
 * What is done to blocks in the background: merging, downsampling, removing. One thing after the
 * other, and beside the seals, which must not wait for a merge of a day.
 */
export class Upkeep {
  readonly #parts: UpkeepParts;
  #work: Promise<void> = Promise.resolve();

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** Merges, downsamples and removes what is due. */
  run(): Promise<void> {
    return this.#exclusively(async () => {
      // First of all space: a merge may have to wait for it.
      await this.#remove();
      await this.#merge();
      await this.#remove();
    });
  }

  merge(): Promise<void> {
    return this.#exclusively(() => this.#merge());
  }

  /** Writes the blocks that have deleted samples anew. */
  clean(): Promise<void> {
    return this.#exclusively(async () => {
      await this.#parts.blocks.clean(this.#parts.signal);
      await this.#forget([]);
    });
  }

  /** Resolves when nothing is at work any more. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async #merge(): Promise<void> {
    const { blocks, signal } = this.#parts;
    while (await blocks.merge(signal));
    while (await blocks.downsample(signal));
    await this.#forget([]);
  }

  async #remove(): Promise<void> {
    const { blocks, clock, retention, onRemoved } = this.#parts;
    const { rawMs, fiveMinutesMs = rawMs, hourMs = rawMs, maxBytes } = retention;
    const now = clock.nowUnixMs();
    const removed = [
      ...(await blocks.removeBefore(now - rawMs)),
      ...(await blocks.removeBefore(now - fiveMinutesMs, FIVE_MINUTES_MS)),
      ...(await blocks.removeBefore(now - hourMs, HOUR_MS)),
      ...(maxBytes === undefined ? [] : await blocks.shrinkTo(maxBytes)),
    ];
    if (removed.length > 0) onRemoved();
    await this.#forget(removed);
  }

  /** Series that were in the blocks and of which nothing is left need no place in memory. */
  async #forget(removed: readonly Block[]): Promise<void> {
    const { blocks, table, isInHead, signal } = this.#parts;
    const gone = [...removed, ...blocks.takeThinned()];
    if (gone.length === 0) return;
    const turns = new Turns(SERIES_PER_TURN, signal);
    const left = new Uint8Array(table.idLimit);
    const known = new Set(blocks.all);
    let untidy = 0;
    for (const block of known) {
      block.mark(left);
      await turns.spend(block.entries.length / QUICKER);
    }
    for (const { entries } of gone) {
      for (let start = 0; start < entries.length; start += SERIES_PER_TURN) {
        // Sealed in the meantime.
        const news = blocks.all.filter((block) => !known.has(block));
        const unused = entries
          .slice(start, start + SERIES_PER_TURN)
          .filter(
            (entry) =>
              left[entry.id] === 0 &&
              !entry.isPending &&
              !isInHead(entry) &&
              !news.some((block) => block.has(entry)),
          );
        table.remove(unused);
        untidy += unused.length;
        await turns.spend(SERIES_PER_TURN);
        // Before the table does it by itself, in one go.
        if (untidy * 4 > table.size) untidy = await this.#tidy();
      }
    }
    await this.#tidy();
  }

  async #tidy(): Promise<0> {
    const { table, signal } = this.#parts;
    await table.tidy(new Turns(SERIES_PER_TURN * QUICKER, signal));
    return 0;
  }

  #exclusively(task: () => Promise<void>): Promise<void> {
    const run = this.#work.then(task);
    this.#work = run.catch(() => undefined);
    return run;
  }
}

/** Whether a series only rises: by what is known of its metric, else by the suffix of its name. */
export function isCounter(metadata: MetadataTable, labels: Labels): boolean {
  const name = labels.get(METRIC_NAME);
  const type = metadata.get(name)?.type ?? metadata.get(name.replace(/_[a-z]+$/, ''))?.type;
  if (type === 'counter') return true;
  if (type === 'gauge' || type === 'info' || type === 'stateset') return false;
  return isCounterName(name);
}
