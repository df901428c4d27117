import { parseRuleFile, RuleFileError, type RuleProblem } from '@dwcp/alerting';
import { describe, expect, test } from 'vitest';

function problemsOf(text: string): readonly RuleProblem[] {
  try {
    parseRuleFile(text, 'rules.yml');
  } catch (error) {
    if (error instanceof RuleFileError) return error.problems;
    throw error;
  }
  return [];
}

const messageOf = (text: string): string => new RuleFileError(problemsOf(text)).message;

test('a whole file is read as it stands', () => {
  const text = `
groups:
  - name: host
    interval: 30s
    query_offset: 5s
    limit: 10
    labels: { team: infra, severity: ticket }
    rules:
      - alert: HostDown
        expr: |
          up == 0
        for: 1m30s
        keep_firing_for: 5m
        labels:
          severity: page
          code: 007
        annotations:
          summary: "{{ $labels.instance }} is down"
      - record: job:up:sum
        expr: sum by (job) (up)
  - name: other
    rules:
`;
  expect(parseRuleFile(text, 'rules.yml')).toEqual([
    {
      name: 'host',
      file: 'rules.yml',
      intervalMs: 30_000,
      queryOffsetMs: 5_000,
      limit: 10,
      rules: [
        {
          kind: 'alerting',
          name: 'HostDown',
          expression: 'up == 0',
          forMs: 90_000,
          keepFiringForMs: 300_000,
          labels: { team: 'infra', severity: 'page', code: '007' },
          annotations: { summary: '{{ $labels.instance }} is down' },
        },
        {
          kind: 'recording',
          name: 'job:up:sum',
          expression: 'sum by (job) (up)',
          labels: { team: 'infra', severity: 'ticket' },
        },
      ],
    },
    {
      name: 'other',
      file: 'rules.yml',
      intervalMs: undefined,
      queryOffsetMs: 0,
      limit: 0,
      rules: [],
    },
  ]);
});

test.each(['', '# nothing\n', 'groups:\n', 'groups: []\n', 'groups: null\n'])(
  'a file without groups has none: %j',
  (text) => {
    expect(parseRuleFile(text, 'rules.yml')).toEqual([]);
  },
);

test('anchors, aliases and merge keys work', () => {
  const text = `
groups:
  - name: g
    rules:
      - &base { alert: A, expr: up, labels: &l { a: b } }
      - { <<: *base, alert: B }
      - { alert: C, expr: up, labels: *l }
`;
  const [group] = parseRuleFile(text, 'rules.yml');
  expect(group?.rules.map(({ name, labels }) => [name, labels])).toEqual([
    ['A', { a: 'b' }],
    ['B', { a: 'b' }],
    ['C', { a: 'b' }],
  ]);
});

