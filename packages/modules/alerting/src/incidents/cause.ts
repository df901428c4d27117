import { type IncidentMember, isFiring } from './incident.ts';
import { severityOf, severityRank } from './severity.ts';
import { type Topology } from './topology.ts';

/** An alert that may be what the others come from. */
export interface CauseCandidate {
  readonly fingerprint: string;
  readonly alertname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly score: number;
  /** What its score is made of, for people. */
  readonly reasons: readonly string[];
}

/** Starts so close together count as one: rules are evaluated that far apart. */
const SAME_START_MS = 1_000;

/**
 * Ranks the alerts of an incident by how likely the others come from them: up to 4 points for the
 * share of the other services here that depend on its service; 3 for the earliest start; 1 for
 * critical, 0.5 for warning; 0.5 where it still fires; 2 less where something that its service depends
 * on is alerting here as well.
 */
export function causeCandidates(
  members: readonly IncidentMember[],
  options: {
    readonly topology: Topology;
    readonly serviceLabel: string;
    readonly unixMs: number;
    readonly limit?: number;
  },
): readonly CauseCandidate[] {
  const { topology, serviceLabel, unixMs, limit = 5 } = options;
  if (members.length === 0) return [];
  const services = new Set(members.map(({ labels }) => labels[serviceLabel] ?? ''));
  services.delete('');
  const upstream = new Map(
    [...services].map((service) => [
      service,
      topology.upstream(service).filter((other) => services.has(other)),
    ]),
  );
  const dependents = new Map<string, number>();
  for (const needed of upstream.values()) {
    for (const service of needed) dependents.set(service, (dependents.get(service) ?? 0) + 1);
  }
  const first = members.reduce(
    (least, { startsAtUnixMs }) => Math.min(least, startsAtUnixMs),
    Infinity,
  );
  const ranked = members.map((member) => {
    const { labels, fingerprint, startsAtUnixMs } = member;
    const reasons: string[] = [];
    let score = 0;
    const service = labels[serviceLabel] ?? '';
    const count = dependents.get(service) ?? 0;
    if (count > 0) {
      score += (4 * count) / (services.size - 1);
      reasons.push(`${count} of ${services.size - 1} other services here depend on ${service}`);
    }
    if (startsAtUnixMs - first < SAME_START_MS) {
      score += 3;
      reasons.push('started first');
    }
    const severity = severityOf(labels);
    score += (severityRank(severity) - 1) / 2;
    if (severity !== 'info') reasons.push(severity);
    if (isFiring(member, unixMs)) {
      score += 0.5;
      reasons.push('still fires');
    }
    const needed = upstream.get(service) ?? [];
    if (needed.length > 0) {
      score -= 2;
      reasons.push(`${service} depends on ${needed.join(', ')}, which alerts here as well`);
    }
    return {
      fingerprint,
      startsAtUnixMs,
      alertname: labels['alertname'] ?? '',
      labels,
      score,
      reasons,
    };
  });
  return ranked
    .sort(
      (a, b) =>
        b.score - a.score ||
        a.startsAtUnixMs - b.startsAtUnixMs ||
        (a.fingerprint < b.fingerprint ? -1 : 1),
    )
    .slice(0, limit)
    .map(({ startsAtUnixMs: _startsAtUnixMs, ...candidate }) => candidate);
}
