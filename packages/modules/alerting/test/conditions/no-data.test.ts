import { QueryError } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { Bench, groupsOf } from './harness.ts';

const m = (i: string): Record<string, string> => ({ __name__: 'm', i });
const rule = (rest: string, expr = 'm > 90'): string => `- {alert: A, expr: '${expr}', ${rest}}`;
const firing = 'firing {alertname="A", i="1"}';
const noData = 'firing {alertname="A", reason="no_data"}';

describe('no_data', () => {
  test('by default, and with resolve, missing data end the alert as in Prometheus', async () => {
    for (const rest of ['for: 0s', 'no_data: resolve']) {
      await using bench = new Bench(rule(rest));
      await bench.step([m('1'), 95]);
      await bench.step([m('1'), 'stale']);
      expect(bench.active).toEqual([]);
    }
  });

  test('with keep the alert of a series goes on without its data, until data say otherwise', async () => {
    await using bench = new Bench(rule('no_data: keep'));
    await bench.step([m('1'), 95], [m('2'), 95]);
    await bench.step([m('1'), 'stale'], [m('2'), 85]);
    expect(bench.active).toEqual([firing]);
    await bench.clock.advance(600_000);
    expect(bench.active).toEqual([firing]);
    await bench.step([m('1'), 90]);
    expect(bench.active).toEqual([]);
  });

  test('with keep a pending alert stays pending, and does not fire for want of data', async () => {
    await using bench = new Bench(rule('no_data: keep, for: 3s'));
    await bench.step([m('1'), 95]);
    await bench.step([m('1'), 'stale']);
    await bench.clock.advance(10_000);
    expect(bench.active).toEqual(['pending {alertname="A", i="1"}']);
    await bench.step([m('1'), 95]);
    expect(bench.active).toEqual([firing]);
  });

  test('with keep a restart without data goes on with the alert', async () => {
    const before = new Bench(rule('no_data: keep'));
    for (let i = 0; i < 3; i++) await before.step([m('1'), 95]);
    await before.step([m('1'), 'stale']);
    await before[Symbol.asyncDispose]();
    await using after = new Bench(rule('no_data: keep'), { after: before });
    await after.clock.advance(120_000);
    expect(after.active).toEqual([firing]);
    expect(after.notifier.lines).toEqual([firing]);
  });

  test('with alert the rule fires once its data are gone, and ends when they are back', async () => {
    await using bench = new Bench(rule('no_data: alert, labels: {severity: page}'));
    await bench.step([m('1'), 10], [m('2'), 95]);
    expect(bench.active).toEqual(['firing {alertname="A", i="2", severity="page"}']);
    await bench.step([m('1'), 10], [m('2'), 'stale']);
    expect(bench.active).toEqual([]);
    await bench.step([m('1'), 'stale']);
    expect(bench.active).toEqual(['firing {alertname="A", reason="no_data", severity="page"}']);
    await bench.step([m('1'), 10]);
    expect(bench.active).toEqual([]);
    expect(bench.notifier.lines.slice(2)).toEqual([
      'firing {alertname="A", reason="no_data", severity="page"}',
      'resolved {alertname="A", reason="no_data", severity="page"}',
    ]);
  });

  test('for counts for missing data too, keep_firing_for does not', async () => {
    await using bench = new Bench(rule('no_data: alert, for: 2s, keep_firing_for: 1m'));
    await bench.step([m('1'), 10]);
    await bench.step([m('1'), 'stale']);
    expect(bench.active).toEqual(['pending {alertname="A", reason="no_data"}']);
    await bench.clock.advance(2_000);
    expect(bench.active).toEqual([noData]);
    await bench.step([m('1'), 10]);
    expect(bench.active).toEqual([]);
  });

  test('a rule that never had data does not tell of missing data', async () => {
    await using bench = new Bench(rule('no_data: alert'));
    await bench.clock.advance(60_000);
    expect(bench.active).toEqual([]);
  });

  test('after a restart the store knows whether there were data', async () => {
    const before = new Bench(rule('no_data: alert'));
    for (let i = 0; i < 20; i++) await before.step([m('1'), 10]);
    await before.step([m('1'), 'stale']);
    await before[Symbol.asyncDispose]();
    await before.clock.advance(50 * 60_000);
    await using after = new Bench(rule('no_data: alert'), { after: before });
    // Before, targets may not have been scraped yet.
    await after.clock.advance(59_000);
    expect(after.active).toEqual([]);
    await after.clock.advance(2_000);
    expect(after.active).toEqual([noData]);
  });

  test('a restart goes on with the alert without telling its end', async () => {
    const before = new Bench(rule('no_data: alert'));
    for (let i = 0; i < 20; i++) await before.step([m('1'), 10]);
    await before.clock.advance(600_000);
    expect(before.active).toEqual([noData]);
    await before[Symbol.asyncDispose]();
    await using after = new Bench(rule('no_data: alert'), { after: before });
    await after.clock.advance(180_000);
    expect(after.notifier.lines).toEqual([noData]);
    await after.step([m('1'), 10]);
    expect(after.active).toEqual([]);
  });

  test('a reload goes on with the alert', async () => {
    await using bench = new Bench(rule('no_data: alert'));
    await bench.step([m('1'), 10]);
    await bench.step([m('1'), 'stale']);
    await bench.manager.replace(groupsOf(`${rule('no_data: alert')}\n- {alert: B, expr: none}`));
    await bench.clock.advance(2_000);
    expect(bench.active).toEqual([noData]);
    await bench.step([m('1'), 10]);
    expect(bench.active).toEqual([]);
    expect(bench.notifier.lines).toHaveLength(2);
  });

  test.each([
    ['a > 1', 'a'],
    ['1 < a', 'a'],
    ['(sum by (x) (a) / b) > 1', '(sum by (x) (a) / b)'],
    ['a > on (x) group_left () b', 'a - on (x) group_left () b'],
    ['a > 1 and on (x) b < 2', '(a) and on (x) (b)'],
    ['a > 1 and b', '(a)'],
    ['a > 1 or b > 2', '(a) or (b)'],
    ['a > 1 unless b > 2', '(a)'],
    ['a unless b > 2', '(a)'],
  ])('of %s the data are those of %s', (expr, data) => {
    const [found] = groupsOf(rule('no_data: keep', expr))[0]?.rules ?? [];
    const expected = groupsOf(rule('for: 0s', data))[0]?.rules[0]?.expression ?? '';
    const bare = (text: string): string => text.replaceAll(/[()]/g, '');
    expect(bare((found as { dataExpression?: string }).dataExpression ?? '')).toBe(bare(expected));
  });
});

