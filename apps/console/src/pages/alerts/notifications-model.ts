import { type NotificationRecord } from '../../api/alerting-types.ts';

const ranks = { failed: 0, dropped: 0, waiting: 2, delivered: 3 } as const;

/** Failed first, then what waits for another try, then what waits, then the rest; each newest first. */
export function failuresFirst(items: readonly NotificationRecord[]): readonly NotificationRecord[] {
  const byKey = new Map(
    items.map((one) => [JSON.stringify([one.integration, one.idempotencyKey]), one]),
  );
  const rank = ({ outcome, lastError }: NotificationRecord): number =>
    outcome === 'waiting' && lastError !== null ? 1 : ranks[outcome];
  return [...byKey.values()].toSorted(
    (a, b) => rank(a) - rank(b) || Date.parse(b.queuedAt) - Date.parse(a.queuedAt),
  );
}

const MAX_NAMES = 3;

/** Names of its alerts, each once: `HostDown, DiskFull`. */
export function alertNames({ alerts }: Pick<NotificationRecord, 'alerts'>): string {
  const names = [...new Set(alerts.map(({ labels }) => labels['alertname'] ?? 'without a name'))];
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} others` : shown;
}
