import { Labels } from '@dwcp/core';

import { type NotificationRecord } from '../alertmanager/outbox.ts';
import { fingerprintOf } from '../fnv.ts';
import {
  type Acknowledgement,
  type EndedAcknowledgement,
  type Incident,
  type IncidentEvent,
  type IncidentJson,
  type IncidentMember,
  type IncidentRecord,
  NO_PROGRESS,
  sentLabels,
} from './incident.ts';

/** Events of one incident that are kept. */
const MAX_EVENTS = 200;
/** Alerts of a closed incident that are kept: the first. */
export const MAX_CLOSED_ALERTS = 100;

/** An alert's incident and its place in it. */
export interface Placed {
  readonly incident: Incident;
  readonly member: IncidentMember;
}

/** What is known of incidents; changes only by records, so that reading them again gives the same. */
export class IncidentState {
  readonly open = new Map<string, Incident>();
  /** Oldest first. */
  readonly closed = new Map<string, Incident>();
  readonly alertAcknowledgements = new Map<string, Acknowledgement>();
  /** Notifications that the outbox may not have, by idempotency key, oldest first. */
  readonly intents = new Map<string, NotificationRecord>();
  /** Closed incidents whose alerts are still known. */
  readonly untrimmed = new Set<string>();
  readonly #placeOf = new Map<string, Incident>();
  /** Fingerprints as receivers know them, where they are others. */
  readonly #bySent = new Map<string, string>();

  /** How many alerts have a place. */
  get placedCount(): number {
    return this.#placeOf.size;
  }

  get hasLabelled(): boolean {
    return this.#bySent.size > 0;
  }

  incident(id: string): Incident | undefined {
    return this.open.get(id) ?? this.closed.get(id);
  }

  /** The last incident of an alert, by the fingerprint of its own labels. */
  placeOf(fingerprint: string): Placed | undefined {
    const incident = this.#placeOf.get(fingerprint);
    const member = incident?.members.get(fingerprint);
    return incident === undefined || member === undefined ? undefined : { incident, member };
  }

  /** From the fingerprint that receivers know to that of the alert's own labels. */
  sourceOf(fingerprint: string): string {
    return this.#bySent.get(fingerprint) ?? fingerprint;
  }

  apply(record: IncidentRecord): void {
    switch (record.kind) {
      case 'alerts':
        for (const { id, openedAtUnixMs, openedAtMs } of record.opened) {
          this.open.set(id, emptyIncident(id, openedAtUnixMs, openedAtMs));
        }
        for (const { incident, member } of record.joined) {
          const found = this.open.get(incident);
          if (found !== undefined) this.#join(found, member);
        }
        for (const [fingerprint, times] of Object.entries(record.updated)) {
          const place = this.placeOf(fingerprint);
          if (place === undefined) continue;
          const [startsAtUnixMs, endsAtUnixMs] = times;
          place.incident.members.set(fingerprint, {
            ...place.member,
            startsAtUnixMs,
            endsAtUnixMs,
          });
        }
        return;
      case 'acknowledged': {
        const { fingerprint, acknowledgement } = record;
        const incident = this.open.get(record.incident);
        if (incident === undefined) return;
        if (fingerprint === undefined) incident.acknowledgement = acknowledgement;
        else this.alertAcknowledgements.set(fingerprint, acknowledgement);
        const { by, comment, atUnixMs: unixMs } = acknowledgement;
        const what = fingerprint === undefined ? '' : `${nameOf(incident, fingerprint)}: `;
        const whose = fingerprint === undefined ? {} : { fingerprint };
        const text = `${what}${comment}`;
        addEvents(incident, [{ unixMs, kind: 'acknowledged', text, by, ...whose }]);
        return;
      }
      case 'changed': {
        for (const intent of record.intents) this.intents.set(intent.idempotencyKey, intent);
        const incident = this.open.get(record.incident);
        if (incident === undefined) return;
        for (const ended of record.ended) this.#endAcknowledgement(incident, ended);
        incident.progress = record.progress;
        addEvents(incident, record.events);
        if (!record.closed) return;
        incident.closedAtUnixMs = record.unixMs;
        this.open.delete(incident.id);
        this.closed.set(incident.id, incident);
        this.untrimmed.add(incident.id);
        return;
      }
      case 'accepted':
        for (const key of record.keys) this.intents.delete(key);
        return;
      case 'trimmed':
        for (const id of record.ids) this.#trim(id);
        return;
      case 'dropped':
        for (const id of record.ids) {
          this.#trim(id);
          this.closed.delete(id);
        }
        return;
      case 'incident':
        this.#putWhole(record.incident);
        return;
      case 'intents':
        for (const intent of record.intents) this.intents.set(intent.idempotencyKey, intent);
    }
  }

