import { type IntegrationConfig } from '../alertmanager/config/receivers.ts';
import { escalationNotifications } from './escalation-notification.ts';
import { type IncidentState } from './incident-state.ts';
import { type IncidentChange } from './incident.ts';
import { type AdvanceContext, advanceIncident, type Now } from './progress.ts';

/** What is to be stored about incidents that were looked at. */
export interface Look {
  readonly changes: readonly IncidentChange[];
  /** Ids of those that have to tell something while too many notifications wait. */
  readonly postponed: ReadonlySet<string>;
  /** How many levels are told. */
  readonly escalations: number;
  /** Receivers of levels that are not there, or have no integrations. */
  readonly missing: ReadonlySet<string>;
}

/** What has become of open incidents, with the notifications that follow from it. */
export function lookAt(
  state: IncidentState,
  ids: Iterable<string>,
  options: {
    readonly now: Now;
    readonly context: AdvanceContext;
    readonly maxIntents: number;
    readonly externalUrl: string;
    readonly integrationsOf: (receiver: string) => readonly IntegrationConfig[];
  },
): Look {
  const { now, context, maxIntents, externalUrl, integrationsOf } = options;
  const { wallUnixMs: unixMs } = now;
  const changes: IncidentChange[] = [];
  const postponed = new Set<string>();
  const missing = new Set<string>();
  let waiting = state.intents.size;
  let escalations = 0;
  for (const id of ids) {
    const incident = state.open.get(id);
    if (incident === undefined) continue;
    const { tell, changes: isChanged, ...rest } = advanceIncident(incident, now, context);
    if (tell.length > 0 && waiting >= maxIntents) {
      postponed.add(id);
      continue;
    }
    if (!isChanged) continue;
    const intents = tell.flatMap((told) => {
      const { receiver } = told.level;
      if (receiver === undefined) return [];
      const integrations = integrationsOf(receiver);
      if (integrations.length === 0) missing.add(receiver);
      return escalationNotifications(id, told, { integrations, unixMs, externalUrl });
    });
    waiting += intents.length;
    escalations += tell.filter(({ reason }) => reason !== 'all-resolved').length;
    changes.push({ kind: 'changed', incident: id, unixMs, intents, ...rest });
  }
  return { changes, postponed, escalations, missing };
}
