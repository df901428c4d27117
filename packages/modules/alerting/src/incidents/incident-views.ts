import { InvalidInputError, Labels } from '@dwcp/core';

import { momentText } from '../alertmanager/alerts.ts';
import { readFilters } from '../alertmanager/api/filters.ts';
import { compileMatchers } from '../alertmanager/matcher.ts';
import { fingerprintOf } from '../fnv.ts';
import { type CauseCandidate, causeCandidates } from './cause.ts';
import { type IncidentConfig } from './incident-config.ts';
import { type IncidentState } from './incident-state.ts';
import {
  type Acknowledgement,
  type Incident,
  type IncidentEvent,
  isFiring,
  type JoinRule,
  sentLabels,
} from './incident.ts';
import { elapsedOf, type Now } from './progress.ts';
import { type Severity, severityOf, severityRank } from './severity.ts';
import { type Topology } from './topology.ts';

/** What is asked: an IncidentManager, or what stands in for one. */
export interface IncidentsView {
  readonly state: IncidentState;
  readonly config: IncidentConfig;
  readonly topology: Topology;
  now(): Now;
}

/** Moments are RFC 3339. */
export interface ApiAcknowledgement {
  readonly by: string;
  readonly comment: string;
  readonly at: string;
  /** Absent: until the alerts are over. */
  readonly until?: string;
}

export interface ApiIncident {
  readonly id: string;
  readonly state: 'open' | 'acknowledged' | 'closed';
  readonly title: string;
  /** The worst of its alerts that fire; of all when none does. */
  readonly severity: Severity;
  readonly openedAt: string;
  readonly closedAt?: string;
  /** All alerts it ever had, and how many of them fire. */
  readonly alerts: number;
  readonly firing: number;
  readonly regions: readonly string[];
  readonly services: readonly string[];
  /** The highest level that was told; absent before the first and after the end. */
  readonly level?: string;
  readonly unacknowledgedMs: number;
  readonly acknowledgement?: ApiAcknowledgement;
}

export interface ApiIncidentAlert {
  /** As `/api/v2/alerts` knows it. */
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'resolved';
  readonly startsAt: string;
  readonly endsAt: string;
  readonly joinedAt: string;
  readonly generatorURL?: string;
  /** Why it is in this incident. */
  readonly reason: { readonly rule: JoinRule; readonly text: string };
  readonly acknowledgement?: ApiAcknowledgement;
}

export interface ApiIncidentDetail extends ApiIncident {
  readonly causes: readonly CauseCandidate[];
  /** In the order they came; of a closed incident the first 100. */
  readonly members: readonly ApiIncidentAlert[];
  readonly events: readonly (Omit<IncidentEvent, 'unixMs'> & { readonly at: string })[];
  readonly levels: readonly {
    readonly name: string;
    readonly afterMs: number;
    readonly receiver?: string;
    readonly toldAt?: string;
  }[];
}

/** Query parameters of the list; what is absent does not count. */
export interface IncidentsQuery {
  readonly state?: ApiIncident['state'] | readonly ApiIncident['state'][];
  /** Matchers as `severity="critical"`: one alert of the incident has to match all. */
  readonly filter?: readonly string[];
  /** In id, alert names, label values or annotations; case does not matter. */
  readonly text?: string;
  /** Incidents that were open at some time in between. */
  readonly startUnixMs?: number;
  readonly endUnixMs?: number;
  /** Default 100, at most 1,000. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** Incidents, the last that opened first. @throws InvalidInputError for a bad filter, limit or cursor */
export function apiIncidents(
  view: IncidentsView,
  query: IncidentsQuery = {},
): { readonly items: readonly ApiIncident[]; readonly nextCursor: string | null } {
  const { limit = 100, cursor } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new InvalidInputError('limit', `got ${limit}; it is a whole number from 1 to 1000`);
  }
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const shows = incidentTest(view, query);
  const found = [...view.state.closed.values(), ...view.state.open.values()]
    .filter((incident) => after === undefined || compareIncidents(incident, after) > 0)
    .sort(compareIncidents);
  const items: ApiIncident[] = [];
  let last: Incident | undefined;
  for (const incident of found) {
    if (!shows(incident)) continue;
    if (items.length === limit && last !== undefined) return { items, nextCursor: cursorOf(last) };
    items.push(apiIncident(view, incident));
    last = incident;
  }
  return { items, nextCursor: null };
}

