import { MemoryMetricStore } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { dump } from '../fakes.ts';
import { Bench, groupsOf } from './harness.ts';

const m = (i: string): Record<string, string> => ({ __name__: 'm', i });
const rule = (rest = ''): string => `- {alert: A, expr: m > 90, recover: m < 80${rest}}`;
const firing = 'firing {alertname="A", i="1"}';
const resolved = 'resolved {alertname="A", i="1"}';

/** Whether the alert fires after each value of the series. */
async function course(bench: Bench, ...values: readonly (number | 'stale')[]): Promise<string> {
  let text = '';
  for (const value of values) {
    await bench.step([m('1'), value]);
    text += bench.active.length === 0 ? '-' : bench.active[0] === firing ? 'F' : 'p';
  }
  return text;
}

describe('recover', () => {
  test('an alert fires above the one limit until it is below the other, exactly', async () => {
    await using bench = new Bench(rule());
    expect(await course(bench, 85, 90, 90.1, 90, 85, 80, 79.9, 80, 85, 90, 91)).toBe('--FFFF----F');
    expect(bench.notifier.lines).toEqual([firing, resolved, firing]);
  });

  test('each series recovers by itself, matched by the labels of the element', async () => {
    await using bench = new Bench(rule());
    await bench.step([m('1'), 95], [m('2'), 95]);
    await bench.step([m('1'), 85], [m('2'), 75]);
    expect(bench.active).toEqual([firing]);
  });

  test('an element with fewer labels recovers all alerts that have them', async () => {
    await using bench = new Bench('- {alert: A, expr: m > 90, recover: sum(m) < 160}');
    await bench.step([m('1'), 95], [m('2'), 95]);
    await bench.step([m('1'), 85], [m('2'), 76]);
    expect(bench.active).toHaveLength(2);
    await bench.step([m('1'), 85], [m('2'), 74]);
    expect(bench.active).toEqual([]);
  });

  test('an element with more labels recovers nothing', async () => {
    await using bench = new Bench('- {alert: A, expr: sum(m) > 90, recover: m < 80}');
    await bench.step([m('1'), 95]);
    await bench.step([m('1'), 75]);
    expect(bench.active).toEqual(['firing {alertname="A"}']);
  });

  test('labels that the rule sets do not count', async () => {
    await using bench = new Bench(rule(', labels: {i: rule, severity: page}'));
    await bench.step([m('1'), 95]);
    expect(bench.active).toEqual(['firing {alertname="A", i="rule", severity="page"}']);
    await bench.step([m('1'), 75]);
    expect(bench.active).toEqual([]);
  });

  test('a pending alert does not wait for it', async () => {
    await using bench = new Bench(rule(', for: 2s'));
    expect(await course(bench, 95, 85, 95, 95, 95, 85, 75)).toBe('p-ppFF-');
  });

  test('keep_firing_for begins with the recovery, and a relapse starts it anew', async () => {
    await using bench = new Bench(rule(', keep_firing_for: 2s'));
    expect(await course(bench, 95, 85, 75, 75, 85, 75, 75, 75)).toBe('FFFFFFF-');
  });

  test('an alert whose series is gone fires on; with no_data resolve it ends', async () => {
    await using bench = new Bench(rule());
    expect(await course(bench, 95, 'stale', 'stale')).toBe('FFF');
    await using ending = new Bench(rule(', no_data: resolve'));
    expect(await course(ending, 95, 85, 'stale')).toBe('FF-');
  });

  test('it may be a condition, composed ones too', async () => {
    const recover =
      "{all: [{threshold: {metric: m, operator: '<', value: 80}}, {not: {expr: hold}}], on: []}";
    await using bench = new Bench(`- {alert: A, expr: m > 90, recover: ${recover}}`);
    await bench.step([m('1'), 95], [{ __name__: 'hold' }, 1]);
    await bench.step([m('1'), 75], [{ __name__: 'hold' }, 1]);
    expect(bench.active).toEqual([firing]);
    await bench.step([m('1'), 75], [{ __name__: 'hold' }, 'stale']);
    expect(bench.active).toEqual([]);
  });

  test('a recovery that fails leaves the alert and is shown', async () => {
    const failing = 'm * on (i) m > 0 and on (i) (m - on (i) group_left () dup)';
    await using bench = new Bench(`- {alert: A, expr: m > 90, recover: ${failing}}`);
    await bench.step([m('1'), 95]);
    await bench.step(
      [m('1'), 85],
      [{ __name__: 'dup', i: '1', z: '1' }, 1],
      [{ __name__: 'dup', i: '1', z: '2' }, 1],
    );
    expect(bench.active).toEqual([firing]);
    expect(bench.lastError).toContain('found duplicate series');
  });
});

