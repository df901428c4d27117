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

  add(notification: Notification, unixMs: number): DeliveryEntry {
    const entry = new DeliveryEntry(notification, unixMs);
    this.#entries.push(entry);
    if (this.#entries.length > this.#size) this.#entries.shift();
    return entry;
  }

  newestFirst(): readonly DeliveryRecord[] {
    return this.#entries.map((entry) => entry.snapshot()).reverse();
  }
}

/** A record while it is being written. */
export class DeliveryEntry {
  #record: DeliveryRecord;

  constructor(notification: Notification, unixMs: number) {
    const { receiver, idempotencyKey, groupKey, status, alerts } = notification;
    this.#record = {
      notifier: receiver,
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
    };
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

  snapshot(): DeliveryRecord {
    return this.#record;
  }
}
