import { type Incident, type IncidentDetail } from '../../api/alerting-types.ts';
import { type Tone } from '../../ui/status-mark.tsx';

export interface NextLevel {
  readonly name: string;
  readonly receiver: string | undefined;
  readonly atMs: number;
}

/** The level that is told next and when, if nobody acknowledges; undefined where none follows. */
export function nextLevel(incident: IncidentDetail, nowMs: number): NextLevel | undefined {
  if (incident.state !== 'open' || incident.firing === 0) return undefined;
  const next = incident.levels.find(
    ({ toldAt, afterMs }) => toldAt === undefined && afterMs > incident.unacknowledgedMs,
  );
  if (next === undefined) return undefined;
  const { name, receiver, afterMs } = next;
  return { name, receiver, atMs: nowMs + afterMs - incident.unacknowledgedMs };
}

/** What happened to an incident, as a sentence. */
export function eventText({ kind, text, by }: IncidentDetail['events'][number]): string {
  if (kind === 'opened') return `opened ${text}`;
  return `${kind.replaceAll('-', ' ')}${by === undefined ? '' : ` by ${by}`}: ${text}`;
}

export function incidentTone({ state, severity }: Pick<Incident, 'state' | 'severity'>): Tone {
  if (state === 'closed') return 'ok';
  if (state === 'acknowledged') return 'idle';
  return severity === 'critical' ? 'bad' : 'warn';
}
