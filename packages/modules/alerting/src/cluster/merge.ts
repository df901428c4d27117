import { type NotificationLogEntry } from '../alertmanager/notification-log.ts';
import { type Silence } from '../alertmanager/silences.ts';

/**
 * What two instances know of one silence: the version that was changed last. Of two changed at the same
 * moment every instance takes the same one. Commutative, associative, idempotent.
 */
export function joinSilences(a: Silence, b: Silence): Silence {
  if (a.updatedAtUnixMs !== b.updatedAtUnixMs) {
    return a.updatedAtUnixMs > b.updatedAtUnixMs ? a : b;
  }
  return silenceText(a) >= silenceText(b) ? a : b;
}

/**
 * What two instances know of one integration and group: the last that was told. Of two told at the same
 * moment it is both together. Commutative, associative, idempotent.
 */
export function joinEntries(
  a: NotificationLogEntry,
  b: NotificationLogEntry,
): NotificationLogEntry {
  if (a.atUnixMs !== b.atUnixMs) return a.atUnixMs > b.atUnixMs ? a : b;
  return {
    integration: a.integration,
    groupKey: a.groupKey,
    firing: union(a.firing, b.firing),
    resolved: union(a.resolved, b.resolved),
    atUnixMs: a.atUnixMs,
    expiresAtUnixMs: Math.max(a.expiresAtUnixMs, b.expiresAtUnixMs),
  };
}

export function sameSilence(a: Silence, b: Silence): boolean {
  return a === b || silenceText(a) === silenceText(b);
}

export function sameEntry(a: NotificationLogEntry, b: NotificationLogEntry): boolean {
  if (a === b) return true;
  return (
    a.atUnixMs === b.atUnixMs &&
    a.expiresAtUnixMs === b.expiresAtUnixMs &&
    a.firing.join() === b.firing.join() &&
    a.resolved.join() === b.resolved.join()
  );
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

/** The same text for the same silence, in whatever order its fields came. */
function silenceText(silence: Silence): string {
  const { id, startsAtUnixMs, endsAtUnixMs, updatedAtUnixMs, createdBy, comment } = silence;
  const annotations = Object.entries(silence.annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  const matchers = silence.matchers.map(({ name, operator, value }) => [name, operator, value]);
  return JSON.stringify([
    updatedAtUnixMs,
    endsAtUnixMs,
    startsAtUnixMs,
    id,
    matchers,
    createdBy,
    comment,
    annotations,
  ]);
}
