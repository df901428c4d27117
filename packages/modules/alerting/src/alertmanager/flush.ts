import { createHash } from 'node:crypto';

import { type Labels } from '@dwcp/core';

import { compareAlerts, isResolved, type StoredAlert } from './alerts.ts';
import {
  type NotificationLogEntry,
  type NotifyReason,
  reasonToNotify,
} from './notification-log.ts';
import { type NotificationRecord } from './outbox.ts';
import { type AlertGroup, groupRecord, type PipelineState } from './pipeline-state.ts';
import { type FlushRecord } from './pipeline-store.ts';
import { containsTime } from './time-interval.ts';

/** Timers are not that late. */
const LATE_MS = 1_000;

/** What a flush decided about one alert. */
export interface AlertDecision {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly state: 'firing' | 'resolved';
  /** Fingerprints of alerts, and ids of silences, that hold it back. */
  readonly inhibitedBy: readonly string[];
  readonly silencedBy: readonly string[];
}

/** What a flush decided about a group, for whoever asks why. */
export interface FlushDecision {
  readonly unixMs: number;
  readonly groupId: string;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly routeId: string;
  readonly receiver: string;
  readonly alerts: readonly AlertDecision[];
  /** Names of the time intervals that keep the group quiet. */
  readonly mutedBy: readonly string[];
  /** Of each integration why it is told; undefined where there is nothing new for it. */
  readonly integrations: readonly {
    readonly integration: string;
    readonly reason: NotifyReason | undefined;
    /** Absent where there is nothing to send, as with resolved alerts that nobody asked for. */
    readonly idempotencyKey?: string;
    /** Where there is nothing new while alerts fire: from when on it is reminded of them. */
    readonly repeatsAtUnixMs?: number;
    /** It is time to remind of alerts that fire, and somebody sees to all of them. */
    readonly acknowledged?: true;
  }[];
  readonly nextFlushUnixMs: number;
}

/** Whether somebody sees to an alert. */
export type IsAcknowledged = (fingerprint: string, unixMs: number) => boolean;

export interface Flush {
  readonly record: FlushRecord;
  readonly decision: FlushDecision;
  /** Whether anything but the time of the next flush changed. */
  readonly changes: boolean;
}

/**
 * What a group has to tell at its time. Held back are alerts that another inhibits, then the whole
 * group by its route's time intervals, then alerts that a silence matches.
 * @param options.tickUnixMs the moment that was planned: repeats are counted from it, so that a
 *   late timer moves none; a flush that a stop held up counts from when it is made
 */
export function flushGroup(
  state: PipelineState,
  group: AlertGroup,
  options: {
    readonly tickUnixMs: number;
    readonly nowUnixMs: number;
    readonly externalUrl: string;
    readonly isAcknowledged?: IsAcknowledged;
    /** Default: those that are in the group now. */
    readonly alerts?: readonly StoredAlert[];
    /** Whether other instances tell receivers too. */
    readonly hasPeers?: boolean;
  },
): Flush {
  const { tickUnixMs, nowUnixMs } = options;
  const { route } = group;
  const alerts = options.alerts ?? alertsOf(state, group);
  const mutedBy = mutingIntervals(state, group, nowUnixMs);
  const decisions = alerts.map(({ fingerprint, labels, endsAtUnixMs }): AlertDecision => ({
    fingerprint,
    labels,
    state: endsAtUnixMs <= nowUnixMs ? 'resolved' : 'firing',
    inhibitedBy: state.inhibitor.inhibiting(labels, nowUnixMs),
    silencedBy: state.silences.silencing(labels, nowUnixMs),
  }));
  const told = alerts.filter((_alert, index) => {
    const decision = decisions[index];
    return decision?.inhibitedBy.length === 0 && decision.silencedBy.length === 0;
  });
  const found =
    mutedBy.length > 0 || told.length === 0
      ? { log: [], intents: [], integrations: [] }
      : notifications(state, group, { ...options, alerts: told });
  const released = alerts
    .filter((alert) => isResolved(alert, nowUnixMs))
    .map(({ fingerprint, updatedAtUnixMs }) => ({ fingerprint, updatedAtUnixMs }));
  const nextFlushUnixMs = tickUnixMs + route.groupIntervalMs;
  return {
    record: {
      kind: 'flush',
      group: { ...groupRecord(group), flushed: true, nextFlushUnixMs },
      released,
      log: found.log,
      intents: found.intents,
    },
    decision: {
      unixMs: tickUnixMs,
      groupId: group.id,
      groupKey: group.key,
      groupLabels: group.labels,
      routeId: route.id,
      receiver: route.receiver,
      alerts: decisions,
      mutedBy,
      integrations: found.integrations,
      nextFlushUnixMs,
    },
    changes: !group.flushed || released.length > 0 || found.log.length > 0,
  };
}

/** The alerts of a group, in the order they are told. */
export function alertsOf(
  state: PipelineState,
  { members }: Pick<AlertGroup, 'members'>,
): readonly StoredAlert[] {
  return [...members]
    .flatMap((fingerprint) => state.alerts.get(fingerprint)?.alert ?? [])
    .sort(compareAlerts);
}

