const MIN_NORMAL = 2 ** -1022;

/** Equal within 1e-6 of their size, as the reference runner compares; a 0 is equal only to 0. */
export function almostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < MIN_NORMAL) return difference < 1e-6 * MIN_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < 1e-6;
}
