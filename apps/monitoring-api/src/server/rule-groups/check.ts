import { RuleFileError, type Rule, type RuleGroup } from '@dwcp/alerting';
import { type RuleGroupCheckView } from '@dwcp/api-schema';
import { type MetricQuery, MonitoringError, type QueryResult } from '@dwcp/core';

import { type ManagedRuleGroups } from '../../runtime/alerting/rule-groups/managed-rule-groups.ts';
import { type GivenRules } from './rules-body.ts';
import { problemView } from './views.ts';

type CheckedRule = RuleGroupCheckView['rules'][number];

/** What saving a rule file would do: what is wrong with it, what it changes, what its rules give now. */
export async function checkRuleGroup(
  about: GivenRules & { readonly name: string | undefined },
  parts: {
    readonly ruleGroups: ManagedRuleGroups;
    readonly query: MetricQuery;
    readonly unixMs: number;
    readonly signal: AbortSignal;
  },
): Promise<RuleGroupCheckView> {
  const { yaml, name, pointerOf } = about;
  const { ruleGroups, query, unixMs, signal } = parts;
  try {
    const { group, diff, present } = ruleGroups.preview(yaml, name);
    const rules: CheckedRule[] = [];
    for (const rule of group.rules) {
      rules.push(await checkedRule(rule, group, { query, unixMs, signal }));
    }
    const version = present?.version ?? null;
    return { ok: true, problems: [], name: group.name, version, diff, rules };
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    const present = name === undefined ? undefined : ruleGroups.find(name);
    return {
      ok: false,
      problems: error.problems.map((problem) => ({
        pointer: pointerOf(problem),
        ...problemView(problem),
      })),
      name: name ?? null,
      version: present?.version ?? null,
      diff: '',
      rules: [],
    };
  }
}

async function checkedRule(
  rule: Rule,
  group: RuleGroup,
  parts: {
    readonly query: MetricQuery;
    readonly unixMs: number;
    readonly signal: AbortSignal;
  },
): Promise<CheckedRule> {
  const { query, signal } = parts;
  const checked = { name: rule.name, type: rule.kind, query: rule.expression };
  if (rule.kind === 'alerting' && rule.logCounts !== undefined) {
    const note = 'log records are counted once it is saved';
    return { ...checked, series: null, note };
  }
  if (signal.aborted) return { ...checked, series: null, note: 'not evaluated: the time was up' };
  try {
    const unixMs = parts.unixMs - group.queryOffsetMs;
    const result = await query.instant({ expression: rule.expression, unixMs }, { signal });
    const series = seriesOf(result);
    if (series === undefined) {
      const note = `gives a ${result.value.kind}; a rule needs a vector or a scalar`;
      return { ...checked, series: null, note };
    }
    const tooMany = group.limit > 0 && series > group.limit;
    return {
      ...checked,
      series,
      ...(tooMany ? { note: `more than its limit ${group.limit}` } : {}),
    };
  } catch (error) {
    if (signal.aborted) return { ...checked, series: null, note: 'not evaluated: the time was up' };
    if (!(error instanceof MonitoringError)) throw error;
    return { ...checked, series: null, note: error.message };
  }
}

function seriesOf({ value }: QueryResult): number | undefined {
  if (value.kind === 'vector') return value.samples.length;
  return value.kind === 'scalar' ? 1 : undefined;
}
