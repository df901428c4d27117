import { type NativeHistogram } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { engineOverMixed, type MixedSeries, only, type Sample } from '../support/histograms.ts';

const counts = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 8 });

const exponential = fc
  .record({
    schema: fc.integer({ min: -2, max: 4 }),
    positiveBuckets: counts,
    negativeBuckets: counts,
    positiveOffset: fc.integer({ min: -6, max: 6 }),
    negativeOffset: fc.integer({ min: -6, max: 6 }),
    zeroCount: fc.integer({ min: 0, max: 20 }),
    sum: fc.integer({ min: -500, max: 500 }),
  })
  .map(
    ({ positiveOffset, negativeOffset, positiveBuckets, negativeBuckets, zeroCount, ...rest }) => ({
      ...rest,
      zeroCount,
      // Below all buckets.
      zeroThreshold: 2 ** -40,
      positiveBuckets,
      positiveSpans: spanOf(positiveOffset, positiveBuckets),
      negativeBuckets,
      negativeSpans: spanOf(negativeOffset, negativeBuckets),
      count: [...positiveBuckets, ...negativeBuckets, zeroCount].reduce((a, b) => a + b, 0),
      counterResetHint: 'gauge' as const,
    }),
  );

function spanOf(offset: number, buckets: readonly number[]) {
  return buckets.length === 0 ? [] : [{ offset, length: buckets.length }];
}

const BOUNDS = [0.5, 1, 2.5, 5, 10];
const custom = fc
  .array(fc.integer({ min: 1, max: 30 }), {
    minLength: BOUNDS.length + 1,
    maxLength: BOUNDS.length + 1,
  })
  .map((positiveBuckets) => ({
    schema: -53,
    customValues: BOUNDS,
    count: positiveBuckets.reduce((a, b) => a + b, 0),
    sum: 1,
    zeroCount: 0,
    zeroThreshold: 0,
    positiveBuckets,
    positiveSpans: spanOf(0, positiveBuckets),
    negativeBuckets: [],
    negativeSpans: [],
    counterResetHint: 'unknown' as const,
  }));

async function ask(expression: string, ...series: readonly MixedSeries[]): Promise<Sample> {
  const result = only(await engineOverMixed(...series).instant({ expression, unixMs: 0 }));
  if (result === undefined) throw new Error(`${expression} gave nothing`);
  return result;
}

function named(name: string, ...samples: readonly NativeHistogram[]): MixedSeries {
  return { labels: { __name__: name }, samples };
}

/** All observations in buckets, which rounding must not lose. */
function bucketTotal({ positiveBuckets, negativeBuckets, zeroCount }: NativeHistogram): number {
  return [...positiveBuckets, ...negativeBuckets, zeroCount].reduce((a, b) => a + b, 0);
}

test('a sum keeps every observation and does not mind the order', async () => {
  await fc.assert(
    fc.asyncProperty(exponential, exponential, async (a, b) => {
      const sum = (await ask('a + b', named('a', a), named('b', b))) as NativeHistogram;
      expect(sum.count).toBe(a.count + b.count);
      expect(bucketTotal(sum)).toBe(sum.count);
      expect(sum.schema).toBe(Math.min(a.schema, b.schema));
      expect(await ask('b + a', named('a', a), named('b', b))).toEqual(sum);
    }),
  );
});

test('what is added and taken away again leaves nothing but the layout', async () => {
  await fc.assert(
    fc.asyncProperty(exponential, exponential, async (a, b) => {
      const rest = (await ask('(a + b) - b - a', named('a', a), named('b', b))) as NativeHistogram;
      expect([rest.count, rest.sum, bucketTotal(rest)]).toEqual([0, 0, 0]);
      expect([...rest.positiveSpans, ...rest.negativeSpans]).toEqual([]);
    }),
  );
});

