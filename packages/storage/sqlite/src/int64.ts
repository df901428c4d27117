const MAX_INT64 = 2n ** 63n - 1n;

/** The nearest value that a column holds, and whose negation one does too. */
export function clampInt64(value: bigint): bigint {
  if (value > MAX_INT64) return MAX_INT64;
  return value < -MAX_INT64 ? -MAX_INT64 : value;
}

/** Whether a column, a signed 64-bit integer, holds the value. */
export function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
