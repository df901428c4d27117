import { setImmediate } from 'node:timers';

import { BackendError } from '@dwcp/core';

interface Waiting<T> {
  readonly items: readonly T[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions<T> {
  /** Names the store in errors. */
  readonly backend: string;
  /** Writes items in one transaction, all or nothing. */
  readonly write: (items: readonly T[]) => void;
  /** Items in one transaction, unless a single append has more. */
  readonly groupItems: number;
  /** Items waiting at most; above it an append is refused. */
  readonly capacity: number;
}

/**
 * Writes appends that wait together as one transaction: the commit costs more than most batches.
 * Appends are taken in order; between two transactions the event loop gets its turn.
 */
export class GroupCommit<T> {
  readonly #options: GroupCommitOptions<T>;
  #waiting: Waiting<T>[] = [];
  #waitingItems = 0;
  #scheduled = false;

  constructor(options: GroupCommitOptions<T>) {
    this.#options = options;
  }

  /** Resolves once committed. @throws BackendError when too much waits; else what the write threw */
  append(items: readonly T[]): Promise<void> {
    const { backend, capacity } = this.#options;
    if (this.#waiting.length > 0 && this.#waitingItems + items.length > capacity) {
      const problem = `${this.#waitingItems} items wait to be written, the limit is ${capacity}`;
      return Promise.reject(new BackendError(backend, problem, { retryable: true }));
    }
    this.#waitingItems += items.length;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      this.#schedule();
    });
  }

  /** Writes all that waits, at once. */
  drain(): void {
    while (this.#waiting.length > 0) this.#commit();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commit(): void {
    const group: Waiting<T>[] = [];
    let size = 0;
    for (const entry of this.#waiting) {
      if (group.length > 0 && size + entry.items.length > this.#options.groupItems) break;
      group.push(entry);
      size += entry.items.length;
    }
    if (group.length === 0) return;
    this.#waiting = this.#waiting.slice(group.length);
    this.#waitingItems -= size;
    const failure = this.#write(group);
    // One append that cannot be written does not take the others with it. What may pass by itself,
    // such as a full disk or a lock, would only be met again by each of them.
    const alone = group.length > 1 && failure !== undefined && !isRetryable(failure);
    for (const entry of group) {
      const error = alone ? this.#write([entry]) : failure;
      if (error === undefined) entry.resolve();
      else entry.reject(error);
    }
  }

  #write(group: readonly Waiting<T>[]): Error | undefined {
    try {
      this.#options.write(group.flatMap(({ items }) => items));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function isRetryable(error: Error): boolean {
  return error instanceof BackendError && error.retryable;
}
