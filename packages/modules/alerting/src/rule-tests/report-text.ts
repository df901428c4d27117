import { formatDuration } from '@dwcp/core';

import { problemText } from '../errors.ts';
import {
  type AlertText,
  type RuleTestFailure,
  type RuleTestReport,
  type SampleText,
} from './rule-test.ts';

/** What differed in a file of rule tests, in promtool's words; '' when all tests passed. */
export function ruleTestFailures(report: RuleTestReport): string {
  const problems = report.problems.map((problem) => `    ${problemText(problem)}`);
  const failures = report.tests.flatMap(({ name, failures: ofTest }) =>
    ofTest.map((failure) => (name === '' ? '' : `    name: ${name},\n`) + failureText(failure)),
  );
  return [...problems, ...failures].join('\n\n');
}

function failureText(failure: RuleTestFailure): string {
  const time = formatDuration(failure.evalTimeMs);
  switch (failure.kind) {
    case 'rule':
      return `    rule: ${failure.rule}, time: ${time}, err: ${failure.message}`;
    case 'expression':
      return `    expr: ${JSON.stringify(failure.expression)}, time: ${time}, err: ${failure.message}`;
    case 'samples':
      return (
        `    expr: ${JSON.stringify(failure.expression)}, time: ${time},\n` +
        `        exp: ${samplesText(failure.expected)}\n        got: ${samplesText(failure.got)}`
      );
    case 'alerts':
      return (
        `    alertname: ${failure.alertName}, time: ${time},\n` +
        `        exp:${alertsText(failure.expected)},\n        got:${alertsText(failure.got)}`
      );
  }
}

function samplesText(samples: readonly SampleText[]): string {
  if (samples.length === 0) return 'nil';
  return samples.map(({ labels, value }) => `${labelsText(labels)} ${value}`).join(', ');
}

function alertsText(alerts: readonly AlertText[]): string {
  if (alerts.length === 0) return '[]';
  const items = alerts.map(
    ({ labels, annotations }, index) =>
      `            ${index}:\n              Labels:${labelsText(labels)}\n` +
      `              Annotations:${labelsText(annotations)}`,
  );
  return `[\n${items.join(',\n')}\n            ]`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${pairs.join(', ')}}`;
}
