import { parseExposition } from '@dwcp/protocol-prometheus';
import fc from 'fast-check';
import { expect, test } from 'vitest';

function read(number: string): number | undefined {
  return parseExposition(`a ${number}\n`, { format: 'text' }).samples[0]?.value;
}

test('every finite double written by JavaScript is read back to the bit', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(read(Object.is(value, -0) ? '-0' : String(value))).toBe(value);
    }),
    { numRuns: 2_000 },
  );
});

test('short decimals are rounded as Number rounds them', () => {
  const decimal = fc
    .tuple(fc.nat({ max: 999_999_999 }), fc.nat({ max: 999_999 }), fc.nat({ max: 6 }))
    .map(([whole, part, width]) => `${whole}.${String(part).padStart(6, '0').slice(0, width)}`);
  fc.assert(
    fc.property(decimal, (text) => {
      expect(read(text)).toBe(Number(text));
      expect(read(`-${text}`)).toBe(-Number(text));
    }),
    { numRuns: 2_000 },
  );
});
