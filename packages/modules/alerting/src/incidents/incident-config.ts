import { InvalidInputError } from '@dwcp/core';

/** One step of the escalation of an incident. */
export interface EscalationLevel {
  readonly name: string;
  /** After so long unacknowledged. */
  readonly afterMs: number;
  /** A receiver of the Alertmanager configuration; without one the level only shows. */
  readonly receiver?: string;
}

export interface IncidentConfig {
  /** Alerts that came so close together may belong together. Default 5 minutes. */
  readonly windowMs: number;
  /** Alerts of two regions never belong together. Default `region`. */
  readonly regionLabel: string;
  /** Default `service`. */
  readonly serviceLabel: string;
  /** Alerts that agree in one of these belong together. Default `cluster`, `instance`. */
  readonly sharedLabels: readonly string[];
  /** Of each service those that it depends on. */
  readonly topology: Readonly<Record<string, readonly string[]>>;
  /** Services belong together over so many dependencies in a row. Default 3. */
  readonly maxHops: number;
  /** Whether the region alone folds alerts, within a window from the opening. Default true. */
  readonly foldByRegion: boolean;
  /** Incidents of fewer alerts are not listed. Default 1. */
  readonly minAlerts: number;
  /** A full incident takes no more: the next alert opens another. Default 1,000. */
  readonly maxAlerts: number;
  /** An incident takes no more alerts so long after its opening. Default 1 hour. */
  readonly maxSpanMs: number;
  /** All its alerts over for so long: closed. Default 5 minutes. */
  readonly closeAfterMs: number;
  /** Closed incidents are kept so long, and so many of them. Default 30 days, 10,000. */
  readonly retentionMs: number;
  readonly maxClosed: number;
  /** Alerts in closed incidents; beyond it the oldest incidents go. Default 100,000. */
  readonly maxClosedAlerts: number;
  /** Alerts in open incidents; further ones are in none, and counted. Default 100,000. */
  readonly maxOpenAlerts: number;
  /** By ascending `afterMs`. Default L1 to L4 after 0, 5, 15 and 30 minutes, without receivers. */
  readonly levels: readonly EscalationLevel[];
  /** Values of `severity` that escalate. Default `critical`. */
  readonly escalates: readonly string[];
}

const MINUTE_MS = 60_000;

export const DEFAULT_LEVELS: readonly EscalationLevel[] = [
  { name: 'L1', afterMs: 0 },
  { name: 'L2', afterMs: 5 * MINUTE_MS },
  { name: 'L3', afterMs: 15 * MINUTE_MS },
  { name: 'L4', afterMs: 30 * MINUTE_MS },
];

const DEFAULTS: IncidentConfig = {
  windowMs: 5 * MINUTE_MS,
  regionLabel: 'region',
  serviceLabel: 'service',
  sharedLabels: ['cluster', 'instance'],
  topology: {},
  maxHops: 3,
  foldByRegion: true,
  minAlerts: 1,
  maxAlerts: 1_000,
  maxSpanMs: 60 * MINUTE_MS,
  closeAfterMs: 5 * MINUTE_MS,
  retentionMs: 30 * 24 * 60 * MINUTE_MS,
  maxClosed: 10_000,
  maxClosedAlerts: 100_000,
  maxOpenAlerts: 100_000,
  levels: DEFAULT_LEVELS,
  escalates: ['critical'],
};

/**
 * Fills in what is left out.
 * @param receivers names that levels may name; left out, they are not checked
 * @throws InvalidInputError for a time below 0, a limit below 1, levels out of order or of one name,
 *   a receiver that there is not
 */
export function incidentConfig(
  given: Partial<IncidentConfig>,
  receivers?: Iterable<string>,
): IncidentConfig {
  const config = { ...DEFAULTS, ...given };
  for (const field of [
    'windowMs',
    'closeAfterMs',
    'maxSpanMs',
    'retentionMs',
    'maxHops',
  ] as const) {
    atLeast(field, config[field], 0);
  }
  for (const field of [
    'minAlerts',
    'maxAlerts',
    'maxClosed',
    'maxClosedAlerts',
    'maxOpenAlerts',
  ] as const) {
    atLeast(field, config[field], 1);
  }
  const known = receivers === undefined ? undefined : new Set(receivers);
  const names = new Set<string>();
  let lastMs = -1;
  for (const [index, { name, afterMs, receiver }] of config.levels.entries()) {
    const field = `levels[${index}]`;
    if (name === '')
      throw new InvalidInputError(`${field}.name`, 'is empty; give it one, such as L1');
    if (names.has(name)) throw new InvalidInputError(`${field}.name`, `${name} is there twice`);
    names.add(name);
    if (!Number.isFinite(afterMs) || afterMs <= lastMs) {
      const problem = `got ${afterMs}; each level comes later than the one before, the first at 0 or later`;
      throw new InvalidInputError(`${field}.afterMs`, problem);
    }
    lastMs = afterMs;
    if (receiver !== undefined && known?.has(receiver) === false) {
      const problem = `no receiver is called ${JSON.stringify(receiver)}; add it to the Alertmanager configuration`;
      throw new InvalidInputError(`${field}.receiver`, problem);
    }
  }
  return config;
}

function atLeast(field: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return;
  throw new InvalidInputError(field, `got ${value}; it must be at least ${least}`);
}
