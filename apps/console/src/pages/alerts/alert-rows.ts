import {
  type Acknowledgement,
  type IncidentDetail,
  type RoutedAlert,
  type Silence,
} from '../../api/alerting-types.ts';
import { type Alert, type Labels } from '../../api/types.ts';
import { selectorOf, seriesKey } from '../../format/labels.ts';

/** What keeps an alert from telling anybody, and by whom. */
export type Suppression =
  | {
      readonly kind: 'silenced';
      readonly id: string;
      readonly by: string;
      readonly comment: string;
      readonly untilMs: number | undefined;
    }
  | { readonly kind: 'inhibited'; readonly fingerprint: string; readonly name: string }
  | { readonly kind: 'muted'; readonly interval: string }
  | {
      readonly kind: 'acknowledged';
      readonly by: string;
      readonly comment: string;
      readonly untilMs: number | undefined;
      /** Where all of the incident was acknowledged. */
      readonly incident?: string;
    }
  /** Its rule says that it fires, and the routes do not have it. */
  | { readonly kind: 'held' };

export interface AlertRow {
  /** One text per alert, the same on every refresh. */
  readonly key: string;
  /** How addresses and the API name it: a fingerprint, or labels while it is pending. */
  readonly address: string;
  /** Its labels as its rule has them: how it was named while it was pending. */
  readonly selector: string;
  /** Undefined while no route has it. */
  readonly fingerprint: string | undefined;
  readonly labels: Labels;
  /** '' where it has none. */
  readonly region: string;
  readonly annotations: Labels;
  readonly state: 'pending' | 'firing' | 'suppressed';
  readonly suppressions: readonly Suppression[];
  readonly sinceMs: number;
  /** As Prometheus writes numbers; undefined for what no rule of ours made. */
  readonly value: string | undefined;
  readonly receivers: readonly string[];
  /** Where one of its incident's alerts is acknowledged; else it may be undefined. */
  readonly incident: string | undefined;
  /** Where its expression can be looked at, on the server that made it. */
  readonly generatorUrl: string | undefined;
}

export interface AlertSources {
  /** Of rules, as /api/v1/alerts has them. */
  readonly rules: readonly Alert[];
  /** Of the routes, as /api/v2/alerts has them. */
  readonly routed: readonly RoutedAlert[];
  readonly silences: readonly Silence[];
  /** Open ones that may have acknowledged alerts. */
  readonly incidents: readonly IncidentDetail[];
  /** Firing alerts of rules that the routes did not have the last time either. */
  readonly missing: ReadonlySet<string>;
  /** The server's own region: alerts of its rules get it as a label on their way out. */
  readonly ownRegion: string;
}

/** Alerts of rules and of the routes as one list: what both know of is one row. */
export function alertRows(sources: AlertSources): readonly AlertRow[] {
  const { rules, routed, silences, incidents, missing, ownRegion } = sources;
  const silenceById = new Map(silences.map((silence) => [silence.id, silence]));
  const nameOf = new Map(routed.map((alert) => [alert.fingerprint, nameOfAlert(alert.labels)]));
  const places = incidentPlaces(incidents);
  const takenBy = routedOf(rules, routed);
  const ruleOf = new Map([...takenBy].map(([rule, alert]) => [alert, rule]));

  const rows = routed.map((alert): AlertRow => {
    const place = places.get(alert.fingerprint);
    const rule = ruleOf.get(alert);
    const suppressions: readonly Suppression[] = [
      ...alert.status.silencedBy.map((id) => silenced(id, silenceById.get(id))),
      ...alert.status.inhibitedBy.map((fingerprint): Suppression => ({
        kind: 'inhibited',
        fingerprint,
        name: nameOf.get(fingerprint) ?? 'another alert',
      })),
      ...alert.status.mutedBy.map((interval): Suppression => ({ kind: 'muted', interval })),
      ...(place?.acknowledgement === undefined ? [] : [place.acknowledgement]),
    ];
    return {
      key: alert.fingerprint,
      address: alert.fingerprint,
      selector: selectorOf(rule?.labels ?? alert.labels),
      fingerprint: alert.fingerprint,
      labels: alert.labels,
      region: alert.labels['region'] ?? '',
      annotations: alert.annotations,
      state: suppressions.length > 0 ? 'suppressed' : 'firing',
      suppressions,
      // Alertmanager's API takes an alert without a start to begin when it ends.
      sinceMs: Math.min(Date.parse(rule?.activeAt ?? alert.startsAt), Date.parse(alert.updatedAt)),
      value: rule?.value,
      receivers: [...new Set(alert.receivers.map(({ name }) => name))],
      incident: place?.id,
      generatorUrl: alert.generatorURL,
    };
  });
  for (const rule of rules) {
    if (takenBy.has(rule)) continue;
    const key = seriesKey(rule.labels);
    const held = rule.state === 'firing' && missing.has(key);
    rows.push({
      key,
      address: selectorOf(rule.labels),
      selector: selectorOf(rule.labels),
      fingerprint: undefined,
      labels: rule.labels,
      region: rule.labels['region'] ?? ownRegion,
      annotations: rule.annotations,
      state: held ? 'suppressed' : rule.state,
      suppressions: held ? [{ kind: 'held' }] : [],
      sinceMs: Date.parse(rule.activeAt),
      value: rule.value,
      receivers: [],
      incident: undefined,
      generatorUrl: undefined,
    });
  }
  return rows;
}

