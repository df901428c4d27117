import { createHash } from 'node:crypto';

import { type Alert, type Notification } from '@dwcp/core';

import { fingerprintOf } from '../fnv.ts';
import { type AlertingRule } from '../rule.ts';

export interface NotificationInput {
  readonly rule: Pick<AlertingRule, 'name'>;
  readonly alerts: readonly Alert[];
  /** The evaluation that found them. */
  readonly unixMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly receiver: string;
  readonly validUntilUnixMs?: number;
}

/** One notification of alerts of one rule: firing ones first, then by labels. */
export function buildNotification(input: NotificationInput): Notification {
  const { rule, receiver, externalUrl, validUntilUnixMs } = input;
  const alerts = input.alerts
    .map((alert) => withExternalLabels(alert, input.externalLabels))
    .sort((a, b) => rank(a) - rank(b) || a.labels.compare(b.labels));
  const groupKey = `{}:{alertname=${JSON.stringify(rule.name)}}`;
  return {
    idempotencyKey: idempotencyKeyOf(receiver, groupKey, alerts, input.unixMs),
    groupKey,
    receiver,
    status: alerts.some(({ state }) => state.kind === 'firing') ? 'firing' : 'resolved',
    groupLabels: { alertname: rule.name },
    alerts,
    externalUrl,
    ...(validUntilUnixMs === undefined ? {} : { validUntilUnixMs }),
  };
}

/** As Prometheus does when it sends: an alert's own label wins. */
function withExternalLabels(alert: Alert, external: Readonly<Record<string, string>>): Alert {
  const missing = Object.entries(external).filter(([name]) => !alert.labels.has(name));
  if (missing.length === 0) return alert;
  return { ...alert, labels: alert.labels.with(Object.fromEntries(missing)) };
}

function rank({ state }: Alert): number {
  return state.kind === 'firing' ? 0 : 1;
}

function idempotencyKeyOf(
  receiver: string,
  groupKey: string,
  alerts: readonly Alert[],
  unixMs: number,
): string {
  const hash = createHash('sha256').update(JSON.stringify([receiver, groupKey, unixMs]));
  for (const { labels, state } of alerts) hash.update(`${fingerprintOf(labels)}${state.kind}`);
  return hash.digest('hex').slice(0, 32);
}
