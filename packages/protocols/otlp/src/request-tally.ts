import { type InvalidInputError } from '@dwcp/core';

/** One item that was refused, and why. */
export interface RejectedItem {
  /** Path into the request, such as `resourceSpans[0].scopeSpans[0].spans[2].traceId`. */
  readonly field: string;
  readonly problem: string;
}

export interface DecodeOptions {
  /** Items taken from one request at most; the others are refused. Default 50,000. */
  readonly maxItems?: number;
}

/** Refusals that are told one by one; the others are only counted. */
const MAX_DETAILS = 100;

/**
 * Counts the items of one request and its refusals. A request of the worst kind, millions of empty
 * items, costs no more than `maxItems` readings and MAX_DETAILS stored refusals.
 */
export class RequestTally {
  readonly rejected: RejectedItem[] = [];
  rejectedCount = 0;
  #left: number;
  readonly #maxItems: number;

  constructor({ maxItems = 50_000 }: DecodeOptions) {
    this.#maxItems = maxItems;
    this.#left = maxItems;
  }

  /** Takes one item into account. @returns false when it is one too many */
  take(): boolean {
    return --this.#left >= 0;
  }

  /** Refuses an item that `take` did not take. */
  rejectExtra(path: () => string): void {
    this.rejectedCount++;
    if (this.rejected.length >= MAX_DETAILS) return;
    const problem = `is one too many: a request may hold ${this.#maxItems} items`;
    this.rejected.push({ field: path(), problem });
  }

  /** Refuses an item for what its reader threw. */
  reject(error: InvalidInputError): void {
    this.rejectedCount++;
    if (this.rejected.length >= MAX_DETAILS) return;
    const problem = error.message.slice(error.field.length + 2);
    this.rejected.push({ field: error.field, problem });
  }
}
