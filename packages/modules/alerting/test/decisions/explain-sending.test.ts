import {
  DeliveryError,
  type ExplainedAlert,
  MemoryRecordStore,
  type PipelineRecord,
} from '@dwcp/alerting';
import { expect, test } from 'vitest';

import { hook, openWholeWay, simple, type WholeWay } from './whole-way.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

const rules = '- {alert: Full, expr: disk > 0.9, labels: {team: a}}';
const full = [[{ __name__: 'disk', instance: 'a:1' }, 0.97]] as const;

async function only(way: WholeWay, atUnixMs?: number): Promise<ExplainedAlert> {
  const { alerts } = await way.explain({
    alertName: 'Full',
    ...(atUnixMs === undefined ? {} : { atUnixMs }),
  });
  expect(alerts).toHaveLength(1);
  const [alert] = alerts;
  if (alert === undefined) throw new Error('no alert');
  return alert;
}

const codes = ({ findings }: ExplainedAlert): readonly string[] => findings.map(({ code }) => code);

test('an alert that was sent: which receiver took it, when, and when it is reminded', async () => {
  await using way = await openWholeWay({ rules });
  await way.run(2 * MINUTE, full);
  expect(way.notifier.received).toHaveLength(1);
  const alert = await only(way);
  expect(alert).toMatchObject({ state: 'firing', value: '0.97', isHypothetical: false });
  expect(alert.verdict.code).toBe('delivered');
  expect(alert.routes).toMatchObject([
    {
      path: ['{}'],
      receiver: 'team',
      groupKey: '{}:{alertname="Full"}',
      lastFlush: { outcome: 'sent' },
      notifications: [
        { integration: 'team/webhook[0]', reason: 'first', outcome: 'delivered', attempts: 1 },
      ],
    },
  ]);
  expect(alert.verdict.text).toContain('sent to team/webhook[0] at ');
  await way.run(6 * MINUTE, full);
  expect((await only(way)).verdict.text).toMatch(/; it is reminded from 2026-01-02 07:\d\d/);
});

test('a group that waits for group_wait: when its first flush is', async () => {
  await using way = await openWholeWay({ rules });
  await way.run(20 * SECOND, full);
  const alert = await only(way);
  expect(alert.verdict.code).toBe('waiting');
  const [route] = alert.routes;
  const [group] = way.pipeline.state.groups.values();
  expect(route?.nextFlushUnixMs).toBe(group?.nextFlushUnixMs);
  expect(alert.verdict.text).toContain('(group_wait is 30s)');
});

test('an alert that joins a group that was told: waits for group_interval', async () => {
  await using way = await openWholeWay({ rules });
  await way.run(2 * MINUTE, full);
  await way.run(MINUTE, [...full, [{ __name__: 'disk', instance: 'b:1' }, 0.99]]);
  const { alerts } = await way.explain({ labels: { alertname: 'Full', instance: 'b:1' } });
  expect(alerts).toHaveLength(1);
  expect(alerts[0]?.verdict).toMatchObject({ code: 'waiting' });
  expect(alerts[0]?.verdict.text).toContain('(group_interval is 5m)');
  const told = await way.explain({ labels: { alertname: 'Full', instance: 'a:1' } });
  expect(told.alerts[0]?.verdict.code).toBe('delivered');
});

test('a silence: its id, author and end, and the command that ends it', async () => {
  await using way = await openWholeWay({ rules });
  const nowUnixMs = way.clock.nowUnixMs();
  await way.pipeline.setSilence({
    matchers: [{ name: 'instance', operator: '=', value: 'a:1' }],
    startsAtUnixMs: nowUnixMs,
    endsAtUnixMs: nowUnixMs + 10 * MINUTE,
    createdBy: 'ada',
    comment: 'deploy',
  });
  await way.run(4 * MINUTE, full);
  expect(way.notifier.received).toEqual([]);
  const alert = await only(way);
  expect(alert.verdict).toMatchObject({ code: 'silenced' });
  expect(alert.verdict.text).toContain(
    'the silence silence-1 of ada (deploy) holds it back until 2026-01-02 03:10:00Z',
  );
  expect(alert.nextSteps).toContainEqual({
    text: 'end the silence',
    command: 'dwcp silence expire silence-1',
  });
  const midUnixMs = way.clock.nowUnixMs();
  await way.run(14 * MINUTE, full);
  expect((await only(way)).verdict.code).toBe('delivered');
  // The log knows what held it then.
  const then = await only(way, midUnixMs);
  expect(then.verdict.code).toBe('silenced');
  expect(then.silencedBy).toMatchObject([{ id: 'silence-1' }]);
});

