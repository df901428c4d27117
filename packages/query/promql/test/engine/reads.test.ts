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
  expect(plan.reads[0]?.subqueries.points).toBe(140 + 11 * 120);
  expect(plan.subqueries.points).toBe(0);
});

test.each([
  ['rate(m[5m])', 1],
  ['-m * 2', 1],
  ['label_replace(m, "a", "b", "", "")', 1],
  ['m * on (a) group_left n', 1],
  ['n * on (a) group_right m', 1],
  // How many series are left is not known then.
  ['sum by (a) (m)', 0],
  ['m > 5', 0],
  ['m and n', 0],
  ['histogram_quantile(0.9, m)', 0],
])('a subquery over %s goes over each series of %i selector', (inner, selectors) => {
  const { reads, subqueries } = planWork(
    parseExpression(`sum_over_time(sum_over_time((${inner})[1h:1m])[1h:1m])`),
    { startMs: 0, stepMs: 60_000, count: 11 },
    LOOKBACK_MS,
  );
  const inside = 70 + 11 * 60 + 129 + 70 * 60;
  expect(reads.map(({ subqueries: { points } }) => points).filter((points) => points > 0)).toEqual(
    selectors === 1 ? [inside] : [],
  );
  expect(subqueries.points).toBe(selectors === 1 ? 0 : inside);
});

test.each(['vector(1)', 'vector(time())', 'vector(scalar(m))', 'absent(m)'])(
  'a subquery over %s goes over one series',
  (inner) => {
    const { subqueries } = planWork(
      parseExpression(`max_over_time(${inner}[1h:1m])`),
      { startMs: 0, stepMs: 60_000, count: 11 },
      LOOKBACK_MS,
    );
    expect(subqueries.points).toBe(70 + 11 * 60);
  },
);
