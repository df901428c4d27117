import {
  type AlertingRuleResponse,
  parseRuleFile,
  type RuleGroup,
  RuleManager,
  type RuleManagerOptions,
} from '@dwcp/alerting';
import { type MetricQuery, QueryError } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { FakeInstruments, ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { dump, FakeNotifier, FakeQuery, write } from './fakes.ts';

const MINUTE = 60_000;

function groupsOf(rules: string, head = 'interval: 1s'): readonly RuleGroup[] {
  return parseRuleFile(
    `groups:\n  - name: g\n    ${head}\n    rules:\n${rules.replaceAll(/^/gm, '      ')}\n`,
    'rules.yml',
  );
}

const downRule =
  '- {alert: Down, expr: up == 0, for: 3s, annotations: {s: "{{ $labels.i }} is {{ $value }}"}}';

function setUp(groups: readonly RuleGroup[], options: Partial<RuleManagerOptions> = {}) {
  const clock = new ManualClock();
  const query = new FakeQuery();
  const store = new MemoryMetricStore();
  const notifier = new FakeNotifier();
  const manager = new RuleManager({
    groups,
    query,
    store,
    clock,
    notifiers: [notifier],
    externalUrl: () => 'https://mon.example',
    ...options,
  });
  return { clock, query, store, notifier, manager };
}

test('an alert goes from pending over firing to resolved, and receivers hear of the last two', async () => {
  const { clock, query, notifier, manager } = setUp(groupsOf(downRule));
  await using _ = manager;
  query.set('up == 0', [{ __name__: 'up', i: '1' }, 0]);
  manager.start();
  await clock.advance(3_000);
  expect(manager.alerts().map(({ state }) => state.kind)).toEqual(['pending']);
  expect(notifier.lines).toEqual([]);
  await clock.advance(1_000);
  expect(notifier.lines).toEqual(['firing {alertname="Down", i="1"}']);
  query.set('up == 0');
  await clock.advance(1_000);
  expect(notifier.lines.slice(1)).toEqual(['resolved {alertname="Down", i="1"}']);
  expect(notifier.received[0]).toMatchObject({
    groupKey: '{}:{alertname="Down"}',
    groupLabels: { alertname: 'Down' },
    receiver: 'fake',
    status: 'firing',
    externalUrl: 'https://mon.example',
    alerts: [
      {
        annotations: { s: '1 is 0' },
        generatorUrl: 'https://mon.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
      },
    ],
  });
  expect(notifier.received[1]?.status).toBe('resolved');
  expect(manager.alerts()).toEqual([]);
});

test('alerts that change in one evaluation come in one notification', async () => {
  const { clock, query, notifier, manager } = setUp(groupsOf('- {alert: A, expr: x}'));
  await using _ = manager;
  query.set('x', [{ i: '2' }, 1], [{ i: '1' }, 1]);
  manager.start();
  await clock.advance(1_000);
  query.set('x', [{ i: '2' }, 1], [{ i: '3' }, 1]);
  await clock.advance(1_000);
  expect(
    notifier.received.map(({ alerts }) => alerts.map(({ labels }) => labels.get('i'))),
  ).toEqual([
    ['1', '2'],
    ['3', '1'],
  ]);
});

test('each notification has an idempotency key of its own', async () => {
  const { clock, query, notifier, manager } = setUp(groupsOf('- {alert: A, expr: x}'));
  await using _ = manager;
  for (const value of [1, 0, 1]) {
    query.set('x', ...(value === 1 ? [[{}, 1] as const] : []));
    if (value === 1) manager.start();
    await clock.advance(1_000);
  }
  expect(new Set(notifier.received.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(3);
});

test.each([
  ['interval: 1s', 60_000, 240_000],
  ['interval: 5m', 60_000, 20 * MINUTE],
])(
  'with %s a firing alert holds for four times the longer of interval and repeat',
  async (head, repeatIntervalMs, validForMs) => {
    const { clock, query, notifier, manager } = setUp(groupsOf('- {alert: A, expr: x}', head), {
      repeatIntervalMs,
    });
    await using _ = manager;
    query.set('x', [{}, 1]);
    const startUnixMs = clock.nowUnixMs();
    manager.start();
    await clock.advance(5 * MINUTE);
    const [first] = notifier.received;
    const state = first?.alerts[0]?.state;
    const firedAtUnixMs = state?.kind === 'firing' ? state.firedAtUnixMs : 0;
    expect(firedAtUnixMs).toBeGreaterThan(startUnixMs);
    expect(first?.validUntilUnixMs).toBe(firedAtUnixMs + validForMs);
  },
);

test('a firing alert is repeated every repeat interval', async () => {
  const { clock, query, notifier, manager } = setUp(
    groupsOf('- {alert: A, expr: x}', 'interval: 1m'),
  );
  await using _ = manager;
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(9 * 60 * MINUTE);
  expect(notifier.received).toHaveLength(3);
});

test('external labels go out and are seen by templates, but are not stored', async () => {
  const rule = '- {alert: A, expr: x, labels: {r: "{{ $externalLabels.region }}"}}';
  const { clock, query, notifier, store, manager } = setUp(groupsOf(rule), {
    externalLabels: { region: 'eu' },
  });
  await using _ = manager;
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(3_000);
  expect(notifier.lines).toEqual(['firing {alertname="A", r="eu", region="eu"}']);
  expect((await dump(store, 'ALERTS')).join()).toContain(
    '{alertname="A", alertstate="firing", r="eu"}',
  );
});

test('series labels are added to what is stored, where they are missing', async () => {
  const { clock, query, store, manager } = setUp(
    groupsOf('- {record: a, expr: x}\n- {record: b, expr: y}'),
    { seriesLabels: { region: 'eu' } },
  );
  await using _ = manager;
  query.set('x', [{}, 1]);
  query.set('y', [{ region: 'us' }, 2]);
  manager.start();
  await clock.advance(1_000);
  expect([await dump(store, 'a'), await dump(store, 'b')]).toEqual([
    ['{region="eu"} 1'],
    ['{region="us"} 2'],
  ]);
});

test('ALERTS changes its state label with a staleness marker on the old series', async () => {
  const { clock, query, store, manager } = setUp(groupsOf(downRule));
  await using _ = manager;
  query.set('up == 0', [{ i: '1' }, 0]);
  manager.start();
  await clock.advance(5_000);
  query.set('up == 0');
  await clock.advance(2_000);
  expect(await dump(store, 'ALERTS')).toEqual([
    '{alertname="Down", alertstate="firing", i="1"} 1 1 stale',
    '{alertname="Down", alertstate="pending", i="1"} 1 stale',
  ]);
});

test('a recording rule writes its result and marks what vanished', async () => {
  const { clock, query, store, manager } = setUp(
    groupsOf('- {record: "j:x", expr: x, labels: {l: m}}'),
  );
  await using _ = manager;
  query.set('x', [{ __name__: 'x', i: '1', l: 'own' }, 1], [{ i: '2' }, 2]);
  manager.start();
  await clock.advance(1_000);
  query.set('x', [{ i: '2' }, 3]);
  await clock.advance(1_000);
  expect(await dump(store, 'j:x')).toEqual(['{i="1", l="m"} 1 stale', '{i="2", l="m"} 2 3']);
});

test('a scalar is recorded as one series without labels', async () => {
  const { clock, query, store, manager } = setUp(groupsOf('- {record: one, expr: "1"}'));
  await using _ = manager;
  query.answers.set('1', { kind: 'scalar', unixMs: 0, value: 1 });
  manager.start();
  await clock.advance(1_000);
  expect(await dump(store, 'one')).toEqual(['{} 1']);
});

test('a later rule of the group sees what an earlier one wrote', async () => {
  const store = new MemoryMetricStore();
  const clock = new ManualClock();
  const query = new PromqlEngine({ store, clock });
  const groups = groupsOf('- {record: a, expr: vector(7)}\n- {record: b, expr: a + 1}');
  await using manager = new RuleManager({ groups, query, store, clock });
  manager.start();
  await clock.advance(1_000);
  expect(await dump(store, 'b')).toEqual(['{} 8']);
});

test('evaluations come at one stable moment of the interval, whenever the manager starts', async () => {
  const phases = new Set<number>();
  for (const lateMs of [0, 137, 999]) {
    const { clock, query, manager } = setUp(groupsOf('- {record: a, expr: x}', 'interval: 10s'));
    query.set('x', [{}, 1]);
    await clock.advance(lateMs);
    manager.start();
    await clock.advance(35_000);
    for (const { unixMs } of query.asked) phases.add(unixMs % 10_000);
    expect(query.asked.length).toBeGreaterThanOrEqual(3);
    await manager[Symbol.asyncDispose]();
  }
  expect(phases.size).toBe(1);
});

test('query_offset evaluates and stores in the past', async () => {
  const { clock, query, store, manager } = setUp(
    groupsOf('- {record: a, expr: x}', 'interval: 10s\n    query_offset: 3s'),
  );
  await using _ = manager;
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(10_000);
  const [series] = await store.select({ matchers: [], startUnixMs: 0, endUnixMs: Infinity });
  expect(series?.timestamps[0]).toBe(query.asked[0]?.unixMs);
  const [group] = manager.groups();
  expect(Date.parse(group?.lastEvaluation ?? '') - (query.asked[0]?.unixMs ?? 0)).toBe(3_000);
});

test('a failing evaluation is shown, keeps the alerts, and says nothing to receivers', async () => {
  const { clock, query, notifier, manager } = setUp(groupsOf('- {alert: A, expr: x}'));
  await using _ = manager;
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(1_000);
  query.answers.set('x', new QueryError('execution', 'too many samples'));
  await clock.advance(1_000);
  const [rule] = manager.groups()[0]?.rules ?? [];
  expect(rule).toMatchObject({ health: 'err', lastError: 'too many samples', state: 'firing' });
  expect(notifier.received).toHaveLength(1);
  query.set('x', [{}, 1]);
  await clock.advance(1_000);
  expect(manager.groups()[0]?.rules[0]).toMatchObject({ health: 'ok' });
  expect(manager.groups()[0]?.rules[0]).not.toHaveProperty('lastError');
});

test('alerts that become the same by their labels are an error and none of them fires', async () => {
  const { clock, query, notifier, manager } = setUp(
    groupsOf('- {alert: A, expr: x, labels: {i: same}}'),
  );
  await using _ = manager;
  query.set('x', [{ i: '1' }, 1], [{ i: '2' }, 1]);
  manager.start();
  await clock.advance(2_000);
  expect(manager.groups()[0]?.rules[0]?.lastError).toContain('same labelset');
  expect(notifier.received).toEqual([]);
});

test('above the limit all alerts of the rule end, and receivers hear of it', async () => {
  const { clock, query, notifier, manager } = setUp(
    groupsOf('- {alert: A, expr: x}', 'interval: 1s\n    limit: 1'),
  );
  await using _ = manager;
  query.set('x', [{ i: '1' }, 1]);
  manager.start();
  await clock.advance(1_000);
  query.set('x', [{ i: '1' }, 1], [{ i: '2' }, 1]);
  await clock.advance(1_000);
  expect(manager.groups()[0]?.rules[0]?.lastError).toBe('exceeded limit of 1 with 2 alerts');
  expect(notifier.lines).toEqual([
    'firing {alertname="A", i="1"}',
    'resolved {alertname="A", i="1"}',
  ]);
});

test('a label template cannot change alertname, and a failing one leaves its error', async () => {
  const { clock, query, notifier, manager } = setUp(
    groupsOf('- {alert: A, expr: x, labels: {alertname: B, l: "{{ first (query `none`) }}"}}'),
  );
  await using _ = manager;
  query.set('x', [{}, 1]);
  query.set('none');
  manager.start();
  await clock.advance(1_000);
  const labels = notifier.received[0]?.alerts[0]?.labels;
  expect(labels?.get('alertname')).toBe('A');
  expect(labels?.get('l')).toMatch(/^<error expanding template: .*no elements>$/);
});

test('a store that fails is shown, while receivers still hear of the alert', async () => {
  const { clock, query, store, notifier, manager } = setUp(groupsOf('- {alert: A, expr: x}'));
  await using _ = manager;
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(2_000);
  store.failure = new Error('disk full');
  await clock.advance(1_000);
  expect(manager.groups()[0]?.rules[0]).toMatchObject({ health: 'err', lastError: 'disk full' });
  expect(notifier.lines).toEqual(['firing {alertname="A"}']);
});

test('an evaluation that takes too long leaves slots out, never two at a time', async () => {
  const clock = new ManualClock();
  const query = new FakeQuery();
  query.set('x', [{}, 1]);
  let running = 0;
  let most = 0;
  const slow: MetricQuery = {
    range: (asked) => query.range(asked),
    instant: async (asked, options) => {
      most = Math.max(most, ++running);
      await clock.sleep(2_500, options);
      running--;
      return await query.instant(asked);
    },
  };
  await using manager = new RuleManager({
    groups: groupsOf('- {record: a, expr: x}'),
    query: slow,
    store: new MemoryMetricStore(),
    clock,
  });
  manager.start();
  await clock.advance(10_000);
  expect(most).toBe(1);
  const times = query.asked.map(({ unixMs }) => unixMs);
  expect(times.length).toBeGreaterThanOrEqual(3);
  expect(new Set(times.map((unixMs) => unixMs % 1_000)).size).toBe(1);
  for (const [index, unixMs] of times.slice(1).entries()) {
    expect(unixMs - (times[index] ?? 0)).toBeGreaterThanOrEqual(2_000);
  }
});

test('a clock set back by an hour does not stop evaluation', async () => {
  const { clock, query, manager } = setUp(groupsOf('- {record: a, expr: x}', 'interval: 10s'));
  await using _ = manager;
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(20_000);
  const before = query.asked.length;
  clock.setUnixMs(clock.nowUnixMs() - 3_600_000);
  await clock.advance(90_000);
  expect(query.asked.length).toBeGreaterThan(before);
});

test('a reload goes on with rules that stay and ends those that go', async () => {
  const both = '- {alert: A, expr: x, for: 5s}\n- {alert: B, expr: y}';
  const { clock, query, notifier, store, manager } = setUp(groupsOf(both));
  await using _ = manager;
  query.set('x', [{}, 1]);
  query.set('y', [{}, 1]);
  manager.start();
  await clock.advance(3_000);
  await manager.replace(groupsOf('- {alert: A, expr: x, for: 6s}'));
  expect(notifier.lines).toEqual(['firing {alertname="B"}', 'resolved {alertname="B"}']);
  await clock.advance(3_000);
  expect(notifier.lines).toHaveLength(2);
  await clock.advance(1_000);
  expect(notifier.lines.slice(2)).toEqual(['firing {alertname="A"}']);
  expect((await dump(store, 'ALERTS')).find((line) => line.includes('"B"'))).toMatch(/stale$/);
});

test('a reload with the same groups touches nothing, and one without a group ends its alerts', async () => {
  const rules = '- {alert: A, expr: x}';
  const { clock, query, notifier, store, manager } = setUp(groupsOf(rules));
  await using _ = manager;
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(3_000);
  await manager.replace(groupsOf(rules));
  await clock.advance(2_000);
  expect(query.asked).toHaveLength(5);
  await manager.replace([]);
  await clock.advance(2_000);
  expect(query.asked).toHaveLength(5);
  expect(notifier.lines).toEqual(['firing {alertname="A"}', 'resolved {alertname="A"}']);
  expect((await dump(store, 'ALERTS'))[0]).toMatch(/stale$/);
  expect(manager.groups()).toEqual([]);
});

test('groups and rules have the shape of the Prometheus API', async () => {
  const { clock, query, manager } = setUp(groupsOf(`${downRule}\n- {record: r, expr: x}`));
  await using _ = manager;
  query.set('up == 0', [{ i: '1' }, 0]);
  query.set('x');
  expect(manager.groups()[0]?.lastEvaluation).toBe('0001-01-01T00:00:00Z');
  manager.start();
  await clock.advance(1_000);
  const at = expect.stringMatching(/^2026-01-02T03:04:0\d\.\d{3}Z$/);
  const alert = {
    state: 'pending',
    labels: { alertname: 'Down', i: '1' },
    annotations: { s: '1 is 0' },
    activeAt: at,
    value: '0e+00',
  };
  expect(manager.rulesResponse()).toEqual({
    groups: [
      {
        name: 'g',
        file: 'rules.yml',
        interval: 1,
        limit: 0,
        rules: [
          {
            type: 'alerting',
            state: 'pending',
            name: 'Down',
            query: 'up == 0',
            duration: 3,
            keepFiringFor: 0,
            labels: {},
            annotations: { s: '{{ $labels.i }} is {{ $value }}' },
            alerts: [alert],
            health: 'ok',
            evaluationTime: 0,
            lastEvaluation: at,
          },
          {
            type: 'recording',
            name: 'r',
            query: 'x',
            labels: {},
            health: 'ok',
            evaluationTime: 0,
            lastEvaluation: at,
          },
        ],
        evaluationTime: 0,
        lastEvaluation: at,
      },
    ],
  });
  expect(manager.alertsResponse()).toEqual({ alerts: [alert] });
  expect(manager.stats()).toEqual({ groups: 1, rules: 2, alertsFiring: 0, alertsPending: 1 });
});

test('after a restart a long pending alert goes on where it was, less the outage', async () => {
  const groups = groupsOf('- {alert: A, expr: x, for: 30m}', 'interval: 1m');
  const { clock, query, store, manager } = setUp(groups);
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(12 * MINUTE);
  await manager[Symbol.asyncDispose]();
  await clock.advance(5 * MINUTE);
  await using next = new RuleManager({ groups, query, store, clock });
  next.start();
  const startMs = clock.nowUnixMs();
  await clock.advance(3 * MINUTE);
  const [rule] = next.groups()[0]?.rules ?? [];
  const activeAt = Date.parse((rule as AlertingRuleResponse).alerts[0]?.activeAt ?? '');
  // It had been pending for about 11 minutes; the 5 to 7 minutes that nobody watched do not count.
  expect((startMs - activeAt) / MINUTE).toBeGreaterThan(8);
  expect((startMs - activeAt) / MINUTE).toBeLessThan(11);
});

test('after a restart an alert that fired fires again without waiting for its whole for', async () => {
  const groups = groupsOf('- {alert: A, expr: x, for: 30m}', 'interval: 1m');
  const { clock, query, store, manager } = setUp(groups);
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(40 * MINUTE);
  await manager[Symbol.asyncDispose]();
  await using next = new RuleManager({ groups, query, store, clock });
  next.start();
  await clock.advance(4 * MINUTE);
  expect(next.stats().alertsFiring).toBe(1);
});

test('an alert that ended while the process was down is told as resolved, a minute after the start', async () => {
  const groups = groupsOf(
    '- {alert: A, expr: x, annotations: {s: "{{ $labels.i }} down"}}',
    'interval: 10s',
  );
  const first = setUp(groups);
  first.query.set('x', [{ i: '1' }, 1], [{ i: '2' }, 1]);
  first.manager.start();
  await first.clock.advance(MINUTE);
  await first.manager[Symbol.asyncDispose]();
  await first.clock.advance(MINUTE);
  const { clock, query, store } = first;
  query.set('x', [{ i: '2' }, 1]);
  const notifier = new FakeNotifier();
  await using next = new RuleManager({ groups, query, store, clock, notifiers: [notifier] });
  next.start();
  await clock.advance(50_000);
  expect(notifier.lines).toEqual(['firing {alertname="A", i="2"}']);
  await clock.advance(40_000);
  expect(notifier.lines.slice(1)).toEqual(['resolved {alertname="A", i="1"}']);
  expect(notifier.received[1]?.alerts[0]?.annotations).toEqual({ s: '1 down' });
  const [one] = (await dump(store, 'ALERTS')).filter((line) => line.includes('i="1"'));
  expect(one).toMatch(/stale$/);
});

test('with the real engine a target that dies is told within 5 s, and its return within 3 s', async () => {
  for (const deathMs of [0, 250, 500, 750, 990]) {
    const store = new MemoryMetricStore();
    const clock = new ManualClock();
    const query = new PromqlEngine({ store, clock });
    const notifier = new FakeNotifier();
    const groups = groupsOf('- {alert: Down, expr: up == 0, for: 3s}');
    await using manager = new RuleManager({ groups, query, store, clock, notifiers: [notifier] });
    manager.start();
    let alive = true;
    const scrape = (): void => {
      void write(store, [[{ __name__: 'up', job: 'j' }, clock.nowUnixMs(), alive ? 1 : 0]]);
      clock.schedule(1_000, scrape);
    };
    clock.schedule(0, scrape);
    await clock.advance(3_000 + deathMs);
    alive = false;
    await clock.advance(5_000);
    expect([deathMs, ...notifier.lines]).toEqual([deathMs, 'firing {alertname="Down", job="j"}']);
    alive = true;
    await clock.advance(3_000);
    expect(notifier.lines).toHaveLength(2);
  }
});

test('the platform counts what its rules do', async () => {
  const instruments = new FakeInstruments();
  const { clock, query, manager } = setUp(
    groupsOf('- {alert: A, expr: x}\n- {alert: B, expr: bad}'),
    { instruments },
  );
  await using _ = manager;
  query.set('x', [{}, 1]);
  manager.start();
  await clock.advance(2_000);
  expect(instruments.values).toMatchObject({
    'dwcp_rule_evaluations_total{rule_group="rules.yml;g"}': 4,
    'dwcp_rule_evaluation_failures_total{rule_group="rules.yml;g"}': 2,
    dwcp_rule_evaluation_duration_seconds_count: 4,
    'dwcp_notifications_total{notifier="fake",outcome="delivered"}': 1,
  });
});

test('two notifiers of one name are refused', () => {
  const notifiers = [new FakeNotifier('a'), new FakeNotifier('a')];
  expect(() => setUp([], { notifiers })).toThrow('two are called "a"; give each a name of its own');
});
