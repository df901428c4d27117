import {
  apiIncidentDetail,
  apiIncidents,
  dedupLookup,
  fingerprintOf,
  intakeNotifier,
  levelAlerts,
  overallLevel,
} from '@dwcp/alerting';
import { type Alert, InvalidInputError, Labels } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { MINUTE_MS, RepeatingRule } from './support.ts';
import { WholeWay } from './with-pipeline.ts';

const receivers = ['team', 'lead'].map((name) => ({
  name,
  webhook_configs: [{ url: `http://localhost/${name}` }],
}));
const timings = { group_wait: '1s', group_interval: '1m', repeat_interval: '3m' };
const plain = { route: { receiver: 'team', group_by: ['alertname'], ...timings }, receivers };
const byIncident = { route: { receiver: 'team', group_by: ['incident'], ...timings }, receivers };

const down = { alertname: 'Down', severity: 'critical', region: 'eu' };
const slow = { alertname: 'Slow', severity: 'warning', region: 'eu' };

describe('resolve by hand', () => {
  test("a rule's alert stays over until its condition ended and came again", async () => {
    await using way = await WholeWay.open(plain);
    const rule = new RepeatingRule(way.clock, () => way.intake);
    await rule.fire({ labels: down });
    await rule.pass(1);
    await way.intake.resolve({ labels: down, by: 'ann', comment: 'known' });
    expect(way.firing()).toEqual([]);
    await rule.pass(10);
    expect(way.firing()).toEqual([]);
    expect(way.told()).toEqual(['team first firing Down', 'team all-resolved resolved Down']);
    await rule.end(down);
    await rule.pass(1);
    await rule.fire({ labels: down });
    expect(way.firing()).toEqual(['Down']);
    await rule.pass(1);
    expect(way.told().slice(2)).toEqual(['team first firing Down']);
  });

  test('it stays over across a restart, where its rule says it began later', async () => {
    await using way = await WholeWay.open(plain);
    const rule = new RepeatingRule(way.clock, () => way.intake);
    await rule.fire({ labels: down });
    await rule.pass(1);
    const [held] = way.pipeline.state.alerts.values();
    const fingerprint = held?.alert.fingerprint ?? '';
    await way.intake.resolve({ fingerprint, by: 'ann', comment: '' });
    await way.stop();
    await way.clock.advance(2 * MINUTE_MS);
    await way.start();
    await rule.fire({ labels: down });
    await rule.pass(2);
    expect(way.firing()).toEqual([]);
  });
});

describe('incidents on the way to receivers', () => {
  test('a route that groups by incident tells of the whole incident in one notification', async () => {
    await using way = await WholeWay.open(byIncident);
    await way.intake.putAlerts([{ labels: down }, { labels: slow }]);
    const other = { ...slow, region: 'us', alertname: 'Far' };
    await way.intake.putAlerts([{ labels: other }]);
    await way.clock.advance(2_000);
    expect(way.told()).toEqual(['team first firing Down Slow', 'team first firing Far']);
    expect(way.outbox.taken[0]?.notification.groupLabels).toEqual({ incident: 'inc-1' });
    await way.intake.putAlerts([{ labels: down, endsAtUnixMs: way.clock.nowUnixMs() }]);
    await way.clock.advance(MINUTE_MS);
    expect(way.told()).toContain('team resolved-alerts firing Down Slow');
  });

  test('without such a route alerts keep their labels', async () => {
    await using way = await WholeWay.open(plain);
    await way.intake.putAlerts([{ labels: down }]);
    const [held] = way.pipeline.state.alerts.values();
    expect(held?.alert.labels.toObject()).toEqual(down);
    expect(apiIncidents(way.incidents).items).toMatchObject([{ title: 'Down', firing: 1 }]);
  });

  test('hands find a labelled alert by its own fingerprint, by that of receivers, and by labels', async () => {
    for (const how of ['own', 'sent', 'labels'] as const) {
      await using way = await WholeWay.open(byIncident);
      const rule = new RepeatingRule(way.clock, () => way.intake);
      await rule.fire({ labels: down });
      const [sent] = way.pipeline.state.alerts.keys();
      const own = fingerprintOf(Labels.from(down));
      expect(sent).not.toBe(own);
      const fingerprint = how === 'own' ? own : (sent ?? '');
      const named = how === 'labels' ? { labels: down } : { fingerprint };
      await way.incidents.acknowledge({ fingerprint, by: 'ann', comment: '' });
      expect([own, sent ?? ''].map((one) => way.incidents.isAcknowledged(one))).toEqual([
        true,
        true,
      ]);
      await way.intake.resolve({ ...named, by: 'ann', comment: '' });
      expect(way.firing()).toEqual([]);
      await rule.pass(5);
      expect(way.firing()).toEqual([]);
    }
  });

  test('an incident is silenced by its label', async () => {
    await using way = await WholeWay.open(byIncident, {
      levels: [{ name: 'L1', afterMs: MINUTE_MS, receiver: 'lead' }],
    });
    await way.intake.putAlerts([{ labels: down }]);
    const now = way.clock.nowUnixMs();
    await way.pipeline.setSilence({
      matchers: [{ name: 'incident', operator: '=', value: 'inc-1' }],
      startsAtUnixMs: now,
      endsAtUnixMs: now + 10 * MINUTE_MS,
      createdBy: 'ann',
      comment: '',
    });
    await way.clock.advance(4 * MINUTE_MS);
    expect(way.told()).toEqual([]);
  });
});

