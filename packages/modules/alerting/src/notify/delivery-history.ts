import { type Notification } from '@dwcp/core';

export type DeliveryOutcome = 'waiting' | 'delivered' | 'failed' | 'dropped';

/** How one notification fared. */
export interface DeliveryRecord {
  readonly notifier: string;
  readonly idempotencyKey: string;
  readonly groupKey: string;
  readonly status: 'firing' | 'resolved';
  /** The first 20 alerts. */
  readonly alerts: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly status: 'firing' | 'resolved';
  }[];
  readonly alertCount: number;
  readonly queuedAtUnixMs: number;
  readonly outcome: DeliveryOutcome;
  readonly attempts: number;
  readonly lastAttemptUnixMs: number | undefined;
  readonly finishedAtUnixMs: number | undefined;
  readonly lastError: string | undefined;
}

const MAX_ALERTS = 20;

/** Remembers the last deliveries, a bounded number of them. */
export class DeliveryHistory {
  readonly #size: number;
  readonly #entries: DeliveryEntry[] = [];

  constructor(size = 1_000) {
    this.#size = size;
  }

  /** @param notifier default: the notification's receiver */
  add(notification: Notification, unixMs: number, notifier = notification.receiver): DeliveryEntry {
    return this.#remember(DeliveryEntry.waiting(notification, { notifier, unixMs }));
  }

  /** Puts back what an earlier process remembered, oldest first. */
  restore(record: DeliveryRecord): void {
    this.#remember(DeliveryEntry.restored(record));
  }

  newestFirst(): readonly DeliveryRecord[] {
    return this.#entries.map((entry) => entry.snapshot()).reverse();
  }

  #remember(entry: DeliveryEntry): DeliveryEntry {
    this.#entries.push(entry);
    if (this.#entries.length > this.#size) this.#entries.shift();
    return entry;
  }
}

/** A record while it is being written. */
export class DeliveryEntry {
  #record: DeliveryRecord;

  private constructor(record: DeliveryRecord) {
    this.#record = record;
  }

  static restored(record: DeliveryRecord): DeliveryEntry {
    return new DeliveryEntry(record);
  }

  static waiting(
    notification: Notification,
    { notifier, unixMs }: { readonly notifier: string; readonly unixMs: number },
  ): DeliveryEntry {
    const { idempotencyKey, groupKey, status, alerts } = notification;
    return new DeliveryEntry({
      notifier,
      idempotencyKey,
      groupKey,
      status,
      alerts: alerts.slice(0, MAX_ALERTS).map(({ labels, state }) => ({
        labels: labels.toObject(),
        status: state.kind === 'firing' ? 'firing' : 'resolved',
      })),
      alertCount: alerts.length,
      queuedAtUnixMs: unixMs,
      outcome: 'waiting',
      attempts: 0,
      lastAttemptUnixMs: undefined,
      finishedAtUnixMs: undefined,
      lastError: undefined,
    });
  }

  get attempts(): number {
    return this.#record.attempts;
  }

  attempt(unixMs: number): void {
    const attempts = this.#record.attempts + 1;
    this.#record = { ...this.#record, attempts, lastAttemptUnixMs: unixMs };
  }

  fail(message: string): void {
    this.#record = { ...this.#record, lastError: message.slice(0, 1_000) };
  }

  finish(outcome: DeliveryOutcome, unixMs: number): void {
    this.#record = { ...this.#record, outcome, finishedAtUnixMs: unixMs };
  }

  /** Puts in how it ended in an earlier process. */
  restoreEnd(end: {
    readonly outcome: DeliveryOutcome;
    readonly attempts: number;
    readonly unixMs: number;
    readonly error?: string | undefined;
  }): void {
    const { outcome, attempts, unixMs } = end;
    this.#record = {
      ...this.#record,
      outcome,
      attempts,
      lastAttemptUnixMs: attempts > 0 ? unixMs : undefined,
      finishedAtUnixMs: unixMs,
      lastError: end.error,
    };
  }

  snapshot(): DeliveryRecord {
    return this.#record;
  }
}
