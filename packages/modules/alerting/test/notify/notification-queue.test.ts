import {
  DeliveryError,
  NotificationQueue,
  type NotificationQueueOptions,
  RuleMetrics,
} from '@dwcp/alerting';
import { Labels, type Notification, type Notifier, silentLog } from '@dwcp/core';
import { FakeInstruments, ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { FakeNotifier } from '../fakes.ts';

function notificationOf(id: string, groupKey = 'g', receiver = 'fake'): Notification {
  return {
    idempotencyKey: id,
    groupKey,
    receiver,
    status: 'firing',
    groupLabels: {},
    alerts: [
      {
        labels: Labels.from({ alertname: id }),
        annotations: {},
        state: { kind: 'firing', activeAtUnixMs: 0, firedAtUnixMs: 0, value: 1 },
        generatorUrl: '',
      },
    ],
    externalUrl: '',
  };
}

function setUp(options: Partial<NotificationQueueOptions> = {}) {
  const clock = new ManualClock();
  const notifier = new FakeNotifier();
  const instruments = new FakeInstruments();
  const queue = new NotificationQueue({
    notifiers: [notifier],
    clock,
    log: silentLog,
    metrics: new RuleMetrics(instruments),
    random: () => 1,
    ...options,
  });
  return { clock, notifier, queue, instruments };
}

const idsOf = (notifier: FakeNotifier): readonly string[] =>
  notifier.received.map(({ idempotencyKey }) => idempotencyKey);

const busy = (retryAfterMs?: number): DeliveryError =>
  new DeliveryError('fake', 'busy', {
    retryable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

test('what is pushed is delivered, and the history tells of it', async () => {
  const { clock, notifier, queue, instruments } = setUp();
  queue.push(notificationOf('a'));
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['a']);
  expect(queue.deliveries()).toMatchObject([
    {
      notifier: 'fake',
      idempotencyKey: 'a',
      outcome: 'delivered',
      attempts: 1,
      alertCount: 1,
      alerts: [{ labels: { alertname: 'a' }, status: 'firing' }],
      lastError: undefined,
    },
  ]);
  expect(instruments.values).toMatchObject({
    'dwcp_notifications_total{notifier="fake",outcome="delivered"}': 1,
    'dwcp_notification_queue_length{notifier="fake"}': 0,
  });
});

test('a failure is tried again with waits that double, under the same key', async () => {
  const { clock, notifier, queue } = setUp({ minBackoffMs: 1_000, maxBackoffMs: 3_000 });
  notifier.failures.push(busy(), busy(), busy(), busy());
  queue.push(notificationOf('a'));
  const attempts: number[] = [];
  for (let second = 0; second <= 9; second++) {
    await clock.advance(second === 0 ? 0 : 1_000);
    attempts.push(queue.deliveries()[0]?.attempts ?? 0);
  }
  // Waits of 1, 2, 3 and 3 seconds.
  expect(attempts).toEqual([1, 2, 2, 3, 3, 3, 4, 4, 4, 5]);
  expect(idsOf(notifier)).toEqual(['a']);
});

test('half of a wait is left to chance', async () => {
  const { clock, notifier, queue } = setUp({ minBackoffMs: 1_000, random: () => 0 });
  notifier.failures.push(busy());
  queue.push(notificationOf('a'));
  await clock.advance(499);
  expect(idsOf(notifier)).toEqual([]);
  await clock.advance(1);
  expect(idsOf(notifier)).toEqual(['a']);
});

test('Retry-After is kept', async () => {
  const { clock, notifier, queue } = setUp();
  notifier.failures.push(busy(30_000));
  queue.push(notificationOf('a'));
  await clock.advance(29_999);
  expect(idsOf(notifier)).toEqual([]);
  await clock.advance(1);
  expect(idsOf(notifier)).toEqual(['a']);
});

test('what is refused for good is given up at once, and the next goes on', async () => {
  const { clock, notifier, queue, instruments } = setUp();
  notifier.failures.push(new DeliveryError('fake', 'answered 400', { retryable: false }));
  queue.push(notificationOf('a'));
  queue.push(notificationOf('b'));
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['b']);
  expect(queue.deliveries().map(({ outcome }) => outcome)).toEqual(['delivered', 'failed']);
  expect(queue.deliveries()[1]?.lastError).toBe('fake: answered 400');
  expect(instruments.values).toMatchObject({
    'dwcp_notifications_total{notifier="fake",outcome="failed"}': 1,
  });
});

test('after the stated time a notification is given up and counted', async () => {
  const { clock, notifier, queue } = setUp({ giveUpAfterMs: 10_000, minBackoffMs: 4_000 });
  notifier.failures.push(busy(), busy(), busy(), busy());
  queue.push(notificationOf('a'));
  await clock.advance(60_000);
  expect(queue.stats()).toMatchObject([{ delivered: 0, failed: 1, waiting: 0, failedAttempts: 2 }]);
});

test('order is kept within a group, while other groups go on', async () => {
  const { clock, notifier, queue } = setUp();
  notifier.failures.push(busy());
  queue.push(notificationOf('a1', 'a'));
  queue.push(notificationOf('a2', 'a'));
  queue.push(notificationOf('b1', 'b'));
  await clock.advance(0);
  expect(idsOf(notifier)).toEqual(['b1']);
  await clock.advance(1_000);
  expect(idsOf(notifier)).toEqual(['b1', 'a1', 'a2']);
});

test('notifiers do not wait for each other', async () => {
  const [slow, quick] = [new FakeNotifier('slow'), new FakeNotifier('quick')];
  slow.failures.push(busy(60_000));
  const { clock, queue } = setUp({ notifiers: [slow, quick] });
  queue.push(notificationOf('a', 'g', 'slow'));
  queue.push(notificationOf('b', 'g', 'quick'));
  await clock.advance(0);
  expect([idsOf(slow), idsOf(quick)]).toEqual([[], ['b']]);
});

test('deliveries at a time are limited', async () => {
  let running = 0;
  let most = 0;
  const clock = new ManualClock();
  const notifier: Notifier = {
    name: 'fake',
    notify: async () => {
      most = Math.max(most, ++running);
      await clock.sleep(1_000);
      running--;
    },
  };
  const { queue } = setUp({ notifiers: [notifier], clock, concurrency: 2 });
  for (const group of ['a', 'b', 'c', 'd', 'e']) queue.push(notificationOf(group, group));
  await clock.advance(3_000);
  expect(most).toBe(2);
  expect(queue.stats()[0]?.delivered).toBe(5);
});

test('a full queue drops the oldest that waits, and counts it', async () => {
  const { clock, notifier, queue, instruments } = setUp({ capacity: 2 });
  notifier.failures.push(busy());
  queue.push(notificationOf('a'));
  await clock.advance(0);
  queue.push(notificationOf('b'));
  queue.push(notificationOf('c'));
  queue.push(notificationOf('d'));
  await clock.advance(5_000);
  expect(idsOf(notifier)).toEqual(['c', 'd']);
  expect(queue.stats()).toMatchObject([{ dropped: 2, delivered: 2, waiting: 0 }]);
  expect(instruments.values['dwcp_notifications_dropped_total{notifier="fake"}']).toBe(2);
});

test('a close delivers what waits within its limit and counts the rest as dropped', async () => {
  const { clock, notifier, queue } = setUp();
  notifier.failures.push(busy(), busy(60_000));
  queue.push(notificationOf('a', 'a'));
  queue.push(notificationOf('b', 'b'));
  const closing = queue.close({ timeoutMs: 5_000 });
  await clock.advance(5_000);
  await closing;
  expect(idsOf(notifier)).toEqual(['a']);
  queue.push(notificationOf('late'));
  expect(queue.stats()).toMatchObject([{ delivered: 1, dropped: 2, waiting: 0 }]);
});

test('a failure that is none of ours is tried again', async () => {
  const { clock, notifier, queue } = setUp();
  notifier.failures.push(new Error('something else'));
  queue.push(notificationOf('a'));
  await clock.advance(1_000);
  expect(idsOf(notifier)).toEqual(['a']);
});

test('the history keeps the last 1,000', async () => {
  const { clock, queue } = setUp();
  for (let i = 0; i < 1_100; i++) queue.push(notificationOf(`n${i}`));
  await clock.advance(0);
  expect(queue.deliveries()).toHaveLength(1_000);
  expect(queue.deliveries()[0]?.idempotencyKey).toBe('n1099');
});
