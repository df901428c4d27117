import { type NativeHistogram } from '@dwcp/core';
import { type OtlpTranslation } from '@dwcp/metrics-collector';
import { decodeMetricsJson } from '@dwcp/protocol-otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CUMULATIVE, DELTA, nano, request, rowsOf, translate, translator } from './requests.ts';

const t0 = 1_767_323_000_000;

function metricOf(point: object, aggregationTemporality = CUMULATIVE): object {
  return {
    name: 'h',
    exponentialHistogram: {
      aggregationTemporality,
      dataPoints: [{ timeUnixNano: nano(t0 + 1000), ...point }],
    },
  };
}

function histogramsOf(translation: OtlpTranslation): readonly NativeHistogram[] {
  return rowsOf(translation).map(({ value }) => value as NativeHistogram);
}

function histogramOf(point: object): NativeHistogram | undefined {
  return histogramsOf(translate(request([metricOf(point)])))[0];
}

/** Upper bounds and counts of the positive buckets. */
function bucketsOf({
  schema,
  positiveSpans,
  positiveBuckets,
}: NativeHistogram): readonly (readonly [upper: number, count: number])[] {
  const buckets: (readonly [number, number])[] = [];
  let index = 0;
  for (const { offset, length } of positiveSpans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      buckets.push([2 ** (index * 2 ** -schema), positiveBuckets[buckets.length] ?? 0]);
    }
  }
  return buckets;
}

/** A point of positive observations: bucket i holds base^i < x <= base^(i+1), as OTLP defines it. */
function pointOf(observations: readonly number[], scale: number, change: object = {}): object {
  const indexes = observations.map((x) => Math.ceil(Math.log2(x) * 2 ** scale) - 1);
  const offset = Math.min(...indexes, 0);
  const bucketCounts = Array.from({ length: Math.max(...indexes, offset) - offset + 1 }, () => 0);
  for (const index of indexes) {
    bucketCounts[index - offset] = (bucketCounts[index - offset] ?? 0) + 1;
  }
  return {
    count: String(observations.length),
    sum: observations.reduce((a, b) => a + b, 0),
    scale,
    positive: { offset, bucketCounts: bucketCounts.map(String) },
    ...change,
  };
}

/** What may be seen of an upper bound computed with a logarithm. */
const near = (buckets: readonly (readonly [number, number])[]): readonly unknown[] =>
  buckets.map(([upper, count]) => [expect.closeTo(upper, 5), count]);

describe('an exponential histogram', () => {
  test("of scale 0, the protocol's own example, keeps its bounds", () => {
    // Bucket 2 is (4, 8] to OTLP, which Prometheus calls bucket 3 by its upper bound 2^3.
    const histogram = histogramOf({
      count: '3',
      sum: 10,
      scale: 0,
      zeroCount: '1',
      positive: { offset: 1, bucketCounts: ['0', '2'] },
    });
    expect(histogram).toEqual({
      schema: 0,
      count: 3,
      sum: 10,
      zeroThreshold: 1e-128,
      zeroCount: 1,
      positiveSpans: [{ offset: 3, length: 1 }],
      positiveBuckets: [2],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
    });
  });

  // The specification's table of lower boundaries at scale 3: 2^(index/8).
  test('of scale 3 has the lower bounds of the specification', () => {
    const lower = [1, 1.09051, 1.18921, 1.29684, 1.41421, 1.54221, 1.68179, 1.83401];
    const histogram = histogramOf({
      count: '8',
      scale: 3,
      positive: { offset: 0, bucketCounts: Array.from({ length: 8 }, () => '1') },
    });
    const uppers = bucketsOf(histogram as NativeHistogram).map(([upper]) => upper);
    expect(uppers).toEqual([...lower.slice(1), 2].map((bound) => expect.closeTo(bound, 5)));
  });

  test('has gaps as spans, negative buckets and the threshold of zero it came with', () => {
    const histogram = histogramOf({
      count: '7',
      sum: -4,
      scale: -4,
      zeroCount: '2',
      zeroThreshold: 0.25,
      positive: { offset: -3, bucketCounts: ['1', '1', '0', '0', '0', '1'] },
      negative: { offset: 1, bucketCounts: ['2'] },
    });
    expect(histogram).toMatchObject({
      schema: -4,
      zeroThreshold: 0.25,
      zeroCount: 2,
      positiveSpans: [
        { offset: -2, length: 2 },
        { offset: 3, length: 1 },
      ],
      positiveBuckets: [1, 1, 1],
      negativeSpans: [{ offset: 2, length: 1 }],
      negativeBuckets: [2],
    });
  });

  test('without a recorded value is a staleness marker', () => {
    expect(rowsOf(translate(request([metricOf({ flags: 1, scale: -20 })])))).toMatchObject([
      { value: 'stale' },
    ]);
  });

  test.each<[string, object, RegExp]>([
    ['scale', { count: '0', scale: -5 }, /must be -4 or more.*got -5/],
    ['count', { count: '2', scale: 0, zeroCount: '1' }, /sum of the buckets, 1, got 2/],
    [
      'positive.offset',
      { count: '1', scale: 0, positive: { offset: 1024, bucketCounts: ['1'] } },
      /where no double is/,
    ],
    [
      'negative.offset',
      { count: '1', scale: 20, negative: { offset: -2_147_483_648, bucketCounts: ['1'] } },
      /where no double is/,
    ],
    ['zeroThreshold', { count: '0', zeroThreshold: -1 }, /must be 0 or more/],
  ])('is refused for its %s', (field, point, problem) => {
    const result = translate(request([metricOf(point)]));
    expect(result).toMatchObject({ pointCount: 0, rejectedCount: 1 });
    expect(result.rejected).toEqual([
      {
        field: `resourceMetrics[0].scopeMetrics[0].metrics[0].${field}`,
        problem: expect.stringMatching(problem) as string,
      },
    ]);
  });

  test('of the smallest and the largest double is kept, at every scale', () => {
    for (const [scale, low, high] of [
      [0, -1075, 1023],
      [-4, -68, 63],
      [8, -275_200, 262_143],
    ] as const) {
      for (const offset of [low, high]) {
        const positive = { offset, bucketCounts: ['1'] };
        expect(histogramOf({ count: '1', scale, positive })?.positiveBuckets).toEqual([1]);
      }
    }
  });

  test('with NaN among its observations has fewer in its buckets', () => {
    expect(histogramOf({ count: '2', sum: 'NaN', zeroCount: '1' })).toMatchObject({
      count: 2,
      sum: Number.NaN,
    });
  });
});

