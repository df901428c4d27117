import { Labels, type NativeHistogram, type QueryResult } from '@dwcp/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { piecesOfResult } from '#src/server/prometheus/encode-result.ts';
import { bucketsOf } from '#src/server/prometheus/native-histogram-buckets.ts';
import { formatTimestamp, formatValue } from '#src/server/prometheus/numbers.ts';

const result = (value: QueryResult['value'], more: Partial<QueryResult> = {}): QueryResult => ({
  value,
  warnings: [],
  infos: [],
  ...more,
});

/** The pieces as one text. */
function encodeQueryResult(answer: QueryResult, limit: number): string {
  return Buffer.concat([...piecesOfResult(answer, { limit })]).toString();
}

describe('numbers', () => {
  test.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [-0, '-0'],
    [1e21, '1e+21'],
    [1e-6, '0.000001'],
    [1e-7, '1e-07'],
    [-2.5e-9, '-2.5e-09'],
    [5e-324, '5e-324'],
    [123456789012345680000, '123456789012345680000'],
  ])('%s is written %s', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });

  test('every float reads back as it was', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        const text = formatValue(value).replace('Inf', 'Infinity');
        expect(Object.is(Number(text), value)).toBe(true);
      }),
    );
  });

  test('a timestamp has seconds and, where needed, three decimals', () => {
    expect(formatTimestamp(1_435_781_451_781)).toBe('1435781451.781');
    expect(formatTimestamp(1_435_781_451_000)).toBe('1435781451');
    expect(formatTimestamp(1_435_781_451_007)).toBe('1435781451.007');
    expect(formatTimestamp(-500)).toBe('-0.500');
  });

  test('a timestamp in JSON is the number of milliseconds over a thousand', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e14, max: 1e14 }), (unixMs) => {
        expect(Number(formatTimestamp(unixMs))).toBeCloseTo(unixMs / 1_000, 3);
      }),
    );
  });
});

describe('results', () => {
  test('labels and text with quotes and non-ASCII survive', () => {
    const labels = Labels.from({ __name__: 'a', path: 'C:\\"x"\n', city: 'Zürich' });
    const text = encodeQueryResult(
      result({ kind: 'vector', samples: [{ labels, unixMs: 1_500, value: 1 }] }),
      0,
    );
    expect(JSON.parse(text)).toEqual({
      status: 'success',
      data: {
        resultType: 'vector',
        result: [{ metric: labels.toObject(), value: [1.5, '1'] }],
      },
    });
  });

  test('warnings and infos are there only when there are any', () => {
    const value = { kind: 'scalar', unixMs: 0, value: 1 } as const;
    expect(JSON.parse(encodeQueryResult(result(value), 0))).toEqual({
      status: 'success',
      data: { resultType: 'scalar', result: [0, '1'] },
    });
    expect(
      JSON.parse(encodeQueryResult(result(value, { warnings: ['w'], infos: ['i'] }), 0)),
    ).toMatchObject({ warnings: ['w'], infos: ['i'] });
  });

  test('a limit cuts series and says so', () => {
    const samples = ['a', 'b', 'c'].map((name) => ({
      labels: Labels.from({ __name__: name }),
      unixMs: 0,
      value: 1,
    }));
    const cut = JSON.parse(encodeQueryResult(result({ kind: 'vector', samples }), 2)) as {
      data: { result: unknown[] };
      warnings: string[];
    };
    expect(cut.data.result).toHaveLength(2);
    expect(cut.warnings).toEqual(['results truncated due to limit']);
  });
});

describe('native histograms', () => {
  const histogram: NativeHistogram = {
    schema: 0,
    count: 11,
    sum: 12.5,
    zeroThreshold: 0.001,
    zeroCount: 2,
    positiveSpans: [
      { offset: 0, length: 2 },
      { offset: 1, length: 1 },
    ],
    positiveBuckets: [3, 0, 4],
    negativeSpans: [{ offset: 1, length: 1 }],
    negativeBuckets: [2],
    counterResetHint: 'unknown',
  };

  test('buckets ascend from negative over zero to positive, without the empty ones', () => {
    expect(bucketsOf(histogram)).toEqual([
      { rule: 1, lower: -2, upper: -1, count: 2 },
      { rule: 3, lower: -0.001, upper: 0.001, count: 2 },
      { rule: 0, lower: 0.5, upper: 1, count: 3 },
      { rule: 0, lower: 4, upper: 8, count: 4 },
    ]);
  });

  test('custom buckets begin at -Inf and end at +Inf', () => {
    expect(
      bucketsOf({
        ...histogram,
        schema: -53,
        zeroCount: 0,
        negativeSpans: [],
        negativeBuckets: [],
        customValues: [1, 5],
        positiveSpans: [{ offset: 0, length: 3 }],
        positiveBuckets: [1, 2, 3],
      }),
    ).toEqual([
      { rule: 3, lower: Number.NEGATIVE_INFINITY, upper: 1, count: 1 },
      { rule: 0, lower: 1, upper: 5, count: 2 },
      { rule: 0, lower: 5, upper: Number.POSITIVE_INFINITY, count: 3 },
    ]);
  });

  test('a histogram in a vector stands under histogram, not value', () => {
    const samples = [{ labels: Labels.empty, unixMs: 1_000, value: Number.NaN, histogram }];
    const text = encodeQueryResult(result({ kind: 'vector', samples }), 0);
    const { data } = JSON.parse(text) as { data: { result: { histogram: [number, object] }[] } };
    expect(data.result[0]).not.toHaveProperty('value');
    expect(data.result[0]?.histogram[1]).toMatchObject({
      count: '11',
      sum: '12.5',
      buckets: [
        [1, '-2', '-1', '2'],
        [3, '-0.001', '0.001', '2'],
        [0, '0.5', '1', '3'],
        [0, '4', '8', '4'],
      ],
    });
  });
});