/** Names of the intervals that keep a group quiet now: those that mute, or those that do not hold. */
export function mutingIntervals(
  state: PipelineState,
  { route }: Pick<AlertGroup, 'route'>,
  unixMs: number,
): readonly string[] {
  const holds = (name: string): boolean =>
    (state.config.timeIntervals.get(name) ?? []).some((part) => containsTime(part, unixMs));
  const { activeTimeIntervals: active, muteTimeIntervals: mute } = route;
  if (active.length > 0 && !active.some(holds)) return active;
  return mute.filter(holds);
}

interface Found {
  readonly log: readonly NotificationLogEntry[];
  readonly intents: readonly NotificationRecord[];
  readonly integrations: FlushDecision['integrations'];
}

function notifications(
  state: PipelineState,
  group: AlertGroup,
  options: {
    readonly tickUnixMs: number;
    readonly nowUnixMs: number;
    readonly externalUrl: string;
    readonly isAcknowledged?: IsAcknowledged;
    readonly alerts: readonly StoredAlert[];
    readonly hasPeers?: boolean;
  },
): Found {
  const { nowUnixMs, externalUrl, alerts, isAcknowledged = () => false } = options;
  const { route } = group;
  const heldUp = nowUnixMs - options.tickUnixMs > LATE_MS;
  const tickUnixMs = heldUp ? nowUnixMs : options.tickUnixMs;
  const [firing, resolved] = [false, true].map((over) =>
    alerts
      .filter((alert) => isResolved(alert, nowUnixMs) === over)
      .map(({ fingerprint }) => fingerprint)
      .sort(),
  );
  const log: NotificationLogEntry[] = [];
  const intents: NotificationRecord[] = [];
  const integrations: FlushDecision['integrations'][number][] = [];
  for (const { name, type, sendResolved } of state.integrationsOf(route.receiver)) {
    const entry = state.log.get(name, group.key);
    const reason = reasonToNotify(entry, {
      firing: firing ?? [],
      resolved: resolved ?? [],
      unixMs: tickUnixMs,
      repeatIntervalMs: route.repeatIntervalMs,
      sendResolved,
    });
    if (reason === undefined) {
      const isTold = entry !== undefined && (firing ?? []).length > 0;
      const repeatsAtUnixMs = (entry?.atUnixMs ?? 0) + route.repeatIntervalMs;
      integrations.push({ integration: name, reason, ...(isTold ? { repeatsAtUnixMs } : {}) });
      continue;
    }
    const expiresAtUnixMs = tickUnixMs + 2 * route.repeatIntervalMs + route.groupIntervalMs;
    const isSeenTo = (fingerprint: string): boolean => isAcknowledged(fingerprint, nowUnixMs);
    if (reason === 'repeat' && entry !== undefined && (firing ?? []).every(isSeenTo)) {
      integrations.push({ integration: name, reason: undefined, acknowledged: true });
      // An entry that expired would make the next flush a first one.
      const ends =
        entry.expiresAtUnixMs < tickUnixMs + route.repeatIntervalMs + route.groupIntervalMs;
      if (ends) log.push({ ...entry, expiresAtUnixMs });
      continue;
    }
    // A peer may have told at a later tick than this one: what goes beyond it is newer all the same.
    const afterUnixMs = options.hasPeers === true ? (entry?.atUnixMs ?? 0) + 1 : 0;
    const atUnixMs = Math.max(tickUnixMs, afterUnixMs);
    log.push({
      integration: name,
      groupKey: group.key,
      firing: firing ?? [],
      resolved: resolved ?? [],
      atUnixMs,
      expiresAtUnixMs,
    });
    const sent = sendResolved ? alerts : alerts.filter((alert) => !isResolved(alert, nowUnixMs));
    if (sent.length === 0) {
      integrations.push({ integration: name, reason });
      continue;
    }
    const idempotencyKey = keyOf([name, group.id, tickUnixMs], sent, nowUnixMs);
    integrations.push({ integration: name, reason, idempotencyKey });
    intents.push({
      idempotencyKey,
      groupKey: group.key,
      receiver: route.receiver,
      status: sent.every((alert) => isResolved(alert, nowUnixMs)) ? 'resolved' : 'firing',
      groupLabels: group.labels.toObject(),
      externalUrl,
      integration: name,
      integrationType: type,
      reason,
      routeId: route.id,
      routeLabels: route.labels,
      flushedAtUnixMs: atUnixMs,
      alerts: sent.map((alert) => ({
        labels: alert.labels.toObject(),
        annotations: alert.annotations,
        startsAtUnixMs: alert.startsAtUnixMs,
        ...(isResolved(alert, nowUnixMs) ? { endsAtUnixMs: alert.endsAtUnixMs } : {}),
        generatorUrl: alert.generatorUrl,
      })),
    });
  }
  return { log, intents, integrations };
}

function keyOf(
  what: readonly unknown[],
  alerts: readonly StoredAlert[],
  nowUnixMs: number,
): string {
  const hash = createHash('sha256').update(JSON.stringify(what));
  for (const alert of alerts) hash.update(`${alert.fingerprint}${isResolved(alert, nowUnixMs)}`);
  return hash.digest('hex').slice(0, 32);
}
