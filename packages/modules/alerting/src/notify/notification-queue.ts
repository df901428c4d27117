import { type Notification, type Notifier } from '@dwcp/core';

import { DeliveryHistory, type DeliveryRecord } from './delivery-history.ts';
import { DeliveryLane, type DeliveryOptions, type LaneStats } from './delivery-lane.ts';

export { type DeliveryRecord } from './delivery-history.ts';

export interface NotificationQueueOptions extends DeliveryOptions {
  /** Each by its own name; a notification goes to the one its `receiver` names. */
  readonly notifiers: readonly Notifier[];
}

export type NotificationQueueStats = LaneStats;

const GIVE_UP_AFTER_MS = 3_600_000;

/**
 * Brings notifications to their notifiers; above the capacity the oldest is dropped and counted. In
 * memory: what waits when the process dies is lost, but for alerts that still fire, which the next
 * process sends again. The Outbox keeps what it has.
 */
export class NotificationQueue {
  readonly #lanes: ReadonlyMap<string, DeliveryLane>;
  readonly #history = new DeliveryHistory();
  readonly #options: NotificationQueueOptions;
  #closed = false;

  constructor(options: NotificationQueueOptions) {
    this.#options = options;
    const lane = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options, onEnd: () => undefined };
    this.#lanes = new Map(
      options.notifiers.map((notifier) => [notifier.name, new DeliveryLane(notifier, lane)]),
    );
  }

  /** Queues it for the notifier that its `receiver` names. Never waits, never throws. */
  push(notification: Notification): void {
    const lane = this.#lanes.get(notification.receiver);
    if (lane === undefined) return;
    const record = this.#history.add(notification, this.#options.clock.nowUnixMs());
    const delivery = { notification, record };
    if (this.#closed) {
      lane.countDropped(delivery, 'the process ends');
      return;
    }
    if (lane.isFull) lane.dropOldest('the queue was full');
    lane.add(delivery);
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
    this.#closed = true;
    await Promise.all(
      [...this.#lanes.values()].map(async (lane) => {
        const left = await lane.close(options);
        for (const delivery of left) lane.countDropped(delivery, 'the process ends');
      }),
    );
  }
}
