import { type Clock, type Labels, type Log, METRIC_NAME } from '@dwcp/core';

import { type BlockList } from './block-list.ts';
import { isCounterName } from './downsample.ts';
import { type MetadataTable } from './metadata-table.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';

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

export interface UpkeepParts {
  readonly blocks: BlockList;
  readonly table: SeriesTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly retention: Retention;
  /** Whether a head has samples of the series. */
  readonly isInHead: (entry: SeriesEntry) => boolean;
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
      this.#forget(await this.#parts.blocks.clean(this.#parts.signal));
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
  }

  async #remove(): Promise<void> {
    const { blocks, clock, retention } = this.#parts;
    const { rawMs, fiveMinutesMs = rawMs, hourMs = rawMs, maxBytes } = retention;
    const now = clock.nowUnixMs();
    this.#forget([
      ...(await blocks.removeBefore(now - rawMs)),
      ...(await blocks.removeBefore(now - fiveMinutesMs, FIVE_MINUTES_MS)),
      ...(await blocks.removeBefore(now - hourMs, HOUR_MS)),
      ...(maxBytes === undefined ? [] : await blocks.shrinkTo(maxBytes)),
    ]);
  }

  /** Series of which nothing is left need no place in memory. */
  #forget(candidates: readonly SeriesEntry[]): void {
    const { blocks, table, isInHead } = this.#parts;
    table.remove(
      candidates.filter((entry) => !entry.isPending && !isInHead(entry) && !blocks.has(entry)),
    );
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
