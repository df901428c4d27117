import { isLegacyMetricName, Labels, MonitoringError } from '@dwcp/core';

import {
  type AlertingExpression,
  EXTENSION_KEYS,
  readAlertingExpression,
  readExtensions,
} from './conditions/read-extensions.ts';
import { RuleFileError } from './errors.ts';
import { quote, readDuration, readLabels, readPromql } from './read-rule-values.ts';
import { type AlertingRule, type RecordingRule, type Rule, type RuleGroup } from './rule.ts';
import { RuleTemplate } from './template/rule-template.ts';
import { type Place, YamlReader, type YamlMap } from './yaml-reader.ts';

const GROUP_KEYS = ['name', 'interval', 'query_offset', 'limit', 'labels', 'rules'];
const RULE_KEYS = ['alert', 'record', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];
const ALERT_KEYS = ['for', 'keep_firing_for', 'annotations', ...EXTENSION_KEYS];

/**
 * Reads a Prometheus rule file.
 *
 * @param text YAML
 * @param path shown in errors, and kept as the groups' file
 * @throws RuleFileError with every problem: line and column, what was found, what to do about it
 * @see https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
 */
export function parseRuleFile(text: string, path: string): readonly RuleGroup[] {
  const reader = new YamlReader(text, path);
  const root = reader.root(['groups']);
  const groups: RuleGroup[] = [];
  const seen = new Map<string, Place>();
  for (const item of root === undefined ? [] : reader.list(root, 'groups')) {
    const map = reader.map(item, 'a group', GROUP_KEYS);
    if (map === undefined) continue;
    const group = readGroup(reader, map, path);
    const before = seen.get(group.name);
    if (before !== undefined && group.name !== '') {
      reader.problem(
        map.place,
        `the group name ${quote(group.name)} is used before, in line ${before.line}`,
        'give each group of a file its own name',
      );
    }
    seen.set(group.name, map.place);
    groups.push(group);
  }
  if (reader.problems.length > 0) throw new RuleFileError(reader.problems);
  return groups;
}

function readGroup(reader: YamlReader, map: YamlMap, path: string): RuleGroup {
  const name = reader.text(map, 'name') ?? '';
  reader.where = `group ${quote(name)}`;
  if (name === '') {
    reader.problem(map.place, 'a group has no name', 'add name: and a name unique in the file');
  }
  const labels = readLabels(reader, map, 'labels');
  const intervalMs = readDuration(reader, map, 'interval');
  const group = {
    name,
    file: path,
    // An interval of 0 means the default, as in Prometheus.
    intervalMs: intervalMs === 0 ? undefined : intervalMs,
    limit: readLimit(reader, map),
    queryOffsetMs: readDuration(reader, map, 'query_offset') ?? 0,
  };
  const rules: Rule[] = [];
  const seen = new Map<string, Place>();
  for (const [index, item] of reader.list(map, 'rules').entries()) {
    reader.where = `group ${quote(name)}, rule ${index + 1}`;
    const ruleMap = reader.map(item, 'a rule', [...RULE_KEYS, ...EXTENSION_KEYS]);
    if (ruleMap === undefined) continue;
    const rule = readRule(reader, ruleMap, labels);
    if (rule === undefined) continue;
    const identity = JSON.stringify([rule.kind, rule.name, Labels.from(rule.labels).key]);
    const before = seen.get(identity);
    // Two recording rules of one name and labels write over each other.
    if (before !== undefined && rule.kind === 'recording') {
      reader.problem(
        ruleMap.place,
        `the same record and labels are in line ${before.line}: both write the same series`,
        'give one of them another name or other labels',
      );
    }
    seen.set(identity, ruleMap.place);
    rules.push(rule);
  }
  reader.where = '';
  return { ...group, rules };
}

function readRule(
  reader: YamlReader,
  map: YamlMap,
  groupLabels: Readonly<Record<string, string>>,
): Rule | undefined {
  const alert = reader.text(map, 'alert') ?? '';
  const record = reader.text(map, 'record') ?? '';
  if (alert !== '' || record !== '') reader.where += ` ${quote(alert === '' ? record : alert)}`;
  if (alert !== '' && record !== '') {
    reader.problem(
      reader.placeOf(map, 'record'),
      'both alert and record are set',
      'keep one; make two rules when you want both',
    );
    return undefined;
  }
  const labels = { ...groupLabels, ...readLabels(reader, map, 'labels') };
  if (record !== '') {
    return readRecording(reader, map, record, readExpression(reader, map), labels);
  }
  const compiled: AlertingExpression = map.entries.has('condition')
    ? readAlertingExpression(reader, map, alert)
    : { expression: readExpression(reader, map) };
  if (alert === '') {
    reader.problem(map.place, 'neither alert nor record is set', 'add one of them with a name');
    return undefined;
  }
  const rule: AlertingRule = {
    kind: 'alerting',
    name: alert,
    ...compiled,
    forMs: readDuration(reader, map, 'for') ?? 0,
    keepFiringForMs: readDuration(reader, map, 'keep_firing_for') ?? 0,
    labels,
    annotations: readLabels(reader, map, 'annotations'),
    ...readExtensions(reader, map, alert, compiled),
  };
  for (const key of ['labels', 'annotations'] as const) {
    for (const [name, text] of Object.entries(rule[key])) {
      checkTemplate(reader, map, key, name, text, alert);
    }
  }
  return rule;
}

function readRecording(
  reader: YamlReader,
  map: YamlMap,
  name: string,
  expression: string,
  labels: Readonly<Record<string, string>>,
): RecordingRule {
  for (const key of ALERT_KEYS) {
    if (map.entries.has(key)) {
      reader.problem(
        reader.placeOf(map, key),
        `${key} is not allowed in a recording rule`,
        `remove ${key}, or write alert: in place of record:`,
      );
    }
  }
  if (!isLegacyMetricName(name)) {
    reader.problem(
      reader.placeOf(map, 'record'),
      `${quote(name)} is not a metric name`,
      /[{}]/.test(name)
        ? 'put the name here, the labels under labels: and the selector into expr:'
        : 'use letters, digits, _ and :, and do not start with a digit',
    );
  }
  return { kind: 'recording', name, expression, labels };
}

function readExpression(reader: YamlReader, map: YamlMap): string {
  if ((reader.text(map, 'expr') ?? '').trim() === '') {
    reader.problem(map.place, 'expr is missing or empty', 'add expr: with a PromQL expression');
    return '';
  }
  return readPromql(reader, map, 'expr', { element: false }) ?? '';
}

function readLimit(reader: YamlReader, map: YamlMap): number {
  const text = reader.text(map, 'limit');
  if (text === undefined) return 0;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (limit === undefined) {
    reader.problem(
      reader.placeOf(map, 'limit'),
      `limit: ${quote(text)} is not a whole number of 0 or more`,
      'write the most alerts or series a rule may make, or 0 for no limit',
    );
  }
  return limit ?? 0;
}

function checkTemplate(
  reader: YamlReader,
  map: YamlMap,
  key: 'labels' | 'annotations',
  name: string,
  text: string,
  ruleName: string,
): void {
  try {
    new RuleTemplate(ruleName, text);
  } catch (error) {
    if (!(error instanceof MonitoringError)) throw error;
    reader.problem(
      reader.placeOf(map, key, name),
      `${key === 'labels' ? 'label' : 'annotation'} ${quote(name)}: ${error.message}`,
      'correct the template',
    );
  }
}
