import { getEventListeners } from 'node:events';

import { BackendError, METRIC_NAME } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { dump } from '../fakes.ts';
import { Bench, groupsOf } from './harness.ts';

const rule = (search: string, compare = "operator: '>=', value: 3", rest = ''): string =>
  `- {alert: Logs, condition: {log_count: {${search}, ${compare}}}${rest}}`;
const firing = 'firing {alertname="Logs"}';

/** Adds log records now, then lets one evaluation pass. */
async function log(bench: Bench, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) bench.logs.add(bench.clock.nowUnixMs(), body);
  await bench.clock.advance(1_000);
}

describe('log_count', () => {
  test.each([
    ['>', 4, 3],
    ['>=', 3, 2],
    ['==', 3, 4],
    ['!=', 4, 3],
  ])('%s 3 fires on %i records and not on %i', async (operator, many, few) => {
    for (const count of [many, few]) {
      await using bench = new Bench(
        rule('query: timeout, window: 10s', `operator: '${operator}', value: 3`),
      );
      await log(bench, ...Array.from({ length: count }, (_, i) => `timeout ${i}`));
      expect(bench.active).toEqual(count === many ? [firing] : []);
    }
  });

  test('no record is a count of 0: < and <= fire without any log', async () => {
    for (const compare of ["operator: '<', value: 1", "operator: '<=', value: 0"]) {
      await using bench = new Bench(rule('query: alive, window: 5s', compare));
      await log(bench, 'alive');
      expect(bench.active).toEqual([]);
      await bench.clock.advance(5_000);
      expect(bench.active).toEqual([firing]);
      await log(bench, 'alive');
      expect(bench.active).toEqual([]);
    }
  });

  test('the window is open at its beginning and ends with the evaluation', async () => {
    await using bench = new Bench(rule('query: x, window: 3s', "operator: '==', value: 1"));
    await bench.clock.advance(1_000);
    const evaluatedUnixMs = Number((bench.logs.asked.at(-1)?.endUnixNano ?? 0n) - 1n) / 1e6;
    bench.logs.add(evaluatedUnixMs + 1_000, 'x');
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      await bench.clock.advance(1_000);
      seen.push(bench.active.length);
    }
    expect(seen).toEqual([1, 1, 1, 0, 0]);
  });

  test('query_offset moves the window', async () => {
    const groups = groupsOf(rule('query: x, window: 3s'), 'interval: 1s\n    query_offset: 1m');
    await using bench = new Bench(groups);
    await bench.clock.advance(1_000);
    const { endUnixNano = 0n, startUnixNano = 0n } = bench.logs.asked[0] ?? {};
    expect(endUnixNano - startUnixNano).toBe(3_000_000_000n);
    expect(bench.clock.nowUnixMs() - Number(endUnixNano / 1_000_000n)).toBeGreaterThanOrEqual(
      60_000,
    );
  });

  test('words, pattern, level, service and labels narrow the search', async () => {
    const search =
      "query: payment refused, pattern: 'code=5\\d\\d$', level: error, service: shop, labels: {route: /pay}, window: 10s";
    await using bench = new Bench(rule(search, "operator: '==', value: 1"));
    const now = bench.clock.nowUnixMs();
    const attributes = { route: '/pay' };
    const body = 'Payment 7 was REFUSED,\ncode=503';
    bench.logs.add(now, body, { attributes });
    bench.logs.add(now, 'payment accepted code=503', { attributes });
    bench.logs.add(now, 'payment refused code=404', { attributes });
    bench.logs.add(now, body, { attributes, severityNumber: 13 });
    bench.logs.add(now, body, { attributes, service: 'other' });
    bench.logs.add(now, body, { attributes: { route: '/cart' } });
    await bench.clock.advance(1_000);
    expect(bench.active).toEqual([firing]);
  });

  test('by counts apart, by attributes, service and level; a group without records is gone', async () => {
    const search = 'query: failed, by: [service, http.route, level], window: 2s';
    await using bench = new Bench(rule(search, "operator: '>=', value: 2"));
    const now = bench.clock.nowUnixMs();
    const attributes = { 'http.route': '/pay' };
    for (const service of ['shop', 'shop', 'cart']) {
      bench.logs.add(now, 'failed', { service, attributes });
    }
    await bench.clock.advance(1_000);
    expect(bench.active).toEqual([
      'firing {alertname="Logs", http_route="/pay", level="error", service="shop"}',
    ]);
    await bench.clock.advance(3_000);
    expect(bench.active).toEqual([]);
    expect((await dump(bench.store, 'dwcp:log_matches:count')).join()).toMatch(/2 .*stale/);
  });

  test('after a restart groups of the earlier process do not fire again', async () => {
    const rules = rule('query: failed, by: [service], window: 2s');
    const before = new Bench(rules);
    await log(before, 'failed', 'failed', 'failed');
    expect(before.active).toHaveLength(1);
    await before[Symbol.asyncDispose]();
    await before.clock.advance(60_000);
    await using after = new Bench(rules, { after: before });
    await after.clock.advance(5_000);
    expect(after.active).toEqual([]);
  });

  test('the count is a series of the rule, and several of one rule are told apart', async () => {
    const one = (query: string): string =>
      `{log_count: {query: ${query}, window: 10s, operator: '>=', value: 1}}`;
    const condition = `{all: [${one('a')}, {not: ${one('b')}}]}`;
    await using bench = new Bench(
      `- {alert: Logs, condition: ${condition}, recover: ${one('c')}, labels: {severity: page}}`,
    );
    await log(bench, 'a');
    expect(bench.active).toEqual(['firing {alertname="Logs", severity="page"}']);
    await log(bench, 'b');
    expect(bench.active).toHaveLength(1);
    await log(bench, 'c');
    expect(bench.active).toEqual([]);
    const series = await dump(bench.store, 'dwcp:log_matches:count');
    expect(series.map((text) => text.replace(/search="\w+"/, ''))).toEqual([
      '{alertname="Logs", condition="1", } 1 1 1',
      '{alertname="Logs", condition="2", } 0 1 1',
      '{alertname="Logs", condition="3", } 0 0 1',
    ]);
  });

  test('a log store that fails is an error of the rule, which keeps its alerts', async () => {
    await using bench = new Bench(rule('query: x, window: 10s', "operator: '>=', value: 1"));
    await log(bench, 'x');
    bench.logs.failure = new BackendError('logs', 'disk gone', { retryable: true });
    await bench.clock.advance(20_000);
    expect(bench.active).toEqual([firing]);
    expect(bench.lastError).toBe('logs: disk gone');
    bench.logs.failure = undefined;
    await bench.clock.advance(1_000);
    expect(bench.active).toEqual([]);
    expect(bench.lastError).toBeUndefined();
  });

  test('on_error alert tells that the log store fails, and a reload goes on with it', async () => {
    const rules = rule('query: x, window: 10s', undefined, ', on_error: alert');
    await using bench = new Bench(rules);
    bench.logs.failure = new BackendError('logs', 'disk gone', { retryable: true });
    await bench.clock.advance(1_000);
    await bench.manager.replace(groupsOf(`${rules}\n- {alert: B, expr: none}`));
    await bench.clock.advance(2_000);
    expect(bench.active).toEqual(['firing {alertname="Logs", reason="error"}']);
    bench.logs.failure = undefined;
    await bench.clock.advance(1_000);
    expect(bench.active).toEqual([]);
    expect(bench.notifier.lines).toHaveLength(2);
  });

  test('a log store that hangs is given up after 10 s, and rules behind go on', async () => {
    await using bench = new Bench(
      `${rule('query: x, window: 10s', "operator: '>=', value: 1")}\n- {alert: B, expr: vector(1)}`,
    );
    bench.logs.hangs = true;
    await bench.clock.advance(10_000);
    expect(bench.active).toEqual([]);
    await bench.clock.advance(2_000);
    expect(bench.lastError).toContain('gave no answer within 10 s');
    expect(bench.active).toEqual(['firing {alertname="B"}']);
  });

  test('a count that is done leaves nothing that waits for the end of its group', async () => {
    await using bench = new Bench(rule('query: x, window: 10s'));
    await bench.clock.advance(3_000);
    const { signals } = bench.logs;
    expect(signals.length).toBeGreaterThanOrEqual(3);
    expect(signals.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
  });

  test('without a log store it says so', async () => {
    await using bench = new Bench(rule('query: x, window: 10s'), { withoutLogs: true });
    await bench.clock.advance(1_000);
    expect(bench.lastError).toBe('log_count: there is no log store to count in');
  });

  test('a count stops at its limit, where every comparison is decided', async () => {
    await using bench = new Bench(rule('query: x, window: 10s', "operator: '>', value: 49999"));
    const now = bench.clock.nowUnixMs();
    for (let i = 0; i < 60_000; i++) bench.logs.add(now, 'x');
    await bench.clock.advance(1_000);
    expect(bench.active).toEqual([firing]);
    expect(bench.alerts[0]?.state).toMatchObject({ value: 50_000 });
    expect(bench.logs.asked).toHaveLength(5);
  });

  test('a count that needs every record and stops at the limit is an error', async () => {
    await using bench = new Bench(rule('query: x, by: [service], window: 10s'));
    const now = bench.clock.nowUnixMs();
    for (let i = 0; i < 50_001; i++) bench.logs.add(now, 'x');
    await bench.clock.advance(1_000);
    expect(bench.lastError).toContain('more than 50000 records to look at');
  });

  test('too many groups are an error', async () => {
    await using bench = new Bench(rule('query: x, by: [user], window: 10s'));
    const now = bench.clock.nowUnixMs();
    for (let i = 0; i <= 1_000; i++) bench.logs.add(now, 'x', { attributes: { user: i } });
    await bench.clock.advance(1_000);
    expect(bench.lastError).toContain('by user gives more than 1000 groups');
  });

  test('the labels of the series say which rule and which condition', () => {
    const [found] = groupsOf(rule('query: x, window: 10s'))[0]?.rules ?? [];
    expect(found).toMatchObject({
      logCounts: [
        {
          labels: {
            [METRIC_NAME]: 'dwcp:log_matches:count',
            alertname: 'Logs',
            condition: '1',
            search: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
          },
        },
      ],
    });
  });
});
