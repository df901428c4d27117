/** Up to so many values, insertion is quicker than a call into the engine's own sort. */
const FEW = 48;

/** Sorts ascending with NaN first, as Prometheus orders values. */
export function sortNanFirst(values: Float64Array): Float64Array {
  if (values.length <= FEW && insertionSort(values)) return values;
  values.sort();
  let nans = 0;
  while (nans < values.length && Number.isNaN(values[values.length - 1 - nans])) nans++;
  if (nans > 0) {
    values.copyWithin(nans, 0, values.length - nans);
    values.fill(Number.NaN, 0, nans);
  }
  return values;
}

/**
 * The q-quantile by linear interpolation between the two nearest ranks. Sorts the values in place.
 * @param q in [0, 1]; below gives -Infinity, above gives +Infinity
 */
export function quantile(q: number, values: Float64Array): number {
  return isRank(q)
    ? quantileOfSorted(q, sortNanFirst(values), values.length)
    : beyond(q, values.length);
}

/** The same of the first `count` values, which are sorted. */
export function quantileOfSorted(q: number, sorted: Float64Array, count: number): number {
  if (!isRank(q) || count === 0) return beyond(q, count);
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[lower] ?? 0) * (1 - weight) + (sorted[upper] ?? 0) * weight;
}

/**
 * The median of the absolute deviations from the median, of the first `count` values, which are
 * sorted. Deviations rise to either side of the median, so that they need not be sorted too.
 */
export function medianDeviationOfSorted(sorted: Float64Array, count: number): number {
  const median = quantileOfSorted(0.5, sorted, count);
  // A NaN is first; beside an infinite median its own deviation is none.
  if (Number.isNaN(sorted[0]) || !Number.isFinite(median)) return Number.NaN;
  const middle = firstNotBelow(sorted, count, median);
  const below = (i: number): number =>
    i < middle ? Math.abs((sorted[middle - 1 - i] ?? 0) - median) : Infinity;
  const above = (i: number): number =>
    middle + i < count ? Math.abs((sorted[middle + i] ?? 0) - median) : Infinity;
  const rank = 0.5 * (count - 1);
  const lower = Math.floor(rank);
  // How many of the `lower` smallest deviations lie below the median.
  let low = Math.max(0, lower - (count - middle));
  let high = Math.min(lower, middle);
  while (low < high) {
    const half = (low + high) >>> 1;
    if (below(half) < above(lower - half - 1)) low = half + 1;
    else high = half;
  }
  const isBelow = below(low) <= above(lower - low);
  const first = isBelow ? below(low) : above(lower - low);
  const weight = rank - lower;
  const next = isBelow
    ? Math.min(below(low + 1), above(lower - low))
    : Math.min(below(low), above(lower - low + 1));
  return first * (1 - weight) + (lower + 1 < count ? next : first) * weight;
}

function firstNotBelow(sorted: Float64Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isRank(q: number): boolean {
  return q >= 0 && q <= 1;
}

function beyond(q: number, count: number): number {
  if (count === 0 || Number.isNaN(q)) return Number.NaN;
  return q < 0 ? -Infinity : Infinity;
}

/** Sorts what is often nearly sorted; false, with only the order changed, when there is a NaN. */
function insertionSort(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value !== value) return false;
    let at = i;
    for (; at > 0; at--) {
      const before = values[at - 1] ?? 0;
      // -0 comes before 0, as with the engine's own sort.
      if (before < value || (before === value && !isZeroBeforeMinusZero(before, value))) break;
      values[at] = before;
    }
    values[at] = value;
  }
  return true;
}

function isZeroBeforeMinusZero(first: number, second: number): boolean {
  return first === 0 && Object.is(first, 0) && Object.is(second, -0);
}
