import {
  AlertPipeline,
  intakeNotifier,
  MemoryRecordStore,
  NotificationQueue,
  type PipelineOptions,
  type PipelineRecord,
  PipelineFullError,
  PipelineState,
  RuleMetrics,
} from '@dwcp/alerting';
import { silentLog } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { beforeEach, expect, test } from 'vitest';

import { firingAlert, notificationOf } from '../receivers/fixtures.ts';
import { configOf, RecordingOutbox } from './support.ts';

const config = configOf({
  route: { receiver: 'team', group_by: ['alertname'], group_wait: '1s', group_interval: '10s' },
  receivers: [{ name: 'team', webhook_configs: [{ url: 'http://localhost/' }] }],
});

let clock: ManualClock;
let outbox: RecordingOutbox;
let store: MemoryRecordStore<PipelineRecord>;

beforeEach(() => {
  clock = new ManualClock();
  outbox = new RecordingOutbox(() => clock.nowUnixMs());
  store = new MemoryRecordStore<PipelineRecord>();
});

function open(more: Partial<PipelineOptions> = {}): Promise<AlertPipeline> {
  return AlertPipeline.open({ config, store, outbox, clock, externalUrl: '', ...more });
}

/** As rules repeat them: each valid for four minutes. */
const repeated = (instance: number) => ({
  labels: { alertname: 'A', instance: `${instance}` },
  startsAtUnixMs: 0,
  endsAtUnixMs: clock.nowUnixMs() + 240_000,
});

test('at the limit alerts that are known go on and end, and only new ones are refused', async () => {
  await using pipeline = await open({ maxAlerts: 2 });
  await pipeline.putAlerts([repeated(0), repeated(1)]);
  for (let minute = 0; minute < 6; minute++) {
    await clock.advance(60_000);
    const posted = [repeated(2), repeated(0), repeated(1)];
    await expect(pipeline.putAlerts(posted)).rejects.toThrow(PipelineFullError);
  }
  expect(outbox.taken.map(({ notification: { status } }) => status)).toEqual(['firing']);
  expect(pipeline.stats()).toMatchObject({ alerts: 2, refusedAlerts: 6 });
  const over = { ...repeated(0), endsAtUnixMs: clock.nowUnixMs() };
  await expect(pipeline.putAlerts([repeated(2), over])).rejects.toThrow(PipelineFullError);
  await clock.advance(20_000);
  await pipeline.putAlerts([repeated(2)]);
  expect(pipeline.stats()).toMatchObject({ alerts: 2 });
});

test('at the limit what rules repeat of alerts that are known is not held up by new ones', async () => {
  await using pipeline = await open({ maxAlerts: 2 });
  const notifiers = [intakeNotifier(pipeline, { name: 'routes', validForMs: 240_000 })];
  const metrics = new RuleMetrics(undefined);
  const queue = new NotificationQueue({ notifiers, clock, log: silentLog, metrics });
  for (let minute = 0; minute < 15; minute++) {
    const alerts = [0, 1, 2].map((instance) => firingAlert({ instance: `${instance}` }));
    const validUntilUnixMs = clock.nowUnixMs() + 240_000;
    queue.push(notificationOf(alerts, { receiver: 'routes', validUntilUnixMs }));
    await clock.advance(60_000);
  }
  expect(
    outbox.taken.map(({ notification: { status, alerts } }) => [status, alerts.length]),
  ).toEqual([['firing', 2]]);
  await queue.close({ timeoutMs: 0 });
});

test('alerts that are told again and again leave a store that stays small', async () => {
  await using pipeline = await open();
  for (let minute = 0; minute < 60; minute++) {
    await pipeline.putAlerts(Array.from({ length: 2_000 }, (_, i) => repeated(i)));
    await clock.advance(60_000);
  }
  const kept = (await store.load()).reduce(
    (sum, record) => sum + (record.kind === 'alerts' ? record.alerts.length : 0),
    0,
  );
  // Of 120,000: what is compacted, and what came since.
  expect(kept).toBeLessThan(32_000);
});

test('no record of a snapshot grows with the number of alerts', async () => {
  await using pipeline = await open();
  await pipeline.putAlerts(Array.from({ length: 3_500 }, (_, i) => repeated(i)));
  const sizes = pipeline.state
    .snapshot()
    .map((record) => (record.kind === 'alerts' ? record.alerts.length : 0));
  expect(sizes.reduce((a, b) => a + b)).toBe(3_500);
  expect(Math.max(...sizes)).toBe(1_000);
  const copied = new PipelineState(config);
  for (const record of pipeline.state.snapshot()) copied.apply(record);
  expect(copied.snapshot()).toEqual(pipeline.state.snapshot());
});

test('a silence that takes the place of another counts as one more at the limit', async () => {
  await using pipeline = await open({ maxSilences: 2 });
  const silence = (value: string, id?: string) => ({
    matchers: [{ name: 'a', operator: '=', value } as const],
    startsAtUnixMs: clock.nowUnixMs(),
    endsAtUnixMs: clock.nowUnixMs() + 60_000,
    createdBy: 'me',
    comment: '',
    ...(id === undefined ? {} : { id }),
  });
  const first = await pipeline.setSilence(silence('1'));
  const second = await pipeline.setSilence(silence('2', first));
  await expect(pipeline.setSilence(silence('3', second))).rejects.toThrow(PipelineFullError);
  // One that stays the same silence adds none.
  await clock.advance(1_000);
  const { startsAtUnixMs = 0 } = pipeline.state.silences.get(second) ?? {};
  const longer = { ...silence('2', second), startsAtUnixMs };
  expect(await pipeline.setSilence(longer)).toBe(second);
  expect(pipeline.stats().silences).toBe(2);
});

test('what a full disk kept of a failed write is not told after the next start', async () => {
  let isFull = false;
  const partly = {
    load: () => store.load(),
    replace: (records: readonly PipelineRecord[]) => store.replace(records),
    append: async (records: readonly PipelineRecord[]) => {
      if (!isFull) return store.append(records);
      await store.append(records.slice(0, 1));
      throw new Error('no space left');
    },
  };
  const first = await open({ store: partly });
  await first.putAlerts([repeated(0)]);
  isFull = true;
  await clock.advance(1_500);
  expect(outbox.taken).toEqual([]);
  isFull = false;
  await clock.advance(35_000);
  expect(outbox.taken).toHaveLength(1);
  await first[Symbol.asyncDispose]();

  await using _ = await open({ store: partly });
  await clock.advance(1_500);
  expect(outbox.taken).toHaveLength(1);
});
