import { advance, type AlertInstance, type Hit } from '../alert-instance.ts';
import { type AlertingRule } from '../rule.ts';
import { type ElementIndex } from './element-index.ts';

/** What else a rule with `recover` or `no_data` found at a moment. */
export interface Evidence {
  /** For which alerts the recovery holds; undefined when the rule has none. */
  readonly recovered: ElementIndex | undefined;
  /** Which alerts have data; undefined when the rule does not ask. */
  readonly data: ElementIndex | undefined;
  /** Whether an alert tells of missing data or an error: it follows the plain rules. */
  readonly isReason: (key: string) => boolean;
}

/** The next state of all alerts of a rule with conditions beside its expression. Pure. */
export function advanceConditioned(
  before: ReadonlyMap<string, AlertInstance>,
  hits: ReadonlyMap<string, Hit>,
  rule: AlertingRule,
  evidence: Evidence,
  unixMs: number,
): Map<string, AlertInstance> {
  const after = new Map<string, AlertInstance>();
  for (const key of new Set([...before.keys(), ...hits.keys()])) {
    const instance = before.get(key);
    const hit = hits.get(key);
    const isReason = evidence.isReason(key);
    const held =
      instance === undefined || hit !== undefined || isReason
        ? undefined
        : heldBy(instance, rule, evidence);
    const timing = isReason ? { forMs: rule.forMs, keepFiringForMs: 0 } : rule;
    const next = held ?? advance(instance, hit, timing, unixMs);
    if (next !== undefined) after.set(key, next);
  }
  return after;
}

/** The alert as it goes on although its condition does not hold; undefined when it does not. */
function heldBy(
  instance: AlertInstance,
  { noData }: AlertingRule,
  { data, recovered }: Evidence,
): AlertInstance | undefined {
  const { kind } = instance.state;
  if (kind === 'resolved') return undefined;
  const isGone = data !== undefined && !data.covers(instance.labels);
  // What `keep_firing_for` measures begins when nothing else holds the alert any more.
  const held = { ...instance, keepFiringSinceUnixMs: undefined };
  if (noData === 'keep' && isGone) return held;
  if (kind !== 'firing' || recovered === undefined) return undefined;
  if (recovered.covers(instance.labels) || (noData === 'resolve' && isGone)) return undefined;
  return held;
}
