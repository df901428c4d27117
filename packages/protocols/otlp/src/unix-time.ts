const NANO_PER_MS = 1_000_000;
const MS_PER_2_32 = 4_294;
/** 2^32 = 4,294 * 1,000,000 + 967,296. */
const REST_PER_2_32 = 967_296;

/**
 * Unix nanoseconds, given as the halves of an unsigned 64-bit integer below 2^63, as milliseconds
 * with three decimals. `Math.floor` of the result is exact; below a microsecond is cut off, as a
 * double has no place for it.
 */
export function unixMsOf(high: number, low: number): number {
  // Both summands are integers below 2^53, so nothing is rounded.
  const nano = high * REST_PER_2_32 + low;
  const ms = Math.floor(nano / NANO_PER_MS);
  const micro = Math.floor((nano - ms * NANO_PER_MS) / 1_000);
  return high * MS_PER_2_32 + ms + micro / 1_000;
}
