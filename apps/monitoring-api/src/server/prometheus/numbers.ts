/**
 * A value as the Prometheus API writes it in vectors and matrices: the shortest text that reads back
 * the same, with an exponent of at least two digits below 1e-6 and from 1e21 on.
 */
export function formatValue(value: number): string {
  if (value !== value) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = String(value);
  // JavaScript switches to exponents where Go does, but writes 1e-7 for 1e-07.
  return text.charCodeAt(text.length - 3) === LETTER_E
    ? `${text.slice(0, -1)}0${text.at(-1)}`
    : text;
}

const LETTER_E = 101;

/** Unix seconds with as many of three decimals as it takes. */
export function formatTimestamp(unixMs: number): string {
  const whole = Math.trunc(unixMs / 1_000);
  const rest = Math.abs(unixMs % 1_000);
  if (rest === 0) return String(whole);
  const sign = unixMs < 0 && whole === 0 ? '-' : '';
  return `${sign}${whole}.${String(rest).padStart(3, '0')}`;
}
