import { expect, test } from 'vitest';

import { weigh } from '#src/runtime/query-workers/weigh.ts';

const DAY_MS = 86_400_000;

/** Work over a store whose series have a sample every 15 s. */
function work(expression: string, seriesCount: number, stepMs = 360_000): number {
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

test('a panel of a few series over a day is light, one of a thousand heavy', () => {
  expect(work('sum by (job) (rate(m[5m]))', 20)).toBeLessThan(500_000);
  expect(work('sum by (job) (rate(m[5m]))', 1_000)).toBeGreaterThan(5_000_000);
});

test('few samples looked at again and again weigh as many', () => {
  expect(work('quantile_over_time(0.9, m[1d])', 20, 60_000)).toBeGreaterThan(
    10 * work('quantile_over_time(0.9, m[5m])', 20, 60_000),
  );
  expect(work('max_over_time(rate(m[5m])[1d:15s])', 20)).toBeGreaterThan(
    10 * work('max_over_time(rate(m[5m])[1h:15m])', 20),
  );
});

test('series weigh, also those with hardly a sample', () => {
  const instant = (seriesCount: number): number =>
    weigh(
      { kind: 'instant', expression: 'count({__name__=~".+"})', unixMs: 0 },
      {
        lookbackMs: 300_000,
        enough: 1_000_000,
        estimate: () => ({ seriesCount, sampleCount: seriesCount }),
      },
    );
  expect(instant(100)).toBeLessThan(10_000);
  expect(instant(100_000)).toBeGreaterThan(1_000_000);
});

test('a subquery of a constant weighs by its steps', () => {
  expect(work('max_over_time(vector(1)[30d:1s])', 0)).toBeGreaterThan(1_000_000);
});

test('the store is not asked any further once there is enough', () => {
  let asked = 0;
  weigh(
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
