import { type Clock, type Instruments, type Log, type Notifier, silentLog } from '@dwcp/core';

import { RuleMetrics } from '../rule-metrics.ts';
import { DeliveryHistory, type DeliveryRecord } from './delivery-history.ts';
import {
  type Delivery,
  DeliveryLane,
  type DeliveryOptions,
  type LaneHealth,
  type LaneStats,
} from './delivery-lane.ts';
import { type OutboxJournal } from './outbox-journal.ts';
import {
  decodeRecord,
  encodeRecord,
  keyOf,
  type OutboxItem,
  type OutboxRecord,
  type TakenItem,
  takenRecords,
} from './outbox-records.ts';

export interface OutboxOptions extends Omit<DeliveryOptions, 'metrics' | 'log'> {
  /** Each by its own name, the `integration` of an item. */
  readonly notifiers: readonly Notifier[];
  readonly journal: OutboxJournal;
  readonly clock: Clock;
  readonly log?: Log;
  readonly instruments?: Instruments;
  /** Told of each delivery that ended, once that is noted; must not throw. */
  readonly onDelivery?: (delivery: DeliveryRecord) => void;
}

/** What became of items that were offered. */
export interface AcceptResult {
  /** Taken over now, or before under the same key. */
  readonly accepted: readonly OutboxItem[];
  /** Their lane is full, or the outbox closed: the caller keeps them. */
  readonly refused: readonly OutboxItem[];
  /**
   * False when the journal could not be written: the items are delivered, from memory alone. Offered
   * again, they are written if they can be.
   */
  readonly durable: boolean;
}

const GIVE_UP_AFTER_MS = 24 * 3_600_000;
/** Ended keys that are remembered, so that an item offered twice goes out once. */
const MAX_KNOWN = 50_000;
/** The journal is rewritten when so many of its records tell of what has ended. */
const MIN_ENDED = 1_000;

/**
 * Delivers notifications and forgets none that it has taken over: each is written to the journal
 * first, and again when it ended. After a crash the rest goes on; one whose answer was not known is
 * repeated under its idempotency key.
 */
export class Outbox implements AsyncDisposable {
  readonly #options: OutboxOptions;
  readonly #log: Log;
  readonly #metrics: RuleMetrics;
  readonly #lanes = new Map<string, DeliveryLane>();
  readonly #history = new DeliveryHistory();
  /** What was taken over and has not ended, oldest first. */
  readonly #taken = new Map<string, TakenItem>();
  readonly #known = new Set<string>();
  /** Of those taken over, the keys of which it is not known that the journal has them. */
  readonly #unwritten = new Set<string>();
  /** Ends that the journal tells of since it was rewritten. */
  #ended = 0;
  /** Whether the journal lacks ends: a start would repeat them. */
  #lacksEnds = false;
  #closed = false;

