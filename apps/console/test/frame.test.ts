import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type Frame,
  alignMatrix,
  frameTimes,
  lastValue,
  mergeFrames,
} from '../src/charts/frame.ts';

const grid = { startMs: 10_000, endMs: 14_000, stepMs: 1_000 };

describe('aligning an answer', () => {
  test('times nobody answered for are gaps', () => {
    const frame = alignMatrix(
      [
        {
          metric: { a: '1' },
          values: [
            [10, '1'],
            [12, '3'],
            [14, '5'],
          ],
        },
      ],
      grid,
    );
    expect(frame.series[0]?.values).toEqual([1, null, 3, null, 5]);
    expect(frameTimes(frame)).toEqual([10, 11, 12, 13, 14]);
  });

  test('NaN and infinities are gaps, zero and negative zero are not', () => {
    const values: [number, string][] = [
      [10, 'NaN'],
      [11, '+Inf'],
      [12, '-Inf'],
      [13, '0'],
      [14, '-0'],
    ];
    expect(alignMatrix([{ metric: {}, values }], grid).series[0]?.values).toEqual([
      null,
      null,
      null,
      0,
      -0,
    ]);
  });

  test('points outside the window are left out', () => {
    const frame = alignMatrix(
      [
        {
          metric: {},
          values: [
            [9, '1'],
            [10, '2'],
            [15, '3'],
          ],
        },
      ],
      grid,
    );
    expect(frame.series[0]?.values).toEqual([2, null, null, null, null]);
  });

  test('a series of histograms only is a gap throughout', () => {
    expect(alignMatrix([{ metric: {} }], grid).series[0]?.values).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  test('fractions of a second that a double cannot hold still find their place', () => {
    const startMs = 1_767_323_045_100;
    const frame = alignMatrix(
      [
        {
          metric: {},
          values: [
            [1_767_323_045.1, '1'],
            [1_767_323_045.3, '2'],
          ],
        },
      ],
      { startMs, endMs: startMs + 200, stepMs: 100 },
    );
    expect(frame.series[0]?.values).toEqual([1, null, 2]);
  });

  test('the order of labels does not make another series', () => {
    const [one, other] = alignMatrix(
      [
        { metric: { a: '1', b: '2' }, values: [] },
        { metric: { b: '2', a: '1' }, values: [] },
      ],
      grid,
    ).series;
    expect(one?.key).toBe(other?.key);
  });
});

describe('laying a fresh tail over what was known', () => {
  const known = alignMatrix(
    [
      {
        metric: { a: '1' },
        values: [
          [10, '1'],
          [11, '2'],
          [12, '3'],
          [13, '4'],
          [14, '5'],
        ],
      },
    ],
    grid,
  );

  test('the window moves on, and late corrections win', () => {
    const tail = alignMatrix(
      [
        {
          metric: { a: '1' },
          values: [
            [13, '40'],
            [14, '50'],
            [15, '60'],
          ],
        },
      ],
      { startMs: 13_000, endMs: 15_000, stepMs: 1_000 },
    );
    const merged = mergeFrames(known, tail, 11_000);
    expect(frameTimes(merged)).toEqual([11, 12, 13, 14, 15]);
    expect(merged.series[0]?.values).toEqual([2, 3, 40, 50, 60]);
  });

  test('a series that ended ends in a gap, a new one begins with one', () => {
    const tail = alignMatrix([{ metric: { a: '2' }, values: [[15, '7']] }], {
      startMs: 14_000,
      endMs: 15_000,
      stepMs: 1_000,
    });
    const merged = mergeFrames(known, tail, 11_000);
    expect(merged.series.map((one) => one.values)).toEqual([
      [2, 3, 4, null, null],
      [null, null, null, null, 7],
    ]);
  });

  test('a series with nothing left in the window is dropped', () => {
    const tail: Frame = { startMs: 20_000, endMs: 21_000, stepMs: 1_000, series: [] };
    expect(mergeFrames(known, tail, 18_000).series).toEqual([]);
  });

  test('merging gives what asking for the whole window would have given', () => {
    const samples = fc.array(fc.option(fc.integer({ min: -1_000, max: 1_000 }), { nil: null }), {
      minLength: 20,
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        samples,
        fc.integer({ min: 0, max: 9 }),
        // The known part ends at 15: a tail from later on would leave a hole nobody asked about.
        fc.integer({ min: 10, max: 16 }),
        (values, start, tailStart) => {
          const answer = (from: number, to: number): Frame =>
            alignMatrix(
              values.some((value) => value !== null)
                ? [
                    {
                      metric: { a: '1' },
                      values: values.flatMap((value, i): [number, string][] =>
                        value === null || i < from || i > to ? [] : [[i, String(value)]],
                      ),
                    },
                  ]
                : [],
              { startMs: from * 1_000, endMs: to * 1_000, stepMs: 1_000 },
            );
          const merged = mergeFrames(answer(0, 15), answer(tailStart, 19), start * 1_000);
          const whole = answer(start, 19).series.filter((one) =>
            one.values.some((value) => value !== null),
          );
          expect(merged.series).toEqual(whole);
        },
      ),
    );
  });
});

test('the last value looks back only as far as told', () => {
  expect(lastValue([1, 2, null])).toBe(2);
  expect(lastValue([1, 2, null], 1)).toBeNull();
  expect(lastValue([])).toBeNull();
});