test('the sums and the means of aggregation and of windows agree', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(exponential, { minLength: 1, maxLength: 6 }), async (histograms) => {
      const apart = histograms.map((histogram, i) => ({
        labels: { __name__: 'h', id: String(i) },
        samples: [histogram],
      }));
      const unixMs = (histograms.length - 1) * 60_000;
      for (const [aggregation, window] of [
        ['sum(h)', 'sum_over_time(h[10m])'],
        ['avg(h)', 'avg_over_time(h[10m])'],
      ] as const) {
        const engine = engineOverMixed(named('h', ...histograms));
        const along = only(await engine.instant({ expression: window, unixMs }));
        expect(await ask(aggregation, ...apart)).toEqual(along);
      }
    }),
    { numRuns: 50 },
  );
});

test('the two parts of a histogram that is cut have all its observations', async () => {
  await fc.assert(
    fc.asyncProperty(
      exponential.filter(({ count }) => count > 0),
      fc.double({ min: -70, max: 70, noNaN: true }),
      async (histogram, at) => {
        const countOf = (operator: string) =>
          ask(`histogram_count(h ${operator} ${at})`, named('h', histogram));
        const [below, above] = [await countOf('</'), await countOf('>/')];
        expect(Number(below) + Number(above)).toBeCloseTo(histogram.count, 6);
        const share = await ask(`histogram_fraction(-Inf, ${at}, h)`, named('h', histogram));
        expect(Number(below) / histogram.count).toBeCloseTo(Number(share), 6);
      },
    ),
  );
});

test('a fraction is the inverse of a quantile', async () => {
  await fc.assert(
    fc.asyncProperty(
      exponential.filter(({ count }) => count > 0),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      async (histogram, q) => {
        const value = await ask(`histogram_quantile(${q}, h)`, named('h', histogram));
        const share = await ask(
          `histogram_fraction(-Inf, ${Number(value)}, h)`,
          named('h', histogram),
        );
        expect(Number(share)).toBeCloseTo(q, 6);
      },
    ),
  );
});

test('custom buckets and classic ones have the same quantiles and fractions', async () => {
  await fc.assert(
    fc.asyncProperty(
      custom,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: -1, max: 12, noNaN: true }),
      async (histogram, q, upper) => {
        let cumulative = 0;
        const classic = [...BOUNDS, Infinity].map((bound, i) => ({
          labels: { __name__: 'c', le: bound === Infinity ? '+Inf' : String(bound) },
          samples: [(cumulative += histogram.positiveBuckets[i] ?? 0)],
        }));
        for (const call of [
          (of: string) => `histogram_quantile(${q}, ${of})`,
          (of: string) => `histogram_fraction(0, ${upper}, ${of})`,
        ]) {
          const native = Number(await ask(call('h'), named('h', histogram)));
          const expected = Number(await ask(call('c'), ...classic));
          expect(native).toBeCloseTo(expected, 9);
        }
      },
    ),
  );
});

test('the count of a rate is the rate of the counts', async () => {
  const grown = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 8 });
  const functions = fc.constantFrom('rate', 'increase', 'irate', 'resets');
  await fc.assert(
    fc.asyncProperty(grown, functions, async (values, name) => {
      // One bucket, so that a reset shows in the count.
      const histograms = values.map((count): NativeHistogram => ({
        schema: 0,
        count,
        sum: count,
        zeroCount: 0,
        zeroThreshold: 0,
        positiveSpans: [{ offset: 1, length: 1 }],
        positiveBuckets: [count],
        negativeSpans: [],
        negativeBuckets: [],
        counterResetHint: 'unknown',
      }));
      const unixMs = (values.length - 1) * 60_000;
      const engine = engineOverMixed(named('h', ...histograms), {
        labels: { __name__: 'c_total' },
        samples: values,
      });
      const floats = only(
        await engine.instant({ expression: `${name}(c_total[20m])`, unixMs }),
      ) as number;
      const native = only(await engine.instant({ expression: `${name}(h[20m])`, unixMs }));
      const count = typeof native === 'number' ? native : (native?.count ?? Number.NaN);
      expect(count).toBeCloseTo(floats, 9);
    }),
  );
});
