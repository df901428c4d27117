import { type Alert, BackendError, Labels, type Notification, type Notifier } from '@dwcp/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/**
 * What a receiver does with the next requests: takes them, is overloaded for now, refuses them for
 * good, never answers, or closes the connection without a word.
 */
export type ReceiverAnswer = 'accept' | 'busy' | 'refuse' | 'hang' | 'close';

/** A notifier and the receiver it delivers to. */
export interface NotifierUnderTest extends AsyncDisposable {
  readonly notifier: Notifier;
  /** Until the next call; a receiver accepts at first. */
  answer(kind: ReceiverAnswer): void;
  /** The idempotency keys of all requests so far, whatever they were answered. */
  received(): readonly string[];
  /** The status of each of those requests. */
  receivedStatuses(): readonly string[];
}

const firing: Alert = {
  labels: Labels.from({ alertname: 'DiskFull', instance: 'größe-1' }),
  annotations: { summary: 'Disk "/" is full\nof 💾' },
  state: { kind: 'firing', activeAtUnixMs: 1_000, firedAtUnixMs: 2_000, value: 0.97 },
  generatorUrl: 'http://monitoring.example/graph',
};
const resolved: Alert = {
  ...firing,
  labels: Labels.from({ alertname: 'DiskFull', instance: 'b' }),
  state: {
    kind: 'resolved',
    activeAtUnixMs: 1_000,
    firedAtUnixMs: 2_000,
    resolvedAtUnixMs: 3_000,
    value: 0.2,
  },
};

function notificationOf(key: string, ...alerts: readonly Alert[]): Notification {
  return {
    idempotencyKey: key,
    groupKey: '{}:{alertname="DiskFull"}',
    receiver: 'team',
    status: alerts.some(({ state }) => state.kind === 'firing') ? 'firing' : 'resolved',
    groupLabels: { alertname: 'DiskFull' },
    alerts,
    externalUrl: 'http://monitoring.example',
  };
}

function outcomeOf(delivery: Promise<void>): Promise<'accepted' | 'rejected'> {
  return delivery.then(
    () => 'accepted',
    () => 'rejected',
  );
}

/** What every Notifier does. Registers its tests with Vitest; each opens a receiver of its own. */
export function notifierContract(name: string, open: () => Promise<NotifierUnderTest>): void {
  describe(`${name} as a Notifier`, () => {
    let it: NotifierUnderTest;

    beforeEach(async () => {
      it = await open();
    });

    afterEach(async () => {
      await it[Symbol.asyncDispose]();
    });

    const failure = async (): Promise<BackendError> => {
      const error: unknown = await it.notifier.notify(notificationOf('k1', firing)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error instanceof BackendError) return error;
      throw new Error('a BackendError was expected', { cause: error });
    };

    test('resolves once the receiver has accepted', async () => {
      await expect(it.notifier.notify(notificationOf('k1', firing))).resolves.toBeUndefined();
      expect(it.received()).toEqual(['k1']);
      expect(it.receivedStatuses()).toEqual(['firing']);
    });

    test('a receiver that is busy is worth another try', async () => {
      it.answer('busy');
      // Twice, because there is more than one way to say it: too many requests, unavailable.
      for (let request = 0; request < 2; request++) {
        expect(await failure()).toMatchObject({ retryable: true, backend: it.notifier.name });
      }
    });

    test('a receiver that refuses is not', async () => {
      it.answer('refuse');
      expect(await failure()).toMatchObject({ retryable: false, backend: it.notifier.name });
      expect(it.received()).toEqual(['k1']);
    });

    test('a connection closed without an answer is worth another try', async () => {
      it.answer('close');
      expect(await failure()).toMatchObject({ retryable: true });
    });

    test('each try of one notification carries its key, another notification another one', async () => {
      const notification = notificationOf('k1', firing);
      for (const kind of ['busy', 'close'] as const) {
        it.answer(kind);
        await expect(it.notifier.notify(notification)).rejects.toThrow(BackendError);
      }
      it.answer('accept');
      await it.notifier.notify(notification);
      await it.notifier.notify(notificationOf('k2', firing));
      expect(it.received()).toEqual(['k1', 'k1', 'k1', 'k2']);
    });

    test('what is resolved is delivered as resolved, what still fires in part as firing', async () => {
      await it.notifier.notify(notificationOf('k1', resolved));
      await it.notifier.notify(notificationOf('k2', firing, resolved));
      expect(it.receivedStatuses()).toEqual(['resolved', 'firing']);
    });

    test('notifications sent at the same time all arrive', async () => {
      const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
      await Promise.all(keys.map((key) => it.notifier.notify(notificationOf(key, firing))));
      expect(it.received().toSorted()).toEqual(keys);
    });

    test('an abort ends the wait for a receiver that hangs', async () => {
      it.answer('hang');
      const abort = new AbortController();
      const delivery = it.notifier.notify(notificationOf('k1', firing), { signal: abort.signal });
      const ended = outcomeOf(delivery);
      await expect.poll(() => it.received()).toEqual(['k1']);
      const abortedMs = performance.now();
      abort.abort();
      expect(await ended).toBe('rejected');
      expect(performance.now() - abortedMs).toBeLessThan(1_000);
    });

    test('after an abort nothing is sent', async () => {
      const options = { signal: AbortSignal.abort() };
      const delivery = it.notifier.notify(notificationOf('k1', firing), options);
      expect(await outcomeOf(delivery)).toBe('rejected');
      expect(it.received()).toEqual([]);
    });
  });
}
