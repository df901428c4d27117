import {
  type CallOptions,
  type FeedEntry,
  type FeedPosition,
  InvalidInputError,
  type SampleBatch,
  type SampleFeed,
} from '@dwcp/core';

/** A feed over an array; position n is before entry n. Outlives its readers, as a log does. */
export class ArrayFeed implements SampleFeed {
  readonly #batches: SampleBatch[] = [];
  readonly holds = new Map<string, FeedPosition>();
  /** Entries before it are gone. */
  #oldest = 0;
  #waiting: (() => void)[] = [];
  /** Is thrown by the next reads. */
  failure: Error | undefined;
  /** How often an entry was read. */
  readCount = 0;

  append(...batches: readonly SampleBatch[]): void {
    this.#batches.push(...batches);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Loses what is before a position. */
  dropBefore(position: FeedPosition): void {
    this.#oldest = Number(position);
  }

  end(): FeedPosition {
    return String(this.#batches.length);
  }

  read(from: FeedPosition, { signal }: CallOptions = {}): Promise<FeedEntry | undefined> {
    signal?.throwIfAborted();
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const wanted = indexOf(from);
    const index = Math.max(wanted, this.#oldest);
    const batch = this.#batches[index];
    if (batch === undefined) return Promise.resolve(undefined);
    this.readCount++;
    return Promise.resolve({ batch, next: String(index + 1), isAfterGap: index > wanted });
  }

  async more(from: FeedPosition, { signal }: CallOptions = {}): Promise<void> {
    while (Number(from) >= this.#batches.length) {
      signal?.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
  }

  hold(reader: string, from: FeedPosition): void {
    indexOf(from);
    this.holds.set(reader, from);
  }

  release(reader: string): void {
    this.holds.delete(reader);
  }

  /** As if each row took ten bytes. */
  backlog(from: FeedPosition): { readonly sizeBytes: number } {
    const rows = this.#batches
      .slice(indexOf(from))
      .reduce((sum, one) => sum + one.labels.length, 0);
    return { sizeBytes: rows * 10 };
  }
}

function indexOf(position: FeedPosition): number {
  if (!/^\d+$/.test(position)) throw new InvalidInputError('position', `${position} is none`);
  return Number(position);
}
