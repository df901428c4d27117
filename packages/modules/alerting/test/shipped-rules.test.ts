import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { type AlertingRule, loadRuleFiles, parseRuleFile } from '@dwcp/alerting';
import { ruleTestFailures, runRuleTestFile } from '@dwcp/alerting/rule-tests';
import { type Expression, parseExpression } from '@dwcp/promql';
import { describe, expect, test } from 'vitest';

import { knownMetrics } from './known-metrics.ts';

const root = join(import.meta.dirname, '../../../..');
const folder = join(root, 'configs/prometheus');
const runbooks = join(root, 'docs/runbooks');
const CATEGORIES = [
  'availability',
  'consensus',
  'hub',
  'network',
  'performance',
  'resource',
  'sla',
] as const;

const alerts = CATEGORIES.flatMap((category) =>
  rulesOf(category).map((rule) => ({ category, rule: rule as AlertingRule })),
);
const recorded = rulesOf('recording');

function rulesOf(name: string) {
  const path = join(folder, `${name}.yml`);
  return parseRuleFile(readFileSync(path, 'utf8'), path).flatMap(({ rules }) => rules);
}

/** The names of metrics that an expression reads, `{__name__=~"..."}` taken apart at `|`. */
function metricsOf(node: Expression): readonly string[] {
  switch (node.kind) {
    case 'number':
    case 'string':
      return [];
    case 'vector-selector':
      return node.matchers
        .filter(({ name }) => name === '__name__')
        .flatMap(({ value }) => alternatives(value));
    case 'matrix-selector':
      return metricsOf(node.selector);
    case 'paren':
    case 'unary':
    case 'subquery':
      return metricsOf(node.of);
    case 'binary':
      return [...metricsOf(node.left), ...metricsOf(node.right)];
    case 'call':
      return node.args.flatMap(metricsOf);
    case 'aggregate':
      return metricsOf(node.of);
  }
}

/** `a_(b|c)_d` as `a_b_d` and `a_c_d`. */
function alternatives(pattern: string): readonly string[] {
  const [, before = '', inner = '', after = ''] = /^(.*)\((.*)\)(.*)$/.exec(pattern) ?? [];
  if (inner === '') return pattern.split('|');
  return inner.split('|').map((part) => before + part + after);
}

const known = knownMetrics();
const recordedNames = new Set(recorded.map(({ name }) => name));

function unknownMetrics(expression: string): readonly string[] {
  return metricsOf(parseExpression(expression)).filter(
    (name) =>
      !known.has(name) &&
      !known.has(name.replace(/_(?:bucket|sum|count)$/, '')) &&
      !recordedNames.has(name),
  );
}

test('at least 40 alerts ship, no two of one name, and the 25 recorded series', () => {
  const names = alerts.map(({ rule }) => rule.name);
  expect(names.length).toBeGreaterThanOrEqual(40);
  expect(new Set(names).size).toBe(names.length);
  expect(recordedNames.size).toBe(25);
});

test('all shipped files load together', async () => {
  const groups = await loadRuleFiles([join(folder, '*.yml')]);
  expect(groups.flatMap(({ rules }) => rules)).toHaveLength(alerts.length + recorded.length);
  const names = groups.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(alerts.map((alert) => [alert.rule.name, alert] as const))(
  '%s',
  (name, { category, rule }) => {
    test('has severity, category and a runbook that opens', () => {
      expect(rule.kind).toBe('alerting');
      expect(Object.keys(rule.labels).sort()).toEqual(['category', 'severity']);
      expect(rule.labels['category']).toBe(category);
      expect(rule.labels['severity']).toMatch(/^(?:critical|warning|info)$/);
      expect(Object.keys(rule.annotations).sort()).toEqual([
        'description',
        'runbook_url',
        'summary',
      ]);
      expect(rule.annotations['runbook_url']).toBe(`{{ $externalURL }}/runbooks/${name}`);
      expect(existsSync(join(runbooks, `${name}.md`))).toBe(true);
    });

    test('reads metrics that something named exposes', () => {
      expect(metricsOf(parseExpression(rule.expression))).not.toEqual([]);
      expect(unknownMetrics(rule.expression)).toEqual([]);
    });

    test('its runbook shows the rule, and its queries parse and read known metrics', () => {
      const page = readFileSync(join(runbooks, `${name}.md`), 'utf8');
      expect(page.startsWith(`# ${name}\n`)).toBe(true);
      expect(page).toContain(`\`\`\`promql\n${rule.expression}\n\`\`\``);
      for (const heading of ['What it means', 'Who suffers', 'Find the cause', 'Mend it'])
        expect(page).toContain(`\n## ${heading}\n`);
      const queries = [...page.matchAll(/dwcp query '([^']*)'/g)].map(([, query = '']) => query);
      expect(page.match(/dwcp query/g) ?? []).toHaveLength(queries.length);
      expect(queries.flatMap(unknownMetrics)).toEqual([]);
    });

    test('a unit test makes it fire and end', () => {
      const text = readFileSync(join(folder, `tests/${category}.test.yml`), 'utf8');
      const [, own = ''] = text.split(`\n  - name: ${name}\n`);
      const [block = ''] = own.split('\n  - name: ');
      const outcomes = block.split('eval_time:').slice(1);
      const last = outcomes.at(-1) ?? '';
      expect(outcomes.every((outcome) => outcome.includes(`alertname: ${name}\n`))).toBe(true);
      expect(outcomes.some((outcome) => outcome.includes('- exp_labels:'))).toBe(true);
      expect(last).toContain('exp_alerts: []');
    });
  },
);

describe('runbooks', () => {
  test('there is none without an alert', () => {
    const pages = globSync('*.md', { cwd: runbooks }).map((page) => basename(page, '.md'));
    expect(pages.filter((page) => page !== 'README').sort()).toEqual(
      alerts.map(({ rule }) => rule.name).sort(),
    );
  });

  test('an alert that one names in CamelCase exists', () => {
    const names = new Set(alerts.map(({ rule }) => rule.name));
    const prefixes =
      'Host|Probe|DWCP|Http|Target|Job|Consensus|Hub|Queue|Store|Forwarding|Push|Rule|Error';
    const missing = alerts.flatMap(({ rule }) => {
      const page = readFileSync(join(runbooks, `${rule.name}.md`), 'utf8');
      const named = page.match(new RegExp(`\\b(?:${prefixes})(?:[A-Z][a-zA-Z]+)+\\b`, 'g')) ?? [];
      return named.filter((other) => !names.has(other)).map((other) => `${rule.name}: ${other}`);
    });
    expect(missing).toEqual([]);
  });
});

test.each(recorded.map((rule) => [rule.name, rule.expression] as const))(
  '%s reads metrics that something named exposes, and is tested',
  (name, expression) => {
    expect(unknownMetrics(expression)).toEqual([]);
    expect(readFileSync(join(folder, 'tests/recording.test.yml'), 'utf8')).toContain(
      `expr: round(${name}, 0.0001)\n`,
    );
  },
);

test.each([...CATEGORIES, 'recording'])('the unit tests of %s pass', async (category) => {
  const report = await runRuleTestFile(join(folder, `tests/${category}.test.yml`));
  expect(ruleTestFailures(report)).toBe('');
  expect(report).toMatchObject({ passed: true, warnings: [] });
  const count = category === 'recording' ? 1 : rulesOf(category).length;
  expect(report.tests).toHaveLength(count);
});
