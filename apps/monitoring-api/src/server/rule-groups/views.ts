import { type RuleGroup, type RuleProblem } from '@dwcp/alerting';
import {
  type RuleGroupDetailView,
  type RuleGroupHistoryView,
  type RuleGroupSummaryView,
  type RuleProblemView,
} from '@dwcp/api-schema';

import { type ManagedRuleGroup } from '../../runtime/alerting/rule-groups/load-rule-groups.ts';
import { ruleKeyOf } from '../../runtime/alerting/rule-groups/rule-group-file.ts';
import { type RuleGroupChange } from '../../runtime/alerting/rule-groups/rule-group-history.ts';

export function managedSummary(managed: ManagedRuleGroup): RuleGroupSummaryView {
  const { name, file, group, enabled, disabled, version, by, changedAt, comment } = managed;
  const rules = group?.rules ?? [];
  return {
    name,
    source: 'managed',
    file,
    enabled,
    rules: rules.length,
    disabledRules: rules.filter((rule) => disabled.has(ruleKeyOf(rule))).length,
    intervalMs: group?.intervalMs ?? null,
    version,
    by: by ?? null,
    changedAt: changedAt ?? null,
    comment,
    broken: managed.problems.length > 0,
  };
}

export function configuredSummary({
  name,
  file,
  rules,
  intervalMs,
}: RuleGroup): RuleGroupSummaryView {
  return {
    name,
    source: 'file',
    file,
    enabled: true,
    rules: rules.length,
    disabledRules: 0,
    intervalMs: intervalMs ?? null,
    version: null,
    by: null,
    changedAt: null,
    comment: '',
    broken: false,
  };
}

export function managedDetail(managed: ManagedRuleGroup): RuleGroupDetailView {
  const { yaml, group, disabled, problems } = managed;
  return {
    ...managedSummary(managed),
    yaml,
    ruleList: rulesOf(group, disabled),
    problems: problems.map(problemView),
  };
}

export function configuredDetail(group: RuleGroup): RuleGroupDetailView {
  const ruleList = rulesOf(group, new Set());
  return { ...configuredSummary(group), yaml: null, ruleList, problems: [] };
}

function rulesOf(
  group: RuleGroup | undefined,
  disabled: ReadonlySet<string>,
): RuleGroupDetailView['ruleList'] {
  return (group?.rules ?? []).map((rule) => ({
    name: rule.name,
    type: rule.kind,
    enabled: !disabled.has(ruleKeyOf(rule)),
    query: rule.expression,
    labels: { ...rule.labels },
  }));
}

export function problemView({ line, column, where, problem, fix }: RuleProblem): RuleProblemView {
  return { line, column, where, problem, fix };
}

export function changeView(change: RuleGroupChange): RuleGroupHistoryView['items'][number] {
  const { at, action, by, comment, fromVersion, toVersion, rules, diff } = change;
  return {
    at,
    action,
    by,
    comment,
    fromVersion: fromVersion ?? null,
    toVersion,
    ...(rules === undefined ? {} : { rules: [...rules] }),
    diff,
  };
}
