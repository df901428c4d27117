import { type FeedPosition } from '@dwcp/core';

/** Rows of one entry of the feed that are not settled yet. */
export interface PendingEntry {
  next: FeedPosition;
  pending: number;
  /** An earlier process may have sent it. */
  readonly isDoubtful: boolean;
}

/**
 * How far everything is settled: the position moves past an entry when all its rows, and those of
 * all entries before it, were acknowledged or dropped.
 */
export class Progress {
  #committed: FeedPosition;
  /** Oldest first; `#first` is the index of the oldest. */
  #entries: PendingEntry[] = [];
  #first = 0;
  #pending = 0;

  constructor(from: FeedPosition) {
    this.#committed = from;
  }

  get committed(): FeedPosition {
    return this.#committed;
  }

  /** Rows that are not settled. */
  get pending(): number {
    return this.#pending;
  }

  /** @param rowCount of the entry, those that are never sent left out */
  add(next: FeedPosition, rowCount: number, isDoubtful: boolean): PendingEntry {
    this.#pending += rowCount;
    const last = this.#entries.length > this.#first ? this.#entries.at(-1) : undefined;
    // However many entries without rows come by, they take no space.
    if (last !== undefined && rowCount === 0) {
      last.next = next;
      return last;
    }
    const entry = { next, pending: rowCount, isDoubtful };
    this.#entries.push(entry);
    this.#advance();
    return entry;
  }

  settle(entry: PendingEntry, rowCount: number): void {
    entry.pending -= rowCount;
    this.#pending -= rowCount;
    if (entry.pending === 0) this.#advance();
  }

  #advance(): void {
    for (;;) {
      const entry = this.#entries[this.#first];
      if (entry === undefined || entry.pending > 0) break;
      this.#committed = entry.next;
      this.#first++;
    }
    if (this.#first > 1_000 || this.#first === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
