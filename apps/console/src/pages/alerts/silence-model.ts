import { type Silence, type SilenceMatcher } from '../../api/alerting-types.ts';
import { type Labels } from '../../api/types.ts';

/** Matchers that silence just this alert. The label of its incident is left out: it will not come back. */
export function matchersFor(labels: Labels): readonly SilenceMatcher[] {
  return Object.entries(labels)
    .filter(([name, value]) => name !== 'incident' && value !== '')
    .toSorted(([a], [b]) => Number(b === 'alertname') - Number(a === 'alertname') || compare(a, b))
    .map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const OPERATORS = ['=', '!=', '=~', '!~'] as const;
export type MatcherOperator = (typeof OPERATORS)[number];
export const MATCHER_OPERATORS: readonly MatcherOperator[] = OPERATORS;

export function operatorOf({ isRegex, isEqual = true }: SilenceMatcher): MatcherOperator {
  return isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
}

export function withOperator(matcher: SilenceMatcher, operator: MatcherOperator): SilenceMatcher {
  return { ...matcher, isRegex: operator.endsWith('~'), isEqual: !operator.startsWith('!') };
}

export function matcherText(matcher: SilenceMatcher): string {
  return `${matcher.name}${operatorOf(matcher)}${JSON.stringify(matcher.value)}`;
}

/**
 * Whether a silence holds an alert back, as far as a browser can tell: an expression that JavaScript
 * does not take matches nothing.
 */
export function silenceMatches(matchers: readonly SilenceMatcher[], labels: Labels): boolean {
  return matchers.every((matcher) => {
    const value = labels[matcher.name] ?? '';
    return isLike(matcher, value) === (matcher.isEqual ?? true);
  });
}

function isLike({ value: wanted, isRegex }: SilenceMatcher, value: string): boolean {
  if (!isRegex) return value === wanted;
  try {
    return new RegExp(`^(?:${wanted})$`, 'su').test(value);
  } catch {
    return false;
  }
}

const stateRank = { active: 0, pending: 1, expired: 2 } as const;

/** Those in force by when they end, those that will be, then those that are over, the last first. */
export function bySilenceState(a: Silence, b: Silence): number {
  const [stateA, stateB] = [a.status.state, b.status.state];
  if (stateA !== stateB) return stateRank[stateA] - stateRank[stateB];
  const order = Date.parse(a.endsAt) - Date.parse(b.endsAt);
  return stateA === 'expired' ? -order : order;
}
