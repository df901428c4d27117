import { describe, expect, test } from 'vitest';

import {
  MAX_UNIX_MS,
  MIN_UNIX_MS,
  parseDurationParameter,
  parseTime,
  parseTimeNano,
} from '#src/server/time-parameter.ts';

describe('times', () => {
  test.each([
    ['1435781451.781', 1_435_781_451_781],
    ['1435781451', 1_435_781_451_000],
    ['1.5e9', 1_500_000_000_000],
    ['-1', -1_000],
    ['2015-07-01T20:10:51.781Z', 1_435_781_451_781],
    ['2015-07-01T22:10:51.781+02:00', 1_435_781_451_781],
    ['-292273086-05-16T16:47:06Z', MIN_UNIX_MS],
    ['292277025-08-18T07:12:54.999999999Z', MAX_UNIX_MS],
  ])('%s', (text, unixMs) => {
    expect(parseTime(text)).toBe(unixMs);
  });

  test.each(['', 'now', '2015-07-01', '2015-13-01T00:00:00Z', '12:00', '1e400', 'NaN', '0x10'])(
    '%j is no time',
    (text) => {
      expect(parseTime(text)).toBeUndefined();
    },
  );

  test('nanoseconds written out are kept', () => {
    expect(parseTimeNano('1767323045.123456789')).toBe(1_767_323_045_123_456_789n);
    expect(parseTimeNano('2026-01-02T03:04:05Z')).toBe(1_767_323_045_000_000_000n);
  });
});

test('durations are text with units or seconds', () => {
  expect(parseDurationParameter('30s')).toBe(30_000);
  expect(parseDurationParameter('1h30m')).toBe(5_400_000);
  expect(parseDurationParameter('0.5')).toBe(500);
  expect(parseDurationParameter('-1')).toBe(-1_000);
  expect(parseDurationParameter('soon')).toBeUndefined();
});
