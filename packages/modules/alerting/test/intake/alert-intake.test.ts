import {
  AlertIntake,
  AlertIntakeFullError,
  AlertNotFoundError,
  type IntakeAlert,
  type IntakeDecision,
  type IntakeOptions,
  type IntakeRecord,
  IntakeState,
  MemoryRecordStore,
} from '@dwcp/alerting';
import { BackendError, InvalidInputError } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { MINUTE_MS, RecordingSink, RepeatingRule } from './support.ts';

const dedup = { by: ['metric', 'severity'], windowMs: 5 * MINUTE_MS };

function diskFull(instance: string, more: Readonly<Record<string, string>> = {}): IntakeAlert {
  const labels = { alertname: 'DiskFull', instance, metric: 'disk', severity: 'warning', ...more };
  return { labels, dedup };
}

async function openIntake(options: Partial<IntakeOptions> = {}) {
  const clock = new ManualClock();
  const store = new MemoryRecordStore<IntakeRecord>();
  const sink = new RecordingSink(() => clock.nowUnixMs());
  const decisions: IntakeDecision[] = [];
  const open = (): Promise<AlertIntake> =>
    AlertIntake.open({
      store,
      next: sink,
      clock,
      onDecision: (found) => decisions.push(...found),
      ...options,
    });
  let intake = await open();
  const rule = new RepeatingRule(clock, () => intake);
  const restart = async (): Promise<void> => {
    await intake[Symbol.asyncDispose]();
    intake = await open();
  };
  return { clock, store, sink, rule, decisions, restart, intake: () => intake };
}

test('without a dedup rule every alert passes at once and nothing is remembered', async () => {
  const { sink, rule, intake, store } = await openIntake();
  await rule.fire({ labels: { alertname: 'A' } });
  await rule.fire({ labels: { alertname: 'B' } });
  await rule.end({ alertname: 'A' });
  expect(sink.told()).toEqual(['A/ firing', 'B/ firing', 'A/ resolved']);
  expect(intake().stats()).toMatchObject({ windows: 0, held: 0, pending: 0 });
  expect(await store.load()).toEqual([]);
});

test('a second alert of an identity is held for the window and passes when it still fires', async () => {
  const { sink, rule, intake, clock } = await openIntake();
  await rule.fire(diskFull('a'));
  await rule.pass(1);
  await rule.fire(diskFull('b'));
  await rule.pass(3);
  expect(sink.told()).toEqual(['DiskFull/a firing']);
  expect(intake().stats().held).toBe(1);
  // One ms before the end of the window, then at it: no repeat of the rule comes in between.
  await clock.advance(MINUTE_MS - 1);
  expect(sink.told()).toEqual(['DiskFull/a firing']);
  await clock.advance(1);
  expect(sink.told()).toEqual(['DiskFull/a firing', 'DiskFull/b firing']);
  expect(sink.taken.at(-1)).not.toHaveProperty('dedup');
  expect(intake().stats().held).toBe(0);
});

test('an alert that fires again within the window waits for its end; after it, it does not', async () => {
  const { sink, rule } = await openIntake();
  const { labels } = diskFull('a');
  await rule.fire(diskFull('a'));
  await rule.pass(1);
  await rule.end(labels);
  await rule.pass(1);
  await rule.fire(diskFull('a'));
  expect(sink.told()).toEqual(['DiskFull/a firing', 'DiskFull/a resolved']);
  await rule.pass(3);
  expect(sink.told()).toEqual(['DiskFull/a firing', 'DiskFull/a resolved', 'DiskFull/a firing']);
  await rule.end(labels);
  await rule.pass(5);
  await rule.fire(diskFull('a'));
  expect(sink.told().slice(3)).toEqual(['DiskFull/a resolved', 'DiskFull/a firing']);
});

test('a held alert that ends, or of which nothing is heard, is never told', async () => {
  const { sink, rule, clock, intake, decisions } = await openIntake();
  await rule.fire(diskFull('a'));
  await rule.fire(diskFull('b'));
  await intake().putAlerts([{ ...diskFull('c'), endsAtUnixMs: clock.nowUnixMs() + 1_000 }]);
  await rule.pass(1);
  await rule.end(diskFull('b').labels);
  await rule.pass(5);
  expect(sink.told()).toEqual(['DiskFull/a firing']);
  const ended = decisions.filter(({ outcome }) => outcome === 'ended-while-held');
  expect(ended).toHaveLength(2);
  expect(intake().stats()).toMatchObject({ held: 0, windows: 0 });
});

test('an alert that goes on firing opens no window of its own again', async () => {
  const { sink, rule } = await openIntake();
  await rule.fire(diskFull('a'));
  await rule.pass(12);
  await rule.fire(diskFull('b'));
  expect(sink.told()).toContain('DiskFull/b firing');
});

test('identities differ by each label that a rule names and by the name of the alert', async () => {
  const { sink, rule } = await openIntake();
  await rule.fire(diskFull('a'));
  await rule.fire(diskFull('b', { severity: 'critical' }));
  await rule.fire(diskFull('c', { alertname: 'DiskSlow' }));
  await rule.fire(diskFull('d', { job: 'other' }));
  expect(sink.told().filter((line) => !line.includes('/d'))).toContain('DiskSlow/c firing');
  expect(sink.told()).toContain('DiskFull/b firing');
  expect(sink.told()).not.toContain('DiskFull/d firing');
});

test('a throttle by metric and severity holds alerts of other names, and none that lack the labels', async () => {
  const { sink, rule } = await openIntake({ config: { throttle: dedup } });
  const plain = ({ labels }: IntakeAlert): IntakeAlert => ({ labels });
  await rule.fire(plain(diskFull('a')));
  await rule.fire(plain(diskFull('b', { alertname: 'DiskSlow' })));
  await rule.fire({ labels: { alertname: 'Other', severity: 'warning' } });
  expect(sink.told()).toEqual(['DiskFull/a firing', 'Other/ firing']);
});

