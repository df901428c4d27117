import { Labels } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { weigh, type WeighOptions, type Weight } from '#src/runtime/query-workers/weigh.ts';

const DAY_MS = 86_400_000;

const limits: Pick<WeighOptions, 'enoughHeld' | 'enoughMs' | 'lookbackMs' | 'series'> = {
  lookbackMs: 300_000,
  enoughMs: Number.POSITIVE_INFINITY,
  enoughHeld: Number.POSITIVE_INFINITY,
  series: () => Promise.reject(new Error('no groups are to be counted')),
};

/** Over a store whose series have a sample every 15 s. */
function weight(expression: string, seriesCount: number, stepMs = 360_000): Promise<Weight> {
  return weigh(
    { kind: 'range', expression, startUnixMs: 0, endUnixMs: DAY_MS, stepMs },
    {
      ...limits,
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
        ...limits,
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
      ...limits,
      enoughMs: 0.000_1,
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
  ['topk(5, rate(m[5m]))', 1],
  ['quantile(0.9, m)', 1],
  ['info(m)', 1],
  // What only some of the series may be left of is not counted.
  ['sum by (i) (m)', 0],
  ['m > 5', 0],
  ['m and n', 0],
  ['absent(m)', 0],
])('%s holds the samples of %i selectors', async (expression, selectors) => {
  const { held } = await weight(expression, 100, 60_000);
  // At 1,441 steps, and what a series takes itself.
  expect(held).toBe(selectors * 100 * (1_441 + 25));
});

test('what a subquery goes over is held at each of its steps', async () => {
  const { held } = await weight('sum(max_over_time(m[1h:10s]))', 100, 60_000);
  expect(held).toBe(100 * (DAY_MS / 10_000 + 360 + 25));
});

describe('how long a query takes at the very least', () => {
  const seconds = async (...args: Parameters<typeof weight>): Promise<number> =>
    (await weight(...args)).leastMs / 1_000;

  test('grows with the windows where a function looks at all of each', async () => {
    for (const name of ['stddev_over_time', 'sum_over_time', 'deriv']) {
      const [narrow, wide] = [
        await seconds(`${name}(m[1d])`, 100, 15_000),
        await seconds(`${name}(m[20d])`, 100, 15_000),
      ];
      expect(wide).toBeGreaterThan(10 * narrow);
    }
  });

  test('does not where a function keeps on from step to step', async () => {
    for (const name of ['max_over_time', 'rate', 'count_over_time']) {
      expect(await seconds(`${name}(m[20d])`, 100, 15_000)).toBeLessThan(0.1);
    }
  });

  test('takes a window once, however many steps see it', async () => {
    const [close, closer] = [
      await seconds('sum_over_time(m[1d])', 100, 1_000),
      await seconds('sum_over_time(m[1d])', 100, 100),
    ];
    // What is left is a cost by step.
    expect(closer - close).toBeLessThan(0.2);
    expect(await seconds('predict_linear(m[1d], 60)', 100, 100)).toBeGreaterThan(
      9 * (await seconds('predict_linear(m[1d], 60)', 100, 1_000)),
    );
    expect(await seconds('predict_linear(m[1d] @ end(), 60)', 100, 100)).toBeLessThan(0.3);
  });

  test('is short for what dashboards ask', async () => {
    const asked = {
      kind: 'range',
      startUnixMs: DAY_MS - 6 * 3_600_000,
      endUnixMs: DAY_MS,
      stepMs: 15_000,
    } as const;
    for (const expression of [
      'quantile_over_time(0.9, m[1h])',
      'stddev_over_time(m[1h])',
      'predict_linear(m[1h], 3600)',
      'avg(max_over_time(sum_over_time(m[5m])[1h:1m]))',
    ]) {
      const { leastMs } = await weigh(
        { ...asked, expression },
        {
          ...limits,
          estimate: ({ startUnixMs, endUnixMs }) => ({
            seriesCount: 5_000,
            sampleCount: (5_000 * (endUnixMs - startUnixMs)) / 15_000,
          }),
        },
      );
      expect([expression, leastMs]).toEqual([expression, expect.toSatisfy((ms) => ms < 10_000)]);
    }
  });

  test('counts the series that a subquery goes over, not those of a sum in it', async () => {
    const each = await seconds('sum_over_time(m[7d:1m])', 10_000);
    const total = await seconds('sum_over_time(sum(m)[7d:1m])', 10_000);
    const read = await seconds('sum(m)', 10_000, 60_000);
    expect(each - total).toBeGreaterThan(10);
    expect(total).toBeLessThan(10 * read);
  });
});

describe('groups that may be too many', () => {
  const STEPS = 1_441 + 25;
  const all = Array.from({ length: 1_000 }, (_, i) =>
    Labels.from({ __name__: 'm', i: String(i), job: `job-${i % 10}` }),
  );
  const heldBy = async (expression: string, enoughHeld: number): Promise<number> => {
    const { held } = await weigh(
      { kind: 'range', expression, startUnixMs: 0, endUnixMs: DAY_MS, stepMs: 60_000 },
      {
        ...limits,
        enoughHeld,
        series: () => Promise.resolve(all),
        estimate: () => ({ seriesCount: all.length, sampleCount: all.length }),
      },
    );
    return held / STEPS;
  };

  test.each([
    ['sum by (i) (m)', 101],
    ['avg by (i, job) (rate(m[5m]) * 8)', 101],
    ['sum without (job) (-m)', 101],
    ['sum by (job) (m)', 10],
    ['sum without (i) (rate(m[5m]))', 10],
    ['sum by (gone) (m)', 1],
    ['sum(m)', 1],
    // What the labels are then is not known.
    ['sum by (i) (label_replace(m, "i", "", "i", ".*"))', 0],
    ['sum by (i) (m > 5)', 0],
  ])('%s holds %i of a hundred that may be', async (expression, groups) => {
    expect(await heldBy(expression, 100 * STEPS)).toBe(groups);
  });

  test('are not counted where all series may be one each', async () => {
    expect(await heldBy('sum by (i) (m)', 1_000 * STEPS)).toBe(0);
  });
});
