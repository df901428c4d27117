import { BackendError, type Clock, type Log, type Notification, type Notifier } from '@dwcp/core';

import { DeliveryError } from '../errors.ts';
import { type RuleMetrics } from '../rule-metrics.ts';
import { DeliveryHistory, type DeliveryRecord } from './delivery-history.ts';
import { Semaphore } from './semaphore.ts';

export { type DeliveryRecord } from './delivery-history.ts';

export interface NotificationQueueOptions {
  /** Each by its own name; a notification goes to the one its `receiver` names. */
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RuleMetrics;
  /** Notifications waiting per notifier; above it the oldest is dropped and counted. Default 10,000. */
  readonly capacity?: number;
  /** Deliveries at a time per notifier. Default 4. */
  readonly concurrency?: number;
  /** How long a notification is tried. Default 1 h. */
  readonly giveUpAfterMs?: number;
  /** Wait after the first failure; doubled with each. Default 500 ms. */
  readonly minBackoffMs?: number;
  /** Longest wait. Default 60 s. */
  readonly maxBackoffMs?: number;
  /** In [0, 1), for the jitter. Default `Math.random`. */
  readonly random?: () => number;
}

export interface NotificationQueueStats {
  /** The notifier's name. */
  readonly name: string;
  readonly waiting: number;
  readonly capacity: number;
  readonly delivered: number;
  /** Given up after too long, or refused for good. */
  readonly failed: number;
  /** Lost because the queue was full or closed. */
  readonly dropped: number;
  /** Tries that failed, those that were repeated included. */
  readonly failedAttempts: number;
}

interface Entry {
  readonly notification: Notification;
  readonly record: ReturnType<DeliveryHistory['add']>;
  readonly queuedAtMs: number;
  inFlight: boolean;
  dropped: boolean;
}

/**
 * Brings notifications to their notifiers. What fails is tried again with growing waits; within a
 * group order is kept, so that "resolved" never overtakes "firing". In memory: what waits when the
 * process dies is lost, but for alerts that still fire, which the next process sends again.
 */
export class NotificationQueue {
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #history = new DeliveryHistory();

  constructor(options: NotificationQueueOptions) {
    this.#lanes = new Map(
      options.notifiers.map((notifier) => [
        notifier.name,
        new Lane(notifier, this.#history, options),
      ]),
    );
  }

  /** Queues it for the notifier that its `receiver` names. Never waits, never throws. */
  push(notification: Notification): void {
    this.#lanes.get(notification.receiver)?.push(notification);
  }

  stats(): readonly NotificationQueueStats[] {
    return [...this.#lanes.values()].map((lane) => lane.stats());
  }

  /** Newest first. */
  deliveries(): readonly DeliveryRecord[] {
    return this.#history.newestFirst();
  }

  /** Delivers what waits within the limit; the rest counts as dropped. */
  async close(options: { readonly timeoutMs: number }): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(async (lane) => await lane.close(options)));
  }
}

/** The queue of one notifier. */
class Lane {
  readonly #notifier: Notifier;
  readonly #history: DeliveryHistory;
  readonly #options: NotificationQueueOptions;
  readonly #capacity: number;
  readonly #semaphore: Semaphore;
  /** All that is not delivered yet, oldest first. */
  readonly #entries = new Set<Entry>();
  readonly #groups = new Map<string, Entry[]>();
  readonly #workers = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #closed = false;
  #delivered = 0;
  #failed = 0;
  #dropped = 0;
  #failedAttempts = 0;

  constructor(notifier: Notifier, history: DeliveryHistory, options: NotificationQueueOptions) {
    this.#notifier = notifier;
    this.#history = history;
    this.#options = options;
    this.#capacity = options.capacity ?? 10_000;
    this.#semaphore = new Semaphore(options.concurrency ?? 4);
  }

  push(notification: Notification): void {
    const { clock, metrics } = this.#options;
    const record = this.#history.add(notification, clock.nowUnixMs());
    const entry = {
      notification,
      record,
      queuedAtMs: clock.monotonicMs(),
      inFlight: false,
      dropped: false,
    };
    if (this.#closed) {
      this.#drop(entry, 'the process ends');
      return;
    }
    if (this.#entries.size >= this.#capacity) this.#dropOldest();
    this.#entries.add(entry);
    metrics.queueLength(this.#notifier.name, this.#entries.size);
    const group = this.#groups.get(notification.groupKey);
    if (group !== undefined) {
      group.push(entry);
      return;
    }
    const entries = [entry];
    this.#groups.set(notification.groupKey, entries);
    const worker = this.#drain(notification.groupKey, entries).finally(() => {
      this.#workers.delete(worker);
    });
    this.#workers.add(worker);
  }

