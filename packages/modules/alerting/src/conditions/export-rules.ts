import { formatDuration } from '@dwcp/core';
import { parseExpression, printExpression } from '@dwcp/promql';
import { stringify } from 'yaml';

import { type AlertingRule, type Rule, type RuleGroup } from '../rule.ts';
import { compileCondition } from './compile-condition.ts';
import { type Condition } from './condition.ts';
import { dataExpression } from './data-expression.ts';

/** Something of a rule that Prometheus cannot do, or not in the same way. */
export interface ExportNote {
  readonly file: string;
  readonly group: string;
  readonly rule: string;
  /** The key of the rule file that it is about; `condition` for a rule that is missing. */
  readonly key: 'condition' | 'recover' | 'no_data' | 'on_error' | 'dedup';
  /** `left-out`: the export does without; `changed`: it does nearly the same. */
  readonly outcome: 'left-out' | 'changed';
  readonly reason: string;
}

export interface ExportedRules {
  /** A rule file that Prometheus reads. */
  readonly yaml: string;
  /** Empty when the export fires and ends exactly as the original. */
  readonly notes: readonly ExportNote[];
}

/** How long Prometheus sees the alerts of the evaluation before. */
const LOOKBACK_MS = 5 * 60_000;

/** Writes rules as a plain Prometheus rule file, conditions as the PromQL that they compile to. */
export function exportRules(groups: readonly RuleGroup[]): ExportedRules {
  const exporter = new Exporter(groups);
  const yaml = stringify(
    { groups: groups.map((group) => exporter.group(group)) },
    { lineWidth: 0 },
  );
  return { yaml, notes: exporter.notes };
}

class Exporter {
  readonly notes: ExportNote[] = [];
  /** How often each name and labels occur: alerts of such rules are the same to `ALERTS`. */
  readonly #counts = new Map<string, number>();

  readonly #names = new Set<string>();

  constructor(groups: readonly RuleGroup[]) {
    for (const rule of groups.flatMap(({ rules }) => rules)) {
      const identity = identityOf(rule);
      this.#counts.set(identity, (this.#counts.get(identity) ?? 0) + 1);
    }
  }

  group(group: RuleGroup): unknown {
    const { file, intervalMs, limit, queryOffsetMs, rules } = group;
    // A file has each name once; here several files may have come together.
    const name = this.#names.has(group.name) ? `${group.name} (${file})` : group.name;
    this.#names.add(name);
    return {
      name,
      ...(intervalMs === undefined ? {} : { interval: formatDuration(intervalMs) }),
      ...(queryOffsetMs === 0 ? {} : { query_offset: formatDuration(queryOffsetMs) }),
      ...(limit === 0 ? {} : { limit }),
      rules: rules.flatMap((rule) => this.#rule(group, rule)),
    };
  }

  #rule(group: RuleGroup, rule: Rule): readonly unknown[] {
    const labels = Object.keys(rule.labels).length === 0 ? {} : { labels: rule.labels };
    if (rule.kind === 'recording') {
      return [{ record: rule.name, expr: rule.expression, ...labels }];
    }
    const note = (key: ExportNote['key'], outcome: ExportNote['outcome'], reason: string): void => {
      this.notes.push({
        file: group.file,
        group: group.name,
        rule: rule.name,
        key,
        outcome,
        reason,
      });
    };
    if (rule.condition !== undefined && compileCondition(rule.condition, '').counted.length > 0) {
      note('condition', 'left-out', 'log_count reads a series that this platform writes');
      return [];
    }
    const { annotations, forMs, keepFiringForMs } = rule;
    return [
      {
        alert: rule.name,
        expr: this.#expression(group, rule, note),
        ...(forMs === 0 ? {} : { for: formatDuration(forMs) }),
        ...(keepFiringForMs === 0 ? {} : { keep_firing_for: formatDuration(keepFiringForMs) }),
        ...labels,
        ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      },
    ];
  }

  #expression(
    group: RuleGroup,
    rule: AlertingRule,
    note: (key: ExportNote['key'], outcome: ExportNote['outcome'], reason: string) => void,
  ): string {
    const { dedup, expression, forMs, noData, onError, recover } = rule;
    if (dedup !== undefined) {
      note('dedup', 'left-out', 'Prometheus has none; group alerts in the Alertmanager instead');
    }
    if (onError !== undefined && onError !== 'keep') {
      note('on_error', 'left-out', 'Prometheus keeps alerts as they are when a rule fails');
    }
    if (noData === 'alert') {
      note('no_data', 'left-out', 'no expression knows whether there were data before');
    }
    const keeps = noData === 'keep';
    if (recover === undefined && !keeps) return expression;
    const obstacle = this.#obstacle(group, rule);
    if (obstacle !== undefined) {
      if (recover !== undefined) note('recover', 'left-out', obstacle);
      if (keeps) note('no_data', 'left-out', obstacle);
      return expression;
    }
    if (keeps && forMs > 0) {
      note('no_data', 'changed', 'a pending alert whose data go missing is forgotten, not kept');
    }
    if (Object.values(rule.annotations).some((text) => /\$value|\.Value/.test(text))) {
      const reason = '$value is 1 in annotations while the alert goes on without its condition';
      note(recover === undefined ? 'no_data' : 'recover', 'changed', reason);
    }
    return heldExpression(rule);
  }

  /** Why the alerts that fire cannot be found again exactly as series `ALERTS`. */
  #obstacle({ intervalMs = 0 }: RuleGroup, rule: AlertingRule): string | undefined {
    if (intervalMs >= LOOKBACK_MS) {
      return 'at an interval of 5m or more the alerts of the evaluation before are not seen';
    }
    if (Object.values(rule.labels).some((text) => text.includes('{{'))) {
      return 'labels with templates do not say which series ALERTS are of this rule';
    }
    if ((this.#counts.get(identityOf(rule)) ?? 0) > 1) {
      return 'another rule has the same name and labels, and so the same series ALERTS';
    }
    const { recover } = rule;
    if (recover === undefined) return undefined;
    const data = dataOf(rule);
    if (data === undefined || data !== dataOf(recover)) {
      return 'exact only where recover compares the same expression as the rule does';
    }
    return undefined;
  }
}

/** The expression, or the alert fires and neither has recovered nor, where that ends it, lost its data. */
function heldExpression(rule: AlertingRule): string {
  const { expression, labels, name, noData, recover } = rule;
  const matchers = Object.entries({ ...labels, alertname: name, alertstate: 'firing' })
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(', ');
  // Labels that the alert has of its rule, and the element of the expression has not.
  const ignoring = `ignoring (${[...new Set(['alertname', ...Object.keys(labels)])].join(', ')})`;
  const data = dataOf(rule) ?? '';
  let held = `sum without (alertstate) (ALERTS{${matchers}})`;
  if (recover === undefined) held += ` unless ${ignoring} (${data})`;
  else {
    if (noData === 'resolve') held += ` and ${ignoring} (${data})`;
    held += ` unless ${ignoring} (${recover.expression})`;
  }
  return printExpression(parseExpression(`(${expression}) or ${ignoring} (${held})`));
}

function dataOf({
  condition,
  expression,
}: {
  readonly condition?: Condition;
  readonly expression: string;
}): string | undefined {
  return condition === undefined
    ? dataExpression(expression)
    : compileCondition(condition, '').data;
}

function identityOf({ kind, labels, name }: Rule): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([kind, name, sorted]);
}
