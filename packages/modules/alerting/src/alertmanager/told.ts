import { type Notification } from '@dwcp/core';

import { joinSilences, sameSilence } from '../cluster/merge.ts';
import { type SharedState } from '../cluster/shared-state.ts';
import { fingerprintOf } from '../fnv.ts';
import { compileMatchers } from './matcher.ts';
import { type NotificationLogEntry, reasonToNotify } from './notification-log.ts';
import { type PipelineState } from './pipeline-state.ts';
import { type FlushRecord, type PipelineRecord } from './pipeline-store.ts';
import { walkRoutes } from './route.ts';
import { type Silence, SILENCE_RETENTION_MS } from './silences.ts';

/**
 * What a peer knows and this instance does not, as records; nothing when that is nothing.
 * @returns `refused`, how much of it is wrong or over a limit
 */
export function newsFrom(
  { silences, log }: SharedState,
  state: PipelineState,
  limits: {
    readonly unixMs: number;
    readonly maxSilences: number;
    readonly maxEntries: number;
  },
): { readonly records: readonly PipelineRecord[]; readonly refused: number } {
  const { unixMs, maxSilences, maxEntries } = limits;
  let refused = 0;
  const newSilences = new Map<string, Silence>();
  for (const silence of silences) {
    // It was forgotten here, and is about to be there.
    if (silence.endsAtUnixMs + SILENCE_RETENTION_MS < unixMs) continue;
    const old = newSilences.get(silence.id) ?? state.silences.get(silence.id);
    const joined = old === undefined ? silence : joinSilences(old, silence);
    if (old !== undefined && sameSilence(old, joined)) continue;
    const isFull = old === undefined && state.silences.size + newSilences.size >= maxSilences;
    if (isFull || !canCompile(silence)) refused++;
    else newSilences.set(joined.id, joined);
  }
  const entries: NotificationLogEntry[] = [];
  for (const entry of log) {
    if (entry.expiresAtUnixMs < unixMs) continue;
    if (!state.told.wouldChange(entry)) continue;
    const old = state.told.get(entry.integration, entry.groupKey);
    if (old === undefined && state.told.size + entries.length >= maxEntries) refused++;
    else entries.push(entry);
  }
  return {
    records: [
      ...(newSilences.size > 0
        ? [{ kind: 'silences', silences: [...newSilences.values()] } as const]
        : []),
      ...(entries.length > 0 ? [{ kind: 'told', entries } as const] : []),
    ],
    refused,
  };
}

/** What flushes noted and nobody has to be sent: peers may know of it at once. */
export function toldByFlushes(
  flushes: readonly FlushRecord[],
  state: PipelineState,
): readonly NotificationLogEntry[] {
  return flushes.flatMap(({ log, intents }) => {
    const sent = new Set(intents.map(({ integration }) => integration));
    return log.filter(({ integration, groupKey, atUnixMs }) => {
      if (sent.has(integration)) return false;
      // An entry that only lives longer may still be on its way to the receiver.
      const before = state.log.get(integration, groupKey);
      return before?.atUnixMs !== atUnixMs || state.told.get(integration, groupKey) !== undefined;
    });
  });
}

/** The entry of a notification; undefined when another was decided on since, or it is of no group. */
export function entryOf(
  integration: string,
  notification: Notification,
  state: PipelineState,
): NotificationLogEntry | undefined {
  const entry = state.log.get(integration, notification.groupKey);
  return entry?.atUnixMs === flushedAt(notification) ? entry : undefined;
}

/** Whether there is nothing left of a notification that the receiver was not told by some instance. */
export function isTold(
  integration: string,
  notification: Notification,
  state: PipelineState,
): boolean {
  const { groupKey, receiver, alerts } = notification;
  const unixMs = flushedAt(notification);
  const entry = state.told.get(integration, groupKey);
  if (entry === undefined || unixMs === undefined) return false;
  const fingerprints = (isOver: boolean): readonly string[] =>
    alerts
      .filter((alert) => (alert.state.kind === 'resolved') === isOver)
      .map(({ labels }) => fingerprintOf(labels));
  const found = state.integrationsOf(receiver).find(({ name }) => name === integration);
  const { routeId } = notification as { readonly routeId?: string };
  let repeatIntervalMs = Number.POSITIVE_INFINITY;
  for (const route of walkRoutes(state.root)) {
    if (route.id === routeId) ({ repeatIntervalMs } = route);
  }
  const reason = reasonToNotify(entry, {
    firing: fingerprints(false),
    resolved: fingerprints(true),
    unixMs,
    repeatIntervalMs,
    sendResolved: found?.sendResolved ?? true,
  });
  return reason === undefined;
}

function flushedAt(notification: Notification): number | undefined {
  return (notification as { readonly flushedAtUnixMs?: number }).flushedAtUnixMs;
}

function canCompile({ matchers }: Silence): boolean {
  try {
    compileMatchers(matchers);
    return matchers.length > 0;
  } catch {
    return false;
  }
}
