import { createHash } from 'node:crypto';

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
  readonly state: 'firing' | 'resolved';
  /** Fingerprints of alerts, and ids of silences, that hold it back. */
  readonly inhibitedBy: readonly string[];
  readonly silencedBy: readonly string[];
}

/** What a flush decided about a group, for whoever asks why. */
export interface FlushDecision {
  readonly unixMs: number;
  readonly groupKey: string;
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
  }[];
}

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
  },
): Flush {
  const { tickUnixMs, nowUnixMs } = options;
  const { route } = group;
  const alerts = [...group.members]
    .flatMap((fingerprint) => state.alerts.get(fingerprint)?.alert ?? [])
    .sort(compareAlerts);
  const mutedBy = mutingIntervals(state, group, nowUnixMs);
  const decisions = alerts.map(({ fingerprint, labels, endsAtUnixMs }): AlertDecision => ({
    fingerprint,
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
  const next = { ...groupRecord(group), flushed: true };
  return {
    record: {
      kind: 'flush',
      group: { ...next, nextFlushUnixMs: tickUnixMs + route.groupIntervalMs },
      released,
      log: found.log,
      intents: found.intents,
    },
    decision: {
      unixMs: tickUnixMs,
      groupKey: group.key,
      routeId: route.id,
      receiver: route.receiver,
      alerts: decisions,
      mutedBy,
      integrations: found.integrations,
    },
    changes: !group.flushed || released.length > 0 || found.log.length > 0,
  };
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
    readonly alerts: readonly StoredAlert[];
  },
): Found {
  const { nowUnixMs, externalUrl, alerts } = options;
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
    const reason = reasonToNotify(state.log.get(name, group.key), {
      firing: firing ?? [],
      resolved: resolved ?? [],
      unixMs: tickUnixMs,
      repeatIntervalMs: route.repeatIntervalMs,
      sendResolved,
    });
    if (reason === undefined) {
      integrations.push({ integration: name, reason });
      continue;
    }
    log.push({
      integration: name,
      groupKey: group.key,
      firing: firing ?? [],
      resolved: resolved ?? [],
      atUnixMs: tickUnixMs,
      expiresAtUnixMs: tickUnixMs + 2 * route.repeatIntervalMs + route.groupIntervalMs,
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
      flushedAtUnixMs: tickUnixMs,
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
