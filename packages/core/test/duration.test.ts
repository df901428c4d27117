import { formatDuration, parseDuration } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test.each([
  ['0', 0],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1y2w3d4h5m6s7ms', 31_536_000_000 + 1_209_600_000 + 259_200_000 + 14_706_007],
  ['90s', 90_000],
])('%s is a duration', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each(['', '5', '1.5m', '-1m', '1m1h', '5 m', '1M', '99999999999999y'])(
  '%j is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test('a printed duration reads back as itself', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 45 }), (durationMs) => {
      expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
    }),
  );
});

test.each([
  [0, '0s'],
  [90_000, '1m30s'],
  [604_800_000, '1w'],
  [691_200_000, '8d'],
  [1, '1ms'],
])('%d ms is printed as Prometheus prints it: %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});
