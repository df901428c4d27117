const MIN_NORMAL = 2 ** -1022;

/** Reads a number as scripts write them: decimal, with an exponent, hexadecimal, `Inf`, `NaN`. */
export function readNumber(text: string): number {
  const special = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (special !== null) return special[1] === '-' ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const [, sign = '', size = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const value = /^(?:[\d.]|0x)/i.test(size) ? Number(size) : Number.NaN;
  if (Number.isNaN(value)) throw new Error(`no number: ${JSON.stringify(text)}`);
  return sign === '-' ? -value : value;
}

/** Equal within 1e-6 of their size, as the reference runner compares; a 0 is equal only to 0. */
export function almostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < MIN_NORMAL) return difference < 1e-6 * MIN_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < 1e-6;
}
