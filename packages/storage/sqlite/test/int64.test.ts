import { clampInt64, isInt64 } from '@dwcp/sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const MAX = 2n ** 63n - 1n;

test('64 bits end at ±2^63', () => {
  expect([MAX, -MAX - 1n, 0n].map(isInt64)).toEqual([true, true, true]);
  expect([MAX + 1n, -MAX - 2n, 2n ** 64n].map(isInt64)).toEqual([false, false, false]);
});

test('what fits is left as it is, what does not becomes the nearest end', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (value) => {
      const clamped = clampInt64(value);
      expect(isInt64(clamped) && isInt64(-clamped)).toBe(true);
      const distance = (candidate: bigint): bigint =>
        candidate > value ? candidate - value : value - candidate;
      expect(distance(clamped)).toBeLessThanOrEqual(distance(MAX));
      expect(distance(clamped)).toBeLessThanOrEqual(distance(-MAX));
      expect(clamped === value).toBe(value >= -MAX && value <= MAX);
    }),
  );
});