describe('each way to be wrong is told with its place and a fix', () => {
  const inRule = (lines: string): string =>
    `groups:\n  - name: g\n    rules:\n      - ${lines.trim().split('\n').join('\n        ')}\n`;

  test.each([
    ['groups: [', 'rules.yml:1:10', 'not valid YAML'],
    ['- a', 'rules.yml:1:1', 'the file is a list'],
    [
      'group:\n  - name: g\n',
      'rules.yml:1:1',
      '"group" is not a key of the file; known are groups',
    ],
    ['groups:\n  - nam: g\n', 'rules.yml:2:5', '"nam" is not a key of a group'],
    ['groups:\n  - rules: []\n', 'rules.yml:2:5', 'a group has no name'],
    ['groups: text\n', 'rules.yml:1:9', 'groups is "text"; write a list'],
    ['groups:\n  - text\n', 'rules.yml:2:5', 'a group is "text"'],
    [
      'groups:\n  - name: g\n  - name: g\n',
      'rules.yml:3:5',
      'the group name "g" is used before, in line 2',
    ],
    [
      'groups:\n  - name: g\n    name: h\n',
      'rules.yml:3:5',
      'not valid YAML: Map keys must be unique',
    ],
    [
      'groups:\n  - name: g\n    interval: 1x\n',
      'rules.yml:3:15',
      'interval: "1x" is not a duration',
    ],
    [
      'groups:\n  - name: g\n    interval: -5s\n',
      'rules.yml:3:15',
      '"-5s" is not a duration; write',
    ],
    [
      'groups:\n  - name: g\n    limit: many\n',
      'rules.yml:3:12',
      'limit: "many" is not a whole number',
    ],
    [
      'groups:\n  - name: g\n    labels: {1a: b}\n',
      'rules.yml:3:14',
      '"1a" is not a label name; use letters',
    ],
    [inRule('alert: A\nexpr: up\nfo: 5m'), 'rules.yml:6:9', '"fo" is not a key of a rule'],
    [inRule('alert: A\nexpr: up\nfor: five'), 'rules.yml:6:14', 'rule 1 "A": for: "five" is not'],
    [inRule('alert: A\nexpr: up\nkeep_firing_for: 1'), 'rules.yml:6:26', 'keep_firing_for: "1" is'],
    [inRule('alert: A'), 'rules.yml:4:9', 'expr is missing or empty'],
    [inRule('expr: up'), 'rules.yml:4:9', 'neither alert nor record is set'],
    [inRule('alert: A\nrecord: b\nexpr: up'), 'rules.yml:5:17', 'both alert and record are set'],
    [inRule('alert: A\nexpr: sum(('), 'rules.yml:5:15', 'could not parse the expression "sum(("'],
    [inRule('record: a b\nexpr: up'), 'rules.yml:4:17', '"a b" is not a metric name'],
    [inRule('record: \'up{a="b"}\'\nexpr: up'), 'rules.yml:4:17', 'put the name here'],
    [inRule('record: a\nexpr: up\nfor: 1m'), 'rules.yml:6:14', 'for is not allowed in a recording'],
    [
      inRule('record: a\nexpr: up\nannotations: {a: b}'),
      'rules.yml:6:22',
      'annotations is not allowed in a recording rule',
    ],
    [
      inRule('alert: A\nexpr: up\nlabels:\n  __name__: b'),
      'rules.yml:7:11',
      'the label __name__ cannot be set',
    ],
    [
      inRule('alert: A\nexpr: up\nlabels:\n  a-b: c'),
      'rules.yml:7:11',
      '"a-b" is not a label name',
    ],
    [
      inRule('alert: A\nexpr: up\nlabels: [a]'),
      'rules.yml:6:17',
      'labels is a list; write name: value',
    ],
    [inRule('alert: A\nexpr: up\nlabels: {a: [b]}'), 'rules.yml:6:18', 'labels.a is a list'],
    [
      inRule('alert: A\nexpr: up\nannotations:\n  s: "{{ nope }}"'),
      'rules.yml:7:11',
      'annotation "s": template: __alert_A:1: function "nope" not defined',
    ],
    [
      inRule('alert: A\nexpr: up\nlabels:\n  s: "{{ $value"'),
      'rules.yml:7:11',
      'label "s": template: __alert_A:1: unclosed action',
    ],
    [inRule('alert: [A]\nexpr: up'), 'rules.yml:4:16', 'alert is a list'],
    [inRule('text'), 'rules.yml:4:9', 'a rule is "text"'],
    [
      'groups:\n  - name: g\n    rules:\n      - {record: a, expr: up}\n      - {record: a, expr: up}\n',
      'rules.yml:5:9',
      'the same record and labels are in line 4',
    ],
  ])('%j', (text, place, problem) => {
    const message = messageOf(text);
    expect(message).toContain(`${place}: `);
    expect(message).toContain(problem);
    expect(problemsOf(text)[0]?.fix).not.toBe('');
  });
});

test('every problem of a file comes at once', () => {
  const text = `
groups:
  - name: g
    interval: soon
    rules:
      - alert: A
        expr: "sum("
        for: later
      - record: 1
        expr: up
`;
  expect(problemsOf(text).map(({ line }) => line)).toEqual([4, 7, 8, 9]);
  expect(new RuleFileError(problemsOf(text)).code).toBe('DWCP_RULE_INVALID');
});

test('an expression that promql refuses is told in its words', () => {
  const message = messageOf(
    'groups:\n  - name: g\n    rules:\n      - {alert: A, expr: "rate(up)"}\n',
  );
  expect(message).toContain('expected type range vector');
});
