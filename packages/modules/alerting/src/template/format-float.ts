export type FloatVerb = 'e' | 'f' | 'g';

/** Decimal digits and the position of the point: the value is `0.digits * 10^point`. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/**
 * Writes a float as Go's `strconv.FormatFloat` does, rounding exact ties to even.
 * @param precision digits after the point (`e`, `f`) or significant digits (`g`); -1 for the
 *   fewest digits that read back as the same number
 * @see https://pkg.go.dev/strconv#FormatFloat
 */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + formatMagnitude(Math.abs(value), verb, precision);
}

function formatMagnitude(value: number, verb: FloatVerb, precision: number): string {
  const shortest = precision < 0;
  const exact = decimalOf(value, shortest);
  switch (verb) {
    case 'e': {
      const decimal = shortest ? exact : round(exact, precision + 1);
      return exponential(decimal, shortest ? Math.max(decimal.digits.length - 1, 0) : precision);
    }
    case 'f': {
      const decimal = shortest ? exact : round(exact, exact.point + precision);
      const places = Math.max(decimal.digits.length - decimal.point, 0);
      return positional(decimal, shortest ? places : precision);
    }
    case 'g': {
      const wanted = precision === 0 ? 1 : precision;
      const decimal = shortest ? exact : round(exact, wanted);
      const count = decimal.digits.length;
      // The exponent form starts at 10^precision; the shortest form decides as for precision 6,
      // so that 1234567 is 1.234567e+06.
      let threshold = wanted > count && count >= decimal.point ? count : wanted;
      if (shortest) threshold = 6;
      const exponent = count === 0 ? 0 : decimal.point - 1;
      if (exponent < -4 || exponent >= Math.max(threshold, 1)) {
        return exponential(decimal, Math.max(count - 1, 0));
      }
      return positional(decimal, Math.max(count - decimal.point, 0));
    }
  }
}

function decimalOf(value: number, shortest: boolean): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  // 101 digits tell every tie from its neighbours.
  const text = shortest ? value.toExponential() : value.toExponential(100);
  const [mantissa = '', exponent = '0'] = text.split('e');
  return {
    digits: mantissa.replace('.', '').replace(/0+$/, ''),
    point: Number(exponent) + 1,
  };
}

/** Rounds to `count` digits, half to even. */
function round(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal;
  if (count < 0) return { digits: '', point: 0 };
  if (count >= digits.length) return decimal;
  const rest = digits.slice(count);
  const lastIsOdd = count > 0 && Number(digits[count - 1]) % 2 === 1;
  const up = rest > '5' || (rest === '5' && lastIsOdd);
  if (!up) {
    const kept = digits.slice(0, count).replace(/0+$/, '');
    return { digits: kept, point: kept === '' ? 0 : point };
  }
  const raised = (BigInt(`0${digits.slice(0, count)}`) + 1n).toString();
  // Carrying out of the first digit moves the point: 9.99 becomes 10.0.
  const moved = raised.length > count ? 1 : 0;
  return { digits: raised.padStart(count, '0').replace(/0+$/, ''), point: point + moved };
}

function exponential({ digits, point }: Decimal, places: number): string {
  const exponent = digits === '' ? 0 : point - 1;
  const padded = (digits === '' ? '0' : digits).padEnd(places + 1, '0');
  const fraction = places > 0 ? `.${padded.slice(1, places + 1)}` : '';
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${padded.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
}

function positional({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (places <= 0) return whole;
  const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  return `${whole}.${fraction.padEnd(places, '0').slice(0, places)}`;
}
