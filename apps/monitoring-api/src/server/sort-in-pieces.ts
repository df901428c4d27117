/** Elements that are sorted, or merged, between two pauses. */
const PER_PIECE = 1_000;

/**
 * Sorts with a pause, an empty text, after every millisecond's work or so: runs by the engine's own
 * sort, which are merged until one is left. Stable.
 */
export function* sortInPieces<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
): Generator<'', readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += PER_PIECE) {
    runs.push(items.slice(from, from + PER_PIECE).sort(compare));
    yield '';
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(yield* merge(runs[i] ?? [], runs[i + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T, b: T) => number,
): Generator<'', readonly T[]> {
  const [lastOfLeft, firstOfRight] = [left.at(-1), right[0]];
  if (lastOfLeft === undefined) return right;
  // What comes from a store is mostly in order.
  if (firstOfRight === undefined || compare(lastOfLeft, firstOfRight) <= 0) {
    return left.concat(right);
  }
  const out: T[] = [];
  let at = 0;
  for (const item of left) {
    for (; at < right.length; at++) {
      const next = right[at] as T;
      if (compare(next, item) >= 0) break;
      out.push(next);
      if (out.length % PER_PIECE === 0) yield '';
    }
    out.push(item);
    if (out.length % PER_PIECE === 0) yield '';
  }
  return out.concat(right.slice(at));
}
