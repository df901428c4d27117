import { type ListedRule, type RuleGroupSummary } from '../../api/rule-groups.ts';
import { type Rule, type RuleGroup } from '../../api/types.ts';
import { seriesKey } from '../../format/labels.ts';
import { type Tone } from '../../ui/status-mark.tsx';

/** What a rule said when its evaluation failed. */
export interface RuleError {
  readonly rule: string;
  readonly text: string;
}

/** `broken`: its stored file is damaged; `waiting`: not evaluated yet. */
export type GroupHealth = 'broken' | 'failing' | 'off' | 'waiting' | 'ok';

/** A group with how its rules do. */
export interface GroupRow {
  readonly key: string;
  readonly summary: RuleGroupSummary;
  readonly health: GroupHealth;
  readonly errors: readonly RuleError[];
  /** Alerting rules. */
  readonly firing: number;
  readonly pending: number;
  /** Undefined before the first evaluation. */
  readonly lastEvaluationMs: number | undefined;
  /** As it is evaluated: without rules that are switched off. */
  readonly rules: readonly Rule[];
}

export const healthTones: Readonly<Record<GroupHealth, Tone>> = {
  broken: 'bad',
  failing: 'bad',
  off: 'idle',
  waiting: 'unknown',
  ok: 'ok',
};

const keyOf = ({ file, name }: { readonly file: string; readonly name: string }): string =>
  JSON.stringify([file, name]);

/** What is wrong comes first, then by name and file. */
export function groupRows(
  summaries: readonly RuleGroupSummary[],
  evaluated: readonly RuleGroup[],
): readonly GroupRow[] {
  const byKey = new Map(evaluated.map((group) => [keyOf(group), group]));
  return summaries
    .map((summary) => groupRow(summary, byKey.get(keyOf(summary))))
    .toSorted(
      (a, b) =>
        Number(healthTones[b.health] === 'bad') - Number(healthTones[a.health] === 'bad') ||
        compare(a.summary.name, b.summary.name) ||
        compare(a.summary.file, b.summary.file),
    );
}

function groupRow(summary: RuleGroupSummary, group: RuleGroup | undefined): GroupRow {
  const rules = group?.rules ?? [];
  const evaluations = rules.flatMap(({ lastEvaluation }) => evaluationMs(lastEvaluation) ?? []);
  const errors = rules.flatMap(({ name, health, lastError }) =>
    health === 'err' ? [{ rule: name, text: lastError ?? '' }] : [],
  );
  const inState = (state: 'firing' | 'pending'): number =>
    rules.filter((rule) => rule.type === 'alerting' && rule.state === state).length;
  return {
    key: keyOf(summary),
    summary,
    health: healthOf(summary, errors, evaluations.length > 0),
    errors,
    firing: inState('firing'),
    pending: inState('pending'),
    lastEvaluationMs: evaluations.length === 0 ? undefined : Math.max(...evaluations),
    rules,
  };
}

function healthOf(
  { broken, enabled, rules, disabledRules }: RuleGroupSummary,
  errors: readonly RuleError[],
  isEvaluated: boolean,
): GroupHealth {
  if (broken) return 'broken';
  if (!enabled || (rules > 0 && rules === disabledRules)) return 'off';
  if (errors.length > 0) return 'failing';
  return isEvaluated ? 'ok' : 'waiting';
}

/** Go's zero time, as of a rule that was not evaluated yet, is none. */
export function evaluationMs(lastEvaluation: string): number | undefined {
  const unixMs = Date.parse(lastEvaluation);
  return unixMs > 0 ? unixMs : undefined;
}

/** Whether name, file or a rule of a group has every word. */
export function matchesText({ summary, rules }: GroupRow, text: string): boolean {
  const { name, file, by, comment } = summary;
  const said = [name, file, by, comment, ...rules.map((rule) => rule.name)].join('\n');
  const lower = said.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/** A rule as its group lists it, and as it is evaluated, unless it is switched off. */
export interface ShownRule {
  readonly key: string;
  readonly listed: ListedRule;
  readonly state: Rule | undefined;
}

/** Each listed rule with its state; those that are alike in all are matched in their order. */
export function shownRules(
  listed: readonly ListedRule[],
  evaluated: readonly Rule[],
): readonly ShownRule[] {
  const byKey = Map.groupBy(evaluated, ruleKey);
  const seen = new Map<string, number>();
  return listed.map((rule) => {
    const key = ruleKey(rule);
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    const state = rule.enabled ? byKey.get(key)?.[count] : undefined;
    return { key: `${key} ${count}`, listed: rule, state };
  });
}

function ruleKey(rule: Pick<ListedRule, 'type' | 'name' | 'query' | 'labels'>): string {
  return JSON.stringify([rule.type, rule.name, rule.query, seriesKey(rule.labels)]);
}

/** Rules that are switched together with one: of its name, with at least its labels. */
export function switchedWith(rule: ListedRule, all: readonly ListedRule[]): number {
  const wanted = Object.entries(rule.labels);
  return all.filter(
    ({ name, labels }) =>
      name === rule.name && wanted.every(([label, value]) => labels[label] === value),
  ).length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