  private constructor(options: OutboxOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLog).child({ part: 'outbox' });
    this.#metrics = new RuleMetrics(options.instruments);
  }

  /**
   * Reads the journal and goes on with what waits in it. What is for an integration that is no
   * longer there has failed.
   */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options);
    await outbox.#load();
    return outbox;
  }

  /**
   * Takes items over; resolves once they survive a crash. Delivery goes on behind it. An item that
   * was taken over before under the same integration and idempotency key is not delivered again; one
   * for an integration that is not there is taken over and has failed, as the history tells.
   */
  async accept(items: readonly OutboxItem[]): Promise<AcceptResult> {
    const queuedAtUnixMs = this.#options.clock.nowUnixMs();
    const accepted: OutboxItem[] = [];
    const refused: OutboxItem[] = [];
    const fresh: OutboxItem[] = [];
    const unwritten: TakenItem[] = [];
    for (const item of items) {
      const { integration, notification } = item;
      const key = keyOf(integration, notification.idempotencyKey);
      const before = this.#taken.get(key);
      if (before !== undefined || this.#known.has(key)) {
        accepted.push(item);
        if (before !== undefined && this.#unwritten.has(key)) unwritten.push(before);
      } else if (this.#closed || this.#lanes.get(integration)?.isFull === true) {
        refused.push(item);
        this.#metrics.refused(integration);
      } else {
        accepted.push(item);
        fresh.push(item);
        const taken = { item, queuedAtUnixMs };
        unwritten.push(taken);
        this.#taken.set(key, taken);
        this.#unwritten.add(key);
      }
    }
    const durable = await this.#writeTaken(unwritten);
    for (const item of fresh) {
      if (this.#lanes.has(item.integration)) this.#deliver({ item, queuedAtUnixMs });
      else await this.#endUnknown({ item, queuedAtUnixMs });
    }
    return { accepted, refused, durable };
  }

  /**
   * Puts other notifiers in place, as after a reload. What waits for one of the same name goes to
   * the new one; what waits for one that is gone has failed.
   */
  async setNotifiers(notifiers: readonly Notifier[]): Promise<void> {
    const names = new Set(notifiers.map(({ name }) => name));
    for (const notifier of notifiers) this.#setLane(notifier);
    for (const [name, lane] of this.#lanes) {
      if (names.has(name)) continue;
      this.#lanes.delete(name);
      const left = await lane.close({ timeoutMs: 0 });
      for (const { notification, record } of left) {
        record.fail(NO_SUCH_INTEGRATION);
        record.finish('failed', this.#options.clock.nowUnixMs());
        this.#metrics.notified(name, 'failed');
        await this.#end(name, { notification, record }, 'failed');
      }
    }
  }

  stats(): readonly LaneStats[] {
    return [...this.#lanes.values()].map((lane) => lane.stats());
  }

  /** Which integrations get through; `dwcp_notifier_failing` is the same as a metric. */
  health(): readonly LaneHealth[] {
    return [...this.#lanes.values()].map((lane) => lane.health());
  }

  /** The last 1,000, newest first; those before a restart are among them. */
  deliveries(): readonly DeliveryRecord[] {
    return this.#history.newestFirst();
  }

  /** Delivers what waits within the limit; the rest stays in the journal for the next process. */
  async close({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#closed = true;
    await Promise.all(
      [...this.#lanes.values()].map(async (lane) => await lane.close({ timeoutMs })),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ timeoutMs: 0 });
  }

  async #load(): Promise<void> {
    for (const bytes of await this.#options.journal.load()) {
      try {
        this.#replay(decodeRecord(bytes));
      } catch (err) {
        this.#log.error({ err, sizeBytes: bytes.length }, 'outbox record cannot be read, left out');
      }
    }
    for (const notifier of this.#options.notifiers) this.#setLane(notifier);
    const waiting = Array.from(this.#taken.values());
    for (const taken of waiting) {
      if (this.#lanes.has(taken.item.integration)) this.#deliver(taken);
      else await this.#endUnknown(taken);
    }
  }

  #replay(record: OutboxRecord): void {
    switch (record.kind) {
      case 'taken':
        for (const item of record.items) {
          const key = keyOf(item.integration, item.notification.idempotencyKey);
          if (this.#known.has(key)) continue;
          this.#taken.set(key, { item, queuedAtUnixMs: record.queuedAtUnixMs });
        }
        return;
      case 'ended': {
        const key = keyOf(record.integration, record.idempotencyKey);
        const taken = this.#taken.get(key);
        this.#remember(key);
        this.#ended++;
        if (taken === undefined) return;
        const entry = this.#history.add(
          taken.item.notification,
          taken.queuedAtUnixMs,
          record.integration,
        );
        entry.restoreEnd(record);
        return;
      }
      case 'known':
        for (const key of record.keys) this.#remember(key);
        return;
      case 'history':
        this.#history.restore(record.record);
    }
  }

  #setLane(notifier: Notifier): void {
    const lane = this.#lanes.get(notifier.name);
    if (lane !== undefined) {
      lane.replace(notifier);
      return;
    }
    const { name } = notifier;
    this.#lanes.set(
      name,
      new DeliveryLane(notifier, {
        giveUpAfterMs: GIVE_UP_AFTER_MS,
        ...this.#options,
        log: this.#log,
        metrics: this.#metrics,
        onEnd: async (delivery, outcome) => {
          await this.#end(name, delivery, outcome);
        },
      }),
    );
  }

  #deliver({ item: { integration, notification }, queuedAtUnixMs }: TakenItem): void {
    // Gone while the journal was written: the next start, or nobody, asks for it.
    const lane = this.#lanes.get(integration);
    if (lane === undefined || this.#closed) return;
    const ageMs = Math.max(0, this.#options.clock.nowUnixMs() - queuedAtUnixMs);
    const record = this.#history.add(notification, queuedAtUnixMs, integration);
    lane.add({ notification, record, ageMs });
  }

  async #endUnknown({ item, queuedAtUnixMs }: TakenItem): Promise<void> {
    const { integration, notification } = item;
    const record = this.#history.add(notification, queuedAtUnixMs, integration);
    record.fail(NO_SUCH_INTEGRATION);
    record.finish('failed', this.#options.clock.nowUnixMs());
    this.#metrics.notified(integration, 'failed');
    this.#log.error(
      { notifier: integration, groupKey: notification.groupKey },
      'notification for an integration that is not configured',
    );
    await this.#end(integration, { notification, record }, 'failed');
  }

  async #end(
    integration: string,
    { notification: { idempotencyKey }, record }: Delivery,
    outcome: 'delivered' | 'failed',
  ): Promise<void> {
    const { attempts, lastError } = record.snapshot();
    const unixMs = this.#options.clock.nowUnixMs();
    this.#remember(keyOf(integration, idempotencyKey));
    this.#ended++;
    const isWritten = await this.#append({
      kind: 'ended',
      integration,
      idempotencyKey,
      outcome,
      attempts,
      unixMs,
      error: lastError,
    });
    if (!isWritten) this.#lacksEnds = true;
    this.#options.onDelivery?.(record.snapshot());
    const isLong = this.#ended >= Math.max(MIN_ENDED, 2 * this.#taken.size);
    if (isLong || (isWritten && this.#lacksEnds)) await this.#rewrite();
  }

  #remember(key: string): void {
    this.#taken.delete(key);
    this.#unwritten.delete(key);
    this.#known.add(key);
    if (this.#known.size <= MAX_KNOWN) return;
    const [oldest] = this.#known;
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /** What is in memory at this moment says all that the journal says. */
  async #rewrite(): Promise<void> {
    this.#ended = 0;
    const lackedEnds = this.#lacksEnds;
    this.#lacksEnds = false;
    const records: OutboxRecord[] = [
      ...this.#history
        .newestFirst()
        .filter(({ outcome }) => outcome !== 'waiting')
        .reverse()
        .map((record) => ({ kind: 'history', record }) as const),
      { kind: 'known', keys: [...this.#known] },
      ...[...this.#taken.values()].map(
        ({ item, queuedAtUnixMs }) => ({ kind: 'taken', queuedAtUnixMs, items: [item] }) as const,
      ),
    ];
    try {
      await this.#options.journal.replace(records.map(encodeRecord));
    } catch (err) {
      this.#lacksEnds ||= lackedEnds;
      this.#writeFailed(err);
    }
  }

  /** @returns whether the journal has all of them */
  async #writeTaken(taken: readonly TakenItem[]): Promise<boolean> {
    const written = await Promise.all(
      takenRecords(taken).map(async (record) => {
        if (!(await this.#append(record))) return false;
        for (const { integration, notification } of record.items) {
          this.#unwritten.delete(keyOf(integration, notification.idempotencyKey));
        }
        return true;
      }),
    );
    return written.every(Boolean);
  }

  async #append(record: OutboxRecord): Promise<boolean> {
    try {
      await this.#options.journal.append(encodeRecord(record));
      return true;
    } catch (err) {
      this.#writeFailed(err);
      return false;
    }
  }

  /** An alert that goes out and may be repeated is better than one that waits for a disk. */
  #writeFailed(err: unknown): void {
    this.#metrics.outboxWriteFailed();
    this.#log.error({ err }, 'outbox could not be written');
  }
}

const NO_SUCH_INTEGRATION = 'no integration of this name is configured';
