import { parseRuleFile, RuleFileError, type RuleProblem } from '@dwcp/alerting';
import { describe, expect, test } from 'vitest';

function problemsOf(rule: string): readonly RuleProblem[] {
  const text = `groups:\n- name: g\n  rules:\n  - alert: A\n${rule.replaceAll(/^/gm, '    ')}\n`;
  try {
    parseRuleFile(text, 'rules.yml');
  } catch (error) {
    if (error instanceof RuleFileError) return error.problems;
    throw error;
  }
  return [];
}

const ok = "operator: '>', value: 1";

/** What stands from line 5, column 5 on; line and column of the problem; the problem; the fix. */
const bad: readonly (readonly [string, number, number, string, string])[] = [
  ['condition: {}', 5, 16, 'the condition is empty', 'write one of threshold, rate_of_change'],
  ['condition: [a]', 5, 16, 'a condition is a list', 'write a mapping of threshold'],
  ['condition: {treshold: {}}', 5, 17, '"treshold" is not a key of a condition', 'known are'],
  [
    'condition: {expr: up, not: {expr: up}}',
    5,
    16,
    'the condition has expr and not',
    'join them with all: or any:',
  ],
  ['expr: up\ncondition: {expr: up}', 6, 16, 'both expr and condition are set', 'keep one'],
  ['condition: {expr: up, on: [job]}', 5, 31, 'on goes with all and any, not expr', 'remove it'],
  [
    'condition: {expr: "up ="}',
    5,
    23,
    'could not parse the expression "up ="',
    'correct the PromQL',
  ],
  [
    'condition: {expr: "up[5m]"}',
    5,
    23,
    'expr: "up[5m]" gives a range',
    'an instant vector or a number',
  ],
  [
    `condition: {threshold: {${ok}}}`,
    5,
    28,
    'metric is missing',
    'add metric: with a name, or expr: with PromQL',
  ],
  [
    `condition: {threshold: {metric: "a{b='c'}", ${ok}}}`,
    5,
    37,
    `"a{b='c'}" is not a metric name`,
    'put labels under labels:',
  ],
  [
    `condition: {threshold: {metric: 5xx, ${ok}}}`,
    5,
    37,
    '"5xx" is not a metric name',
    'do not start with a digit',
  ],
  [
    `condition: {threshold: {metric: a, expr: b, ${ok}}}`,
    5,
    46,
    'both metric and expr are set',
    'keep one',
  ],
  [
    `condition: {threshold: {expr: b, labels: {c: d}, ${ok}}}`,
    5,
    46,
    'labels goes with metric, not with expr',
    'into the selector',
  ],
  [
    "condition: {threshold: {metric: a, operator: '>'}}",
    5,
    28,
    'value is missing',
    'add value: with a number',
  ],
  [
    'condition: {threshold: {metric: a, value: 1}}',
    5,
    28,
    'operator is missing',
    'write one of > < == != >= <=, in quotes',
  ],
  [
    'condition:\n  threshold:\n    metric: a\n    operator: >\n    value: 1',
    8,
    19,
    'operator: "" is not known',
    "in quotes: '>'",
  ],
  [
    "condition: {threshold: {metric: a, operator: '=>', value: 1}}",
    5,
    50,
    'operator: "=>" is not known',
    'write one of >, <, ==',
  ],
  [
    "condition: {threshold: {metric: a, operator: '>', value: 90%}}",
    5,
    62,
    'value: "90%" is not a number',
    'without a unit',
  ],
  [
    "condition: {threshold: {metric: a, operator: '>', value: NaN}}",
    5,
    62,
    'value: "NaN" is not a number',
    'without a unit',
  ],
  [
    `condition: {threshold: {metric: a, aggregate: avg, ${ok}}}`,
    5,
    51,
    'aggregate is set and window is not',
    'write both',
  ],
  [
    `condition: {threshold: {metric: a, window: 5m, ${ok}}}`,
    5,
    48,
    'window is set and aggregate is not',
    'write both',
  ],
  [
    `condition: {threshold: {metric: a, aggregate: p99, window: 5m, ${ok}}}`,
    5,
    51,
    'aggregate: "p99" is not known',
    'write one of avg, min, max, sum, last, count',
  ],
  [
    `condition: {threshold: {metric: a, aggregate: avg, window: 0s, ${ok}}}`,
    5,
    64,
    'window is 0',
    'write for instance 5m',
  ],
  [
    `condition: {threshold: {metric: a, labels: {b-c: d}, ${ok}}}`,
    5,
    49,
    '"b-c" is not a label name',
    'use letters',
  ],
  [`condition: {rate_of_change: {metric: a, ${ok}}}`, 5, 33, 'window is missing', 'add window:'],
  [
    `condition: {rate_of_change: {metric: a, window: soon, ${ok}}}`,
    5,
    53,
    'window: "soon" is not a duration',
    'write for instance',
  ],
  [
    `condition: {rate_of_change: {metric: a, window: 5m, per: day, ${ok}}}`,
    5,
    62,
    'per: "day" is not known',
    'write one of second, minute, hour, percent',
  ],
  [
    `condition: {rate_of_change: {metric: a, window: 5m, type: summary, ${ok}}}`,
    5,
    63,
    'type: "summary" is not known',
    'gauge, counter',
  ],
  [
    `condition: {rate_of_change: {expr: a + b, window: 5m, per: percent, ${ok}}}`,
    5,
    40,
    'per: percent goes with metric',
    'record the expression',
  ],
  [
    "condition: {anomaly: {operator: '>', value: 1}}",
    5,
    26,
    'metric is missing',
    'the metric that is watched',
  ],
  [
    `condition: {anomaly: {metric: a, method: mad, ${ok}}}`,
    5,
    46,
    'method: "mad" is not known',
    'write one of score, zscore',
  ],
  [
    `condition: {anomaly: {metric: a, window: 1h, ${ok}}}`,
    5,
    46,
    'window does not go with method score',
    'add method: zscore',
  ],
  [
    `condition: {anomaly: {metric: a, method: zscore, window: 1h, deviations: 3, operator: '>'}}`,
    5,
    91,
    'operator does not go with method zscore',
    'give deviations',
  ],
  [
    'condition: {anomaly: {metric: a, method: zscore, window: 1h}}',
    5,
    26,
    'deviations is missing',
    'a number such as 3',
  ],
  [
    'condition: {anomaly: {metric: a, method: zscore, window: 1h, deviations: -3}}',
    5,
    78,
    'deviations is -3',
    'direction: below',
  ],
  [
    `condition: {log_count: {window: 5m, ${ok}}}`,
    5,
    28,
    'log_count counts every record',
    'add query, pattern, level or service',
  ],
  [`condition: {log_count: {query: a, ${ok}}}`, 5, 28, 'window is missing', 'add window:'],
  [
    `condition: {log_count: {pattern: "a(", window: 5m, ${ok}}}`,
    5,
    38,
    'cannot parse "a("',
    'write it in RE2 syntax',
  ],
  [
    `condition: {log_count: {level: severe, window: 5m, ${ok}}}`,
    5,
    36,
    'level: "severe" is not known',
    'trace, debug, info, warn, error, fatal',
  ],
  [
    "condition: {log_count: {query: a, window: 5m, operator: '>', value: 1e6}}",
    5,
    73,
    'value: 1000000 is more than is counted',
    'write less than 50000',
  ],
  [
    `condition: {log_count: {query: a, window: 5m, by: [a.b, a_b], ${ok}}}`,
    5,
    61,
    'by has the label "a_b" twice',
    'remove one',
  ],
  [
    `condition: {log_count: {query: a, window: 5m, by: [alertname], ${ok}}}`,
    5,
    56,
    `the label "alertname" is the count's own`,
    'remove it',
  ],
  ['condition: {absence: {labels: {a: b}}}', 5, 26, 'metric is missing', 'add metric: with a name'],
  ['condition: {absence: {metric: a, for: 0}}', 5, 43, 'for is 0', 'write for instance 5m'],
  ['condition: {all: []}', 5, 22, 'all has 0 conditions', 'list 1 to 50, each with -'],
  ['condition: {any: {expr: up}}', 5, 22, 'any is a mapping', 'write a list, each with -'],
  [
    'condition: {all: [{expr: up}], on: [a b]}',
    5,
    41,
    'on: "a b" is not a label name',
    'use letters',
  ],
  ['condition: {all: [{expr: up}], on: [a, a]}', 5, 44, 'on has "a" twice', 'remove one'],
  [
    'condition: {not: {expr: absent(up)}}',
    5,
    16,
    'nothing says for which series not holds',
    'put it under all:',
  ],
  [
    'condition: {all: [{expr: 1 > bool 0}, {not: {expr: "a{"}}]}',
    5,
    56,
    'could not parse the expression "a{"',
    'correct the PromQL',
  ],
  [
    `condition: ${'{not: '.repeat(11)}{expr: up}${'}'.repeat(11)}`,
    5,
    76,
    'conditions lie more than 10 deep',
    'write it flatter',
  ],
  [
    'expr: up > 1\nrecover: up <',
    6,
    14,
    'could not parse the expression "up <"',
    'correct the PromQL',
  ],
  [
    'expr: up > 1\nrecover: {threshold: {metric: up}}',
    6,
    26,
    'operator is missing',
    'write one of',
  ],
  ['expr: up > 1\nrecover: [a]', 6, 14, 'recover is a list', 'write a text'],
  [
    'expr: up > 1\nno_data: ignore',
    6,
    14,
    'no_data: "ignore" is not known',
    'write one of resolve, keep, alert',
  ],
  [
    'expr: absent(up)\nno_data: alert',
    6,
    14,
    'the rule compares no value',
    'remove no_data, or compare with a value',
  ],
  [
    'expr: up > 1\non_error: page',
    6,
    15,
    'on_error: "page" is not known',
    'write one of keep, alert, resolve',
  ],
  ['expr: up > 1\ndedup: {window: 5m}', 6, 12, 'dedup has no by', '[] takes the rule as a whole'],
  ['expr: up > 1\ndedup: {by: [job], window: 0}', 6, 32, 'window is 0', 'write for instance 5m'],
  [
    'expr: up > 1\ndedup: {by: [job], for: 1m}',
    6,
    24,
    '"for" is not a key of dedup',
    'known are by, window',
  ],
];

describe('a bad condition is refused with its place, what is wrong and what to do', () => {
  test.each(bad)('%s', (rule, line, column, problem, fix) => {
    const problems = problemsOf(rule);
    expect(problems).toContainEqual(
      expect.objectContaining({
        path: 'rules.yml',
        line,
        column,
        where: 'group "g", rule 1 "A"',
        problem: expect.stringContaining(problem) as string,
        fix: expect.stringContaining(fix) as string,
      }),
    );
  });

  test.each([
    'condition: {expr: up}',
    'recover: up',
    'no_data: keep',
    'on_error: keep',
    'dedup: {by: []}',
  ])('a recording rule has no %s', (key) => {
    const text = `groups:\n- name: g\n  rules:\n  - record: a\n    expr: up\n    ${key}\n`;
    const [name] = key.split(':');
    expect(() => parseRuleFile(text, 'rules.yml')).toThrow(
      `${name} is not allowed in a recording rule`,
    );
  });
});