  /** Records that give this state when they are applied to an empty one. */
  snapshot(): readonly IncidentRecord[] {
    const incidents = [...this.closed.values(), ...this.open.values()];
    return [
      ...incidents.map((incident): IncidentRecord => ({
        kind: 'incident',
        incident: this.#toJson(incident),
      })),
      { kind: 'trimmed', ids: [...this.closed.keys()].filter((id) => !this.untrimmed.has(id)) },
      { kind: 'intents', intents: [...this.intents.values()] },
    ];
  }

  #join(incident: Incident, member: IncidentMember): void {
    const { fingerprint } = member;
    if (!incident.members.has(fingerprint)) incident.alertCount++;
    if (incident.alertCount === 1 && incident.events.length === 0) {
      const text = `by ${member.labels['alertname'] ?? fingerprint}`;
      addEvents(incident, [{ unixMs: member.joinedAtUnixMs, kind: 'opened', text }]);
    }
    this.#unplace(fingerprint);
    incident.members.set(fingerprint, member);
    this.#placeOf.set(fingerprint, incident);
    if (!member.labelled) return;
    this.#bySent.set(fingerprintOf(Labels.from(sentLabels(incident.id, member))), fingerprint);
  }

  #unplace(fingerprint: string): void {
    const place = this.placeOf(fingerprint);
    if (place === undefined) return;
    this.#placeOf.delete(fingerprint);
    if (!place.member.labelled) return;
    const sent = sentLabels(place.incident.id, place.member);
    this.#bySent.delete(fingerprintOf(Labels.from(sent)));
  }

  #endAcknowledgement(incident: Incident, { fingerprint }: EndedAcknowledgement): void {
    if (fingerprint === undefined) incident.acknowledgement = undefined;
    else this.alertAcknowledgements.delete(fingerprint);
  }

  #trim(id: string): void {
    const incident = this.closed.get(id);
    if (incident === undefined || !this.untrimmed.delete(id)) return;
    for (const fingerprint of incident.members.keys()) {
      if (this.#placeOf.get(fingerprint) === incident) this.#unplace(fingerprint);
    }
    if (incident.members.size <= MAX_CLOSED_ALERTS) return;
    const kept = [...incident.members].slice(0, MAX_CLOSED_ALERTS);
    incident.members = new Map(kept);
  }

  #toJson(incident: Incident): IncidentJson {
    const { members, closedAtUnixMs, acknowledgement, ...rest } = incident;
    const acknowledged = [...members.keys()].flatMap((fingerprint) => {
      const found = this.alertAcknowledgements.get(fingerprint);
      const isHere = this.#placeOf.get(fingerprint) === incident;
      return found === undefined || !isHere ? [] : [[fingerprint, found] as const];
    });
    return {
      ...rest,
      ...(closedAtUnixMs === undefined ? {} : { closedAtUnixMs }),
      ...(acknowledgement === undefined ? {} : { acknowledgement }),
      members: [...members.values()],
      alertAcknowledgements: Object.fromEntries(acknowledged),
    };
  }

  #putWhole(json: IncidentJson): void {
    const { members, alertAcknowledgements, ...rest } = json;
    const { closedAtUnixMs, acknowledgement } = json;
    const incident: Incident = { ...rest, members: new Map(), closedAtUnixMs, acknowledgement };
    for (const member of members) this.#join(incident, member);
    incident.alertCount = json.alertCount;
    for (const [fingerprint, found] of Object.entries(alertAcknowledgements)) {
      this.alertAcknowledgements.set(fingerprint, found);
    }
    if (closedAtUnixMs === undefined) {
      this.open.set(incident.id, incident);
      return;
    }
    this.closed.set(incident.id, incident);
    this.untrimmed.add(incident.id);
  }
}

function emptyIncident(id: string, openedAtUnixMs: number, openedAtMs: number): Incident {
  return {
    id,
    openedAtUnixMs,
    openedAtMs,
    closedAtUnixMs: undefined,
    members: new Map(),
    alertCount: 0,
    acknowledgement: undefined,
    progress: NO_PROGRESS,
    events: [],
  };
}

function addEvents(incident: Incident, events: readonly IncidentEvent[]): void {
  if (events.length > 0) incident.events = [...incident.events, ...events].slice(-MAX_EVENTS);
}

function nameOf({ members }: Incident, fingerprint: string): string {
  return members.get(fingerprint)?.labels['alertname'] ?? fingerprint;
}
