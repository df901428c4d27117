import { BackendError, type Clock, type Log, type Notification, type Notifier } from '@dwcp/core';

import { DeliveryError } from '../errors.ts';
import { type RuleMetrics } from '../rule-metrics.ts';
import { type DeliveryEntry } from './delivery-history.ts';
import { Semaphore } from './semaphore.ts';

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RuleMetrics;
  /** Notifications waiting per notifier. Default 10,000. */
  readonly capacity?: number;
  /** Deliveries at a time per notifier. Default 4. */
  readonly concurrency?: number;
  /** How long a notification is tried. */
  readonly giveUpAfterMs?: number;
  /** Wait after the first failure; doubled with each. Default 500 ms. */
  readonly minBackoffMs?: number;
  /** Longest wait. Default 60 s. */
  readonly maxBackoffMs?: number;
  /** In [0, 1), for the jitter. Default `Math.random`. */
  readonly random?: () => number;
}

/** One notification on its way. */
export interface Delivery {
  readonly notification: Notification;
  readonly record: DeliveryEntry;
  /** Its age when it came into the lane, as after a restart. Default 0. */
  readonly ageMs?: number;
}

export interface LaneOptions extends DeliveryOptions {
  readonly giveUpAfterMs: number;
  /** Called once for each delivery that ended; the next of its group waits for it. */
  readonly onEnd: (delivery: Delivery, outcome: 'delivered' | 'failed') => Promise<void> | void;
}

export interface LaneStats {
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

/** Whether notifications get through. */
export interface LaneHealth {
  readonly name: string;
  /** From the third failed try in a row, or from a refusal for good, until one is delivered. */
  readonly failing: boolean;
  readonly failingSinceUnixMs: number | undefined;
  readonly consecutiveFailures: number;
  readonly lastError: string | undefined;
  /** When the one was queued that waits longest. */
  readonly oldestWaitingUnixMs: number | undefined;
}

interface Entry {
  readonly delivery: Delivery;
  readonly addedAtMs: number;
  inFlight: boolean;
  dropped: boolean;
}

const FAILING_AFTER = 3;
/** A receiver that asks for more is asked again after this: what it says may be a mistake. */
const MAX_RETRY_AFTER_MS = 15 * 60_000;

/**
 * The deliveries to one notifier. What fails is tried again with growing waits; within a group order
 * is kept, so that "resolved" never overtakes "firing".
 */
export class DeliveryLane {
  #notifier: Notifier;
  readonly #options: LaneOptions;
  readonly #capacity: number;
  readonly #semaphore: Semaphore;
  /** All that is not delivered yet, oldest first. */
  readonly #entries = new Set<Entry>();
  readonly #groups = new Map<string, Entry[]>();
  readonly #workers = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  /** While the receiver asks to be left alone, on the monotonic clock. */
  #pausedUntilMs = 0;
  #delivered = 0;
  #failed = 0;
  #dropped = 0;
  #failedAttempts = 0;
  #consecutiveFailures = 0;
  #failingSinceUnixMs: number | undefined;
  #lastError: string | undefined;

  constructor(notifier: Notifier, options: LaneOptions) {
    this.#notifier = notifier;
    this.#options = options;
    this.#capacity = options.capacity ?? 10_000;
    this.#semaphore = new Semaphore(options.concurrency ?? 4);
    options.metrics.failing(notifier.name, false);
  }

  get isFull(): boolean {
    return this.#entries.size >= this.#capacity;
  }

  /** Puts another notifier of the same name in place; what waits goes to it. */
  replace(notifier: Notifier): void {
    this.#notifier = notifier;
  }

