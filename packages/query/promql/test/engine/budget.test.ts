import { QueryError } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test, vi } from 'vitest';

import { engineOver } from '../support/series.ts';

async function failure(query: Promise<unknown>): Promise<QueryError> {
  const error = await query.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof QueryError) return error;
  throw new Error('it did not fail as a query does', { cause: error });
}

const HOUR = 3_600;
/** Each step of ten seconds has the one of another series, so that every pair meets somewhere. */
const churning = Array.from({ length: 300 }, (_, i) => ({
  labels: { __name__: 'one', phase: String(i) },
  points: [
    [i * 10, 1],
    [i * 10 + 10, 'stale'],
  ] as const,
}));
const many = Array.from({ length: 300 }, (_, i) => ({
  labels: { __name__: 'many', id: String(i) },
  points: Array.from({ length: 300 }, (__, k) => [k * 10, k] as const),
}));
const wide = { startUnixMs: 0, endUnixMs: 2_990_000, stepMs: 10_000 };

describe('limits', () => {
  test('a product of all pairs ends before it is made, and says how to narrow it', async () => {
    const { engine } = engineOver([...many, ...churning], { maxSamples: 1_000_000 });
    const expression = 'many * on() group_left(phase) one';
    const error = await failure(engine.range({ expression, ...wide }));
    expect(error.errorType).toBe('execution');
    expect(error.message).toMatch(/more than 1000000 at a time; narrow it by labels/);
  });

  test('what is aggregated on the way counts only while it is read', async () => {
    const { engine } = engineOver(many, { maxSamples: 100_000 });
    await expect(
      engine.range({ expression: 'sum(rate(many[1m]))', ...wide }),
    ).resolves.toBeDefined();
    const error = await failure(engine.range({ expression: 'rate(many[1m])', ...wide }));
    expect(error.message).toContain('too many samples');
  });

  test('memory has a limit of its own, for label sets are no samples', async () => {
    const { engine } = engineOver(many, { maxMemoryBytes: 100_000 });
    const error = await failure(engine.instant({ expression: 'many', unixMs: 10_000 }));
    expect(error).toMatchObject({ errorType: 'execution' });
    expect(error.message).toMatch(/more than 100000 bytes of memory; narrow it/);
  });

  test('the values that count_values finds are counted as they are found', async () => {
    const { engine } = engineOver(many, { maxSamples: 140_000 });
    const expression = 'count_values("v", many)';
    const error = await failure(engine.range({ expression, ...wide, stepMs: 5_000 }));
    expect(error.message).toContain('more than 140000 at a time');
  });

  test('subqueries inside subqueries cannot have more steps than samples may be held', async () => {
    const { engine } = engineOver(many);
    const expression = 'max_over_time(sum_over_time(vector(1)[1y:1s])[1y:1s])';
    const error = await failure(engine.instant({ expression, unixMs: 400 * 24 * HOUR * 1_000 }));
    expect(error.message).toContain('more than 50000000 at a time');
  });

  test('how many steps a range has can be set', async () => {
    const { engine } = engineOver(many, { maxSteps: 20_000 });
    const range = { expression: 'vector(1)', startUnixMs: 0, stepMs: 1_000 };
    await expect(engine.range({ ...range, endUnixMs: 20_000_000 })).resolves.toBeDefined();
    const error = await failure(engine.range({ ...range, endUnixMs: 20_001_000 }));
    expect(error.message).toContain('maximum resolution of 20,000 points');
  });
});

describe('one series with wide windows', () => {
  const long = [
    {
      labels: { __name__: 'm' },
      points: Array.from({ length: 6_000 }, (_, i) => [i * 10, i % 7] as const),
    },
  ];
  // 3,000 windows of 3,000 samples: nine million to look at.
  const grid = { startUnixMs: 30_000_000, endUnixMs: 59_990_000, stepMs: 10_000 };
  const queries = [
    'sum_over_time(m[30000s])',
    'stddev_over_time(m[30000s])',
    'mad_over_time(m[30000s])',
    'deriv(m[30000s])',
  ];

  test.each(queries)('is given up amid %s when the time is over', async (expression) => {
    const clock = new ManualClock();
    let looks = 0;
    // A millisecond per look at the clock, of which a series as a whole takes but a few.
    vi.spyOn(clock, 'monotonicMs').mockImplementation(() => looks++);
    const { engine } = engineOver(long, { clock, timeoutMs: 14 });
    const error = await failure(engine.range({ expression, ...grid }));
    expect(error.errorType).toBe('timeout');
  });

  test.each(queries)('is given up amid %s when nobody waits for it', async (expression) => {
    const clock = new ManualClock();
    let looks = 0;
    vi.spyOn(clock, 'monotonicMs').mockImplementation(() => (looks += 100));
    const { engine } = engineOver(long, { clock, timeoutMs: Number.MAX_VALUE });
    const gone = new AbortController();
    const query = engine.range({ expression, ...grid }, { signal: gone.signal });
    // The event loop turns while it is worked on.
    let turns = 0;
    const onTurn = (): void => {
      if (++turns === 5) gone.abort();
      else setImmediate(onTurn);
    };
    setImmediate(onTurn);
    expect((await failure(query)).errorType).toBe('canceled');
  });
});

describe('lookback', () => {
  test('a query may bring its own', async () => {
    const { engine } = engineOver([{ labels: { __name__: 'm' }, points: [[0, 1]] }]);
    const query = { expression: 'count(m)', unixMs: 60_000 };
    expect((await engine.instant(query)).value).toMatchObject({ samples: { length: 1 } });
    expect((await engine.instant(query, { lookbackMs: 30_000 })).value).toMatchObject({
      samples: { length: 0 },
    });
  });
});

describe('what a query cost', () => {
  const expression = 'sum(rate(many[1m])) / on() group_left count(many > 5)';

  test('is told when asked for, node by node', async () => {
    const { engine } = engineOver(many);
    const { stats } = await engine.range({ expression, ...wide }, { stats: true });
    expect(stats).toMatchObject({
      seriesRead: 600,
      samplesRead: 180_000,
      steps: 300,
      cachedSteps: 0,
      onWorker: false,
    });
    expect(stats?.root).toMatchObject({
      kind: 'binary',
      seriesCount: 1,
      samplesRead: 0,
      children: [
        {
          expression: 'sum(rate(many[1m]))',
          kind: 'aggregate',
          seriesCount: 1,
          children: [
            {
              expression: 'rate(many[1m])',
              seriesCount: 300,
              samplesRead: 0,
              children: [{ expression: 'many[1m]', seriesCount: 300, samplesRead: 90_000 }],
            },
          ],
        },
        {
          expression: 'count(many > 5)',
          children: [
            {
              expression: 'many > 5',
              children: [{ expression: '5' }, { expression: 'many', samplesRead: 90_000 }],
            },
          ],
        },
      ],
    });
    expect(stats?.peakSamples).toBeGreaterThan(90_000);
  });

  test('is not there otherwise', async () => {
    const { engine } = engineOver(many);
    expect(await engine.range({ expression, ...wide })).not.toHaveProperty('stats');
  });
});
