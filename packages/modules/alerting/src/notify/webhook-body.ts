import { type Alert, type Notification } from '@dwcp/core';

import { fingerprintOf } from '../fnv.ts';
import { momentOf } from '../rules-response.ts';

export interface WebhookAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  /** Go's zero time while it fires. */
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/**
 * Alertmanager's webhook body, version 4.
 * @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export interface WebhookBody {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly WebhookAlert[];
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly version: '4';
  readonly groupKey: string;
  /** How many alerts were left out. */
  readonly truncatedAlerts: number;
}

/** @param maxAlerts the first so many alerts are sent; 0 sends all */
export function webhookBody(notification: Notification, maxAlerts: number): WebhookBody {
  const all = notification.alerts.map(webhookAlert);
  const alerts = maxAlerts > 0 ? all.slice(0, maxAlerts) : all;
  return {
    receiver: notification.receiver,
    status: notification.status,
    alerts,
    groupLabels: notification.groupLabels,
    commonLabels: common(all.map(({ labels }) => labels)),
    commonAnnotations: common(all.map(({ annotations }) => annotations)),
    externalURL: notification.externalUrl,
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts: all.length - alerts.length,
  };
}

function webhookAlert({ labels, annotations, state, generatorUrl }: Alert): WebhookAlert {
  const isOver = state.kind === 'resolved';
  const startUnixMs =
    state.kind === 'firing' || state.kind === 'resolved' ? state.firedAtUnixMs : undefined;
  return {
    status: isOver ? 'resolved' : 'firing',
    labels: labels.toObject(),
    annotations,
    startsAt: momentOf(startUnixMs),
    endsAt: momentOf(isOver ? state.resolvedAtUnixMs : undefined),
    generatorURL: generatorUrl,
    fingerprint: fingerprintOf(labels),
  };
}

/** What all records have with the same value. */
function common(records: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...rest] = records;
  return Object.fromEntries(
    Object.entries(first).filter(([key, value]) => rest.every((record) => record[key] === value)),
  );
}
