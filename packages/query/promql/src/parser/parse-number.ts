import { quote } from './go-text.ts';
import { type Syntax } from './syntax.ts';
import { type Token } from './tokens.ts';

/** Reads a number as Go does: decimal, exponent, `0x`, `0b`, `0o`, octal with a leading 0, Inf, NaN. */
export function parseNumber(syntax: Syntax, token: Token): number {
  const text = token.text.toLowerCase();
  if (text === 'inf') return Infinity;
  if (text === 'nan') return Number.NaN;
  const plain = text.replaceAll('_', '');
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  const value = Number(plain);
  let reason = '';
  if (Number.isNaN(value) || plain === '') reason = 'invalid syntax';
  else if (!Number.isFinite(value)) reason = 'value out of range';
  if (reason !== '') {
    syntax.report(
      token,
      `error parsing number: strconv.ParseFloat: parsing ${quote(token.text)}: ${reason}`,
    );
  }
  return value;
}
