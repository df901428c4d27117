import { type Alert, type AlertState, Labels, type Notification } from '@dwcp/core';

import { type DeliveryRecord } from './delivery-history.ts';

/** One notification for one integration. */
export interface OutboxItem {
  /** The name of the notifier that it is for. */
  readonly integration: string;
  readonly notification: Notification;
}

/** What the journal tells. */
export type OutboxRecord =
  | {
      readonly kind: 'taken';
      readonly queuedAtUnixMs: number;
      readonly items: readonly OutboxItem[];
    }
  | {
      readonly kind: 'ended';
      readonly integration: string;
      readonly idempotencyKey: string;
      readonly outcome: 'delivered' | 'failed';
      readonly attempts: number;
      readonly unixMs: number;
      readonly error?: string | undefined;
    }
  /** Keys that ended before the journal was rewritten, as `keyOf` gives them. */
  | { readonly kind: 'known'; readonly keys: readonly string[] }
  | { readonly kind: 'history'; readonly record: DeliveryRecord };

/** An item that was taken over. */
export interface TakenItem {
  readonly item: OutboxItem;
  readonly queuedAtUnixMs: number;
}

/** A journal takes no record of any length. */
const MAX_RECORD_ALERTS = 10_000;

/** Records that tell what was taken over, in its order. */
export function takenRecords(
  taken: readonly TakenItem[],
): readonly Extract<OutboxRecord, { readonly kind: 'taken' }>[] {
  const records: { kind: 'taken'; queuedAtUnixMs: number; items: OutboxItem[] }[] = [];
  let alerts = 0;
  for (const { item, queuedAtUnixMs } of taken) {
    const last = records.at(-1);
    alerts += item.notification.alerts.length;
    if (last?.queuedAtUnixMs === queuedAtUnixMs && alerts <= MAX_RECORD_ALERTS) {
      last.items.push(item);
      continue;
    }
    records.push({ kind: 'taken', queuedAtUnixMs, items: [item] });
    alerts = item.notification.alerts.length;
  }
  return records;
}

/** Tells one item from all others. */
export function keyOf(integration: string, idempotencyKey: string): string {
  return `${integration}\n${idempotencyKey}`;
}

type StoredAlert = Omit<Alert, 'labels'> & { readonly labels: Readonly<Record<string, string>> };

/** JSON in UTF-8: labels as an object, all else as it is. */
export function encodeRecord(record: OutboxRecord): Uint8Array {
  return Buffer.from(
    JSON.stringify(record, (_, value: unknown) =>
      value instanceof Labels ? value.toObject() : value,
    ),
  );
}

/** @throws SyntaxError or TypeError for what encodeRecord did not write */
export function decodeRecord(bytes: Uint8Array): OutboxRecord {
  const record = JSON.parse(Buffer.from(bytes).toString()) as OutboxRecord;
  if (record.kind !== 'taken') return record;
  return {
    ...record,
    items: record.items.map(({ integration, notification }) => ({
      integration,
      notification: {
        ...notification,
        alerts: (notification.alerts as unknown as readonly StoredAlert[]).map((alert) => ({
          ...alert,
          labels: Labels.from(alert.labels),
          state: withValue(alert.state),
        })),
      },
    })),
  };
}

/** JSON has no NaN, the value of an alert that was posted. */
function withValue(state: AlertState): AlertState {
  return state.kind === 'inactive' ? state : { ...state, value: state.value ?? Number.NaN };
}