describe('repeats', () => {
  const options = { by: 'ann', comment: 'on it' };

  test('receivers are not reminded of alerts that are all acknowledged, and are when it ends', async () => {
    await using way = await WholeWay.open(plain);
    const rule = new RepeatingRule(way.clock, () => way.intake);
    await rule.fire({ labels: down });
    await rule.fire({ labels: { ...down, instance: 'b' } });
    await rule.pass(1);
    await way.incidents.acknowledge({ incident: 'inc-1', ...options, timeoutMs: 30 * MINUTE_MS });
    // Ten times the repeat interval: also the log of what was told must not run out.
    await rule.pass(29);
    expect(way.told()).toEqual(['team first firing Down Down']);
    await rule.pass(3);
    expect(way.told()).toEqual(['team first firing Down Down', 'team repeat firing Down Down']);
  });

  test('one alert that nobody sees to is enough for a repeat, and a new one is told at once', async () => {
    await using way = await WholeWay.open(plain);
    const rule = new RepeatingRule(way.clock, () => way.intake);
    await rule.fire({ labels: down });
    await rule.pass(1);
    const fingerprint = fingerprintOf(Labels.from(down));
    await way.incidents.acknowledge({ fingerprint, ...options });
    await rule.pass(5);
    expect(way.told()).toHaveLength(1);
    await rule.fire({ labels: { ...down, instance: 'b' } });
    await rule.pass(1);
    expect(way.told().at(-1)).toBe('team new-alerts firing Down Down');
    await rule.pass(4);
    expect(way.told().at(-1)).toBe('team repeat firing Down Down');
  });
});

test('what rules say comes with the dedup of its rule, which holds no alert of another', async () => {
  await using way = await WholeWay.open(plain);
  const dedup = { by: ['region'], windowMs: 5 * MINUTE_MS };
  const dedupOf = dedupLookup([
    { name: 'Down', labels: { severity: 'critical', team: '{{ $labels.x }}' }, dedup },
    { name: 'Down', labels: { severity: 'warning' }, dedup },
    { name: 'Down', labels: { severity: 'info' } },
  ]);
  const notifier = intakeNotifier(way.intake, { name: 'own', validForMs: MINUTE_MS, dedupOf });
  const now = way.clock.nowUnixMs();
  const alertOf = (labels: Readonly<Record<string, string>>): Alert => ({
    labels: Labels.from(labels),
    annotations: {},
    generatorUrl: '',
    state: { kind: 'firing', activeAtUnixMs: now, firedAtUnixMs: now, value: 1 },
  });
  const common = {
    idempotencyKey: '',
    groupKey: '',
    receiver: '',
    groupLabels: {},
    externalUrl: '',
  };
  const alerts = ['critical', 'warning', 'info'].flatMap((severity) =>
    ['a', 'b'].map((instance) => alertOf({ ...down, severity, instance })),
  );
  await notifier.notify({ ...common, status: 'firing', alerts });
  // One of each rule that has one, though their names are the same, and both of the third.
  expect(way.pipeline.state.alerts.size).toBe(4);
  expect(way.intake.stats().held).toBe(2);
});

