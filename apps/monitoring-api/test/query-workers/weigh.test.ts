import { expect, test } from 'vitest';

import { weigh, type Weight } from '#src/runtime/query-workers/weigh.ts';

const DAY_MS = 86_400_000;

/** Over a store whose series have a sample every 15 s. */
function weight(expression: string, seriesCount: number, stepMs = 360_000): Promise<Weight> {
  return weigh(
    { kind: 'range', expression, startUnixMs: 0, endUnixMs: DAY_MS, stepMs },
    {
      lookbackMs: 300_000,
      enough: Number.POSITIVE_INFINITY,
      estimate: ({ startUnixMs, endUnixMs }) => ({
        seriesCount,
        sampleCount: (seriesCount * (endUnixMs - startUnixMs)) / 15_000,
      }),
    },
  );
}

async function work(...args: Parameters<typeof weight>): Promise<number> {
  return (await weight(...args)).work;
}

test('a panel of a few series over a day is light, one of a thousand heavy', async () => {
  expect(await work('sum by (job) (rate(m[5m]))', 20)).toBeLessThan(500_000);
  expect(await work('sum by (job) (rate(m[5m]))', 1_000)).toBeGreaterThan(5_000_000);
});

test('few samples looked at again and again weigh as many', async () => {
  expect(await work('quantile_over_time(0.9, m[1d])', 20, 60_000)).toBeGreaterThan(
    10 * (await work('quantile_over_time(0.9, m[5m])', 20, 60_000)),
  );
  expect(await work('max_over_time(rate(m[5m])[1d:15s])', 20)).toBeGreaterThan(
    10 * (await work('max_over_time(rate(m[5m])[1h:15m])', 20)),
  );
});

test('series weigh, also those with hardly a sample', async () => {
  const instant = (seriesCount: number): Promise<Weight> =>
    weigh(
      { kind: 'instant', expression: 'count({__name__=~".+"})', unixMs: 0 },
      {
        lookbackMs: 300_000,
        enough: 1_000_000,
        estimate: () => ({ seriesCount, sampleCount: seriesCount }),
      },
    );
  expect((await instant(100)).work).toBeLessThan(10_000);
  expect((await instant(100_000)).work).toBeGreaterThan(1_000_000);
});

test('a subquery of a constant weighs by its steps', async () => {
  expect(await work('max_over_time(vector(1)[30d:1s])', 0)).toBeGreaterThan(1_000_000);
});

test('the store is not asked any further once there is enough', async () => {
  let asked = 0;
  await weigh(
    { kind: 'instant', expression: 'a + b + c', unixMs: 0 },
    {
      lookbackMs: 300_000,
      enough: 100,
      estimate: () => {
        asked++;
        return { seriesCount: 10, sampleCount: 10 };
      },
    },
  );
  expect(asked).toBe(1);
});

test.each([
  ['m', 1],
  ['label_replace(rate(m[5m]), "a", "b", "", "") or -m', 2],
  ['m * on (i) n + 1', 2],
  ['sum(m or n)', 2],
  // What only some of the series may be left of is not counted.
  ['sum by (i) (m)', 0],
  ['m > 5', 0],
  ['m and n', 0],
  ['max_over_time(m[1h:1m])', 0],
  ['absent(m)', 0],
])('%s holds the samples of %i selectors', async (expression, selectors) => {
  const { held } = await weight(expression, 100, 60_000);
  // At 1,441 steps, and what a series takes itself.
  expect(held).toBe(selectors * 100 * (1_441 + 25));
});
