import { type QueryResult, type Series } from '@dwcp/core';

const LIMIT_BYTES = 8 * 1_048_576;
/** An answer that takes more of the whole than one of so many parts is not kept. */
const PARTS = 4;

/**
 * JSON of matrices that are asked for again and again: a dashboard gets the same series out of the result
 * cache until a step is over, and to write thousands of numbers takes longer than all the rest. What was
 * asked for once only is not kept. The least recently used goes first.
 */
export class KeptAnswers {
  readonly #seen = new WeakSet<readonly Series[]>();
  readonly #kept = new Map<readonly Series[], Buffer>();
  #sizeBytes = 0;

  get({ value }: QueryResult): Buffer | undefined {
    if (value.kind !== 'matrix') return undefined;
    const bytes = this.#kept.get(value.series);
    if (bytes === undefined) return undefined;
    this.#kept.delete(value.series);
    this.#kept.set(value.series, bytes);
    return bytes;
  }

  /** @param bytes the whole answer */
  offer({ value }: QueryResult, bytes: Buffer): void {
    if (value.kind !== 'matrix' || bytes.length > LIMIT_BYTES / PARTS) return;
    const { series } = value;
    if (!this.#seen.has(series)) {
      this.#seen.add(series);
      return;
    }
    this.#sizeBytes += bytes.length - (this.#kept.get(series)?.length ?? 0);
    this.#kept.set(series, bytes);
    for (const [oldest, { length }] of this.#kept) {
      if (this.#sizeBytes <= LIMIT_BYTES) break;
      this.#kept.delete(oldest);
      this.#sizeBytes -= length;
    }
  }
}
