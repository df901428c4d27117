import { type IncidentState } from '../incidents/incident-state.ts';
import { type IncidentRecord } from '../incidents/incident.ts';
import { type DecisionLog } from './decision-log.ts';

/** The subject of decisions about an incident. */
export function incidentSubject(id: string): string {
  return `incident:${id}`;
}

/** Takes down who acknowledged what, and what was escalated: the value of `onCommit` of IncidentManager. */
export function incidentDecisions(
  log: DecisionLog,
): (records: readonly IncidentRecord[], state: IncidentState) => void {
  return (records, state) => {
    for (const record of records) {
      if (record.kind === 'acknowledged') {
        const { by, comment, atUnixMs: unixMs, timeoutMs } = record.acknowledgement;
        const until = timeoutMs === undefined ? {} : { untilUnixMs: unixMs + timeoutMs };
        log.note({
          ...aboutOf(record, state),
          topic: 'acknowledged',
          unixMs,
          decision: {
            kind: 'acknowledged',
            action: 'given',
            by,
            comment,
            incident: record.incident,
            ...until,
          },
        });
      } else if (record.kind === 'changed') {
        const { incident, unixMs, events } = record;
        for (const event of events) {
          if (event.kind === 'acknowledgement-ended') {
            const { text: comment, by } = event;
            const whose = by === undefined ? {} : { by };
            log.note({
              ...aboutOf({ ...event, incident }, state),
              topic: 'acknowledged',
              unixMs,
              decision: { kind: 'acknowledged', action: 'ended', comment, incident, ...whose },
            });
          } else if (event.kind === 'escalated') {
            const { level = '', receiver } = event;
            const to = receiver === undefined ? {} : { receiver };
            log.note({
              subject: incidentSubject(incident),
              topic: 'escalated',
              unixMs,
              same: `${level} ${unixMs}`,
              decision: { kind: 'escalated', level, incident, ...to },
            });
          }
        }
      }
    }
  };
}

/** The alert that is meant, or the incident as a whole. */
function aboutOf(
  { incident, fingerprint }: { readonly incident: string; readonly fingerprint?: string },
  state: IncidentState,
): {
  readonly subject: string;
  readonly alertName?: string;
  readonly labels?: Readonly<Record<string, string>>;
} {
  if (fingerprint === undefined) return { subject: incidentSubject(incident) };
  const labels = state.placeOf(fingerprint)?.member.labels ?? {};
  return { subject: fingerprint, alertName: labels['alertname'] ?? '', labels };
}
