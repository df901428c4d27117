import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { backtestRules, runRuleTestFile } from '@dwcp/alerting/rule-tests';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { write } from '../fakes.ts';
import { Bench, groupsOf } from './harness.ts';

const START = Date.parse('2026-01-02T03:00:00Z');

/** When each alert of the rule fired and ended, in minutes, over a series with a value a minute. */
async function firings(
  rule: string,
  values: readonly (number | 'stale' | undefined)[],
): Promise<readonly string[]> {
  const clock = new ManualClock(START + values.length * 60_000);
  const store = new MemoryMetricStore();
  const rows = values.flatMap((value, minute) =>
    value === undefined
      ? []
      : [[{ __name__: 'm', i: '1' }, START + minute * 60_000, value] as const],
  );
  await write(store, rows);
  const results = await backtestRules(groupsOf(rule, 'interval: 1m'), {
    query: new PromqlEngine({ store, clock }),
    startUnixMs: START,
    endUnixMs: START + (values.length - 1) * 60_000,
  });
  const minuteOf = (unixMs = Infinity): number => (unixMs - START) / 60_000;
  return results.flatMap(({ firings: found, problem }) => [
    ...(problem === undefined ? [] : [problem]),
    ...found.map(({ endedAtUnixMs, firedAtUnixMs, labels }) => {
      const { alertname: _, ...rest } = labels;
      return `${minuteOf(firedAtUnixMs)}-${minuteOf(endedAtUnixMs)} ${JSON.stringify(rest)}`;
    }),
  ]);
}

test('a backtest knows conditions and recovery', async () => {
  const condition = "condition: {threshold: {metric: m, operator: '>', value: 90}}";
  const values = [80, 95, 85, 85, 79, 85, 95, 85];
  expect(await firings(`- {alert: A, ${condition}}`, values)).toEqual([
    '1-2 {"i":"1"}',
    '6-7 {"i":"1"}',
  ]);
  expect(await firings(`- {alert: A, ${condition}, recover: m < 80}`, values)).toEqual([
    '1-4 {"i":"1"}',
    '6-Infinity {"i":"1"}',
  ]);
});

test('a backtest knows missing data', async () => {
  const values = [95, 'stale', undefined, 95, 80, 'stale'] as const;
  expect(await firings('- {alert: A, expr: m > 90, no_data: keep}', values)).toEqual([
    '0-4 {"i":"1"}',
  ]);
  expect(await firings('- {alert: A, expr: m > 90, no_data: alert}', values)).toEqual([
    '0-1 {"i":"1"}',
    '1-3 {"reason":"no_data"}',
    '3-4 {"i":"1"}',
    '5-Infinity {"reason":"no_data"}',
  ]);
});

const logRule =
  "- {alert: Logs, condition: {log_count: {query: x, window: 5s, operator: '>=', value: 2}}}";

test('a backtest of a log count reads the counts that were written, or says that there are none', async () => {
  expect(await firings(logRule, [1])).toEqual([
    expect.stringContaining(
      'log_count: the history has no counts dwcp:log_matches:count{',
    ) as string,
  ]);
  await using bench = new Bench(logRule);
  const startUnixMs = bench.clock.nowUnixMs();
  await bench.clock.advance(3_000);
  bench.logs.add(bench.clock.nowUnixMs(), 'x');
  bench.logs.add(bench.clock.nowUnixMs(), 'x');
  await bench.clock.advance(20_000);
  const { clock, store } = bench;
  const [result] = await backtestRules(groupsOf(logRule), {
    query: new PromqlEngine({ store, clock }),
    startUnixMs,
    endUnixMs: clock.nowUnixMs(),
  });
  expect(result?.problem).toBeUndefined();
  const [found] = result?.firings ?? [];
  expect(result?.firings).toHaveLength(1);
  expect((found?.endedAtUnixMs ?? 0) - (found?.firedAtUnixMs ?? 0)).toBe(5_000);
});

test('a unit test gives counts to the condition that it names', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dwcp-counts-'));
  try {
    const one = (query: string): string =>
      `{log_count: {query: ${query}, window: 5m, operator: '>=', value: 2}}`;
    writeFileSync(
      join(dir, 'rules.yml'),
      `groups:\n- name: g\n  rules:\n  - {alert: Logs, condition: {any: [${one('a')}, ${one('b')}]}, annotations: {v: "{{ $value }}"}}\n`,
    );
    const path = join(dir, 'test.yml');
    writeFileSync(
      path,
      `rule_files: [rules.yml]
tests:
- interval: 1m
  input_series:
  - { series: 'dwcp:log_matches:count{alertname="Logs"}', values: '0 1 1' }
  - { series: 'dwcp:log_matches:count{alertname="Logs", condition="2"}', values: '0 1 7' }
  - { series: 'dwcp:log_matches:count{alertname="Other", condition="2"}', values: '9 9 9' }
  alert_rule_test:
  - { eval_time: 1m, alertname: Logs, exp_alerts: [] }
  - { eval_time: 2m, alertname: Logs, exp_alerts: [{ exp_annotations: { v: '7' } }] }
`,
    );
    expect(await runRuleTestFile(path)).toMatchObject({ passed: true, problems: [] });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