  add(delivery: Delivery): void {
    const { clock, metrics } = this.#options;
    const entry = { delivery, addedAtMs: clock.monotonicMs(), inFlight: false, dropped: false };
    this.#entries.add(entry);
    metrics.queueLength(this.#notifier.name, this.#entries.size);
    const { groupKey } = delivery.notification;
    const group = this.#groups.get(groupKey);
    if (group !== undefined) {
      group.push(entry);
      return;
    }
    const entries = [entry];
    this.#groups.set(groupKey, entries);
    const worker = this.#drain(groupKey, entries).finally(() => {
      this.#workers.delete(worker);
    });
    this.#workers.add(worker);
  }

  /** Forgets the oldest that is not on its way this moment; counts it as dropped. */
  dropOldest(reason: string): void {
    for (const entry of this.#entries) {
      if (entry.inFlight || entry.dropped) continue;
      const group = this.#groups.get(entry.delivery.notification.groupKey);
      const index = group?.indexOf(entry) ?? -1;
      // The first of a group is in the hands of its worker, which sees the mark when it wakes.
      if (index > 0) group?.splice(index, 1);
      this.#entries.delete(entry);
      entry.dropped = true;
      this.countDropped(entry.delivery, reason);
      return;
    }
  }

  countDropped({ record, notification }: Delivery, reason: string): void {
    const { clock, metrics, log } = this.#options;
    this.#dropped++;
    record.fail(reason);
    record.finish('dropped', clock.nowUnixMs());
    metrics.dropped(this.#notifier.name);
    log.error(
      { notifier: this.#notifier.name, groupKey: notification.groupKey, reason },
      'notification dropped',
    );
  }

  stats(): LaneStats {
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

  health(): LaneHealth {
    const [oldest] = this.#entries;
    return {
      name: this.#notifier.name,
      failing: this.#failingSinceUnixMs !== undefined,
      failingSinceUnixMs: this.#failingSinceUnixMs,
      consecutiveFailures: this.#consecutiveFailures,
      lastError: this.#lastError,
      oldestWaitingUnixMs: oldest?.delivery.record.snapshot().queuedAtUnixMs,
    };
  }

  /**
   * Goes on for as long as the limit says, then ends what is on its way.
   * @returns what was not delivered, oldest first
   */
  async close({ timeoutMs }: { readonly timeoutMs: number }): Promise<readonly Delivery[]> {
    if (timeoutMs > 0) {
      const giveUp = Promise.withResolvers<void>();
      using _ = this.#options.clock.schedule(timeoutMs, giveUp.resolve);
      await Promise.race([Promise.all(this.#workers), giveUp.promise]);
    }
    this.#abort.abort(new Error('the process ends'));
    await Promise.all(this.#workers);
    const left = [...this.#entries].map(({ delivery }) => delivery);
    this.#entries.clear();
    this.#options.metrics.queueLength(this.#notifier.name, 0);
    return left;
  }

  /** Delivers one group's notifications, each after the one before. */
  async #drain(groupKey: string, entries: Entry[]): Promise<void> {
    for (let entry = entries[0]; entry !== undefined; entry = entries[0]) {
      if (!(await this.#deliver(entry))) return;
      entries.shift();
      this.#entries.delete(entry);
      this.#options.metrics.queueLength(this.#notifier.name, this.#entries.size);
    }
    this.#groups.delete(groupKey);
  }

  /**
   * Tries until it is delivered, refused for good, too old, or dropped.
   * @returns false when the lane was closed before
   */
  async #deliver(entry: Entry): Promise<boolean> {
    for (;;) {
      if (entry.dropped) return true;
      if (this.#abort.signal.aborted) return false;
      const error = await this.#attempt(entry);
      if (entry.dropped) return true;
      if (error === undefined) {
        await this.#delivery(entry.delivery);
        return true;
      }
      // What was ended by the close is tried by the next process; its answer is not known.
      if (this.#abort.signal.aborted) return false;
      const waitMs = this.#failure(entry, error);
      if (waitMs === undefined) {
        await this.#givenUp(entry.delivery, error);
        return true;
      }
      await this.#sleep(waitMs);
    }
  }

  async #attempt(entry: Entry): Promise<Error | undefined> {
    const { clock } = this.#options;
    await this.#semaphore.acquire();
    try {
      for (
        let pauseMs = this.#pausedUntilMs - clock.monotonicMs();
        pauseMs > 0 && !this.#abort.signal.aborted;
        pauseMs = this.#pausedUntilMs - clock.monotonicMs()
      ) {
        await this.#sleep(pauseMs);
      }
      if (entry.dropped) return undefined;
      this.#abort.signal.throwIfAborted();
      entry.inFlight = true;
      entry.delivery.record.attempt(clock.nowUnixMs());
      await this.#notifier.notify(entry.delivery.notification, { signal: this.#abort.signal });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      entry.inFlight = false;
      this.#semaphore.release();
    }
  }

  async #delivery(delivery: Delivery): Promise<void> {
    const { clock, metrics } = this.#options;
    const { name } = this.#notifier;
    this.#delivered++;
    this.#consecutiveFailures = 0;
    this.#failingSinceUnixMs = undefined;
    metrics.failing(name, false);
    delivery.record.finish('delivered', clock.nowUnixMs());
    metrics.notified(name, 'delivered');
    await this.#options.onEnd(delivery, 'delivered');
  }

  /** @returns how long to wait before the next try; undefined when there is none */
  #failure({ delivery, addedAtMs }: Entry, error: Error): number | undefined {
    const { clock, log, metrics, giveUpAfterMs } = this.#options;
    const { name } = this.#notifier;
    const { record, notification, ageMs = 0 } = delivery;
    this.#failedAttempts++;
    this.#consecutiveFailures++;
    this.#lastError = error.message.slice(0, 1_000);
    record.fail(error.message);
    const leftMs = giveUpAfterMs - ageMs - (clock.monotonicMs() - addedAtMs);
    const waitMs = this.#waitAfter(error, record.attempts);
    const isLast = !isRetryable(error) || leftMs <= 0 || waitMs >= leftMs;
    if (isLast || this.#consecutiveFailures >= FAILING_AFTER) this.#isFailing();
    if (error instanceof DeliveryError && error.rateLimited) {
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, clock.monotonicMs() + waitMs);
    }
    if (isLast) return undefined;
    metrics.retried(name);
    log.warn(
      { notifier: name, groupKey: notification.groupKey, waitMs, err: error },
      'notification failed, trying again',
    );
    return waitMs;
  }

  async #givenUp(delivery: Delivery, error: Error): Promise<void> {
    const { clock, log, metrics } = this.#options;
    const { name } = this.#notifier;
    const { record, notification } = delivery;
    this.#failed++;
    record.finish('failed', clock.nowUnixMs());
    metrics.notified(name, 'failed');
    const { groupKey } = notification;
    log.error(
      { notifier: name, groupKey, attempts: record.attempts, err: error },
      'notification given up',
    );
    await this.#options.onEnd(delivery, 'failed');
  }

  #isFailing(): void {
    this.#failingSinceUnixMs ??= this.#options.clock.nowUnixMs();
    this.#options.metrics.failing(this.#notifier.name, true);
  }

  async #sleep(durationMs: number): Promise<void> {
    const { signal } = this.#abort;
    await this.#options.clock.sleep(durationMs, { signal }).catch(() => undefined);
  }

  /** Exponential, with half of it left to chance, so that receivers are not hit in step. */
  #waitAfter(error: Error, attempts: number): number {
    const { minBackoffMs = 500, maxBackoffMs = 60_000, random = Math.random } = this.#options;
    const fullMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(attempts - 1, 30));
    const backoffMs = fullMs * (0.5 + random() / 2);
    const wantedMs = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(backoffMs, Math.min(wantedMs, MAX_RETRY_AFTER_MS));
  }
}

/** A failure that says nothing about itself is tried again: better twice than never. */
function isRetryable(error: Error): boolean {
  return !(error instanceof BackendError) || error.retryable;
}
