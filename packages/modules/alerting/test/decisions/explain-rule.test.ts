import { readAlertName } from '@dwcp/alerting';
import { expect, test } from 'vitest';

import { openWholeWay } from './whole-way.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

const disk = (instance: string, value: number) => [{ __name__: 'disk', instance }, value] as const;

test('a comparison that does not hold: the value, the threshold and by how much it misses', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Full, expr: disk > 0.95, annotations: {runbook_url: https://r.example/full}}',
  });
  await way.run(MINUTE, [disk('a', 0.5), disk('b', 0.93)]);
  const { verdict, rules, alerts } = await way.explain({ alertName: 'Full' });
  expect(verdict).toEqual({
    code: 'condition-not-met',
    text: 'Full: 0.93 > 0.95 is not so for disk{instance="b"}, it misses by 0.02: no alert; 2 series were compared, it is the nearest',
  });
  expect(rules[0]).toMatchObject({ outcome: 'does-not-hold', elementCount: 0 });
  expect(rules[0]?.comparisons).toMatchObject([
    {
      expression: 'disk > 0.95',
      operator: '>',
      seriesCount: 2,
      holdingCount: 0,
      series: [
        { value: '0.93', threshold: '0.95', holds: false, distance: '0.02' },
        { value: '0.5', distance: '0.45' },
      ],
    },
  ]);
  // Nobody knows of such an alert: it says where it would go.
  expect(alerts).toMatchObject([
    { isHypothetical: true, state: 'inactive', routes: [{ receiver: 'team' }] },
  ]);
});

test('an asked label narrows what is compared', async () => {
  await using way = await openWholeWay({ rules: '- {alert: Full, expr: disk > 0.95}' });
  await way.run(MINUTE, [disk('a', 0.5), disk('b', 0.93)]);
  const { verdict } = await way.explain({ labels: { alertname: 'Full', instance: 'a' } });
  expect(verdict.text).toBe(
    'Full: 0.5 > 0.95 is not so for disk{instance="a"}, it misses by 0.45: no alert',
  );
});

test('two vectors are compared as the engine matches them', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Slow, expr: latency > on (job) group_left limit and latency > 1}',
  });
  await way.run(MINUTE, [
    [{ __name__: 'latency', job: 'x', instance: 'a' }, 1.5],
    [{ __name__: 'latency', job: 'x', instance: 'b' }, 1.75],
    [{ __name__: 'limit', job: 'x' }, 2],
  ]);
  const { rules } = await way.explain({ alertName: 'Slow' });
  expect(rules[0]?.comparisons).toMatchObject([
    {
      expression: 'latency > on (job) group_left () limit',
      holdingCount: 0,
      series: [
        { value: '1.75', threshold: '2', distance: '0.25' },
        { value: '1.5', threshold: '2', distance: '0.5' },
      ],
    },
    { expression: 'latency > 1', holdingCount: 2 },
  ]);
});

test('a number on the left side is compared too', async () => {
  await using way = await openWholeWay({ rules: '- {alert: Few, expr: 3 > count(up == 1)}' });
  const up = (instance: string) => [{ __name__: 'up', instance }, 1] as const;
  await way.run(MINUTE, [up('a'), up('b'), up('c')]);
  const { verdict } = await way.explain({ alertName: 'Few' });
  expect(verdict.text).toBe('Few: 3 > 3 is not so for {}, it misses by 0: no alert');
});

test('series that are not there: never seen, or gone within the day', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Full, expr: disk > 0.95}\n- {alert: Other, expr: "rate(none[5m]) > 1"}',
  });
  await way.run(MINUTE, [disk('a', 0.5)]);
  await way.run(20 * MINUTE);
  expect((await way.explain({ alertName: 'Full' })).verdict).toEqual({
    code: 'no-series',
    text: 'Full: no series matches disk: there was one within the day before',
  });
  const other = await way.explain({ alertName: 'Other' });
  expect(other.verdict.text).toBe(
    'Other: no series matches none[5m]: nor was there any within the day before',
  );
  expect(other.rules[0]?.selectors).toEqual([
    { selector: 'none[5m]', seriesCount: 0, seenWithinDay: false },
  ]);
});

test('a pending alert: how long its condition holds, and when it fires', async () => {
  await using way = await openWholeWay({ rules: '- {alert: Full, expr: disk > 0.9, for: 4m}' });
  await way.run(2 * MINUTE, [disk('a', 0.97)]);
  const atUnixMs = way.clock.nowUnixMs();
  const { verdict, alerts } = await way.explain({ alertName: 'Full' });
  expect(verdict.code).toBe('pending');
  const [alert] = alerts;
  expect(alert).toMatchObject({ state: 'pending', value: '0.97' });
  const { activeAtUnixMs = 0, firesAtUnixMs = 0 } = alert ?? {};
  expect(firesAtUnixMs).toBe(activeAtUnixMs + 4 * MINUTE);
  expect(verdict.text).toMatch(/holds for 1m\d+s of 4m: it fires at 2026-01-02 03:04:/);
  // It does fire then.
  await way.run(firesAtUnixMs - atUnixMs, [disk('a', 0.97)]);
  expect(way.manager.alerts().map(({ state }) => state.kind)).toEqual(['firing']);
});