describe('between the limits', () => {
  test('a reload that leaves the rule goes on with the alert', async () => {
    await using bench = new Bench(rule());
    await course(bench, 95, 85);
    await bench.manager.replace(groupsOf(`${rule()}\n- {alert: B, expr: none}`));
    expect(await course(bench, 85, 85, 79)).toBe('FF-');
    expect(bench.notifier.lines).toEqual([firing, resolved]);
  });

  test('a rule that loses recover by a reload ends its alert', async () => {
    await using bench = new Bench(rule());
    await course(bench, 95, 85);
    await bench.manager.replace(groupsOf('- {alert: A, expr: m > 90}'));
    expect(await course(bench, 85)).toBe('-');
    expect(bench.notifier.lines).toEqual([firing, resolved]);
  });

  test.each([{}, { region: 'eu' }])(
    'a restart goes on with the alert, stored with %j',
    async (seriesLabels) => {
      const options = { seriesLabels, externalLabels: seriesLabels };
      const before = new Bench(rule(), options);
      await course(before, 95, 95, 95, 85);
      const [alert] = before.alerts;
      await before[Symbol.asyncDispose]();
      await using after = new Bench(rule(), { ...options, after: before });
      await course(after, 85, 85, 85);
      const labels = 'region' in seriesLabels ? ', region="eu"' : '';
      expect(after.active).toEqual([`firing {alertname="A", i="1"${labels}}`]);
      expect(after.alerts.map(({ state }) => state)).toMatchObject([
        { kind: 'firing', activeAtUnixMs: Math.floor(activeAtOf(alert) / 1_000) * 1_000 },
      ]);
      await course(after, 79);
      expect(after.alerts).toEqual([]);
      // The end is told once, and nothing else ends after the time of grace.
      await after.clock.advance(180_000);
      expect(after.notifier.lines).toEqual([
        `firing {alertname="A", i="1"${labels}}`,
        `resolved {alertname="A", i="1"${labels}}`,
      ]);
    },
  );

  test('with no_data resolve a restart waits a minute for data before it ends an alert', async () => {
    const rules = rule(', no_data: resolve');
    const before = new Bench(rules);
    await course(before, 95, 95, 95, 85, 85);
    await before[Symbol.asyncDispose]();
    await before.clock.advance(6 * 60_000);
    await using after = new Bench(rules, { after: before });
    await after.clock.advance(58_000);
    expect(after.active).toEqual([firing]);
    await after.clock.advance(5_000);
    expect(after.active).toEqual([]);
    expect(after.notifier.lines).toEqual([firing, resolved]);
  });

  test('after a restart a hit takes the restored alert over, with its own labels', async () => {
    const options = { seriesLabels: { region: 'eu' } };
    const before = new Bench(rule(), options);
    await course(before, 95, 95, 95, 85);
    await before[Symbol.asyncDispose]();
    await using after = new Bench(rule(), { ...options, after: before });
    await course(after, 85, 95, 85);
    expect(after.active).toEqual([firing]);
    expect(await course(after, 79)).toBe('-');
  });

  test('a restart without an earlier alert fires nothing', async () => {
    const before = new Bench(rule());
    await course(before, 95, 85, 75);
    await before[Symbol.asyncDispose]();
    await using after = new Bench(rule(), { after: before });
    expect(await course(after, 85, 85)).toBe('--');
    expect(after.notifier.lines).toEqual([]);
  });

  test('the series ALERTS goes on, and goes stale with the end', async () => {
    const before = new Bench(rule());
    await course(before, 95, 95, 95, 85);
    await before[Symbol.asyncDispose]();
    await using after = new Bench(rule(), { after: before });
    await course(after, 85, 85, 85, 79);
    const [series = ''] = await dump(after.store, 'ALERTS');
    expect(series).toMatch(/^\{alertname="A", alertstate="firing", i="1"\} 1 .* 1 stale$/);
  });

  test('a reload right after a restart loses no alert', async () => {
    const before = new Bench(rule());
    await course(before, 95, 95, 95, 85);
    await before[Symbol.asyncDispose]();
    await using after = new Bench(rule(), { after: before });
    await after.manager.replace(groupsOf(`${rule()}\n- {alert: B, expr: none}`));
    expect(await course(after, 85, 85, 85, 79)).toBe('FFF-');
    expect((await dump(after.store, 'ALERTS'))[0]).toMatch(/1 stale$/);
  });
});

test('after a restart a slow group does not tell the end of an alert that fires again', async () => {
  const groups = groupsOf('- {alert: A, expr: m > 90}', 'interval: 1m');
  const store = new MemoryMetricStore();
  const before = new Bench(groups, { store });
  const feed = async (bench: Bench, minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes; minute++) {
      await bench.step([m('1'), 95]);
      await bench.clock.advance(59_000);
    }
  };
  await feed(before, 4);
  expect(before.active).toEqual([firing]);
  await before[Symbol.asyncDispose]();
  await using after = new Bench(groups, { after: before });
  await feed(after, 6);
  expect(after.notifier.lines).toEqual([firing]);
});

function activeAtOf(alert: Bench['alerts'][number] | undefined): number {
  return alert?.state.kind === 'firing' ? alert.state.activeAtUnixMs : Number.NaN;
}