test('an alert that inhibits: named with its labels, later too', async () => {
  const inhibit_rules = [
    {
      source_matchers: ['alertname="Down"'],
      target_matchers: ['alertname="Full"'],
      equal: ['instance'],
    },
  ];
  await using way = await openWholeWay({
    rules: `${rules}\n- {alert: Down, expr: up == 0}`,
    alertmanager: { ...simple, inhibit_rules },
  });
  const down = [{ __name__: 'up', instance: 'a:1' }, 0] as const;
  await way.run(2 * MINUTE, [...full, down]);
  const alert = await only(way);
  expect(alert.verdict.code).toBe('inhibited');
  expect(alert.inhibitedBy).toMatchObject([{ labels: { alertname: 'Down', instance: 'a:1' } }]);
  expect(alert.verdict.text).toContain('Down{instance="a:1"} fires and inhibits it');
  expect(alert.nextSteps[0]?.command).toBe(
    `dwcp alert explain '{alertname="Down", instance="a:1"}'`,
  );
  const midUnixMs = way.clock.nowUnixMs();
  await way.run(12 * MINUTE, [...full, [down[0], 1]]);
  expect((await only(way)).verdict.code).toBe('delivered');
  expect((await only(way, midUnixMs)).verdict.code).toBe('inhibited');
});

test('a time interval that mutes the route is named', async () => {
  await using way = await openWholeWay({
    rules,
    alertmanager: {
      ...simple,
      route: {
        ...simple.route,
        routes: [{ matchers: ['team="a"'], receiver: 'team', mute_time_intervals: ['night'] }],
      },
      time_intervals: [
        {
          name: 'night',
          time_intervals: [{ times: [{ start_time: '00:00', end_time: '03:20' }] }],
        },
      ],
    },
  });
  await way.run(2 * MINUTE, full);
  expect(way.notifier.received).toEqual([]);
  const alert = await only(way);
  expect(alert.verdict.code).toBe('muted');
  expect(alert.verdict.text).toContain('the time interval night keeps its route quiet');
  expect(alert.routes[0]).toMatchObject({ path: ['{}', '{team="a"}'], mutedBy: ['night'] });
  await way.run(25 * MINUTE, full);
  expect((await only(way)).verdict.code).toBe('delivered');
});

test('a group whose receiver knows all already: nothing new, and from when on it is reminded', async () => {
  await using way = await openWholeWay({ rules });
  await way.run(2 * MINUTE, full);
  // Over and back between two flushes of the group: for the receiver it fired all the time.
  await way.run(MINUTE, [[full[0][0], 0.1]]);
  await way.run(10 * MINUTE, full);
  expect(way.notifier.received).toHaveLength(1);
  const alert = await only(way);
  expect(alert.verdict.code).toBe('nothing-new');
  expect(alert.verdict.text).toMatch(
    /team knows all of its group already: nothing new; it is reminded from 2026-01-02 07:/,
  );
});

test('a receiver that fails: how often it was tried, and its answer', async () => {
  await using way = await openWholeWay({ rules });
  const busy = new DeliveryError('team/webhook[0]', 'answered 503: busy', { retryable: true });
  way.notifier.failures.push(...Array.from({ length: 50 }, () => busy));
  await way.run(2 * MINUTE, full);
  const alert = await only(way);
  expect(alert.verdict.code).toBe('delivering');
  expect(alert.routes[0]?.notifications[0]).toMatchObject({ outcome: 'waiting' });
  expect(alert.verdict.text).toMatch(
    /tried \d+ times so far, the last answer: .*answered 503: busy/,
  );
});

test('a receiver that does not answer: handed over, and no answer yet', async () => {
  await using way = await openWholeWay({ rules });
  const answer = Promise.withResolvers<void>();
  way.notifier.notify = async () => await answer.promise;
  await way.run(2 * MINUTE, full);
  expect((await only(way)).verdict).toMatchObject({ code: 'sent' });
  answer.resolve();
  await way.run(MINUTE, full);
  expect((await only(way)).verdict).toMatchObject({ code: 'delivered' });
});

test('an alert that the pipeline could not store has not come to the routes', async () => {
  const store = new MemoryRecordStore<PipelineRecord>();
  const append = store.append.bind(store);
  await using way = await openWholeWay({ rules, pipelineStore: store });
  store.append = () => Promise.reject(new Error('disk full'));
  await way.run(2 * MINUTE, full);
  expect((await only(way)).verdict).toMatchObject({ code: 'not-received' });
  store.append = append;
  await way.run(4 * MINUTE, full);
  expect((await only(way)).verdict).toMatchObject({ code: 'delivered' });
});

test('a receiver that refuses for good: given up, with its answer', async () => {
  await using way = await openWholeWay({ rules });
  const refusal = new DeliveryError('team/webhook[0]', 'answered 404', { retryable: false });
  way.notifier.failures.push(refusal);
  await way.run(2 * MINUTE, full);
  const alert = await only(way);
  expect(alert.verdict.code).toBe('delivery-failed');
  expect(alert.verdict.text).toContain('given up at the first try: ');
  expect(alert.verdict.text).toContain('answered 404');
});