  stats(): NotificationQueueStats {
    return {
      name: this.#notifier.name,
      waiting: this.#entries.size,
      capacity: this.#capacity,
      delivered: this.#delivered,
      failed: this.#failed,
      dropped: this.#dropped,
      failedAttempts: this.#failedAttempts,
    };
  }

  async close(options: { readonly timeoutMs: number }): Promise<void> {
    this.#closed = true;
    const giveUp = Promise.withResolvers<void>();
    using _ = this.#options.clock.schedule(options.timeoutMs, giveUp.resolve);
    await Promise.race([Promise.all(this.#workers), giveUp.promise]);
    this.#abort.abort(new Error('the process ends'));
    await Promise.all(this.#workers);
  }

  /** Delivers one group's notifications, each after the one before. */
  async #drain(groupKey: string, entries: Entry[]): Promise<void> {
    for (let entry = entries[0]; entry !== undefined; entry = entries[0]) {
      await this.#deliver(entry);
      entries.shift();
      this.#entries.delete(entry);
      this.#options.metrics.queueLength(this.#notifier.name, this.#entries.size);
    }
    this.#groups.delete(groupKey);
  }

  /** Tries until it is delivered, refused for good, too old, or dropped. */
  async #deliver(entry: Entry): Promise<void> {
    const { clock, log, metrics, giveUpAfterMs = 3_600_000 } = this.#options;
    const { name } = this.#notifier;
    const { record, notification } = entry;
    for (;;) {
      if (entry.dropped) return;
      if (this.#abort.signal.aborted) {
        this.#drop(entry, 'the process ends');
        return;
      }
      const error = await this.#attempt(entry);
      if (entry.dropped) return;
      if (error === undefined) {
        this.#delivered++;
        record.finish('delivered', clock.nowUnixMs());
        metrics.notified(name, 'delivered');
        return;
      }
      this.#failedAttempts++;
      record.fail(error.message);
      const leftMs = giveUpAfterMs - (clock.monotonicMs() - entry.queuedAtMs);
      const waitMs = this.#waitAfter(error, record.attempts);
      if (!isRetryable(error) || leftMs <= 0 || waitMs >= leftMs) {
        this.#failed++;
        record.finish('failed', clock.nowUnixMs());
        metrics.notified(name, 'failed');
        log.error(
          {
            notifier: name,
            groupKey: notification.groupKey,
            attempts: record.attempts,
            err: error,
          },
          'notification given up',
        );
        return;
      }
      metrics.retried(name);
      log.warn(
        { notifier: name, groupKey: notification.groupKey, waitMs, err: error },
        'notification failed, trying again',
      );
      await clock.sleep(waitMs, { signal: this.#abort.signal }).catch(() => undefined);
    }
  }

  async #attempt(entry: Entry): Promise<Error | undefined> {
    await this.#semaphore.acquire();
    try {
      if (entry.dropped) return undefined;
      entry.inFlight = true;
      entry.record.attempt(this.#options.clock.nowUnixMs());
      await this.#notifier.notify(entry.notification, { signal: this.#abort.signal });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      entry.inFlight = false;
      this.#semaphore.release();
    }
  }

  /** Exponential, with half of it left to chance, so that receivers are not hit in step. */
  #waitAfter(error: Error, attempts: number): number {
    const { minBackoffMs = 500, maxBackoffMs = 60_000, random = Math.random } = this.#options;
    const fullMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(attempts - 1, 30));
    const backoffMs = fullMs * (0.5 + random() / 2);
    const wantedMs = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(backoffMs, wantedMs);
  }

  #dropOldest(): void {
    for (const entry of this.#entries) {
      if (entry.inFlight || entry.dropped) continue;
      const group = this.#groups.get(entry.notification.groupKey);
      const index = group?.indexOf(entry) ?? -1;
      // The first of a group is in the hands of its worker, which sees the mark when it wakes.
      if (index > 0) group?.splice(index, 1);
      this.#entries.delete(entry);
      this.#drop(entry, 'the queue was full');
      return;
    }
  }

  #drop(entry: Entry, reason: string): void {
    entry.dropped = true;
    this.#dropped++;
    entry.record.fail(reason);
    entry.record.finish('dropped', this.#options.clock.nowUnixMs());
    this.#options.metrics.dropped(this.#notifier.name);
    this.#options.log.error(
      { notifier: this.#notifier.name, groupKey: entry.notification.groupKey, reason },
      'notification dropped',
    );
  }
}

/** A failure that says nothing about itself is tried again: better twice than never. */
function isRetryable(error: Error): boolean {
  return !(error instanceof BackendError) || error.retryable;
}