const observation = fc.double({ min: 1e-3, max: 1e6, noNaN: true });

describe('resolution', () => {
  test('finer than schema 8 is as if schema 8 had been recorded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 3, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 9, max: 13 }),
        (observations, scale) => {
          const fine = histogramOf(pointOf(observations, scale)) as NativeHistogram;
          const coarse = histogramOf(pointOf(observations, 8)) as NativeHistogram;
          expect(fine.schema).toBe(8);
          expect(bucketsOf(fine)).toEqual(near(bucketsOf(coarse)));
        },
      ),
    );
  });

  test('is halved until the buckets are few enough', () => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1, maxLength: 50 }), (observations) => {
        const [limited] = histogramsOf(
          translate(request([metricOf(pointOf(observations, 5))]), { maxNativeBuckets: 12 }),
        );
        const buckets = bucketsOf(limited as NativeHistogram);
        expect(buckets.length).toBeLessThanOrEqual(12);
        const same = histogramOf(pointOf(observations, limited?.schema ?? 0)) as NativeHistogram;
        expect(buckets).toEqual(near(bucketsOf(same)));
      }),
    );
  });
});

describe('deltas', () => {
  const send = (
    subject: ReturnType<typeof translator>,
    points: readonly object[],
  ): readonly NativeHistogram[] =>
    points.flatMap((point, i) => {
      const change = {
        startTimeUnixNano: nano(t0 + i * 1000),
        timeUnixNano: nano(t0 + (i + 1) * 1000),
      };
      const metric = metricOf({ ...point, ...change }, DELTA);
      return histogramsOf(subject.translate(decodeMetricsJson(request([metric]))));
    });

  test('begin with an empty histogram', () => {
    const [empty, first] = send(translator(), [pointOf([1.5, 3], 2)]);
    expect(empty).toMatchObject({ schema: 2, count: 0, sum: 0, positiveBuckets: [] });
    expect(first).toMatchObject({ schema: 2, count: 2, sum: 4.5, positiveBuckets: [1, 1] });
  });

  test('add up to the histogram of all observations, at the coarsest of their scales', () => {
    const part = fc.record({
      observations: fc.array(observation, { minLength: 1, maxLength: 10 }),
      scale: fc.integer({ min: -2, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const points = parts.map(({ observations, scale }) => pointOf(observations, scale));
        const total = send(translator(), points).at(-1) as NativeHistogram;
        const scale = Math.min(...parts.map((p) => p.scale));
        const all = parts.flatMap(({ observations }) => observations);
        const expected = histogramOf(pointOf(all, scale)) as NativeHistogram;
        expect(total).toMatchObject({ schema: scale, count: all.length });
        expect(total.sum).toBeCloseTo(expected.sum, 5);
        expect(bucketsOf(total)).toEqual(near(bucketsOf(expected)));
      }),
    );
  });

  test('of different zero buckets count the smallest values as zero', () => {
    const subject = translator();
    const wide = { count: '1', sum: 0, scale: 0, zeroCount: '1', zeroThreshold: 3 };
    // (1, 2] and (2, 4] lie at or are cut by the threshold of 3, which grows to 4; (4, 8] stays.
    const total = send(subject, [pointOf([1.5, 3.5, 5], 0), wide]).at(-1);
    expect(total).toMatchObject({ count: 4, zeroCount: 3, zeroThreshold: 4 });
    expect(bucketsOf(total as NativeHistogram)).toEqual([[8, 1]]);
  });

  test('a wrong one is refused and changes nothing', () => {
    const subject = translator();
    send(subject, [pointOf([1.5], 0)]);
    const wrong = metricOf(
      { count: '1', scale: -9, startTimeUnixNano: nano(t0 + 1000), timeUnixNano: nano(t0 + 2000) },
      DELTA,
    );
    expect(subject.translate(decodeMetricsJson(request([wrong])))).toMatchObject({
      rejectedCount: 1,
    });
    const right = metricOf(
      {
        ...pointOf([1.5], 0),
        startTimeUnixNano: nano(t0 + 1000),
        timeUnixNano: nano(t0 + 2000),
      },
      DELTA,
    );
    const [total] = histogramsOf(subject.translate(decodeMetricsJson(request([right]))));
    expect(total).toMatchObject({ count: 2, positiveBuckets: [2] });
  });
});
