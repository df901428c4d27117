import { type BucketSpan } from '@dwcp/core';

import { indexAtSchema } from './bounds.ts';

/**
 * The positive or the negative buckets of a histogram, by ascending index. Compensations are what
 * the counts lost to rounding; a side that is not summed up with care has none.
 */
export interface Side {
  readonly indices: number[];
  readonly counts: number[];
  readonly compensations: number[];
}

export function emptySide(): Side {
  return { indices: [], counts: [], compensations: [] };
}

export function decodeSide(spans: readonly BucketSpan[], buckets: readonly number[]): Side {
  const indices: number[] = [];
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) indices.push(index++);
  }
  return { indices, counts: buckets.slice(), compensations: [] };
}

/** Spans and counts of the buckets that are not empty. */
export function encodeSide(side: Side): { spans: BucketSpan[]; buckets: number[] } {
  const spans: { offset: number; length: number }[] = [];
  const buckets: number[] = [];
  let next = 0;
  for (const [i, index] of side.indices.entries()) {
    const count = side.counts[i] ?? 0;
    if (count === 0) continue;
    const last = spans.at(-1);
    if (last === undefined || index !== next) spans.push({ offset: index - next, length: 1 });
    else last.length++;
    next = index + 1;
    buckets.push(count);
  }
  return { spans, buckets };
}

export function copySide({ indices, counts, compensations }: Side): Side {
  return {
    indices: indices.slice(),
    counts: counts.slice(),
    compensations: compensations.slice(),
  };
}

/** Adds a count to the last bucket of a side, or after it. */
function append(side: Side, index: number, count: number, compensation: number | undefined): void {
  const last = side.indices.length - 1;
  if (side.indices[last] !== index) {
    side.indices.push(index);
    side.counts.push(count);
    if (compensation !== undefined) side.compensations.push(compensation);
    return;
  }
  increase(side, last, count, compensation);
}

/** Adds a count to a bucket by Neumaier's summation where compensations are kept. */
function increase(side: Side, at: number, count: number, compensation: number | undefined): void {
  if (compensation === undefined) {
    side.counts[at] = (side.counts[at] ?? 0) + count;
    return;
  }
  compensate(side, at, count);
  if (compensation !== 0) compensate(side, at, compensation);
}

function compensate({ counts, compensations }: Side, at: number, value: number): void {
  const sum = counts[at] ?? 0;
  const total = sum + value;
  counts[at] = total;
  if (total === Infinity || total === -Infinity) compensations[at] = 0;
  else {
    const lost = Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    compensations[at] = (compensations[at] ?? 0) + lost;
  }
}

/** Joins buckets that are one bucket in another layout; `place` must not descend. */
export function mapSide(side: Side, place: (index: number) => number, compensated: boolean): Side {
  const mapped = emptySide();
  for (const [i, index] of side.indices.entries()) {
    const compensation = compensated ? (side.compensations[i] ?? 0) : undefined;
    append(mapped, place(index), side.counts[i] ?? 0, compensation);
  }
  return mapped;
}

/** The buckets at a lower resolution. */
export function reduceSide(side: Side, from: number, to: number, compensated: boolean): Side {
  if (from === to) return side;
  return mapSide(side, (index) => indexAtSchema(index, from, to), compensated);
}

export interface AddOptions {
  readonly sign: 1 | -1;
  readonly compensated: boolean;
  /** Buckets of the other side before this index are left out. */
  readonly fromIndex: number;
}

/** The buckets of two sides of one layout, added up or subtracted; the first may change. */
export function addSides(a: Side, b: Side, options: AddOptions): Side {
  const { sign, compensated, fromIndex } = options;
  if (hasSameBuckets(a, b) && (a.indices[0] ?? 0) >= fromIndex) {
    for (let i = 0; i < b.counts.length; i++) {
      const compensation = compensated ? sign * (b.compensations[i] ?? 0) : undefined;
      increase(a, i, sign * (b.counts[i] ?? 0), compensation);
    }
    return a;
  }
  const sum = emptySide();
  let j = 0;
  while (j < b.indices.length && (b.indices[j] ?? 0) < fromIndex) j++;
  const takeOther = (): void => {
    const compensation = compensated ? sign * (b.compensations[j] ?? 0) : undefined;
    append(sum, b.indices[j] ?? 0, sign * (b.counts[j] ?? 0), compensation);
    j++;
  };
  for (const [i, index] of a.indices.entries()) {
    while (j < b.indices.length && (b.indices[j] ?? 0) < index) takeOther();
    append(sum, index, a.counts[i] ?? 0, compensated ? (a.compensations[i] ?? 0) : undefined);
    if (b.indices[j] === index) takeOther();
  }
  while (j < b.indices.length) takeOther();
  return sum;
}

function hasSameBuckets({ indices: a }: Side, { indices: b }: Side): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Multiplies all counts. */
export function scaleSide(side: Side, scale: (value: number) => number): void {
  for (let i = 0; i < side.counts.length; i++) side.counts[i] = scale(side.counts[i] ?? 0);
  for (let i = 0; i < side.compensations.length; i++) {
    side.compensations[i] = scale(side.compensations[i] ?? 0);
  }
}
