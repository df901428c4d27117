import { type BucketSpan } from '@dwcp/core';
import { type OtlpBuckets } from '@dwcp/protocol-otlp';

/** Buckets that hold something, by Prometheus' index, ascending. */
export interface SparseBuckets {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

export const NO_SPARSE_BUCKETS: SparseBuckets = { indexes: [], counts: [] };

/**
 * The buckets of OTLP, whose bucket i ends at `base^(i+1)`, by Prometheus' index, where bucket i
 * ends at `base^i`; `2^scaleDown` neighbours become one.
 */
export function sparseBucketsOf({ offset, counts }: OtlpBuckets, scaleDown: number): SparseBuckets {
  const width = 2 ** Math.min(scaleDown, 60);
  const draft = new BucketsDraft();
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    if (count !== 0) draft.add(Math.floor((offset + i) / width) + 1, count);
  }
  return draft.buckets;
}

/** The same observations at a resolution coarser by so many schemas. */
export function coarser({ indexes, counts }: SparseBuckets, schemas: number): SparseBuckets {
  const width = 2 ** schemas;
  const draft = new BucketsDraft();
  for (const [i, index] of indexes.entries()) draft.add(Math.ceil(index / width), counts[i] ?? 0);
  return draft.buckets;
}

/** Both together; they are of one schema. */
export function mergedBuckets(a: SparseBuckets, b: SparseBuckets): SparseBuckets {
  const draft = new BucketsDraft();
  let i = 0;
  let j = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const left = a.indexes[i] ?? Number.POSITIVE_INFINITY;
    const right = b.indexes[j] ?? Number.POSITIVE_INFINITY;
    if (left <= right) draft.add(left, a.counts[i++] ?? 0);
    else draft.add(right, b.counts[j++] ?? 0);
  }
  return draft.buckets;
}

export function totalOf({ counts }: SparseBuckets): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

export function spansOf({ indexes }: SparseBuckets): readonly BucketSpan[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** Takes buckets in ascending order and adds up those of one index. */
class BucketsDraft {
  readonly #indexes: number[] = [];
  readonly #counts: number[] = [];

  add(index: number, count: number): void {
    const last = this.#indexes.length - 1;
    if (last >= 0 && this.#indexes[last] === index) {
      this.#counts[last] = (this.#counts[last] ?? 0) + count;
    } else {
      this.#indexes.push(index);
      this.#counts.push(count);
    }
  }

  get buckets(): SparseBuckets {
    return { indexes: this.#indexes, counts: this.#counts };
  }
}
