import { compareUtf8, Labels } from '@dwcp/core';

import { fingerprintOf } from '../fnv.ts';

/** An alert as a client posts it. */
export interface PostableAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** When it began; the end, or now, without one. */
  readonly startsAtUnixMs?: number;
  /** When it is over; without one the resolve timeout after now. */
  readonly endsAtUnixMs?: number;
  readonly generatorUrl?: string;
}

/** An alert as it is kept. */
export interface StoredAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtUnixMs: number;
  readonly endsAtUnixMs: number;
  readonly updatedAtUnixMs: number;
  readonly generatorUrl: string;
  /** Whether its end is only the resolve timeout. */
  readonly timedOut: boolean;
}

/** Why an alert was not taken; undefined when it can be. */
export function alertProblem(alert: PostableAlert): string | undefined {
  const named = Object.entries(alert.labels).filter(([, value]) => value !== '');
  if (named.length === 0) return 'labels: at least one label is required';
  if (named.some(([name]) => name === '')) return 'labels: a label without a name';
  const { startsAtUnixMs, endsAtUnixMs } = alert;
  for (const [field, value] of Object.entries({ startsAtUnixMs, endsAtUnixMs })) {
    if (value !== undefined && !Number.isFinite(value)) return `${field}: got ${value}`;
  }
  if (startsAtUnixMs !== undefined && endsAtUnixMs !== undefined && endsAtUnixMs < startsAtUnixMs) {
    return `endsAt: ${momentText(endsAtUnixMs)} is before startsAt, ${momentText(startsAtUnixMs)}`;
  }
  return undefined;
}

/** What a posted alert becomes, without regard to what is kept. */
export function storedAlert(
  alert: PostableAlert,
  now: { readonly unixMs: number; readonly resolveTimeoutMs: number },
): StoredAlert {
  const labels = Labels.from(alert.labels);
  return {
    fingerprint: fingerprintOf(labels),
    labels,
    annotations: alert.annotations ?? {},
    startsAtUnixMs: alert.startsAtUnixMs ?? alert.endsAtUnixMs ?? now.unixMs,
    endsAtUnixMs: alert.endsAtUnixMs ?? now.unixMs + now.resolveTimeoutMs,
    updatedAtUnixMs: now.unixMs,
    generatorUrl: alert.generatorUrl ?? '',
    timedOut: alert.endsAtUnixMs === undefined,
  };
}

export function isResolved(alert: StoredAlert, unixMs: number): boolean {
  return alert.endsAtUnixMs <= unixMs;
}

/**
 * What is kept of an alert that comes again: one whose time overlaps keeps the earlier start, and
 * the later end unless that was only a timeout; another replaces it.
 */
export function mergeAlert(old: StoredAlert | undefined, next: StoredAlert): StoredAlert {
  if (old === undefined) return next;
  const inside = (unixMs: number): boolean =>
    unixMs > old.startsAtUnixMs && unixMs < old.endsAtUnixMs;
  if (!inside(next.startsAtUnixMs) && !inside(next.endsAtUnixMs)) return next;
  const startsAtUnixMs = Math.min(old.startsAtUnixMs, next.startsAtUnixMs);
  const isOver = isResolved(next, next.updatedAtUnixMs);
  const keepsEnd = isOver ? isResolved(old, next.updatedAtUnixMs) : !old.timedOut;
  const endsAtUnixMs =
    keepsEnd && old.endsAtUnixMs > next.endsAtUnixMs ? old.endsAtUnixMs : next.endsAtUnixMs;
  return { ...next, startsAtUnixMs, endsAtUnixMs };
}

/** By job, then instance, then as Alertmanager orders label sets: the smaller set first. */
export function compareAlerts(a: StoredAlert, b: StoredAlert): number {
  for (const name of ['job', 'instance']) {
    const order = compareUtf8(a.labels.get(name), b.labels.get(name));
    if (order !== 0) return order;
  }
  return compareLabelSets(a.labels, b.labels);
}

/** The set with fewer labels first; of two alike, by name and value in turn. */
export function compareLabelSets(a: Labels, b: Labels): number {
  return a.size - b.size || a.compare(b);
}

export function momentText(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
