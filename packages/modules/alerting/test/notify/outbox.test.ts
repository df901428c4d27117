import {
  DeliveryError,
  MemoryOutboxJournal,
  Outbox,
  type OutboxItem,
  type OutboxJournal,
  type OutboxOptions,
  pipelineOutbox,
} from '@dwcp/alerting';
import { type Notification } from '@dwcp/core';
import { FakeInstruments, ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { FakeNotifier } from '../fakes.ts';
import { firingAlert, notificationOf, resolvedAlert } from '../receivers/fixtures.ts';

function itemOf(id: string, groupKey = 'g', integration = 'fake'): OutboxItem {
  const changes = { idempotencyKey: id, groupKey };
  return { integration, notification: notificationOf([firingAlert({ id })], changes) };
}

interface Setup {
  readonly clock: ManualClock;
  readonly notifier: FakeNotifier;
  readonly journal: MemoryOutboxJournal;
  readonly instruments: FakeInstruments;
  readonly open: (options?: Partial<OutboxOptions>) => Promise<Outbox>;
}

function setUp(): Setup {
  const clock = new ManualClock();
  const notifier = new FakeNotifier();
  const journal = new MemoryOutboxJournal();
  const instruments = new FakeInstruments();
  const open = async (options: Partial<OutboxOptions> = {}): Promise<Outbox> =>
    await Outbox.open({
      notifiers: [notifier],
      journal,
      clock,
      instruments,
      random: () => 1,
      ...options,
    });
  return { clock, notifier, journal, instruments, open };
}

const idsOf = (notifier: FakeNotifier): readonly string[] =>
  notifier.received.map(({ idempotencyKey }) => idempotencyKey);

const failure = (options: ConstructorParameters<typeof DeliveryError>[2]): DeliveryError =>
  new DeliveryError('fake', 'not now', options);
const busy = failure({ retryable: true });

test('what was not delivered goes out after a restart, as it was', async () => {
  const { clock, notifier, open } = setUp();
  const first = await open();
  notifier.failures.push(busy);
  const both = notificationOf([firingAlert({ instance: 'größe' }), resolvedAlert({ i: '2' })]);
  await first.accept([{ integration: 'fake', notification: both }]);
  await clock.advance(0);
  await first.close({ timeoutMs: 0 });
  expect(notifier.received).toEqual([]);

  await open();
  await clock.advance(0);
  expect(notifier.received).toEqual([both]);
  expect(notifier.received[0]?.alerts[0]?.labels.get('instance')).toBe('größe');
});

test('what was delivered does not go out again, and the history still tells of it', async () => {
  const { clock, notifier, open } = setUp();
  const first = await open();
  await first.accept([itemOf('a')]);
  await clock.advance(0);
  await first.close({ timeoutMs: 0 });

  const second = await open();
  await clock.advance(60_000);
  expect(idsOf(notifier)).toEqual(['a']);
  expect(second.deliveries()).toMatchObject([
    { notifier: 'fake', idempotencyKey: 'a', outcome: 'delivered', attempts: 1 },
  ]);
});

test('an item offered again under its key goes out once, over restarts too', async () => {
  const { clock, notifier, open } = setUp();
  const first = await open();
  await first.accept([itemOf('a'), itemOf('a')]);
  expect(await first.accept([itemOf('a')])).toMatchObject({ accepted: [{}], refused: [] });
  await clock.advance(0);
  await first.close({ timeoutMs: 0 });

  const second = await open();
  await second.accept([itemOf('a')]);
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a']);
});

test('nothing is sent before it is written', async () => {
  const { clock, notifier } = setUp();
  const written = Promise.withResolvers<void>();
  const journal: OutboxJournal = {
    load: async () => [],
    append: async () => await written.promise,
    replace: async () => undefined,
  };
  const outbox = await Outbox.open({ notifiers: [notifier], journal, clock });
  const accepting = outbox.accept([itemOf('a')]);
  await clock.advance(1_000);
  expect(notifier.received).toEqual([]);
  written.resolve();
  await accepting;
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a']);
});

test('with a journal that fails, items are delivered from memory, and that is told', async () => {
  const { clock, notifier, instruments } = setUp();
  const journal: OutboxJournal = {
    load: async () => [],
    append: () => Promise.reject(new Error('no space left')),
    replace: async () => undefined,
  };
  const outbox = await Outbox.open({ notifiers: [notifier], journal, clock, instruments });
  expect(await outbox.accept([itemOf('a')])).toMatchObject({ durable: false, refused: [] });
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a']);
  // Taken over and ended: two records.
  expect(instruments.values['dwcp_outbox_write_failures_total']).toBe(2);
});

test('a full lane refuses and counts, while other lanes take theirs', async () => {
  const { clock, notifier, instruments, open } = setUp();
  const other = new FakeNotifier('other');
  const outbox = await open({ notifiers: [notifier, other], capacity: 1 });
  notifier.failures.push(failure({ retryable: true, retryAfterMs: 60_000 }));
  await outbox.accept([itemOf('a')]);
  const result = await outbox.accept([itemOf('b'), itemOf('b', 'g', 'other')]);
  expect(result.refused.map(({ integration }) => integration)).toEqual(['fake']);
  expect(result.accepted.map(({ integration }) => integration)).toEqual(['other']);
  expect(instruments.values['dwcp_notifications_refused_total{notifier="fake"}']).toBe(1);
  await clock.advance(60_000);
  expect([idsOf(notifier), idsOf(other)]).toEqual([['a'], ['b']]);
  expect(await outbox.accept([itemOf('b')])).toMatchObject({ refused: [] });
});

test('a refusal for good is not repeated, and told', async () => {
  const { clock, notifier, open } = setUp();
  const outbox = await open();
  notifier.failures.push(failure({ retryable: false }));
  await outbox.accept([itemOf('a')]);
  await clock.advance(3_600_000);
  expect(notifier.received).toEqual([]);
  expect(outbox.deliveries()).toMatchObject([
    { outcome: 'failed', attempts: 1, lastError: 'fake: not now' },
  ]);
});

test('an integration fails from the third failure in a row until a delivery', async () => {
  const { clock, notifier, instruments, open } = setUp();
  const outbox = await open({ minBackoffMs: 1_000 });
  const gauge = (): number | undefined =>
    instruments.values['dwcp_notifier_failing{notifier="fake"}'];
  expect(gauge()).toBe(0);
  notifier.failures.push(busy, busy, busy);
  const queuedAtUnixMs = clock.nowUnixMs();
  await outbox.accept([itemOf('a')]);
  await clock.advance(1_000);
  expect(outbox.health()).toMatchObject([{ failing: false, consecutiveFailures: 2 }]);
  await clock.advance(2_000);
  expect(gauge()).toBe(1);
  expect(outbox.health()).toEqual([
    {
      name: 'fake',
      failing: true,
      failingSinceUnixMs: queuedAtUnixMs + 3_000,
      consecutiveFailures: 3,
      lastError: 'fake: not now',
      oldestWaitingUnixMs: queuedAtUnixMs,
    },
  ]);
  await clock.advance(4_000);
  expect(gauge()).toBe(0);
  expect(outbox.health()).toMatchObject([{ failing: false, oldestWaitingUnixMs: undefined }]);
});

test('a receiver that gets too much is left alone by all groups for as long as it asks', async () => {
  const { clock, notifier, open } = setUp();
  const outbox = await open({ concurrency: 1 });
  notifier.failures.push(failure({ retryable: true, retryAfterMs: 10_000, rateLimited: true }));
  await outbox.accept([itemOf('a', 'a'), itemOf('b', 'b')]);
  await clock.advance(9_999);
  expect(notifier.received).toEqual([]);
  await clock.advance(1);
  expect(idsOf(notifier).toSorted()).toEqual(['a', 'b']);
});

test('a receiver that asks to be left alone for years is asked again after a quarter of an hour', async () => {
  for (const rateLimited of [true, false]) {
    const { clock, notifier, open } = setUp();
    const outbox = await open();
    const retryAfterMs = 1e12;
    notifier.failures.push(failure({ retryable: true, retryAfterMs, rateLimited }));
    await outbox.accept([itemOf('a'), itemOf('b', 'h')]);
    await clock.advance(14 * 60_000);
    expect(outbox.stats()).toMatchObject([{ failed: 0 }]);
    await clock.advance(60_000);
    expect(idsOf(notifier).toSorted()).toEqual(['a', 'b']);
  }
});

test('the time before a restart counts for giving up', async () => {
  const { clock, notifier, open } = setUp();
  const options = { giveUpAfterMs: 10_000, minBackoffMs: 4_000 };
  const first = await open(options);
  notifier.failures.push(busy, busy);
  await first.accept([itemOf('a')]);
  await clock.advance(0);
  await first.close({ timeoutMs: 0 });
  await clock.advance(9_000);
  const second = await open(options);
  await clock.advance(0);
  expect(second.deliveries()[0]).toMatchObject({ outcome: 'failed' });
});

test('what waits for an integration that is gone has failed, after a restart and a reload', async () => {
  const { clock, notifier, open } = setUp();
  const first = await open();
  notifier.failures.push(busy);
  await first.accept([itemOf('a')]);
  await clock.advance(0);
  await first.close({ timeoutMs: 0 });
  const other = new FakeNotifier('other');
  const second = await open({ notifiers: [other] });
  const gone = { outcome: 'failed', lastError: 'no integration of this name is configured' };
  expect(second.deliveries()).toMatchObject([{ idempotencyKey: 'a', ...gone }]);

  other.failures.push(busy);
  await second.accept([itemOf('b', 'g', 'other')]);
  await clock.advance(0);
  await second.setNotifiers([notifier]);
  expect(second.deliveries()[0]).toMatchObject({ idempotencyKey: 'b', ...gone });
  await clock.advance(60_000);
  expect([idsOf(notifier), idsOf(other)]).toEqual([[], []]);
});

test('after a reload what waits goes to the new notifier of the same name', async () => {
  const { clock, notifier, open } = setUp();
  const outbox = await open();
  notifier.failures.push(busy);
  await outbox.accept([itemOf('a')]);
  await clock.advance(0);
  const next = new FakeNotifier('fake');
  await outbox.setNotifiers([next]);
  await clock.advance(1_000);
  expect([idsOf(notifier), idsOf(next)]).toEqual([[], ['a']]);
});

test('the journal stays small, and forgets nothing that matters', async () => {
  const { clock, notifier, journal, open } = setUp();
  const outbox = await open();
  for (let i = 0; i < 2_500; i++) {
    await outbox.accept([itemOf(`n${i}`, `g${i}`)]);
    await clock.advance(0);
  }
  notifier.failures.push(busy);
  await outbox.accept([itemOf('last')]);
  await clock.advance(0);
  await outbox.close({ timeoutMs: 0 });
  // Of 5,001 records: the history of 1,000, the keys, and what came since.
  expect(journal.records.length).toBeLessThan(2_100);

  const second = await open();
  await second.accept([itemOf('n0', 'g0'), itemOf('n2499', 'g2499')]);
  await clock.advance(0);
  expect(idsOf(notifier).filter((id) => id === 'n0' || id === 'n2499')).toHaveLength(2);
  expect(idsOf(notifier).at(-1)).toBe('last');
  expect(second.deliveries()).toHaveLength(1_000);
});

test('a record that cannot be read is left out, and the others are not', async () => {
  const { clock, notifier, journal, open } = setUp();
  const first = await open();
  notifier.failures.push(busy);
  await journal.append(Buffer.from('{"kind":"taken"'));
  await first.accept([itemOf('a')]);
  await clock.advance(0);
  await first.close({ timeoutMs: 0 });
  await open();
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a']);
});

test('a crash after each record of the journal leads to no loss, and to a repeat under the same key at most', async () => {
  const { clock, notifier, journal, open } = setUp();
  const outbox = await open();
  await outbox.accept([itemOf('a'), itemOf('b', 'h')]);
  await clock.advance(0);
  await outbox.accept([itemOf('c')]);
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a', 'b', 'c']);
  const { records } = journal;
  expect(records).toHaveLength(5);
  const taken = [[], ['a', 'b'], ['a', 'b'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c']];
  for (let length = 0; length <= records.length; length++) {
    const crashed = new MemoryOutboxJournal();
    for (const record of records.slice(0, length)) await crashed.append(record);
    const next = new FakeNotifier();
    await Outbox.open({ notifiers: [next], journal: crashed, clock });
    await clock.advance(0);
    const ended = records
      .slice(0, length)
      .map((record) => JSON.parse(Buffer.from(record).toString()) as Record<string, unknown>)
      .filter(({ kind }) => kind === 'ended')
      .map(({ idempotencyKey }) => idempotencyKey);
    expect(idsOf(next)).toEqual(taken[length]?.filter((id) => !ended.includes(id)));
  }
});

test('settings and secrets are not in the journal, only what alerts say', async () => {
  const { clock, journal, open } = setUp();
  const outbox = await open();
  const item = itemOf('a');
  await outbox.accept([item]);
  await clock.advance(0);
  const stored = JSON.parse(Buffer.from(journal.records[0] ?? []).toString()) as {
    readonly items: readonly { readonly notification: Notification }[];
  };
  expect(Object.keys(stored.items[0]?.notification ?? {}).sort()).toEqual(
    Object.keys(item.notification).sort(),
  );
});

test('an item for an integration that is not there has failed, and the others go out', async () => {
  const { clock, notifier, open } = setUp();
  const outbox = await open();
  const result = await outbox.accept([itemOf('a', 'g', 'nobody'), itemOf('b')]);
  expect(result.refused).toEqual([]);
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['b']);
  const failed = outbox.deliveries().find(({ notifier: name }) => name === 'nobody');
  expect(failed).toMatchObject({ outcome: 'failed', attempts: 0 });
});

test('to the pipeline a refusal is a failure, and the second offer repeats nothing', async () => {
  const { clock, notifier, open } = setUp();
  const outbox = await open({ capacity: 1 });
  const port = pipelineOutbox(outbox);
  const routed = ['a', 'b'].map((id) => ({
    ...itemOf(id, id).notification,
    integration: 'fake',
    integrationType: 'webhook' as const,
    reason: 'first' as const,
    routeId: '{}',
    routeLabels: {},
    flushedAtUnixMs: clock.nowUnixMs(),
  }));
  notifier.failures.push(busy);
  await port.accept(routed.slice(0, 1));
  await expect(port.accept(routed)).rejects.toThrow('1 of 2 notifications were refused');
  await clock.advance(1_000);
  await port.accept(routed);
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a', 'b']);
});
