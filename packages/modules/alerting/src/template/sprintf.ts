import { type FloatVerb, formatFloat } from './format-float.ts';
import { formatValue, typeNameOf } from './go-values.ts';

const DIRECTIVE = /%([+\-# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])?/g;

/** Longest field width and precision, so that a rule cannot ask for a gigabyte of blanks. */
const MAX_WIDTH = 1_000;

/**
 * Formats as Go's `fmt.Sprintf` does, for the verbs that rules use; what does not fit prints as
 * Go prints it, such as `%!d(float64=1.5)`.
 * @see https://pkg.go.dev/fmt
 */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const takeNumber = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    if (text !== '*') return Math.min(Number(text), MAX_WIDTH);
    const value = args[next++];
    return typeof value === 'bigint' ? Math.min(Number(value), MAX_WIDTH) : undefined;
  };
  const text = format.replaceAll(
    DIRECTIVE,
    (
      whole: string,
      flags: string,
      widthText: string | undefined,
      precisionText: string | undefined,
      verb: string | undefined,
    ) => {
      const width = takeNumber(widthText);
      const precision =
        precisionText === undefined && whole.includes('.') ? 0 : takeNumber(precisionText);
      if (verb === undefined) return '%!(NOVERB)';
      if (verb === '%') return '%';
      if (next >= args.length) return `%!${verb}(MISSING)`;
      return pad(formatVerb(verb, args[next++], flags, precision), flags, width ?? 0);
    },
  );
  if (next >= args.length) return text;
  const extra = args.slice(next).map((arg) => `${typeNameOf(arg)}=${formatValue(arg)}`);
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

function formatVerb(
  verb: string,
  value: unknown,
  flags: string,
  precision: number | undefined,
): string {
  const plus = flags.includes('+');
  if (verb === 'v') return signed(formatValue(value), plus && isNumber(value));
  if (verb === 'T') return typeNameOf(value);
  if (typeof value === 'number' && /^[eEfFgG]$/.test(verb)) {
    const lower = verb.toLowerCase() as FloatVerb;
    const text = formatFloat(value, lower, precision ?? (lower === 'g' ? -1 : 6));
    return signed(verb === 'E' || verb === 'G' ? text.toUpperCase() : text, plus);
  }
  if (typeof value === 'bigint') {
    const text = formatInteger(verb, value);
    if (text !== undefined) return signed(text, plus);
  }
  if (typeof value === 'string') {
    const cut = precision === undefined ? value : Array.from(value).slice(0, precision).join('');
    if (verb === 's') return cut;
    if (verb === 'q') return JSON.stringify(cut);
    if (verb === 'x') return Buffer.from(cut).toString('hex');
    if (verb === 'X') return Buffer.from(cut).toString('hex').toUpperCase();
  }
  if (typeof value === 'boolean' && verb === 't') return String(value);
  // Maps and lists print their parts under the verb; the plain form is what rules need.
  if (typeof value === 'object' && value !== null && verb === 's') return formatValue(value);
  return `%!${verb}(${typeNameOf(value)}=${formatValue(value)})`;
}

function formatInteger(verb: string, value: bigint): string | undefined {
  switch (verb) {
    case 'd':
      return value.toString();
    case 'x':
      return value.toString(16);
    case 'X':
      return value.toString(16).toUpperCase();
    case 'o':
      return value.toString(8);
    case 'b':
      return value.toString(2);
    case 'c':
      return value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\ufffd';
    default:
      return undefined;
  }
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

function signed(text: string, plus: boolean): string {
  return plus && /^[\dN]/.test(text) ? `+${text}` : text;
}

function pad(text: string, flags: string, width: number): string {
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || !/^[+-]?\d/.test(text)) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.test(text) ? text.slice(0, 1) : '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
