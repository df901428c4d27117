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

/** Where the pipeline's changes are kept. */
export type PipelineStore = RecordStore<PipelineRecord>;
