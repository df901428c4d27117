import { type FeedPosition } from '@dwcp/core';

/** Remembers how far each destination got, also after the process was killed. */
export interface PositionStore {
  /** Undefined for a name that was never saved. */
  load(name: string): Promise<FeedPosition | undefined>;
  /** Resolves once durable. A later call for the name counts, an earlier one may be lost. */
  save(name: string, position: FeedPosition): Promise<void>;
}

/** For tests, and for senders that need not outlive the process. */
export class MemoryPositionStore implements PositionStore {
  readonly #positions = new Map<string, FeedPosition>();

  load(name: string): Promise<FeedPosition | undefined> {
    return Promise.resolve(this.#positions.get(name));
  }

  save(name: string, position: FeedPosition): Promise<void> {
    this.#positions.set(name, position);
    return Promise.resolve();
  }
}
