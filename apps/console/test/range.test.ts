import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  DEFAULT_RANGE,
  MAX_WINDOW_MS,
  MIN_WINDOW_MS,
  type TimeRange,
  absoluteRange,
  formatSpan,
  formatTimePoint,
  parseRange,
  parseSpan,
  parseTimePoint,
  refreshIntervalMs,
  resolveRange,
  shiftRange,
  zoomRange,
} from '../src/time/range.ts';

const now = Date.UTC(2026, 0, 2, 12, 34, 56);

const rangeOf = (from: string, to = 'now'): TimeRange => {
  const range = parseRange(from, to);
  if (range === undefined) throw new Error(`${from}..${to} is no range`);
  return range;
};

describe('one end of a range', () => {
  test.each([
    ['now', { kind: 'ago', agoMs: 0 }],
    ['now-90s', { kind: 'ago', agoMs: 90_000 }],
    ['now-1h30m', { kind: 'ago', agoMs: 5_400_000 }],
    [' now-6h/h ', { kind: 'ago', agoMs: 21_600_000, floorTo: 'h' }],
    ['now/d', { kind: 'ago', agoMs: 0, floorTo: 'd' }],
    ['2026-01-02T03:04:05Z', { kind: 'at', unixMs: Date.UTC(2026, 0, 2, 3, 4, 5) }],
    ['1767323045', { kind: 'at', unixMs: 1_767_323_045_000 }],
    ['1767323045678', { kind: 'at', unixMs: 1_767_323_045_678 }],
  ])('%s is read', (text, expected) => {
    expect(parseTimePoint(text)).toEqual(expected);
  });

  test.each(['', 'yesterday', 'now+5m', 'now-5', 'now-5x', '2026', '2026-99-99T00:00:00Z', '12'])(
    '%j is refused',
    (text) => {
      expect(parseTimePoint(text)).toBeUndefined();
    },
  );

  test('a local date and time means the clock on the wall', () => {
    expect(parseTimePoint('2026-01-02 03:04')).toEqual({
      kind: 'at',
      unixMs: new Date(2026, 0, 2, 3, 4).getTime(),
    });
  });

  test('what was written is read back the same', () => {
    const point = fc.oneof(
      fc.integer({ min: 0, max: 4e12 }).map((unixMs) => ({ kind: 'at' as const, unixMs })),
      fc
        .integer({ min: 0, max: 86_400 * 300 })
        .map((seconds) => ({ kind: 'ago' as const, agoMs: seconds * 1_000 })),
    );
    fc.assert(
      fc.property(point, (one) => {
        expect(parseTimePoint(formatTimePoint(one))).toEqual(one);
      }),
    );
  });
});

describe('a range', () => {
  test('has from before to', () => {
    expect(parseRange('now-5m', 'now-10m')).toBeUndefined();
    expect(parseRange('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')).toBeUndefined();
    expect(parseRange(undefined, 'now')).toBeUndefined();
    expect(parseRange('now-10m', 'now-5m')).toBeDefined();
  });

  test('ends now when only its start is given', () => {
    expect(parseRange('now-5m', undefined)).toEqual(DEFAULT_RANGE);
  });

  test('rounds down to the start of the hour', () => {
    const { startMs, endMs } = resolveRange(rangeOf('now-6h/h', 'now/h'), now);
    expect(new Date(startMs).toISOString()).toBe('2026-01-02T06:00:00.000Z');
    expect(new Date(endMs).toISOString()).toBe('2026-01-02T12:00:00.000Z');
  });

  test('that starts in the future is still not empty', () => {
    const { startMs, endMs } = resolveRange(rangeOf('2027-01-01T00:00:00Z', 'now'), now);
    expect(endMs).toBeGreaterThan(startMs);
  });

  test.each([
    ['now-5m', 'now', 1_000],
    ['now-15m', 'now', 1_000],
    ['now-16m', 'now', 15_000],
    ['now-24h', 'now', 60_000],
    ['2026-01-02T00:00:00Z', '2026-01-02T01:00:00Z', undefined],
  ])('%s to %s is refreshed every %s ms', (from, to, expected) => {
    expect(refreshIntervalMs(rangeOf(from, to))).toBe(expected);
  });
});

describe('moving a range', () => {
  test('shifting goes half a width and stands still', () => {
    expect(resolveRange(shiftRange(rangeOf('now-10m'), -1, now), now + 99_000)).toEqual({
      startMs: now - 15 * 60_000,
      endMs: now - 5 * 60_000,
    });
  });

  test('shifting back and forth comes home', () => {
    const back = shiftRange(rangeOf('now-1h'), -1, now);
    expect(resolveRange(shiftRange(back, 1, now), now)).toEqual(
      resolveRange(rangeOf('now-1h'), now),
    );
  });

  test('zooming a live range keeps it live', () => {
    expect(zoomRange(rangeOf('now-10m'), 2, now)).toEqual(rangeOf('now-20m'));
    expect(zoomRange(rangeOf('now-10m'), 0.5, now)).toEqual(rangeOf('now-5m'));
  });

  test('zooming a fixed range keeps its middle', () => {
    const range = absoluteRange(now - 60_000, now);
    expect(resolveRange(zoomRange(range, 0.5, now), now)).toEqual({
      startMs: now - 45_000,
      endMs: now - 15_000,
    });
  });

  test('zooming never leaves the narrowest and the widest window', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        fc.constantFrom(rangeOf('now-5m'), absoluteRange(now - 5e5, now)),
        (factor, range) => {
          const { startMs, endMs } = resolveRange(zoomRange(range, factor, now), now);
          expect(endMs - startMs).toBeGreaterThanOrEqual(MIN_WINDOW_MS - 1);
          expect(endMs - startMs).toBeLessThanOrEqual(MAX_WINDOW_MS + 1);
        },
      ),
    );
  });

  test('dragging leftwards gives the same range as dragging rightwards', () => {
    expect(absoluteRange(5_000, 1_000)).toEqual(absoluteRange(1_000, 5_000));
  });

  test('a drag of no width still gives a window', () => {
    const { startMs, endMs } = resolveRange(absoluteRange(now, now), now);
    expect(endMs - startMs).toBe(1_000);
  });
});

test.each([
  [1_000, '1s'],
  [90_000, '1m30s'],
  [86_400_000, '1d'],
  [90_061_000, '1d1h1m1s'],
])('%i ms is written %s', (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

test('a length of time is what people write, and neither nothing nor more than a year', () => {
  expect(['30m', ' 1h30m ', '2d', '1w'].map(parseSpan)).toEqual([
    1_800_000, 5_400_000, 172_800_000, 604_800_000,
  ]);
  expect(['', '0s', '30', '1.5h', '-1h', '1h ago', '367d'].map(parseSpan)).toEqual(
    Array.from({ length: 7 }),
  );
});
