import { InvalidInputError } from '@dwcp/core';

import { IncidentNotFoundError } from './errors.ts';
import { type IncidentState } from './incident-state.ts';
import {
  type Acknowledgement,
  type Incident,
  type IncidentMember,
  type IncidentRecord,
  isFiring,
} from './incident.ts';
import { type Now } from './progress.ts';
import { severityRank } from './severity.ts';

/** What is acknowledged: an incident, or one alert by its own fingerprint or the one receivers know. */
export type Acknowledged = { readonly incident: string } | { readonly fingerprint: string };

export interface GivenAcknowledgement {
  readonly by: string;
  readonly comment: string;
  /** Without one it holds until the alerts are over. */
  readonly timeoutMs?: number;
}

export interface AcknowledgedPlace {
  readonly incident: Incident;
  /** Undefined: the incident as a whole. */
  readonly member?: IncidentMember;
}

/** @throws IncidentNotFoundError for what is not open or does not fire */
export function findAcknowledged(
  state: IncidentState,
  what: Acknowledged,
  unixMs: number,
): AcknowledgedPlace {
  if ('incident' in what) {
    const incident = state.open.get(what.incident);
    if (incident !== undefined) return { incident };
    throw new IncidentNotFoundError(`no open incident has the id ${JSON.stringify(what.incident)}`);
  }
  const place = state.placeOf(state.sourceOf(what.fingerprint));
  const isOpen = place?.incident.closedAtUnixMs === undefined;
  if (place !== undefined && isOpen && isFiring(place.member, unixMs)) return place;
  const name = JSON.stringify(what.fingerprint);
  throw new IncidentNotFoundError(`no alert that fires has the fingerprint ${name}`);
}

/** @throws InvalidInputError where nobody is named, or for a time-out that is none */
export function acknowledgedRecord(
  { incident, member }: AcknowledgedPlace,
  { by, comment, timeoutMs }: GivenAcknowledgement,
  { wallUnixMs, steadyMs }: Now,
): IncidentRecord {
  checkBy(by);
  if (timeoutMs !== undefined && !(timeoutMs > 0 && Number.isFinite(timeoutMs))) {
    throw new InvalidInputError('timeoutMs', `got ${timeoutMs}; it must be above 0`);
  }
  const firing = [...incident.members.values()].filter((one) => isFiring(one, wallUnixMs));
  const ranks = (member === undefined ? firing : [member]).map(({ labels }) =>
    severityRank(labels['severity'] ?? ''),
  );
  return {
    kind: 'acknowledged',
    incident: incident.id,
    ...(member === undefined ? {} : { fingerprint: member.fingerprint }),
    acknowledgement: {
      by,
      comment,
      atUnixMs: wallUnixMs,
      ...(timeoutMs === undefined ? {} : { timeoutMs, untilUnixMs: steadyMs + timeoutMs }),
      severityRank: ranks.reduce<number>((most, rank) => Math.max(most, rank), 0),
    },
  };
}

/** @returns undefined where there is no acknowledgement @throws InvalidInputError where nobody is named */
export function withdrawnRecord(
  state: IncidentState,
  { incident, member }: AcknowledgedPlace,
  { by, unixMs }: { readonly by: string; readonly unixMs: number },
): IncidentRecord | undefined {
  checkBy(by);
  const given =
    member === undefined
      ? incident.acknowledgement
      : state.alertAcknowledgements.get(member.fingerprint);
  if (given === undefined) return undefined;
  const name = member === undefined ? 'incident' : (member.labels['alertname'] ?? '');
  const ended = member === undefined ? {} : { fingerprint: member.fingerprint };
  return {
    kind: 'changed',
    incident: incident.id,
    unixMs,
    progress: incident.progress,
    ended: [{ ...ended, why: 'withdrawn', by }],
    events: [{ unixMs, kind: 'acknowledgement-ended', text: `${name}: withdrawn`, by, ...ended }],
    intents: [],
    closed: false,
  };
}

export function isInForce(given: Acknowledgement | undefined, steadyMs: number): boolean {
  return given !== undefined && (given.untilUnixMs === undefined || given.untilUnixMs > steadyMs);
}

function checkBy(by: string): void {
  if (by.trim() === '') throw new InvalidInputError('by', 'is required');
}
