/** The schema of histograms with bounds of their own. */
const CUSTOM_SCHEMA = -53;

export function isCustomSchema(schema: number): boolean {
  return schema === CUSTOM_SCHEMA;
}

/** The bounds between 0.5 and 1 of each schema above 0, from which all others follow. */
const fractions = new Map<number, Float64Array>();

function fractionsOf(schema: number): Float64Array {
  let found = fractions.get(schema);
  if (found === undefined) {
    const count = 2 ** schema;
    found = Float64Array.from({ length: count }, (_, i) => 2 ** (i / count - 1));
    fractions.set(schema, found);
  }
  return found;
}

/**
 * The upper bound of a positive bucket of an exponential schema: `2^(index * 2^-schema)`. The last
 * bucket before the one of infinity ends at the largest float.
 */
export function exponentialBound(index: number, schema: number): number {
  if (schema <= 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const fraction = fractionsOf(schema)[index & (2 ** schema - 1)] ?? Number.NaN;
  const exponent = (index >> schema) + 1;
  if (fraction === 0.5 && exponent === 1025) return Number.MAX_VALUE;
  // Scaled in two steps, because 2^1024 is no float though half of it times 2^1023 is one.
  return fraction * 2 * 2 ** (exponent - 1);
}

/** The upper bound of a positive bucket; the one before it ends where this one begins. */
export function upperBound(
  index: number,
  schema: number,
  customValues: readonly number[] | undefined,
): number {
  if (!isCustomSchema(schema)) return exponentialBound(index, schema);
  if (index < 0) return -Infinity;
  return customValues?.[index] ?? Infinity;
}

/** The index of the bucket that a bucket falls into at a lower resolution. */
export function indexAtSchema(index: number, from: number, to: number): number {
  return ((index - 1) >> (from - to)) + 1;
}

/** Whether two histograms of custom buckets have the same bounds. */
export function sameBounds(a: readonly number[] = [], b: readonly number[] = []): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

/** The bounds that two histograms of custom buckets share, which both can be brought to. */
export function sharedBounds(a: readonly number[] = [], b: readonly number[] = []): number[] {
  const others = new Set(b);
  return a.filter((bound) => others.has(bound));
}
