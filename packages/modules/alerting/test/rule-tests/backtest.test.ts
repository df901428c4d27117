import { parseRuleFile } from '@dwcp/alerting';
import { backtestRules } from '@dwcp/alerting/rule-tests';
import { Labels } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

const MINUTE_MS = 60_000;

/** `up` of two jobs, a value per minute. */
function history(values: Readonly<Record<string, readonly number[]>>): PromqlEngine {
  const store = new MemoryMetricStore();
  for (const [job, ups] of Object.entries(values)) {
    store.put({
      labels: Labels.from({ __name__: 'up', job }),
      timestamps: Float64Array.from(ups, (_, i) => i * MINUTE_MS),
      values: Float64Array.from(ups),
    });
  }
  return new PromqlEngine({ store, clock: new ManualClock() });
}

const rules = (rest: string): ReturnType<typeof parseRuleFile> =>
  parseRuleFile(
    `groups: [{ name: g, interval: 1m, rules: [{ alert: Down, ${rest} }] }]`,
    'rules.yml',
  );

test('tells when each alert would have begun and ended to fire', async () => {
  const query = history({ a: [1, 0, 0, 0, 0, 1, 1, 0], b: [1, 1, 1, 0, 1, 1, 1, 1] });
  const groups = rules("expr: up == 0, for: 2m, labels: { what: '{{ $labels.job }}!' }");
  const range = { startUnixMs: 0, endUnixMs: 7 * MINUTE_MS };
  expect(await backtestRules(groups, { query, ...range })).toEqual([
    {
      group: 'g',
      rule: 'Down',
      problem: undefined,
      firings: [
        {
          labels: { alertname: 'Down', job: 'a', what: 'a!' },
          firedAtUnixMs: 3 * MINUTE_MS,
          endedAtUnixMs: 5 * MINUTE_MS,
        },
      ],
    },
  ]);
});

test('an alert that fires at the end has no end, and keep_firing_for bridges a gap', async () => {
  const query = history({ a: [0, 1, 0, 1, 1, 0] });
  const groups = rules('expr: up == 0, keep_firing_for: 2m');
  const [result] = await backtestRules(groups, {
    query,
    startUnixMs: 0,
    endUnixMs: 5 * MINUTE_MS,
  });
  expect(
    result?.firings.map(({ firedAtUnixMs, endedAtUnixMs }) => [firedAtUnixMs, endedAtUnixMs]),
  ).toEqual([[0, undefined]]);
});

test('a history longer than one query is told without a seam', async () => {
  const query = history({ a: Array.from({ length: 6_001 }, () => 0) });
  const groups = rules('expr: up == 0, for: 5m');
  const [result] = await backtestRules(groups, {
    query,
    startUnixMs: 0,
    endUnixMs: 6_000 * MINUTE_MS,
  });
  expect(result?.firings).toMatchObject([{ firedAtUnixMs: 5 * MINUTE_MS }]);
});

test('a rule that cannot be evaluated says why', async () => {
  const query = history({ a: [0], b: [0] });
  const groups = rules('expr: up + on () up');
  const [result] = await backtestRules(groups, { query, startUnixMs: 0, endUnixMs: 0 });
  expect(result?.firings).toEqual([]);
  expect(result?.problem).toContain('found duplicate series for the match group');
});