/** One incident with its alerts, causes and what happened; undefined when there is none. */
export function apiIncidentDetail(view: IncidentsView, id: string): ApiIncidentDetail | undefined {
  const incident = view.state.incident(id);
  if (incident === undefined) return undefined;
  const now = view.now();
  const { levels, serviceLabel } = view.config;
  const { topology } = view;
  const members = [...incident.members.values()];
  return {
    ...apiIncident(view, incident),
    causes: causeCandidates(members, { topology, serviceLabel, unixMs: now.wallUnixMs }),
    members: members.map((member): ApiIncidentAlert => {
      const labels = sentLabels(id, member);
      const given =
        incident.closedAtUnixMs === undefined
          ? view.state.alertAcknowledgements.get(member.fingerprint)
          : undefined;
      return {
        fingerprint: member.labelled ? fingerprintOf(Labels.from(labels)) : member.fingerprint,
        labels,
        annotations: member.annotations,
        state: isFiring(member, now.wallUnixMs) ? 'firing' : 'resolved',
        startsAt: momentText(member.startsAtUnixMs),
        endsAt: momentText(member.endsAtUnixMs),
        joinedAt: momentText(member.joinedAtUnixMs),
        ...(member.generatorUrl === '' ? {} : { generatorURL: member.generatorUrl }),
        reason: { rule: member.reason.rule, text: member.reason.text },
        ...acknowledgementOf(given),
      };
    }),
    events: incident.events.map(({ unixMs, ...event }) => ({ at: momentText(unixMs), ...event })),
    levels: levels.map((level) => {
      const told = incident.progress.told.find((known) => known.level === level.name);
      return { ...level, ...(told === undefined ? {} : { toldAt: momentText(told.atUnixMs) }) };
    }),
  };
}

function apiIncident(view: IncidentsView, incident: Incident): ApiIncident {
  const { wallUnixMs, steadyMs } = view.now();
  const { regionLabel, serviceLabel } = view.config;
  const { id, acknowledgement, closedAtUnixMs, progress } = incident;
  const members = [...incident.members.values()];
  const firing = members.filter((member) => isFiring(member, wallUnixMs));
  const names = [...new Set(members.map(({ labels }) => labels['alertname'] ?? ''))];
  const valuesOf = (name: string): readonly string[] =>
    [...new Set(members.map(({ labels }) => labels[name] ?? ''))].filter(Boolean).sort();
  const open = acknowledgement === undefined ? 'open' : 'acknowledged';
  const worst = (firing.length > 0 ? firing : members)
    .map(({ labels }) => severityOf(labels))
    .reduce((most, next) => (severityRank(next) > severityRank(most) ? next : most), 'info');
  const level = progress.told.at(-1)?.level;
  return {
    id,
    state: closedAtUnixMs === undefined ? open : 'closed',
    title: names.length > 3 ? `${names.slice(0, 3).join(', ')} and others` : names.join(', '),
    severity: worst,
    openedAt: momentText(incident.openedAtUnixMs),
    ...(closedAtUnixMs === undefined ? {} : { closedAt: momentText(closedAtUnixMs) }),
    alerts: incident.alertCount,
    firing: firing.length,
    regions: valuesOf(regionLabel),
    services: valuesOf(serviceLabel),
    ...(level === undefined ? {} : { level }),
    unacknowledgedMs: elapsedOf(progress, steadyMs),
    ...acknowledgementOf(acknowledgement),
  };
}

function acknowledgementOf(given: Acknowledgement | undefined): {
  readonly acknowledgement?: ApiAcknowledgement;
} {
  if (given === undefined) return {};
  const { by, comment, atUnixMs, timeoutMs } = given;
  const until = timeoutMs === undefined ? {} : { until: momentText(atUnixMs + timeoutMs) };
  return { acknowledgement: { by, comment, at: momentText(atUnixMs), ...until } };
}

function incidentTest(view: IncidentsView, query: IncidentsQuery): (incident: Incident) => boolean {
  const { state, filter = [], text = '', startUnixMs = -Infinity, endUnixMs = Infinity } = query;
  const matches = compileMatchers(readFilters(filter));
  const wanted = text.toLowerCase();
  const states = state === undefined ? undefined : [state].flat();
  const { minAlerts } = view.config;
  return (incident) => {
    const { closedAtUnixMs, acknowledgement, openedAtUnixMs, alertCount, id } = incident;
    if (alertCount < minAlerts) return false;
    if (openedAtUnixMs > endUnixMs || (closedAtUnixMs ?? Infinity) < startUnixMs) return false;
    const open = acknowledgement === undefined ? 'open' : 'acknowledged';
    const is = closedAtUnixMs === undefined ? open : 'closed';
    if (states?.includes(is) === false) return false;
    const members = [...incident.members.values()];
    const texts = (): readonly string[] => [
      id,
      ...members.flatMap((member) => [
        ...Object.values(member.labels),
        ...Object.values(member.annotations),
      ]),
    ];
    return (
      (filter.length === 0 ||
        members.some((member) => matches(Labels.from(sentLabels(id, member))))) &&
      (wanted === '' || texts().some((found) => found.toLowerCase().includes(wanted)))
    );
  };
}

interface Position {
  readonly openedAtUnixMs: number;
  readonly id: string;
}

function compareIncidents(a: Position, b: Position): number {
  return b.openedAtUnixMs - a.openedAtUnixMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function cursorOf({ openedAtUnixMs, id }: Position): string {
  return Buffer.from(JSON.stringify([openedAtUnixMs, id])).toString('base64url');
}

function readCursor(cursor: string): Position {
  try {
    const [openedAtUnixMs, id] = JSON.parse(
      Buffer.from(cursor, 'base64url').toString(),
    ) as unknown[];
    if (typeof openedAtUnixMs === 'number' && typeof id === 'string') return { openedAtUnixMs, id };
  } catch {
    // Said below.
  }
  throw new InvalidInputError(
    'cursor',
    'is not one that an answer gave; leave it out to begin anew',
  );
}
