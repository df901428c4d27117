import { type Product } from './options.ts';

/** What a Date can hold; beyond it lies no sample. */
const MAX_DATE_MS = 253_402_300_799_999;
/** The last millisecond that VictoriaMetrics counts in nanoseconds. */
const MAX_VICTORIA_MS = 9_223_372_036_854;

/**
 * A moment for the API, in RFC 3339, which both products read to the millisecond; of Unix seconds
 * with a fraction VictoriaMetrics may lose one. Moments out of range become the last within.
 */
export function timeParam(unixMs: number, product: Product): string {
  const [least, most] =
    product === 'prometheus' ? [-62_135_596_800_000, MAX_DATE_MS] : [0, MAX_VICTORIA_MS];
  return new Date(Math.trunc(Math.max(least, Math.min(most, unixMs)))).toISOString();
}