describe('on_error', () => {
  const failure = new QueryError('execution', 'too many samples');
  const error = 'firing {alertname="A", reason="error"}';

  test('by default, and with keep, alerts stay as they are', async () => {
    for (const rest of ['for: 0s', 'on_error: keep']) {
      await using bench = new Bench(rule(rest));
      await bench.step([m('1'), 95]);
      bench.queryFailure = failure;
      await bench.step([m('1'), 10]);
      expect(bench.active).toEqual([firing]);
      expect(bench.lastError).toBe('too many samples');
    }
  });

  test('with alert the rule fires beside its alerts, says why, and ends with the error', async () => {
    await using bench = new Bench(rule('on_error: alert'));
    await bench.step([m('1'), 95]);
    bench.queryFailure = failure;
    await bench.step([m('1'), 95]);
    expect(bench.active).toEqual([firing, error]);
    expect(bench.alerts[1]?.annotations).toEqual({ error: 'too many samples' });
    expect(bench.lastError).toBe('too many samples');
    bench.queryFailure = undefined;
    await bench.step([m('1'), 95]);
    expect(bench.active).toEqual([firing]);
    expect(bench.notifier.lines).toEqual([firing, error, error.replace('firing', 'resolved')]);
  });

  test('with alert it waits for as any alert does', async () => {
    await using bench = new Bench(rule('on_error: alert, for: 2s, recover: m < 80'));
    bench.queryFailure = failure;
    await bench.clock.advance(2_000);
    expect(bench.active).toEqual(['pending {alertname="A", reason="error"}']);
    await bench.clock.advance(1_000);
    expect(bench.active).toEqual([error]);
    bench.queryFailure = undefined;
    await bench.clock.advance(1_000);
    expect(bench.active).toEqual([]);
  });

  test('with resolve the alerts end', async () => {
    await using bench = new Bench(rule('on_error: resolve'));
    await bench.step([m('1'), 95]);
    bench.queryFailure = failure;
    await bench.step([m('1'), 95]);
    expect(bench.active).toEqual([]);
    bench.queryFailure = undefined;
    await bench.step([m('1'), 95]);
    expect(bench.notifier.lines).toEqual([firing, firing.replace('firing', 'resolved'), firing]);
  });
});
