import {
  type AlertmanagerConfig,
  type NotificationOutbox,
  parseAlertmanagerConfig,
  type RoutedNotification,
} from '@dwcp/alerting';

/** A configuration from an object: JSON is YAML. */
export function configOf(config: unknown): AlertmanagerConfig {
  return parseAlertmanagerConfig(JSON.stringify(config), 'alertmanager.yml');
}

/** An outbox that keeps what it took, each idempotency key once, as its port demands. */
export class RecordingOutbox implements NotificationOutbox {
  readonly taken: { readonly unixMs: number; readonly notification: RoutedNotification }[] = [];
  readonly #keys = new Set<string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  async accept(notifications: readonly RoutedNotification[]): Promise<void> {
    for (const notification of notifications) {
      if (this.#keys.has(notification.idempotencyKey)) continue;
      this.#keys.add(notification.idempotencyKey);
      this.taken.push({ unixMs: this.#now(), notification });
    }
  }
}
