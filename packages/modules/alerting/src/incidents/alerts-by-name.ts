import { compareUtf8 } from '@dwcp/core';

import { momentText } from '../alertmanager/alerts.ts';
import { type LevelAlert } from './overall-level.ts';
import { type Severity, severityRank } from './severity.ts';

/** Alerts of one name in one region that fire. Moments are RFC 3339. */
export interface ApiAlertsOfName {
  readonly alertname: string;
  /** '' where they have none. */
  readonly region: string;
  /** The worst of them. */
  readonly severity: Severity;
  readonly firing: number;
  /** How many of them are silenced or inhibited, and how many acknowledged. */
  readonly suppressed: number;
  readonly acknowledged: number;
  /** When the first of them began. */
  readonly since: string;
  /** At most 100, those that began first. */
  readonly fingerprints: readonly string[];
}

const MAX_FINGERPRINTS = 100;

/** Alerts that fire, grouped by name and region: the worst first, then by name and region. */
export function apiAlertsByName(
  alerts: Iterable<LevelAlert>,
  { regionLabel = 'region' }: { readonly regionLabel?: string } = {},
): readonly ApiAlertsOfName[] {
  const groups = new Map<string, LevelAlert[]>();
  for (const alert of alerts) {
    const key = JSON.stringify([alert.labels['alertname'] ?? '', alert.labels[regionLabel] ?? '']);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [alert]);
    else group.push(alert);
  }
  return [...groups.values()]
    .map((group): ApiAlertsOfName => {
      const oldest = group.toSorted((a, b) => a.startsAtUnixMs - b.startsAtUnixMs);
      const labels = oldest[0]?.labels ?? {};
      const worst = group
        .map(({ severity }) => severity)
        .reduce((most, next) => (severityRank(next) > severityRank(most) ? next : most), 'info');
      return {
        alertname: labels['alertname'] ?? '',
        region: labels[regionLabel] ?? '',
        severity: worst,
        firing: group.length,
        suppressed: group.filter(({ suppressed }) => suppressed).length,
        acknowledged: group.filter(({ acknowledged }) => acknowledged).length,
        since: momentText(oldest[0]?.startsAtUnixMs ?? 0),
        fingerprints: oldest.slice(0, MAX_FINGERPRINTS).map(({ fingerprint }) => fingerprint),
      };
    })
    .sort(
      (a, b) =>
        severityRank(b.severity) - severityRank(a.severity) ||
        compareUtf8(a.alertname, b.alertname) ||
        compareUtf8(a.region, b.region),
    );
}
