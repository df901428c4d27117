import { type Series, type SeriesQuery } from '@dwcp/core';
import { parseExpression, planWork, PromqlEngine } from '@dwcp/promql';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

const HOUR_MS = 3_600_000;
const LOOKBACK_MS = 5 * 60_000;
const range = { startUnixMs: 10 * HOUR_MS + 7, endUnixMs: 12 * HOUR_MS + 7, stepMs: 60_000 };

/** Notes what it is asked for. */
class AskedStore {
  readonly asked = new Set<string>();

  async select({ matchers, startUnixMs, endUnixMs }: SeriesQuery): Promise<readonly Series[]> {
    this.asked.add(JSON.stringify({ matchers, startUnixMs, endUnixMs }));
    return [];
  }
}

test.each([
  'm{a="b"}',
  'rate(m[5m])',
  'rate(m[5m] offset 1h)',
  'rate(m[5m] offset -1h)',
  'sum by (a) (m @ 3600 / on (a) n @ start())',
  'quantile(scalar(m), n @ end())',
  'rate(m[7m] anchored)',
  'rate(m[7m] smoothed)',
  'max_over_time(rate(m[5m])[1h:30s])',
  'max_over_time(m[1h:])',
  'max_over_time((max_over_time(m[1h:7s]) + n)[2h:13s] @ end() offset 3m)',
  '-(m unless (n))',
  'rate(m[step() * 3])',
  '1 + vector(2)',
])('what %s reads is known beforehand', async (expression) => {
  const store = new AskedStore();
  const engine = new PromqlEngine({ store, clock: new ManualClock() });
  await engine.range({ expression, ...range });

  const { reads } = planWork(
    parseExpression(expression),
    { startMs: range.startUnixMs, stepMs: range.stepMs, count: 121 },
    LOOKBACK_MS,
  );

  const planned = reads.map(({ matchers, startUnixMs, endUnixMs }) =>
    JSON.stringify({ matchers, startUnixMs, endUnixMs }),
  );
  expect(new Set(planned)).toEqual(store.asked);
});

test('a selector in a subquery is looked at once for each of its steps', () => {
  const plan = planWork(
    parseExpression('max_over_time(rate(m[5m])[1h:30s])'),
    { startMs: 0, stepMs: 60_000, count: 11 },
    LOOKBACK_MS,
  );

  expect(plan.reads).toMatchObject([{ steps: 140, windowMs: 300_000 }]);
  expect(plan.subqueryPoints).toBe(140 + 11 * 120);
});
