import {
  AlertPipeline,
  DeliveryError,
  MemoryOutboxJournal,
  MemoryRecordStore,
  Outbox,
  type OutboxItem,
  type OutboxJournal,
  pipelineOutbox,
  type PipelineRecord,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { configOf } from '../alertmanager/support.ts';
import { FakeNotifier } from '../fakes.ts';
import { firingAlert, notificationOf } from '../receivers/fixtures.ts';

/** A journal on a disk that is full now and then. */
class FullJournal implements OutboxJournal {
  readonly kept = new MemoryOutboxJournal();
  isFull = false;
  appends = 0;

  load(): Promise<readonly Uint8Array[]> {
    return this.kept.load();
  }

  append(record: Uint8Array): Promise<void> {
    this.appends++;
    return this.isFull ? Promise.reject(new Error('no space left')) : this.kept.append(record);
  }

  replace(records: readonly Uint8Array[]): Promise<void> {
    return this.isFull ? Promise.reject(new Error('no space left')) : this.kept.replace(records);
  }
}

function itemOf(id: string, groupKey = id): OutboxItem {
  const changes = { idempotencyKey: id, groupKey };
  return { integration: 'fake', notification: notificationOf([firingAlert({ id })], changes) };
}

const busy = (): DeliveryError => new DeliveryError('fake', 'not now', { retryable: true });

const idsOf = (notifier: FakeNotifier): readonly string[] =>
  notifier.received.map(({ idempotencyKey }) => idempotencyKey);

test('what a full disk did not take is written when it is offered again, and survives a kill then', async () => {
  const clock = new ManualClock();
  const journal = new FullJournal();
  const notifier = new FakeNotifier();
  const outbox = await Outbox.open({ notifiers: [notifier], journal, clock, random: () => 1 });
  notifier.failures.push(busy(), busy());
  journal.isFull = true;
  expect(await outbox.accept([itemOf('a')])).toMatchObject({ durable: false });
  expect(await outbox.accept([itemOf('a')])).toMatchObject({ durable: false });
  journal.isFull = false;
  expect(await outbox.accept([itemOf('a')])).toMatchObject({ durable: true });
  const { appends } = journal;
  expect(await outbox.accept([itemOf('a')])).toMatchObject({ durable: true });
  expect(journal.appends).toBe(appends);
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual([]);

  // Killed before it was delivered.
  const next = new FakeNotifier();
  await Outbox.open({ notifiers: [next], journal, clock });
  await clock.advance(0);
  expect(idsOf(next)).toEqual(['a']);
});

test('an item is not taken for kept while another offer of it is still being written', async () => {
  const clock = new ManualClock();
  const notifier = new FakeNotifier();
  const writes: PromiseWithResolvers<void>[] = [];
  const journal: OutboxJournal = {
    load: async () => [],
    append: async () => {
      const write = Promise.withResolvers<void>();
      writes.push(write);
      await write.promise;
    },
    replace: async () => undefined,
  };
  const outbox = await Outbox.open({ notifiers: [notifier], journal, clock });
  const first = outbox.accept([itemOf('a')]);
  const second = outbox.accept([itemOf('a')]);
  for (const write of writes.splice(0)) write.reject(new Error('no space left'));
  expect((await Promise.all([first, second])).map(({ durable }) => durable)).toEqual([
    false,
    false,
  ]);
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a']);
});

test('the pipeline keeps what the outbox could not write, and a kill loses nothing', async () => {
  const clock = new ManualClock();
  const journal = new FullJournal();
  const store = new MemoryRecordStore<PipelineRecord>();
  const config = configOf({
    route: { receiver: 'team', group_wait: '1s' },
    receivers: [{ name: 'team', webhook_configs: [{ url: 'http://localhost/' }] }],
  });
  const open = async (notifier: FakeNotifier): Promise<AlertPipeline> => {
    const outbox = await Outbox.open({ notifiers: [notifier], journal, clock });
    const to = pipelineOutbox(outbox);
    return AlertPipeline.open({ config, store, outbox: to, clock, externalUrl: '' });
  };
  const name = 'team/webhook[0]';
  const before = new FakeNotifier(name);
  before.failures.push(...Array.from({ length: 100 }, busy));
  const pipeline = await open(before);
  journal.isFull = true;
  await pipeline.putAlerts([{ labels: { alertname: 'A' } }]);
  await clock.advance(5_000);
  expect(pipeline.stats().waitingIntents).toBe(1);

  // Killed while the disk is full; then there is room again.
  journal.isFull = false;
  const after = new FakeNotifier(name);
  const restarted = await open(after);
  await clock.advance(1_000);
  expect(after.received).toHaveLength(1);
  expect(restarted.stats().waitingIntents).toBe(0);
});

test('an end that a full disk did not take is written later: a start repeats nothing', async () => {
  const clock = new ManualClock();
  const journal = new FullJournal();
  const notifier = new FakeNotifier();
  const outbox = await Outbox.open({ notifiers: [notifier], journal, clock });
  notifier.failures.push(busy());
  await outbox.accept([itemOf('a')]);
  await clock.advance(0);
  journal.isFull = true;
  await clock.advance(1_000);
  expect(idsOf(notifier)).toEqual(['a']);
  journal.isFull = false;
  await outbox.accept([itemOf('b')]);
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a', 'b']);

  const next = new FakeNotifier();
  await Outbox.open({ notifiers: [next], journal, clock });
  await clock.advance(0);
  expect(idsOf(next)).toEqual([]);
});

test('a journal stays small over many short lives', async () => {
  const clock = new ManualClock();
  const journal = new MemoryOutboxJournal();
  for (let life = 0; life < 20; life++) {
    const notifiers = [new FakeNotifier()];
    const outbox = await Outbox.open({ notifiers, journal, clock });
    for (let i = 0; i < 300; i++) await outbox.accept([itemOf(`${life}-${i}`)]);
    await clock.advance(0);
    await outbox.close({ timeoutMs: 0 });
  }
  // Of 12,000: the history of 1,000, the keys, and what came since.
  expect(journal.records.length).toBeLessThan(3_100);
});