/** Firing alerts of rules that the routes do not have. */
export function missingOf(
  rules: readonly Alert[],
  routed: readonly RoutedAlert[],
): ReadonlySet<string> {
  const taken = routedOf(rules, routed);
  return new Set(
    rules
      .filter((rule) => rule.state === 'firing' && !taken.has(rule))
      .map(({ labels }) => seriesKey(labels)),
  );
}

/**
 * Which routed alert is which alert of a rule. On its way out an alert may get labels, as that of its
 * incident, so the one that has all of the rule's labels and the fewest others is it.
 */
function routedOf(
  rules: readonly Alert[],
  routed: readonly RoutedAlert[],
): ReadonlyMap<Alert, RoutedAlert> {
  const byLabel = new Map<string, RoutedAlert[]>();
  for (const alert of routed) {
    for (const pair of Object.entries(alert.labels)) {
      const key = JSON.stringify(pair);
      const known = byLabel.get(key);
      if (known === undefined) byLabel.set(key, [alert]);
      else known.push(alert);
    }
  }
  // Of thousands with one name, few have the same value of every label.
  const candidates = (labels: Labels): readonly RoutedAlert[] =>
    Object.entries(labels)
      .map((pair) => byLabel.get(JSON.stringify(pair)) ?? [])
      .reduce((least, next) => (next.length < least.length ? next : least), routed);
  const free = new Set(routed);
  const found = new Map<Alert, RoutedAlert>();
  for (const rule of rules) {
    if (rule.state !== 'firing') continue;
    let best: RoutedAlert | undefined;
    for (const alert of candidates(rule.labels)) {
      if (!free.has(alert) || !hasLabels(alert.labels, rule.labels)) continue;
      if (best === undefined || sizeOf(alert.labels) < sizeOf(best.labels)) best = alert;
    }
    if (best === undefined) continue;
    free.delete(best);
    found.set(rule, best);
  }
  return found;
}

export function nameOfAlert(labels: Labels): string {
  return labels['alertname'] ?? '';
}

/** Whether every label of `some` is there with the same value. */
export function hasLabels(all: Labels, some: Labels): boolean {
  return Object.entries(some).every(([name, value]) => all[name] === value);
}

function sizeOf(labels: Labels): number {
  return Object.keys(labels).length;
}

function silenced(id: string, silence: Silence | undefined): Suppression {
  return {
    kind: 'silenced',
    id,
    by: silence?.createdBy ?? 'somebody',
    comment: silence?.comment ?? '',
    untilMs: silence === undefined ? undefined : Date.parse(silence.endsAt),
  };
}

interface Place {
  readonly id: string;
  readonly acknowledgement: Suppression | undefined;
}

function incidentPlaces(incidents: readonly IncidentDetail[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const { id, members, acknowledgement } of incidents) {
    for (const member of members) {
      const given = member.acknowledgement ?? acknowledgement;
      places.set(member.fingerprint, {
        id,
        acknowledgement:
          given === undefined
            ? undefined
            : acknowledged(given, member.acknowledgement === undefined ? id : undefined),
      });
    }
  }
  return places;
}

function acknowledged(given: Acknowledgement, incident: string | undefined): Suppression {
  return {
    kind: 'acknowledged',
    by: given.by,
    comment: given.comment,
    untilMs: given.until === undefined ? undefined : Date.parse(given.until),
    ...(incident === undefined ? {} : { incident }),
  };
}
