const DIGIT_0 = 48;
const DIGIT_9 = 57;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;

/** Powers of ten that a double holds exactly. */
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^[+-]?inf(?:inity)?$/i;

/**
 * Reads the number between two positions as Go's `strconv.ParseFloat` does, less hexadecimal and
 * underscores, which Prometheus refuses too: decimals, and in any case `NaN`, `Inf`, `Infinity`.
 * @returns undefined when it is no number or does not fit a double
 */
export function parseFloatAt(text: string, start: number, end: number): number | undefined {
  // Nearly every value is a sign, at most 15 digits and a dot. Both the digits and the power of
  // ten are then exact doubles, so one division rounds correctly.
  if (end - start <= 17 && end > start) {
    let position = start;
    let sign = 1;
    const first = text.charCodeAt(position);
    if (first === MINUS) sign = -1;
    if (first === MINUS || first === PLUS) position++;
    let digits = 0;
    let mantissa = 0;
    let dotAt = -1;
    for (; position < end; position++) {
      const code = text.charCodeAt(position);
      if (code >= DIGIT_0 && code <= DIGIT_9) {
        mantissa = mantissa * 10 + (code - DIGIT_0);
        digits++;
      } else if (code === DOT && dotAt < 0) dotAt = position;
      else break;
    }
    if (position === end && digits > 0 && digits <= 15) {
      const divisor = dotAt < 0 ? 1 : (POWERS_OF_TEN[end - dotAt - 1] ?? 1);
      return (sign * mantissa) / divisor;
    }
  }
  return parseSlowly(text.slice(start, end));
}

function parseSlowly(token: string): number | undefined {
  if (DECIMAL.test(token)) {
    const value = Number(token);
    return Number.isFinite(value) ? value : undefined;
  }
  if (INFINITE.test(token)) return token.startsWith('-') ? -Infinity : Infinity;
  return /^nan$/i.test(token) ? Number.NaN : undefined;
}
