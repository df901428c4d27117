import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type RuleTestReport, ruleTestFailures, runRuleTestFile } from '@dwcp/alerting/rule-tests';
import { describe, expect, test } from 'vitest';

/** Runs tests, and rules if any, that stand in a folder of their own. */
async function runText(
  tests: string,
  rules = 'groups: []\n',
): Promise<{ readonly report: RuleTestReport; readonly text: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'dwcp-rule-tests-'));
  try {
    writeFileSync(join(dir, 'rules.yml'), rules);
    writeFileSync(join(dir, 'tests.yml'), tests);
    const report = await runRuleTestFile(join(dir, 'tests.yml'));
    return { report, text: ruleTestFailures(report).replaceAll(`${dir}/`, '') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('rule unit tests', () => {
  test('a subquery without a step steps by the evaluation interval', async () => {
    const { text } = await runText(`
evaluation_interval: 10s
tests:
  - interval: 10s
    input_series: [{ series: a, values: '1x60' }]
    promql_expr_test:
      - { expr: 'count_over_time(a[5m:])', eval_time: 10m, exp_samples: [{ value: 30 }] }
      - { expr: 'count_over_time(a[5m:1m])', eval_time: 10m, exp_samples: [{ value: 5 }] }
`);
    expect(text).toBe('');
  });

  test('group_eval_order decides which group sees the other at the same time', async () => {
    const rules = `
groups:
  - { name: reads, rules: [{ record: late, expr: 'early' }] }
  - { name: makes, rules: [{ record: early, expr: 'a' }] }
`;
    const tests = (order: string, samples: string): string => `
rule_files: [rules.yml]
group_eval_order: ${order}
tests:
  - input_series: [{ series: a, values: '1' }]
    promql_expr_test: [{ expr: late, eval_time: 0m, exp_samples: ${samples} }]
`;
    expect(
      (await runText(tests('[makes, reads]', '[{ labels: late, value: 1 }]'), rules)).text,
    ).toBe('');
    expect((await runText(tests('[reads, makes]', '[]'), rules)).text).toBe('');
  });

  test('expressions do not see input series that lie after the last evaluation', async () => {
    const { text } = await runText(`
tests:
  - interval: 1s
    input_series: [{ series: a, values: '0+1x200' }]
    promql_expr_test:
      - { expr: a offset -1m, eval_time: 90s, exp_samples: [{ labels: a, value: 60 }] }
`);
    expect(text).toBe('');
  });

  test('NaN, infinities, stale series and histograms are compared', async () => {
    const { text } = await runText(`
tests:
  - interval: 1m
    input_series:
      - { series: n, values: 'NaN Inf -Inf stale' }
      - { series: h, values: '{{schema:1 count:3 sum:4 buckets:[1 2]}}' }
    promql_expr_test:
      - { expr: n, eval_time: 0m, exp_samples: [{ labels: n, value: .nan }] }
      - { expr: n, eval_time: 1m, exp_samples: [{ labels: n, value: .inf }] }
      - { expr: n, eval_time: 2m, exp_samples: [{ labels: n, value: -.inf }] }
      - { expr: n, eval_time: 3m, exp_samples: [] }
      - expr: h
        eval_time: 0m
        exp_samples: [{ labels: h, histogram: '{{schema:1 count:3 sum:4 buckets:[1 3]}}' }]
`);
    expect(text).toBe(
      '    expr: "h", time: 0s,\n' +
        '        exp: {__name__="h"} {{schema:1 count:3 sum:4 buckets:[1 3]}}\n' +
        '        got: {__name__="h"} {{schema:1 count:3 sum:4 buckets:[1 2]}}',
    );
  });

  test('templates see external labels, the address and the moment of the test', async () => {
    const { text } = await runText(
      `
rule_files: [rules.yml]
tests:
  - start_timestamp: '2026-01-02T03:04:05Z'
    external_labels: { region: eu-west }
    external_url: https://monitoring.example.org
    alert_rule_test:
      - eval_time: 1m30s
        alertname: Now
        exp_alerts:
          - exp_annotations: { text: 'eu-west https://monitoring.example.org 1767323105' }
`,
      `
groups:
  - name: g
    rules:
      - alert: Now
        expr: time()
        annotations:
          text: '{{ $externalLabels.region }} {{ $externalURL }} {{ printf "%.0f" $value }}'
`,
    );
    expect(text).toBe('');
  });

  test('a rule that fails ends its test and names rule, time and reason', async () => {
    const { text } = await runText(
      `
rule_files: [rules.yml]
tests:
  - name: twice
    input_series: [{ series: 'a{x="1"}', values: '1' }, { series: 'a{x="2"}', values: '1' }]
    promql_expr_test: [{ expr: a, eval_time: 5m, exp_samples: [] }]
`,
      `groups: [{ name: g, rules: [{ record: b, expr: 'sum without (x) (a) + on () a' }] }]\n`,
    );
    expect(text).toMatch(/^ {4}name: twice,\n {4}rule: b, time: 0s, err: found duplicate series/);
    expect(text).not.toContain('expr:');
  });

  test('every problem of the file is told with line and column', async () => {
    const { report, text } = await runText(`
evaluation_interval: soon
group_eval_order: [a, a]
fuzzy_compare: perhaps
tests:
  - interval: 1m
    start_timestamp: yesterday
    inputs: []
    input_series:
      - { series: 'up{job="a"', values: '1' }
      - { series: up, values: '1y2' }
    alert_rule_test:
      - { eval_time: 5 }
    promql_expr_test:
      - { expr: up, exp_samples: [{ value: NaN }] }
`);
    expect(report.passed).toBe(false);
    const lines = text.split('\n\n').map((line) => line.trim().replace(/; .*$/, ''));
    expect(lines.sort()).toEqual(
      [
        'tests.yml:2:22: evaluation_interval: "soon" is not a duration',
        'tests.yml:3:23: group name repeated in evaluation order: "a"',
        'tests.yml:4:16: fuzzy_compare: "perhaps" is neither true nor false',
        'tests.yml:8:5: test 1: "inputs" is not a key of a test',
        'tests.yml:7:22: test 1: start_timestamp: "yesterday" is not a moment',
        'tests.yml:10:19: test 1: input series "up{job=\\"a\\"": 1:12: parse error: unexpected character inside braces: \'1\'',
        'tests.yml:11:19: test 1: input series "up": cannot read value "1y2"',
        'tests.yml:13:9: test 1: alertname is missing',
        'tests.yml:13:22: test 1: eval_time: "5" is not a duration',
        'tests.yml:15:44: test 1: value: "NaN" is not a number',
      ].sort(),
    );
  });

  test('a file that is not there, and rules that are wrong, are told by their own place', async () => {
    const missing = await runRuleTestFile('/nowhere/tests.yml');
    expect(ruleTestFailures(missing)).toContain('/nowhere/tests.yml:1:1: cannot be read');
    const { text } = await runText(
      'rule_files: [rules.yml]\ntests: [{}]\n',
      "groups: [{ name: g, rules: [{ record: x, expr: 'a +' }] }]\n",
    );
    expect(text).toContain('rules.yml:1:48: group "g", rule 1 "x": could not parse');
  });

  test('a pattern that matches nothing is a warning', async () => {
    const { report } = await runText('rule_files: [other*.yml]\ntests: [{}]\n');
    expect(report).toMatchObject({
      passed: true,
      warnings: ['no file match pattern other*.yml'],
    });
  });
});
