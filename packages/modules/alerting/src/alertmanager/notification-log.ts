import { joinEntries, sameEntry } from '../cluster/merge.ts';

/** What an integration was last told of a group. */
export interface NotificationLogEntry {
  readonly integration: string;
  readonly groupKey: string;
  /** Fingerprints of the alerts that fired and of those that were over, sorted. */
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  /** The flush that told it. */
  readonly atUnixMs: number;
  /** From when on the entry no longer matters. */
  readonly expiresAtUnixMs: number;
}

/** Why a group is told of: nothing was yet, alerts came or went, or time has passed. */
export type NotifyReason = 'first' | 'new-alerts' | 'resolved-alerts' | 'all-resolved' | 'repeat';

/** What a flush finds. */
export interface FlushedAlerts {
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  readonly unixMs: number;
  readonly repeatIntervalMs: number;
  readonly sendResolved: boolean;
}

/**
 * Whether an integration is told of a group, and why; undefined when there is nothing new. The
 * same alerts posted again and changed annotations are nothing new.
 */
export function reasonToNotify(
  entry: NotificationLogEntry | undefined,
  now: FlushedAlerts,
): NotifyReason | undefined {
  const { firing, resolved, unixMs, repeatIntervalMs, sendResolved } = now;
  if (entry === undefined) return firing.length > 0 ? 'first' : undefined;
  if (!isSubset(firing, entry.firing)) return 'new-alerts';
  // Whoever wants no resolved alerts has them noted all the same, so that the next one is new.
  if (firing.length === 0) return entry.firing.length > 0 ? 'all-resolved' : undefined;
  if (sendResolved && !isSubset(resolved, entry.resolved)) return 'resolved-alerts';
  return unixMs - entry.atUnixMs >= repeatIntervalMs ? 'repeat' : undefined;
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  if (part.length === 0) return true;
  const known = new Set(whole);
  return part.every((member) => known.has(member));
}

/** The last entry by integration and group. */
export class NotificationLog {
  readonly #entries = new Map<string, NotificationLogEntry>();

  get size(): number {
    return this.#entries.size;
  }

  get(integration: string, groupKey: string): NotificationLogEntry | undefined {
    return this.#entries.get(keyOf(integration, groupKey));
  }

  put(entry: NotificationLogEntry): void {
    this.#entries.set(keyOf(entry.integration, entry.groupKey), entry);
  }

  /** Puts what an instance knows together with what is there. */
  join(entry: NotificationLogEntry): void {
    const old = this.get(entry.integration, entry.groupKey);
    this.put(old === undefined ? entry : joinEntries(old, entry));
  }

  /** Whether an instance knows more than is there. */
  wouldChange(entry: NotificationLogEntry): boolean {
    const old = this.get(entry.integration, entry.groupKey);
    return old === undefined || !sameEntry(old, joinEntries(old, entry));
  }

  entries(): readonly NotificationLogEntry[] {
    return [...this.#entries.values()];
  }

  dropExpired(unixMs: number): void {
    for (const [key, { expiresAtUnixMs }] of this.#entries) {
      if (expiresAtUnixMs < unixMs) this.#entries.delete(key);
    }
  }
}

function keyOf(integration: string, groupKey: string): string {
  return JSON.stringify([integration, groupKey]);
}