describe('views', () => {
  test('incidents are listed, searched and paged, the newest first', async () => {
    await using way = await WholeWay.open(plain);
    for (const region of ['eu', 'us', 'ap']) {
      await way.intake.putAlerts([
        { labels: { ...down, region }, annotations: { note: `In ${region}` } },
      ]);
      await way.clock.advance(1_000);
    }
    await way.incidents.acknowledge({
      incident: 'inc-2',
      by: 'ann',
      comment: 'c',
      timeoutMs: 60_000,
    });
    const idsOf = (query: Parameters<typeof apiIncidents>[1]): readonly string[] =>
      apiIncidents(way.incidents, query).items.map(({ id }) => id);
    expect(idsOf({})).toEqual(['inc-3', 'inc-2', 'inc-1']);
    expect(idsOf({ state: 'acknowledged' })).toEqual(['inc-2']);
    expect(idsOf({ filter: ['region=~"eu|ap"'] })).toEqual(['inc-3', 'inc-1']);
    expect(idsOf({ text: 'in US' })).toEqual(['inc-2']);
    expect(idsOf({ endUnixMs: way.clock.nowUnixMs() - 1_500 })).toEqual(['inc-2', 'inc-1']);
    const first = apiIncidents(way.incidents, { limit: 2 });
    expect(first.items).toHaveLength(2);
    expect(idsOf({ limit: 2, cursor: first.nextCursor ?? '' })).toEqual(['inc-1']);
    expect(() => idsOf({ cursor: 'x' })).toThrow(InvalidInputError);
    expect(() => idsOf({ limit: 0 })).toThrow('limit');
    await way.clock.advance(20 * MINUTE_MS);
    expect(idsOf({ state: 'closed' })).toHaveLength(3);
    expect(idsOf({ startUnixMs: way.clock.nowUnixMs() })).toEqual([]);
  });

  test('a detail tells of alerts, causes, levels and what happened', async () => {
    await using way = await WholeWay.open(byIncident);
    await way.intake.putAlerts([{ labels: down }, { labels: slow }]);
    await way.incidents.acknowledge({ incident: 'inc-1', by: 'ann', comment: 'on it' });
    const detail = apiIncidentDetail(way.incidents, 'inc-1');
    expect(detail).toMatchObject({
      state: 'acknowledged',
      severity: 'critical',
      alerts: 2,
      regions: ['eu'],
      level: 'L1',
      acknowledgement: { by: 'ann', comment: 'on it' },
    });
    expect(detail?.members.map(({ fingerprint }) => fingerprint).sort()).toEqual(
      [...way.pipeline.state.alerts.keys()].sort(),
    );
    expect(detail?.events.map(({ kind }) => kind)).toEqual(['opened', 'escalated', 'acknowledged']);
    expect(detail?.levels.map(({ name, toldAt }) => [name, toldAt !== undefined])).toEqual([
      ['L1', true],
      ['L2', false],
      ['L3', false],
      ['L4', false],
    ]);
    expect(JSON.parse(JSON.stringify(detail))).toEqual(detail);
    expect(apiIncidentDetail(way.incidents, 'inc-9')).toBeUndefined();
  });

  test('the overall level sees silences and acknowledgements of the pipeline', async () => {
    await using way = await WholeWay.open(plain);
    await way.intake.putAlerts([{ labels: { ...down, category: 'sla' } }, { labels: slow }]);
    const level = (): string => {
      const seen = (one: string): boolean => way.incidents.isAcknowledged(one);
      return overallLevel(levelAlerts(way.pipeline, seen), way.clock.nowUnixMs()).level;
    };
    expect(level()).toBe('ORANGE');
    const now = way.clock.nowUnixMs();
    await way.pipeline.setSilence({
      matchers: [{ name: 'alertname', operator: '=', value: 'Down' }],
      startsAtUnixMs: now,
      endsAtUnixMs: now + MINUTE_MS,
      createdBy: '',
      comment: '',
    });
    expect(level()).toBe('YELLOW');
  });
});