test('of warnings and of infos ten are given, and how many more there are', () => {
  const many = (kind: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${kind} ${i}`);
  const answer = result(
    { kind: 'vector', samples: [] },
    { warnings: many('a warning', 13), infos: many('an info', 10) },
  );
  expect(JSON.parse(encodeQueryResult(answer, 0))).toMatchObject({
    warnings: [...many('a warning', 10), '3 more warning annotations omitted'],
    infos: many('an info', 10),
  });
});

describe('pieces', () => {
  const bytes = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => i);

  test('whatever the values and times are, each point is written as it would be alone', () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer(),
      // Values that come again, among them.
      fc.nat(40).map((n) => n / 60),
      fc.constantFrom(-0, 0, 1e-6, 9.9e-7, 1e21, 123456789012345680000, Number.NaN),
    );
    const time = fc.oneof(
      fc.integer({ min: 1_600_000_000_000, max: 1_800_000_000_000 }),
      fc.integer({ min: -1e13, max: 1e13 }),
    );
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 700 }),
        fc.array(time, { minLength: 1, maxLength: 5 }),
        (values, times) => {
          const timestamps = Float64Array.from(values, (_, i) => times[i % times.length] ?? 0);
          const series = [{ labels: Labels.empty, timestamps, values: Float64Array.from(values) }];
          const points = values.map(
            (one, i) => `[${formatTimestamp(timestamps[i] ?? 0)},"${formatValue(one)}"]`,
          );
          expect(encodeQueryResult(result({ kind: 'matrix', series }), 0)).toBe(
            `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[${points.join(',')}]}]}}`,
          );
        },
      ),
    );
  });

  test('numbers that come again and new ones are told apart, however many there are', () => {
    const seeds = [3, 5_000, 20, 100_000];
    const values = Float64Array.from({ length: 12_000 }, (_, i) => {
      const distinct = seeds[Math.floor(i / 3_000)] ?? 1;
      return ((i * 7_919) % distinct) / 7;
    });
    const timestamps = values.map((_, i) => i * 1_000);
    const series = [{ labels: Labels.empty, timestamps, values }];
    for (let time = 0; time < 2; time++) {
      const text = encodeQueryResult(result({ kind: 'matrix', series }), 0);
      const { data } = JSON.parse(text) as { data: { result: { values: [number, string][] }[] } };
      expect(data.result[0]?.values.map(([, value]) => value)).toEqual(
        [...values].map(formatValue),
      );
    }
  });

  test('one long series is not one long piece, and together they are what was to be said', () => {
    const series = [
      { labels: Labels.from({ a: '1' }), timestamps: bytes(20_000), values: bytes(20_000) },
      { labels: Labels.from({ a: '2' }), timestamps: bytes(1), values: bytes(1) },
    ];
    const pieces = [...piecesOfResult(result({ kind: 'matrix', series }), { limit: 0 })];
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(80_000);
    const { data } = JSON.parse(Buffer.concat(pieces).toString()) as {
      data: { result: { metric: object; values: [number, string][] }[] };
    };
    expect(data.result.map(({ metric, values }) => [metric, values.length])).toEqual([
      [{ a: '1' }, 20_000],
      [{ a: '2' }, 1],
    ]);
    expect(data.result[0]?.values[19_999]).toEqual([19.999, '19999']);
  });

  test('a series of floats and histograms has both lists, one without samples none', () => {
    const histogram: NativeHistogram = {
      schema: 0,
      count: 1,
      sum: 1,
      zeroThreshold: 0,
      zeroCount: 1,
      positiveSpans: [],
      positiveBuckets: [],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
    };
    const labels = Labels.empty;
    const series = [
      { labels, timestamps: bytes(2), values: bytes(2), histograms: [undefined, histogram] },
      { labels, timestamps: bytes(1), values: bytes(1), histograms: [histogram] },
    ];
    expect(JSON.parse(encodeQueryResult(result({ kind: 'matrix', series }), 0))).toMatchObject({
      data: {
        result: [
          { values: [[0, '0']], histograms: [[0.001, { count: '1' }]] },
          { histograms: [[0, { buckets: [[3, '-0', '0', '1']] }]] },
        ],
      },
    });
  });
});
