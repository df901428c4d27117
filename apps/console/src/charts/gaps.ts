/** A stretch of grid points, both ends inclusive. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/**
 * Stretches of at least `minPoints` points at which no series has a value. The last
 * `trailingGrace` points are left out of a stretch that touches the end: there the newest samples
 * are merely still on their way.
 */
export function findGaps(
  series: readonly (readonly (number | null)[])[],
  length: number,
  { minPoints = 2, trailingGrace = 0 }: { minPoints?: number; trailingGrace?: number } = {},
): Gap[] {
  const gaps: Gap[] = [];
  let from = -1;
  for (let i = 0; i <= length; i += 1) {
    const empty = i < length && series.every((values) => (values[i] ?? null) === null);
    if (empty) {
      if (from < 0) from = i;
      continue;
    }
    if (from >= 0) {
      const to = i === length ? i - 1 - trailingGrace : i - 1;
      if (to - from + 1 >= minPoints) gaps.push({ from, to });
    }
    from = -1;
  }
  return gaps;
}
