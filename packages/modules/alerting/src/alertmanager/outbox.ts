import { type Alert, Labels, type Notification } from '@dwcp/core';

import { type IntegrationType } from './config/receiver-fields.ts';
import { type NotifyReason } from './notification-log.ts';

/** A notification for one integration of a receiver. */
export interface RoutedNotification extends Notification {
  /** Which of the receiver's integrations: `team-a/slack[1]`. */
  readonly integration: string;
  readonly integrationType: IntegrationType;
  readonly reason: NotifyReason;
  readonly routeId: string;
  /** Templates of the labels that go with the group, by name. */
  readonly routeLabels: Readonly<Record<string, string>>;
  /** The flush that made it. */
  readonly flushedAtUnixMs: number;
}

/** Takes notifications and sees to their delivery. */
export interface NotificationOutbox {
  /**
   * Resolves once all are durable, in their order. One whose `idempotencyKey` was taken before is
   * dropped: after a crash the pipeline hands over again what it does not know to be taken.
   */
  accept(notifications: readonly RoutedNotification[]): Promise<void>;
}

/** A notification without what JSON cannot hold. */
export type NotificationRecord = Omit<RoutedNotification, 'alerts'> & {
  readonly alerts: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly startsAtUnixMs: number;
    /** Only of an alert that is over. */
    readonly endsAtUnixMs?: number;
    readonly generatorUrl: string;
  }[];
};

/** Posted alerts have no value: it reads as NaN. */
export function notificationOf(record: NotificationRecord): RoutedNotification {
  const alerts = record.alerts.map((alert): Alert => {
    const begun = { activeAtUnixMs: alert.startsAtUnixMs, firedAtUnixMs: alert.startsAtUnixMs };
    return {
      labels: Labels.from(alert.labels),
      annotations: alert.annotations,
      generatorUrl: alert.generatorUrl,
      state:
        alert.endsAtUnixMs === undefined
          ? { kind: 'firing', ...begun, value: Number.NaN }
          : {
              kind: 'resolved',
              ...begun,
              resolvedAtUnixMs: alert.endsAtUnixMs,
              value: Number.NaN,
            },
    };
  });
  return { ...record, alerts };
}