test('windows and held alerts outlive a restart, and a window that ended meanwhile ends then', async () => {
  const { sink, rule, clock, restart, intake } = await openIntake();
  await rule.fire(diskFull('a'));
  await rule.fire(diskFull('b'));
  await restart();
  await rule.pass(2);
  expect(sink.told()).toEqual(['DiskFull/a firing']);
  await intake()[Symbol.asyncDispose]();
  await clock.advance(3 * MINUTE_MS);
  await restart();
  await clock.advance(0);
  expect(sink.told().at(-1)).toBe('DiskFull/b firing');
});

test('a wall clock that is set changes no window', async () => {
  const { sink, rule, clock } = await openIntake();
  await rule.fire(diskFull('a'));
  await rule.fire(diskFull('b'));
  clock.setUnixMs(clock.nowUnixMs() + 3_600_000);
  await rule.pass(4);
  expect(sink.told()).toEqual(['DiskFull/a firing']);
  clock.setUnixMs(clock.nowUnixMs() - 7_200_000);
  await rule.pass(1);
  expect(sink.told().slice(-2)).toContain('DiskFull/b firing');
});

test('beyond its limit of identities the intake lets alerts pass and counts them', async () => {
  const { sink, rule, intake } = await openIntake({ maxIdentities: 1 });
  await rule.fire(diskFull('a'));
  await rule.fire(diskFull('b'));
  expect(sink.told()).toContain('DiskFull/b firing');
  expect(intake().stats().untracked).toBe(1);
});

test('windows that outlive their alerts count as identities', async () => {
  const { rule, intake, clock } = await openIntake({ maxIdentities: 3 });
  const long = { by: ['instance'], windowMs: 24 * 60 * MINUTE_MS };
  for (let i = 0; i < 5; i++) {
    await rule.fire({ ...diskFull(`pod-${i}`), dedup: long });
    await rule.end(diskFull(`pod-${i}`).labels);
    await clock.advance(20 * MINUTE_MS);
  }
  expect(intake().stats()).toMatchObject({ windows: 3, untracked: 2 });
});

test('no record of a snapshot grows with what is remembered', async () => {
  const { intake } = await openIntake();
  await intake().putAlerts(
    Array.from({ length: 2_500 }, (_, i) => diskFull(`${i}`)),
    'rule',
  );
  const records = intake().state.snapshot();
  expect(Math.max(...records.map(({ episodes = [] }) => episodes.length))).toBe(1_000);
  const copied = new IntakeState();
  for (const record of records) copied.apply(record);
  expect(copied.episodes).toEqual(intake().state.episodes);
  expect(copied.windows).toEqual(intake().state.windows);
});

test('alerts that are wrong are named by their place and the others pass', async () => {
  const { sink, intake } = await openIntake();
  const result = await intake().putAlerts([{ labels: {} }, { labels: { alertname: 'A' } }]);
  expect(result).toEqual({
    accepted: 1,
    problems: [{ index: 0, problem: 'labels: at least one label is required' }],
  });
  expect(sink.told()).toEqual(['A/ firing']);
});

test('what could not be handed on is handed on by the intake itself', async () => {
  const { sink, rule, clock, intake } = await openIntake();
  sink.failure = new BackendError('sink', 'away', { retryable: true });
  await expect(rule.fire(diskFull('a'))).rejects.toThrow('away');
  expect(intake().stats().pending).toBe(1);
  sink.failure = undefined;
  await clock.advance(1_000);
  expect(sink.told()).toEqual(['DiskFull/a firing']);
  expect(intake().stats().pending).toBe(0);
});

test('an alert triggered by hand says by whom and fires until it is resolved by hand', async () => {
  const { sink, clock, intake } = await openIntake();
  const labels = { alertname: 'Drill', severity: 'critical' };
  const { fingerprint } = await intake().trigger({ labels, by: 'ann', annotations: { note: 'x' } });
  expect(sink.taken.at(-1)).toMatchObject({
    labels,
    annotations: { note: 'x', origin: 'manual', triggered_by: 'ann' },
  });
  await clock.advance(24 * 60 * MINUTE_MS);
  await intake().resolve({ fingerprint, by: 'bob', comment: 'done' });
  expect(sink.told()).toEqual(['Drill/ firing', 'Drill/ resolved']);
  expect(sink.taken.at(-1)?.annotations).toMatchObject({ resolved_by: 'bob', note: 'x' });
  expect(intake().stats().manual).toBe(0);
  await expect(intake().resolve({ labels, by: 'bob', comment: '' })).rejects.toThrow(
    AlertNotFoundError,
  );
});

test('hands that ask for what cannot be are told why', async () => {
  const { intake, clock } = await openIntake({ maxManual: 1 });
  const labels = { alertname: 'Drill' };
  const past = { labels, by: 'ann', endsAtUnixMs: clock.nowUnixMs() };
  await expect(intake().trigger({ labels, by: ' ' })).rejects.toThrow(InvalidInputError);
  await expect(intake().trigger({ labels: { a: 'b' }, by: 'ann' })).rejects.toThrow('alertname');
  await expect(intake().trigger(past)).rejects.toThrow('endsAt');
  await intake().trigger({ labels, by: 'ann' });
  await intake().trigger({ labels, by: 'ann' });
  const other = { labels: { alertname: 'Other' }, by: 'ann' };
  await expect(intake().trigger(other)).rejects.toThrow(AlertIntakeFullError);
});
