import { expect, test } from 'vitest';

import { openWholeWay, simple, type WholeWay } from './whole-way.ts';

const MINUTE = 60_000;

const disk = (instance: string, value: number) => [{ __name__: 'disk', instance }, value] as const;
const full = [disk('a:1', 0.97)];

async function verdictOf(way: WholeWay, instance: string): Promise<readonly string[]> {
  const { alerts } = await way.explain({ labels: { alertname: 'Full', instance } });
  return alerts.map(({ verdict }) => verdict.code);
}

test('an alert that the dedup window holds: by which identity', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Full, expr: disk > 0.9, dedup: {by: [], window: 10m}}',
  });
  await way.run(2 * MINUTE, full);
  await way.run(2 * MINUTE, [...full, disk('b:1', 0.99)]);
  expect(await verdictOf(way, 'a:1')).toEqual(['delivered']);
  const { alerts } = await way.explain({ labels: { alertname: 'Full', instance: 'b:1' } });
  expect(alerts).toMatchObject([{ state: 'firing', verdict: { code: 'held' } }]);
  expect(alerts[0]?.verdict.text).toContain('another alert of the same identity');
  await way.run(12 * MINUTE, [...full, disk('b:1', 0.99)]);
  expect(await verdictOf(way, 'b:1')).toEqual(['delivered']);
});

test('an alert that ended while it was held: nobody was told', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Full, expr: disk > 0.9, dedup: {by: [], window: 10m}}',
  });
  await way.run(2 * MINUTE, full);
  await way.run(2 * MINUTE, [...full, disk('b:1', 0.99)]);
  await way.run(MINUTE, [...full, disk('b:1', 0.1)]);
  expect(await verdictOf(way, 'b:1')).toEqual(['ended-while-held']);
  // Told again that it is over, the routes have nothing to tell.
  await way.run(2 * MINUTE, [...full, disk('b:1', 0.1)]);
  expect(await verdictOf(way, 'b:1')).toEqual(['ended-while-held']);
  expect(way.notifier.lines).toEqual(['firing {alertname="Full", instance="a:1"}']);
});

test('an alert that was resolved by hand stays over', async () => {
  await using way = await openWholeWay({ rules: '- {alert: Full, expr: disk > 0.9}' });
  await way.run(2 * MINUTE, full);
  const labels = { alertname: 'Full', instance: 'a:1' };
  await way.intake.resolve({ labels, by: 'ada', comment: 'known' });
  await way.run(3 * MINUTE, full);
  expect(await verdictOf(way, 'a:1')).toEqual(['resolved-by-hand']);
});

test('an acknowledged alert: who sees to it, and that it is not reminded of', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Full, expr: disk > 0.9}',
    alertmanager: { ...simple, route: { ...simple.route, repeat_interval: '10m' } },
  });
  await way.run(2 * MINUTE, full);
  const before = await way.explain({ alertName: 'Full' });
  const [alert] = before.alerts;
  expect(alert?.incident).toMatchObject({ events: [{ kind: 'opened' }] });
  const { fingerprint = '' } = alert ?? {};
  await way.incidents.acknowledge({ fingerprint, by: 'ada', comment: 'on it' });
  const askedUnixMs = way.clock.nowUnixMs();
  await way.run(20 * MINUTE, full);
  expect(way.notifier.received).toHaveLength(1);
  const after = await way.explain({ alertName: 'Full' });
  const findings = after.alerts[0]?.findings ?? [];
  expect(findings.filter(({ code }) => code === 'acknowledged')).toMatchObject([
    { text: expect.stringContaining('ada') as string },
    { text: 'team is not reminded: somebody sees to all alerts of its group' },
  ]);
  const then = await way.explain({ alertName: 'Full', atUnixMs: askedUnixMs - 1 });
  expect(then.alerts[0]?.findings.map(({ code }) => code)).toEqual(['firing', 'delivered']);
});

test('an alert that carries the label of its incident is one alert, with both its names', async () => {
  await using way = await openWholeWay({
    rules: '- {alert: Full, expr: disk > 0.9}',
    alertmanager: { ...simple, route: { ...simple.route, group_by: ['incident'] } },
  });
  await way.run(2 * MINUTE, full);
  const { alerts, timeline } = await way.explain({ alertName: 'Full' });
  expect(alerts).toHaveLength(1);
  expect(alerts[0]).toMatchObject({
    state: 'firing',
    value: '0.97',
    verdict: { code: 'delivered' },
    labels: { alertname: 'Full', instance: 'a:1', incident: 'incident-1' },
  });
  const kinds = new Set(timeline.map(({ decision }) => decision.kind));
  expect(kinds).toEqual(
    new Set(['rule', 'evaluated', 'intake', 'routed', 'weighed', 'flushed', 'delivered']),
  );
});
