import { type NotificationLogEntry } from '../alertmanager/notification-log.ts';
import { type Silence } from '../alertmanager/silences.ts';

/** What instances tell each other: silences, and of whom was told what. Alerts are not among it. */
export interface SharedState {
  readonly silences: readonly Silence[];
  readonly log: readonly NotificationLogEntry[];
}

export const NOTHING_SHARED: SharedState = { silences: [], log: [] };

/** A message has about so much of the state, at most; one entry that is larger goes alone. */
export const PAGE_BYTES = 1_048_576;

/** Tells one thing that is shared from all others. */
export function sharedKeyOf(item: Silence | NotificationLogEntry): string {
  return 'id' in item ? item.id : JSON.stringify([item.integration, item.groupKey]);
}

/**
 * A part of the state that fits a message.
 * @param from how many of its silences and entries, in this order, came before
 * @returns `next`, where the part after it begins; undefined at the end
 */
export function pageOf(
  { silences, log }: SharedState,
  from: number,
  maxBytes: number = PAGE_BYTES,
): { readonly page: SharedState; readonly next: number | undefined } {
  const page: { silences: Silence[]; log: NotificationLogEntry[] } = { silences: [], log: [] };
  const total = silences.length + log.length;
  let sizeBytes = 0;
  for (let at = from; at < total; at++) {
    const silence = silences[at];
    const entry = log[at - silences.length];
    sizeBytes += Buffer.byteLength(JSON.stringify(silence ?? entry));
    if (sizeBytes > maxBytes && at > from) return { page, next: at };
    if (silence !== undefined) page.silences.push(silence);
    else if (entry !== undefined) page.log.push(entry);
  }
  return { page, next: undefined };
}
