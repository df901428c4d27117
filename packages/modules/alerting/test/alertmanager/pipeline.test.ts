import {
  AlertPipeline,
  apiAlertGroups,
  apiAlerts,
  apiReceivers,
  apiSilence,
  apiSilences,
  apiStatus,
  type FlushDecision,
  MemoryRecordStore,
  type PipelineRecord,
  PipelineFullError,
  type PipelineOptions,
  readPostedAlerts,
  readPostedSilence,
  SilenceNotFoundError,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';
import { beforeEach, expect, test } from 'vitest';

import { configOf, RecordingOutbox } from './support.ts';

const hook = { webhook_configs: [{ url: 'http://localhost/' }] };

const base = {
  route: {
    receiver: 'team',
    group_by: ['alertname'],
    group_wait: '1s',
    group_interval: '10s',
    repeat_interval: '1m',
  },
  receivers: [
    { name: 'team', labels: { owner: 'x' }, ...hook },
    { name: 'other', ...hook },
  ],
};

let clock: ManualClock;
let outbox: RecordingOutbox;
let store: MemoryRecordStore<PipelineRecord>;

beforeEach(() => {
  clock = new ManualClock();
  outbox = new RecordingOutbox(() => clock.nowUnixMs());
  store = new MemoryRecordStore<PipelineRecord>();
});

function open(config: unknown = base, more: Partial<PipelineOptions> = {}): Promise<AlertPipeline> {
  return AlertPipeline.open({
    config: configOf(config),
    store,
    outbox,
    clock,
    externalUrl: 'http://localhost',
    newId: () => `silence-${++ids}`,
    ...more,
  });
}

let ids = 0;

const firing = (alertname: string, labels: Readonly<Record<string, string>> = {}) => ({
  labels: { alertname, ...labels },
  endsAtUnixMs: Number.MAX_SAFE_INTEGER / 4,
  startsAtUnixMs: clock.nowUnixMs(),
});

const reasons = (): readonly string[] => outbox.taken.map(({ notification: n }) => n.reason);

test('a group that exists goes on over a reload; a new route tells its own receiver', async () => {
  await using pipeline = await open();
  await pipeline.putAlerts([firing('A')]);
  await clock.advance(2_000);
  expect(reasons()).toEqual(['first']);
  await pipeline.reload(configOf(base));
  await clock.advance(30_000);
  expect(reasons()).toEqual(['first']);
  await pipeline.reload(configOf({ ...base, route: { ...base.route, receiver: 'other' } }));
  await clock.advance(20_000);
  expect(outbox.taken.map(({ notification: n }) => n.integration)).toEqual([
    'team/webhook[0]',
    'other/webhook[0]',
  ]);
});

test('a start goes on where the last one ended: nothing is told twice, and repeats keep their time', async () => {
  const first = await open();
  await first.putAlerts([firing('A')]);
  await clock.advance(2_000);
  await first[Symbol.asyncDispose]();
  await clock.advance(25_000);
  await using second = await open();
  await clock.advance(20_000);
  expect(reasons()).toEqual(['first']);
  await clock.advance(15_000);
  expect(reasons()).toEqual(['first', 'repeat']);
  expect(second.stats()).toMatchObject({ alerts: 1, groups: 1, waitingIntents: 0 });
});

test('an outbox that refuses gets everything later, in order', async () => {
  let refusals = 3;
  const stubborn = {
    accept: async (list: Parameters<RecordingOutbox['accept']>[0]) => {
      if (refusals-- > 0) throw new Error('full');
      await outbox.accept(list);
    },
  };
  await using pipeline = await open(base, { outbox: stubborn });
  await pipeline.putAlerts([firing('A'), firing('B')]);
  await clock.advance(1_500);
  expect(pipeline.stats().waitingIntents).toBe(2);
  await clock.advance(9_000);
  expect(outbox.taken.map(({ notification: n }) => n.groupLabels['alertname'])).toEqual(['A', 'B']);
  expect(pipeline.stats().waitingIntents).toBe(0);
});

test('alerts over the limit are refused and counted', async () => {
  await using pipeline = await open(base, { maxAlerts: 1 });
  await pipeline.putAlerts([firing('A')]);
  await pipeline.putAlerts([firing('A')]);
  await expect(pipeline.putAlerts([firing('B')])).rejects.toThrow(PipelineFullError);
  expect(pipeline.stats()).toMatchObject({ alerts: 1, refusedAlerts: 1 });
});

test('a wrong alert is named and the others are taken', async () => {
  await using pipeline = await open();
  const wrong = { labels: { a: 'b' }, startsAtUnixMs: 2, endsAtUnixMs: 1 };
  expect(await pipeline.putAlerts([{ labels: {} }, firing('A'), wrong])).toEqual({
    accepted: 1,
    problems: [
      { index: 0, problem: 'labels: at least one label is required' },
      { index: 2, problem: expect.stringContaining('endsAt') as string },
    ],
  });
});

test('an empty group ends, and an alert of it waits anew', async () => {
  await using pipeline = await open();
  await pipeline.putAlerts([firing('A')]);
  await clock.advance(2_000);
  await pipeline.putAlerts([{ labels: { alertname: 'A' }, endsAtUnixMs: clock.nowUnixMs() - 1 }]);
  await clock.advance(60_000);
  expect(reasons()).toEqual(['first', 'all-resolved']);
  expect(pipeline.stats()).toMatchObject({ alerts: 0, groups: 0 });
});

test('a wall clock that is set back stops nothing for longer than a group interval', async () => {
  await using pipeline = await open();
  await pipeline.putAlerts([firing('A')]);
  await clock.advance(2_000);
  clock.setUnixMs(clock.nowUnixMs() - 3_600_000);
  await pipeline.putAlerts([firing('A', { i: '2' })]);
  await clock.advance(75_000);
  expect(reasons()).toContain('new-alerts');
});

test('every flush tells why', async () => {
  const decisions: FlushDecision[] = [];
  await using pipeline = await open(base, { onFlush: (decision) => decisions.push(decision) });
  const silence = { matchers: [{ name: 'alertname', operator: '=', value: 'A' }] as const };
  const id = await pipeline.setSilence({
    ...silence,
    startsAtUnixMs: clock.nowUnixMs(),
    endsAtUnixMs: clock.nowUnixMs() + 5_000,
    createdBy: 'me',
    comment: 'why not',
  });
  await pipeline.putAlerts([firing('A')]);
  await clock.advance(12_000);
  expect(decisions).toMatchObject([
    { alerts: [{ silencedBy: [id], inhibitedBy: [] }], integrations: [] },
    { alerts: [{ silencedBy: [] }], integrations: [{ reason: 'first' }] },
  ]);
});

test('a silence is changed, replaced and ended as Alertmanager does', async () => {
  await clock.advance(250);
  await using pipeline = await open();
  const posted = {
    matchers: [{ name: 'a', operator: '=', value: 'b' }] as const,
    startsAtUnixMs: clock.nowUnixMs(),
    endsAtUnixMs: clock.nowUnixMs() + 60_000,
    createdBy: 'me',
    comment: 'c',
  };
  const id = await pipeline.setSilence(posted);
  const longer = { ...posted, id, endsAtUnixMs: posted.endsAtUnixMs + 60_000 };
  expect(await pipeline.setSilence(longer)).toBe(id);
  const inSeconds = {
    ...longer,
    startsAtUnixMs: Math.floor(longer.startsAtUnixMs / 1_000) * 1_000,
  };
  expect(await pipeline.setSilence(inSeconds)).toBe(id);
  const other = { ...longer, matchers: [{ name: 'a', operator: '!=', value: '' }] as const };
  const next = await pipeline.setSilence(other);
  expect(next).not.toBe(id);
  expect(apiSilences(pipeline).map((one) => [one.id, one.status.state])).toEqual([
    [next, 'active'],
    [id, 'expired'],
  ]);
  expect(apiSilences(pipeline, { expired: false, filter: ['a!=""'] })).toHaveLength(1);
  await pipeline.expireSilence(next);
  expect(apiSilence(pipeline, next).status.state).toBe('expired');
  await expect(pipeline.expireSilence('none')).rejects.toThrow(SilenceNotFoundError);
  await expect(pipeline.setSilence({ ...posted, id: 'none' })).rejects.toThrow(
    SilenceNotFoundError,
  );
  const all = [{ name: 'a', operator: '=~', value: '.*' }] as const;
  await expect(pipeline.setSilence({ ...posted, matchers: all })).rejects.toThrow('matchers');
  const past = { ...posted, startsAtUnixMs: 1, endsAtUnixMs: 2 };
  await expect(pipeline.setSilence(past)).rejects.toThrow('in the past');
  await clock.advance(121 * 3_600_000);
  expect(apiSilences(pipeline)).toEqual([]);
});

test('the API tells alerts by state, receiver and labels', async () => {
  await using pipeline = await open({
    ...base,
    route: {
      ...base.route,
      routes: [{ matchers: ['to="other"'], receiver: 'other', mute_time_intervals: ['always'] }],
    },
    inhibit_rules: [{ source_matchers: ['alertname="A"'], target_matchers: ['alertname="B"'] }],
    time_intervals: [{ name: 'always', time_intervals: [{}] }],
  });
  await pipeline.putAlerts(
    readPostedAlerts([
      { labels: { alertname: 'A' }, annotations: { s: 'x' }, generatorURL: 'http://p/' },
      { labels: { alertname: 'B' } },
      { labels: { alertname: 'C', to: 'other' }, startsAt: '2026-01-02T03:04:05Z' },
    ]),
  );
  await pipeline.setSilence(
    readPostedSilence({
      matchers: [{ name: 'alertname', value: 'C', isRegex: false }],
      startsAt: new Date(clock.nowUnixMs()).toISOString(),
      endsAt: new Date(clock.nowUnixMs() + 60_000).toISOString(),
      createdBy: 'me',
      comment: '',
    }),
  );
  const names = (query?: Parameters<typeof apiAlerts>[1]): readonly string[] =>
    apiAlerts(pipeline, query)
      .map(({ labels }) => labels['alertname'] ?? '')
      .sort((a, b) => (a < b ? -1 : 1));
  expect(names()).toEqual(['A', 'B', 'C']);
  expect(names({ inhibited: false })).toEqual(['A', 'C']);
  expect(names({ silenced: false })).toEqual(['A', 'B']);
  expect(names({ active: false })).toEqual(['B', 'C']);
  expect(names({ receiver: 'te.*' })).toEqual(['A', 'B']);
  expect(names({ receiverMatchers: ['owner="x"'] })).toEqual(['A', 'B']);
  expect(names({ filter: ['alertname=~"A|C"', 'to=""'] })).toEqual(['A']);
  expect(() => names({ filter: ['{a="b"}'] })).toThrow('filter');
  expect(() => names({ receiver: '[' })).toThrow('receiver');
  expect(apiAlertGroups(pipeline).map(({ receiver, labels }) => [receiver.name, labels])).toEqual([
    ['team', { alertname: 'A' }],
    ['team', { alertname: 'B' }],
    ['other', { alertname: 'C' }],
  ]);
  expect(apiAlertGroups(pipeline, { muted: false })).toHaveLength(2);
  expect(apiAlertGroups(pipeline)[2]?.alerts[0]?.status).toMatchObject({
    state: 'suppressed',
    mutedBy: ['always'],
  });
  expect(apiReceivers(pipeline)).toEqual([
    { name: 'team', labels: { owner: 'x' } },
    { name: 'other' },
  ]);
  const version = { version: '1', revision: '', branch: '', buildUser: '', buildDate: '' };
  const status = apiStatus(pipeline, { ...version, goVersion: '' });
  expect(status.config.original).toContain('receiver: team');
  expect(status.config.original).not.toContain('localhost');
});

test.each<readonly [unknown, string]>([
  [{}, 'body'],
  [[{}], '[0].labels'],
  [[{ labels: { a: 1 } }], '[0].labels.a'],
  [[{ labels: {}, startsAt: 'now' }], '[0].startsAt'],
])('alerts that are none are refused: %j', (body, field) => {
  expect(() => readPostedAlerts(body)).toThrow(field);
});

test('groups are flushed by their time, those of one moment in the order they began', async () => {
  await using pipeline = await open();
  const names = Array.from({ length: 60 }, (_, index) => `N${(index * 37) % 60}`);
  for (let start = 0; start < names.length; start += 20) {
    await pipeline.putAlerts(names.slice(start, start + 20).map((name) => firing(name)));
    await clock.advance(100);
  }
  await clock.advance(2_000);
  expect(outbox.taken.map(({ notification: n }) => n.groupLabels['alertname'])).toEqual(names);
});
