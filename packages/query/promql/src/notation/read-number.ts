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
