/** A value of the API: a text, because JSON has no NaN and no infinities. */
export function numberOf(value: unknown): number {
  switch (value) {
    case 'NaN':
      return Number.NaN;
    case '+Inf':
    case 'Inf':
      return Number.POSITIVE_INFINITY;
    case '-Inf':
      return Number.NEGATIVE_INFINITY;
    default: {
      const number = typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
      if (!Number.isNaN(number)) return number;
      throw new TypeError(`a value is ${JSON.stringify(value)}`);
    }
  }
}