test('a pending alert whose condition ended never fired, and why is told', async () => {
  await using way = await openWholeWay({ rules: '- {alert: Full, expr: disk > 0.9, for: 4m}' });
  await way.run(2 * MINUTE, [disk('a', 0.97)]);
  const pendingUnixMs = way.clock.nowUnixMs();
  await way.run(MINUTE, [disk('a', 0.8)]);
  const now = await way.explain({ alertName: 'Full' });
  expect(now.alerts[0]).toMatchObject({ state: 'inactive' });
  expect(now.verdict.text).toContain('0.8 > 0.9 is not so');
  const ended = now.timeline.find(
    ({ decision }) => decision.kind === 'evaluated' && decision.state === 'inactive',
  );
  expect(ended?.decision).toMatchObject({ previous: 'pending' });
  const then = await way.explain({ alertName: 'Full', atUnixMs: pendingUnixMs });
  expect(then.verdict.code).toBe('pending');
});

test('an alert that fires on only because of keep_firing_for says so', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Full, expr: disk > 0.9, keep_firing_for: 10m}',
  });
  await way.run(MINUTE, [disk('a', 0.97)]);
  await way.run(MINUTE, [disk('a', 0.1)]);
  const { alerts } = await way.explain({ alertName: 'Full' });
  expect(alerts[0]?.findings[0]?.text).toContain('only because of keep_firing_for (10m)');
});

test('a rule that failed: its error, and since when', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Twice, expr: "a * on () group_left () b > 0"}',
  });
  await way.run(MINUTE, [
    [{ __name__: 'a', i: '1' }, 1],
    [{ __name__: 'b', i: '1' }, 1],
    [{ __name__: 'b', i: '2' }, 1],
  ]);
  const { verdict, rules } = await way.explain({ alertName: 'Twice' });
  expect(verdict.code).toBe('rule-error');
  expect(rules[0]?.outcome).toBe('error');
  expect(rules[0]?.evaluationError).toContain('many-to-many');
});

test('without a log, stored series say how an alert stood', async () => {
  await using way = await openWholeWay({ rules: '- {alert: Full, expr: disk > 0.9, for: 4m}' });
  await way.run(2 * MINUTE, [disk('a', 0.97)]);
  await way.log.search({ startUnixMs: 0, endUnixMs: 4e12, limit: 1 });
  const atUnixMs = way.clock.nowUnixMs();
  await way.clock.advance(SECOND);
  const { verdict, alerts } = await way.explainWithoutLog({ alertName: 'Full', atUnixMs });
  expect(verdict.code).toBe('pending');
  expect(alerts[0]).toMatchObject({
    state: 'pending',
    labels: { alertname: 'Full', instance: 'a' },
  });
});

test('an alert of which nobody knows, and a fingerprint that stands for one', async () => {
  await using way = await openWholeWay({ rules: '- {alert: Full, expr: disk > 0.9}' });
  await way.run(2 * MINUTE, [disk('a', 0.97)]);
  expect((await way.explain({ alertName: 'Nope' })).verdict).toEqual({
    code: 'no-rule',
    text: 'no rule is called "Nope", and nothing is known of such an alert; one that came would go to team',
  });
  const [known] = (await way.explain({ alertName: 'Full' })).alerts;
  const { fingerprint = '' } = known ?? {};
  expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
  const again = await way.explain({ fingerprint });
  expect(again.alertName).toBe('Full');
  expect(again.alerts.map((alert) => alert.fingerprint)).toEqual([fingerprint]);
});

test.each([
  ['HostDown', { alertName: 'HostDown' }],
  ['HostDown{instance="a:1"}', { alertName: 'HostDown', labels: { instance: 'a:1' } }],
  [
    '{alertname="HostDown", zone="x"}',
    { alertName: 'HostDown', labels: { alertname: 'HostDown', zone: 'x' } },
  ],
  ['{zone="x"}', { labels: { zone: 'x' } }],
  ['b0c1d2e3f4a59687', { fingerprint: 'b0c1d2e3f4a59687' }],
])('an alert is named as %s', (text, question) => {
  expect(readAlertName(text)).toEqual(question);
});

test.each(['', '  ', 'A{b=~"c"}', 'A{b="c"'])('%j names no alert', (text) => {
  expect(() => readAlertName(text)).toThrow(/alert: |matcher: /);
});
