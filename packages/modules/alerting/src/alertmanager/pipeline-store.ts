import { type RecordStore } from '../record-store.ts';
import { type StoredAlert } from './alerts.ts';
import { type NotificationLogEntry } from './notification-log.ts';
import { type NotificationRecord } from './outbox.ts';
import { type Silence } from './silences.ts';

/** A stored alert as JSON. */
export type AlertRecord = Omit<StoredAlert, 'labels'> & {
  readonly labels: Readonly<Record<string, string>>;
};

/** A group's times. */
export interface GroupRecord {
  readonly id: string;
  readonly routeId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nextFlushUnixMs: number;
  readonly flushed: boolean;
}

/** What one flush of one group changed. Everything in it holds, or nothing does. */
export interface FlushRecord {
  readonly kind: 'flush';
  readonly group: GroupRecord;
  /** Alerts that were over and leave the group, with the update of each that was seen. */
  readonly released: readonly {
    readonly fingerprint: string;
    readonly updatedAtUnixMs: number;
  }[];
  readonly log: readonly NotificationLogEntry[];
  /** Notifications to hand over. */
  readonly intents: readonly NotificationRecord[];
}

/** One change of the pipeline's state, in JSON. */
export type PipelineRecord =
  | { readonly kind: 'alerts'; readonly alerts: readonly AlertRecord[] }
  | { readonly kind: 'groups'; readonly groups: readonly GroupRecord[] }
  | { readonly kind: 'groups-removed'; readonly ids: readonly string[] }
  | FlushRecord
  /** Groups that were flushed and had nothing new, with their next flush. */
  | { readonly kind: 'ticks'; readonly nextUnixMs: Readonly<Record<string, number>> }
  /** Intents that the outbox has. */
  | { readonly kind: 'accepted'; readonly keys: readonly string[] }
  | { readonly kind: 'log'; readonly entries: readonly NotificationLogEntry[] }
  /** What receivers were told, here or by a peer. Only where there are peers. */
  | { readonly kind: 'told'; readonly entries: readonly NotificationLogEntry[] }
  | { readonly kind: 'intents'; readonly intents: readonly NotificationRecord[] }
  | { readonly kind: 'silences'; readonly silences: readonly Silence[] }
  | { readonly kind: 'silences-removed'; readonly ids: readonly string[] };

/** So many fingerprints of an entry weigh as much as an alert. */
const FINGERPRINTS_PER_ALERT = 16;

/** About how much of the store a record takes: 1 for an alert, a silence, or what is smaller. */
export function weightOf(record: PipelineRecord): number {
  switch (record.kind) {
    case 'alerts':
      return 1 + record.alerts.length;
    case 'groups':
      return 1 + record.groups.length;
    case 'groups-removed':
    case 'silences-removed':
      return 1 + record.ids.length;
    case 'flush':
      return 1 + record.released.length + entriesWeight(record.log) + intentsWeight(record.intents);
    case 'ticks':
      return 1 + Object.keys(record.nextUnixMs).length;
    case 'accepted':
      return 1 + record.keys.length;
    case 'log':
    case 'told':
      return 1 + entriesWeight(record.entries);
    case 'intents':
      return 1 + intentsWeight(record.intents);
    case 'silences':
      return 1 + record.silences.length;
  }
}

function entriesWeight(entries: readonly NotificationLogEntry[]): number {
  return entries.reduce(
    (sum, { firing, resolved }) =>
      sum + 1 + Math.floor((firing.length + resolved.length) / FINGERPRINTS_PER_ALERT),
    0,
  );
}

function intentsWeight(intents: readonly NotificationRecord[]): number {
  return intents.reduce((sum, { alerts }) => sum + 1 + alerts.length, 0);
}

/** Where the pipeline's changes are kept. */
export type PipelineStore = RecordStore<PipelineRecord>;