test('a receiver without integrations tells nobody', async () => {
  await using way = await openWholeWay({
    rules,
    alertmanager: { ...simple, receivers: [{ name: 'team' }] },
  });
  await way.run(2 * MINUTE, full);
  expect((await only(way)).verdict).toMatchObject({ code: 'no-integrations' });
});

test('a receiver that asks for no resolved alerts is not told of the end', async () => {
  await using way = await openWholeWay({
    rules,
    alertmanager: {
      ...simple,
      receivers: [
        { name: 'team', webhook_configs: [{ url: 'http://localhost/', send_resolved: false }] },
      ],
    },
  });
  await way.run(2 * MINUTE, full);
  await way.run(8 * MINUTE, [[full[0][0], 0.1]]);
  expect(way.notifier.received).toHaveLength(1);
  const alert = await only(way);
  expect(alert.state).toBe('resolved');
  const flushes = (await way.explain({ alertName: 'Full' })).timeline.flatMap(({ decision }) =>
    decision.kind === 'flushed' ? decision.integrations.map(({ reason }) => reason) : [],
  );
  expect(flushes).toEqual(['first', 'not-wanted']);
});

test('two routes that continue: each says for itself', async () => {
  await using way = await openWholeWay({
    rules,
    alertmanager: {
      route: {
        ...simple.route,
        routes: [
          { matchers: ['team="a"'], receiver: 'team', continue: true },
          { matchers: ['team=~"a|b"'], receiver: 'nobody', group_wait: '10m' },
        ],
      },
      receivers: [...simple.receivers, { name: 'nobody', ...hook }],
    },
  });
  await way.run(2 * MINUTE, full);
  const alert = await only(way);
  expect(alert.routes.map(({ receiver, findings }) => [receiver, findings[0]?.code])).toEqual([
    ['team', 'delivered'],
    ['nobody', 'waiting'],
  ]);
  expect(codes(alert)).toEqual(['firing', 'delivered', 'waiting']);
});

test('the timeline tells the way of an alert in order', async () => {
  await using way = await openWholeWay({ rules });
  await way.run(2 * MINUTE, full);
  await way.run(10 * MINUTE, [[full[0][0], 0.1]]);
  const { timeline } = await way.explain({ alertName: 'Full' });
  const lines = timeline.map(({ decision }) => {
    if (decision.kind === 'evaluated') return `${decision.previous} to ${decision.state}`;
    if (decision.kind === 'delivered') return decision.outcome;
    if (decision.kind === 'rule') return `rule ${decision.elements}`;
    if (decision.kind !== 'flushed') return decision.kind;
    return `${decision.outcome} ${decision.integrations.map(({ reason }) => reason).join()}`;
  });
  expect(lines.toSorted()).toEqual(
    [
      'rule 1',
      'inactive to firing',
      'intake',
      'routed',
      'sent first',
      'weighed',
      'delivered',
      'rule 0',
      'firing to resolved',
      'sent all-resolved',
      'weighed',
      'delivered',
    ].toSorted(),
  );
  expect(lines.indexOf('inactive to firing')).toBeLessThan(lines.indexOf('sent first'));
  expect(lines.indexOf('sent first')).toBeLessThan(lines.indexOf('firing to resolved'));
});

test('a silence that is set and ended is recorded, by whom and over what', async () => {
  await using way = await openWholeWay({ rules });
  const startUnixMs = way.clock.nowUnixMs();
  const id = await way.pipeline.setSilence({
    matchers: [{ name: 'instance', operator: '=~', value: 'a:.*' }],
    startsAtUnixMs: startUnixMs,
    endsAtUnixMs: startUnixMs + 10 * MINUTE,
    createdBy: 'ada',
    comment: 'deploy',
  });
  await way.run(MINUTE, full);
  await way.pipeline.expireSilence(id);
  const { records } = await way.log.search({
    subjects: [`silence:${id}`],
    startUnixMs: 0,
    endUnixMs: 4e12,
    limit: 10,
    order: 'oldest-first',
  });
  expect(records).toMatchObject([
    {
      unixMs: startUnixMs,
      decision: { change: 'set', matchers: '{instance=~"a:.*"}', by: 'ada', comment: 'deploy' },
    },
    { unixMs: startUnixMs + MINUTE, decision: { change: 'ended' } },
  ]);
  const { timeline } = await way.explain({ alertName: 'Full' });
  const kinds = timeline.map(({ decision }) => decision.kind);
  expect(kinds.filter((kind) => kind === 'silence')).toHaveLength(2);
});
