import { type IncidentConfig } from './incident-config.ts';
import { type IncidentState, MAX_CLOSED_ALERTS } from './incident-state.ts';
import { type Acknowledgement, type IncidentRecord } from './incident.ts';

/** How long after its closing an incident still tells where its alerts were. */
const TRIM_AFTER_MS = 15 * 60_000;

/**
 * What is to be forgotten of closed incidents.
 * @returns also how many go before their time because there are too many
 */
export function tidyRecords(
  { closed, untrimmed }: IncidentState,
  config: Pick<IncidentConfig, 'retentionMs' | 'maxClosed' | 'maxClosedAlerts'>,
  unixMs: number,
): { readonly records: readonly IncidentRecord[]; readonly early: number } {
  const { retentionMs, maxClosed, maxClosedAlerts } = config;
  const trimmed = [...untrimmed].filter(
    (id) => (closed.get(id)?.closedAtUnixMs ?? 0) + TRIM_AFTER_MS <= unixMs,
  );
  const outdated = new Set(
    [...closed.values()]
      .filter(({ closedAtUnixMs = 0 }) => closedAtUnixMs + retentionMs <= unixMs)
      .map(({ id }) => id),
  );
  const early: string[] = [];
  let [incidents, alerts] = [0, 0];
  // From the newest on: what is over the limits is the oldest.
  for (const { id, members } of [...closed.values()].reverse()) {
    if (outdated.has(id)) continue;
    incidents++;
    alerts += Math.min(members.size, MAX_CLOSED_ALERTS);
    if (incidents > maxClosed || alerts > maxClosedAlerts) early.push(id);
  }
  const dropped = [...outdated, ...early];
  const records: IncidentRecord[] = [];
  if (trimmed.length > 0) records.push({ kind: 'trimmed', ids: trimmed });
  if (dropped.length > 0) records.push({ kind: 'dropped', ids: dropped });
  return { records, early: early.length };
}

/** A clock that was set back between two processes must not make a wait longer. */
export function clampTimes(state: IncidentState, steadyMs: number): void {
  const clamped = (given: Acknowledgement): Acknowledgement => {
    const { timeoutMs, untilUnixMs } = given;
    if (timeoutMs === undefined || untilUnixMs === undefined) return given;
    return { ...given, untilUnixMs: Math.min(untilUnixMs, steadyMs + timeoutMs) };
  };
  const earlier = (sinceMs: number | undefined): number | undefined =>
    sinceMs === undefined ? undefined : Math.min(sinceMs, steadyMs);
  for (const incident of state.open.values()) {
    const { runningSinceMs, calmSinceMs, overSinceMs, ...rest } = incident.progress;
    const since = {
      runningSinceMs: earlier(runningSinceMs),
      calmSinceMs: earlier(calmSinceMs),
      overSinceMs: earlier(overSinceMs),
    };
    const present = Object.entries(since).filter(([, value]) => value !== undefined);
    incident.progress = { ...rest, ...Object.fromEntries(present) };
    const { acknowledgement } = incident;
    if (acknowledgement !== undefined) incident.acknowledgement = clamped(acknowledgement);
  }
  for (const [fingerprint, given] of state.alertAcknowledgements) {
    state.alertAcknowledgements.set(fingerprint, clamped(given));
  }
}
