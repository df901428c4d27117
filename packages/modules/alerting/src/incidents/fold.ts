import { type PostableAlert } from '../alertmanager/alerts.ts';
import { CorrelationIndex, type Correlator } from './correlation.ts';
import { type IncidentConfig } from './incident-config.ts';
import { type IncidentState } from './incident-state.ts';
import { type IncidentMember, type IncidentRecord, isFiring } from './incident.ts';
import { type Now } from './progress.ts';

/** An alert and the fingerprint of its own labels. */
export interface FoldedAlert {
  readonly fingerprint: string;
  readonly alert: PostableAlert;
}

/** Where an alert is, and whether its labels say so. */
export interface Placement {
  readonly incident: string;
  readonly labelled: boolean;
}

export interface Fold {
  readonly record: Extract<IncidentRecord, { readonly kind: 'alerts' }>;
  readonly placements: ReadonlyMap<string, Placement>;
  /** Ids of the incidents that changed. */
  readonly touched: ReadonlySet<string>;
  /** Alerts that are in none because too many are. */
  readonly unplaced: number;
}

/**
 * Places alerts in incidents, those that began first before the others. An alert stays in the
 * incident it is in as long as that is open.
 */
export function foldAlerts(
  state: IncidentState,
  alerts: readonly FoldedAlert[],
  options: {
    readonly config: IncidentConfig;
    readonly correlator: Correlator;
    readonly index: CorrelationIndex;
    readonly now: Now;
    readonly labelled: boolean;
    readonly resolveTimeoutMs: number;
    readonly newId: () => string;
  },
): Fold {
  const { config, correlator, index, now, newId } = options;
  const { wallUnixMs, steadyMs } = now;
  const draft = new CorrelationIndex();
  const drafted = new Map<string, { readonly openedAtMs: number; count: number }>();
  const opened: Fold['record']['opened'][number][] = [];
  const joined = new Map<string, Fold['record']['joined'][number]>();
  const updated: Record<string, readonly [number, number]> = {};
  const placements = new Map<string, Placement>();
  const touched = new Set<string>();
  let unplaced = 0;

  const endOf = ({ endsAtUnixMs }: PostableAlert): number =>
    endsAtUnixMs ?? wallUnixMs + options.resolveTimeoutMs;
  const startOf = ({ startsAtUnixMs }: PostableAlert): number => startsAtUnixMs ?? wallUnixMs;
  const takes = (id: string): boolean => {
    const known = state.open.get(id);
    const openedAtMs = known?.openedAtMs ?? drafted.get(id)?.openedAtMs;
    if (openedAtMs === undefined) return false;
    const count = (known?.alertCount ?? 0) + (drafted.get(id)?.count ?? 0);
    return count < config.maxAlerts && steadyMs - openedAtMs <= config.maxSpanMs;
  };

  const fresh: FoldedAlert[] = [];
  for (const found of alerts) {
    const { fingerprint, alert } = found;
    const place = state.placeOf(fingerprint);
    const endsAtUnixMs = endOf(alert);
    const isOpen = place !== undefined && place.incident.closedAtUnixMs === undefined;
    if (place === undefined || (!isOpen && endsAtUnixMs > wallUnixMs)) {
      if (endsAtUnixMs > wallUnixMs) fresh.push(found);
      continue;
    }
    const { incident, member } = place;
    placements.set(fingerprint, { incident: incident.id, labelled: member.labelled });
    if (!isOpen) continue;
    const startsAtUnixMs = isFiring(member, wallUnixMs)
      ? Math.min(member.startsAtUnixMs, startOf(alert))
      : endsAtUnixMs > wallUnixMs
        ? startOf(alert)
        : member.startsAtUnixMs;
    if (startsAtUnixMs === member.startsAtUnixMs && endsAtUnixMs === member.endsAtUnixMs) continue;
    updated[fingerprint] = [startsAtUnixMs, endsAtUnixMs];
    touched.add(incident.id);
  }

  fresh.sort(
    (a, b) => startOf(a.alert) - startOf(b.alert) || (a.fingerprint < b.fingerprint ? -1 : 1),
  );
  for (const { fingerprint, alert } of fresh) {
    if (joined.has(fingerprint)) continue;
    if (state.placedCount + joined.size >= config.maxOpenAlerts) {
      unplaced++;
      continue;
    }
    const { labels } = alert;
    const match = correlator.match(labels, { indexes: [index, draft], nowMs: steadyMs, takes });
    const id = match?.incident ?? newId();
    let counted = drafted.get(id);
    if (counted === undefined) {
      counted = { openedAtMs: state.open.get(id)?.openedAtMs ?? steadyMs, count: 0 };
      drafted.set(id, counted);
    }
    counted.count++;
    if (match === undefined) {
      opened.push({ id, openedAtUnixMs: wallUnixMs, openedAtMs: steadyMs });
    }
    const member: IncidentMember = {
      fingerprint,
      labels,
      annotations: alert.annotations ?? {},
      generatorUrl: alert.generatorUrl ?? '',
      startsAtUnixMs: startOf(alert),
      endsAtUnixMs: endOf(alert),
      joinedAtUnixMs: wallUnixMs,
      reason: match?.reason ?? { rule: 'opened', text: 'nothing open that it belongs with' },
      // A label of that name of its own stays.
      labelled: options.labelled && (labels['incident'] ?? '') === '',
    };
    correlator.note(draft, { id, openedAtMs: counted.openedAtMs }, member, steadyMs);
    joined.set(fingerprint, { incident: id, member });
    placements.set(fingerprint, { incident: id, labelled: member.labelled });
    touched.add(id);
  }
  const record = { kind: 'alerts', opened, joined: [...joined.values()], updated } as const;
  return { record, placements, touched, unplaced };
}
