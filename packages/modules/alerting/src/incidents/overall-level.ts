import { type Severity } from './severity.ts';

export const OVERALL_LEVELS = ['GREEN', 'YELLOW', 'ORANGE', 'RED'] as const;

export type OverallLevel = (typeof OVERALL_LEVELS)[number];

/** An alert that fires, as the overall level sees it. */
export interface LevelAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly severity: Severity;
  readonly startsAtUnixMs: number;
  /** Silenced or inhibited: does not count. */
  readonly suppressed: boolean;
  readonly acknowledged: boolean;
}

export interface LevelRules {
  /** Default `region`. */
  readonly regionLabel: string;
  /** Warnings from which on there are many. Default 10. */
  readonly manyWarnings: number;
  /** Regions with warnings from which on there are many. Default 3. */
  readonly manyRegions: number;
  /** Regions with a critical alert from which on it is RED. Default 2. */
  readonly criticalRegions: number;
  /** Values of `category` whose critical alerts must not wait. Default availability, consensus, sla. */
  readonly vitalCategories: readonly string[];
  /** How long such an alert may be without acknowledgement. Default 15 minutes, when L3 begins. */
  readonly vitalUnacknowledgedMs: number;
}

const DEFAULT_RULES: LevelRules = {
  regionLabel: 'region',
  manyWarnings: 10,
  manyRegions: 3,
  criticalRegions: 2,
  vitalCategories: ['availability', 'consensus', 'sla'],
  vitalUnacknowledgedMs: 15 * 60_000,
};

/** A rule that holds. */
export interface LevelReason {
  readonly level: OverallLevel;
  readonly rule: string;
  readonly text: string;
  /** Fingerprints of the alerts it holds by, at most 100. */
  readonly alerts: readonly string[];
}

/**
 * The state of the whole in one word, and why. Only alerts that fire and are neither silenced nor
 * inhibited count; the worst rule that holds decides:
 *
 * - RED `critical-regions`: critical alerts in 2 regions or more
 * - RED `vital-unacknowledged`: a critical alert of the categories availability, consensus or sla that
 *   nobody acknowledged for 15 minutes
 * - ORANGE `critical`: any critical alert
 * - ORANGE `many-warnings`: 10 warnings or more; `warning-regions`: warnings in 3 regions or more
 * - YELLOW `warning`: any warning
 * - GREEN `quiet`: nothing but information
 *
 * @returns all rules that hold, the worst first
 */
export function overallLevel(
  alerts: Iterable<LevelAlert>,
  unixMs: number,
  given: Partial<LevelRules> = {},
): { readonly level: OverallLevel; readonly reasons: readonly LevelReason[] } {
  const rules = { ...DEFAULT_RULES, ...given };
  const counted = [...alerts].filter(({ suppressed }) => !suppressed);
  const critical = counted.filter(({ severity }) => severity === 'critical');
  const warnings = counted.filter(({ severity }) => severity === 'warning');
  const vital = critical.filter(
    ({ labels, acknowledged, startsAtUnixMs }) =>
      !acknowledged &&
      rules.vitalCategories.includes(labels['category'] ?? '') &&
      unixMs - startsAtUnixMs >= rules.vitalUnacknowledgedMs,
  );
  const criticalRegions = regionsOf(critical, rules.regionLabel);
  const warningRegions = regionsOf(warnings, rules.regionLabel);
  const reasons: LevelReason[] = [];
  const holds = (
    level: OverallLevel,
    rule: string,
    text: string,
    by: readonly LevelAlert[],
  ): void => {
    const fingerprints = by.slice(0, 100).map(({ fingerprint }) => fingerprint);
    reasons.push({ level, rule, text, alerts: fingerprints });
  };
  if (criticalRegions.length >= rules.criticalRegions) {
    const text = `critical alerts in ${criticalRegions.length} regions: ${listed(criticalRegions)}`;
    holds('RED', 'critical-regions', text, critical);
  }
  if (vital.length > 0) {
    const minutes = rules.vitalUnacknowledgedMs / 60_000;
    const names = listed([...new Set(vital.map(({ labels }) => labels['alertname'] ?? ''))].sort());
    const text = `critical and not acknowledged for ${minutes} minutes: ${names}`;
    holds('RED', 'vital-unacknowledged', text, vital);
  }
  if (critical.length > 0) {
    holds('ORANGE', 'critical', `critical alerts: ${critical.length}`, critical);
  }
  if (warnings.length >= rules.manyWarnings) {
    holds('ORANGE', 'many-warnings', `warnings: ${warnings.length}`, warnings);
  }
  if (warningRegions.length >= rules.manyRegions) {
    const text = `warnings in ${warningRegions.length} regions: ${listed(warningRegions)}`;
    holds('ORANGE', 'warning-regions', text, warnings);
  }
  if (warnings.length > 0) holds('YELLOW', 'warning', `warnings: ${warnings.length}`, warnings);
  if (reasons.length === 0) {
    const text = counted.length === 0 ? 'no alert fires' : 'only alerts that inform fire';
    holds('GREEN', 'quiet', text, counted);
  }
  return { level: reasons[0]?.level ?? 'GREEN', reasons };
}

function regionsOf(alerts: readonly LevelAlert[], regionLabel: string): readonly string[] {
  const regions = new Set(alerts.map(({ labels }) => labels[regionLabel] ?? ''));
  regions.delete('');
  return [...regions].sort();
}

function listed(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')}, and others`;
}
