import { type PendingEntry } from './progress.ts';
import { type EntryRows, splitByShard } from './rows.ts';
import { Shard, type ShardOptions } from './shard.ts';

export interface ShardsOptions extends Omit<ShardOptions, 'onTaken'> {
  /** Rows waiting in one shard, from which on no more should come. */
  readonly capacity: number;
}

/** The shards of a destination. A series goes to one of them by its hash. */
export class Shards {
  readonly #options: ShardsOptions;
  #shards: readonly Shard[];
  #wake: (() => void)[] = [];

  constructor(count: number, options: ShardsOptions) {
    this.#options = options;
    this.#shards = this.#make(count);
  }

  get count(): number {
    return this.#shards.length;
  }

  /** Rows that are in no request yet. */
  get waiting(): number {
    return this.#shards.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  push(entry: PendingEntry, source: EntryRows): void {
    for (const [index, rows] of splitByShard(source, this.#shards.length).entries()) {
      if (rows.length > 0) this.#shards[index]?.push({ entry, source, rows });
    }
  }

  /** Resolves when every shard has room, or when stopped. */
  async room(): Promise<void> {
    const { capacity, stop } = this.#options;
    while (!stop.aborted && this.#shards.some(({ waiting }) => waiting >= capacity)) {
      await this.#change();
    }
  }

  /** Resolves when nothing waits and no request is at work, or when stopped. */
  async drained(): Promise<void> {
    const { stop } = this.#options;
    for (const shard of this.#shards) shard.flush();
    while (!stop.aborted && this.#shards.some(({ isIdle }) => !isIdle)) await this.#change();
  }

  /** Only when drained: else a series could be in two requests at once. */
  resize(count: number): void {
    if (this.#shards.some(({ isIdle }) => !isIdle)) throw new Error('the shards are not drained');
    this.#shards = this.#make(count);
  }

  /** The end of the requests at work. */
  async idle(): Promise<void> {
    await Promise.all(this.#shards.map(async (shard) => await shard.idle()));
  }

  /** Ends waits; for when the signal has stopped all else. */
  stop(): void {
    for (const shard of this.#shards) shard.cancel();
    this.#changed();
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
  }

  #make(count: number): readonly Shard[] {
    const options = { ...this.#options, onTaken: () => this.#changed() };
    return Array.from({ length: count }, () => new Shard(options));
  }

  async #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake.push(resolve);
    await promise;
  }
}
