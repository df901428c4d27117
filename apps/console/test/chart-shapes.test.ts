import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatTimeTicks, valueRange } from '../src/charts/axes.ts';
import { findGaps } from '../src/charts/gaps.ts';
import { sparklinePath } from '../src/charts/sparkline.tsx';
import { stackValues } from '../src/charts/stack.ts';
import { summarizeChart } from '../src/charts/summary.ts';

describe('gaps', () => {
  test('only where every series is silent', () => {
    const series = [
      [1, null, null, null, 5, null],
      [1, null, null, null, null, null],
    ];
    expect(findGaps(series, 6, { minPoints: 2 })).toEqual([{ from: 1, to: 3 }]);
  });

  test('the newest points may still be on their way', () => {
    const values = [[1, 2, null, null, null, null]];
    expect(findGaps(values, 6, { minPoints: 2, trailingGrace: 4 })).toEqual([]);
    expect(findGaps(values, 6, { minPoints: 2, trailingGrace: 1 })).toEqual([{ from: 2, to: 4 }]);
  });

  test('a window without any value is one gap', () => {
    expect(findGaps([[null, null, null]], 3)).toEqual([{ from: 0, to: 2 }]);
  });
});

describe('a stack', () => {
  test('counts an unknown value as zero beside known ones, and nothing where all are unknown', () => {
    expect(
      stackValues([
        [1, null, null],
        [2, 3, null],
      ]),
    ).toEqual([
      [1, 0, null],
      [3, 3, null],
    ]);
  });

  test('has the sum of its series on top', () => {
    const row = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), (rows) => {
        const top = stackValues(rows).at(-1);
        expect(top).toEqual(
          [0, 1, 2, 3, 4].map((i) => rows.reduce((sum, one) => sum + (one[i] ?? 0), 0)),
        );
      }),
    );
  });

  test('of nothing is nothing', () => {
    expect(stackValues([])).toEqual([]);
  });
});

test('the value axis starts at zero and holds everything', () => {
  expect(valueRange(null, null)).toEqual([0, 1]);
  expect(valueRange(0, 0)).toEqual([0, 1]);
  expect(valueRange(5, 100)).toEqual([0, 108]);
  expect(valueRange(-10, -5)).toEqual([-10.8, 0]);
  expect(valueRange(0, 0.01, 1)).toEqual([0, 1.08]);
});

test('time ticks are as short as their distance allows', () => {
  const at = (hour: number, minute: number, second: number): number =>
    new Date(2026, 0, 2, hour, minute, second).getTime() / 1_000;
  expect(formatTimeTicks([at(9, 5, 0), at(9, 5, 30)], 30)).toEqual(['09:05:00', '09:05:30']);
  expect(formatTimeTicks([at(9, 5, 0), at(9, 10, 0)], 300)).toEqual(['09:05', '09:10']);
  expect(formatTimeTicks([at(22, 0, 0), at(26, 0, 0)], 14_400)).toEqual(['22:00', '01-03 02:00']);
  expect(formatTimeTicks([at(0, 0, 0)], 86_400)).toEqual(['01-02']);
});

test('a sparkline lifts the pen over a gap', () => {
  expect(sparklinePath([0, 1, null, 1], 30, 10)).toBe('M0.0 9.0L10.0 1.0M30.0 1.0');
  expect(sparklinePath([], 30, 10)).toBe('');
});

test('the summary tells the newest value and the bounds', () => {
  const series = [
    { label: 'user', values: [3, 1, null, 2] },
    { label: 'idle', values: [null] },
  ];
  expect(summarizeChart('CPU', series, String)).toBe(
    'CPU. user: 2 now, between 1 and 3; idle: no data.',
  );
  expect(summarizeChart('CPU', [], String)).toBe('CPU: no data in this range.');
});
