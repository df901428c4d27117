import {
  type AlertsOfName,
  type IncidentDetail,
  type IncidentPage,
} from '../../api/alerting-types.ts';
import { type Params } from '../../api/client.ts';
import { quoteMatcher } from '../../format/labels.ts';

/** Incidents that are acknowledged as a whole: the newest. */
const MAX_ACKNOWLEDGED = 100;
/** Of the others, the newest that have an alert of a name of which some are acknowledged. */
const MAX_OTHERS = 30;
const MAX_NAMES = 50;

/**
 * Incidents that are acknowledged, or may have alerts that are, with their members. Where nothing is
 * acknowledged, one question says so.
 */
export async function acknowledgedIncidents(ask: {
  readonly byName: () => Promise<{ readonly items: readonly AlertsOfName[] }>;
  readonly incidents: (params: Params) => Promise<IncidentPage>;
  readonly incident: (id: string) => Promise<IncidentDetail>;
}): Promise<readonly IncidentDetail[]> {
  const { items } = await ask.byName();
  const names = new Set(
    items.filter(({ acknowledged }) => acknowledged > 0).map(({ alertname }) => alertname),
  );
  if (names.size === 0) return [];
  const anyName = [...names].slice(0, MAX_NAMES).map(escaped).join('|');
  const found = await Promise.all([
    ask.incidents({ state: 'acknowledged', limit: MAX_ACKNOWLEDGED }),
    // One alert of an incident may be acknowledged, and the incident not.
    ask.incidents({
      state: 'unacknowledged',
      filter: [`alertname=~${quoteMatcher(anyName)}`],
      limit: MAX_OTHERS,
    }),
  ]);
  return Promise.all(found.flatMap((page) => page.items).map(({ id }) => ask.incident(id)));
}

/** A text as a regular expression that means itself. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
