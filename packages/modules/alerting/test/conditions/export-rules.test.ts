import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { exportRules, parseRuleFile } from '@dwcp/alerting';
import { runRuleTestFile } from '@dwcp/alerting/rule-tests';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { EXPORTED_EXACTLY } from './exported.ts';
import { groupsOf } from './harness.ts';

/** Which alerts fire at every minute of the test, as the runner of unit tests finds them. */
async function firingOf(
  rules: string,
  series: readonly string[],
  minutes: number,
): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'dwcp-export-'));
  try {
    writeFileSync(join(dir, 'rules.yml'), rules);
    // No alert has this label, so that the report shows what there was.
    const never = 'exp_alerts: [{ exp_labels: { never: there } }]';
    const tests = Array.from(
      { length: minutes },
      (_, minute) => `{ eval_time: ${minute}m, alertname: A, ${never} }`,
    );
    const inputs = series.map((text, i) => `{ series: 'm{i="${i}"}', values: '${text}' }`);
    writeFileSync(
      join(dir, 'test.yml'),
      `rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series: [${inputs.join(', ')}]\n  alert_rule_test: [${tests.join(', ')}]\n`,
    );
    const { problems, tests: results } = await runRuleTestFile(join(dir, 'test.yml'));
    expect(problems).toEqual([]);
    return (results[0]?.failures ?? []).map((failure) => {
      if (failure.kind !== 'alerts') throw new Error(JSON.stringify(failure));
      const labels = failure.got.map((alert) => JSON.stringify(alert.labels));
      return `${failure.evalTimeMs / 60_000}: ${labels.join(' ')}`;
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function fileOf(rule: string): string {
  return `groups:\n- name: g\n  interval: 1m\n  rules:\n  ${rule}\n`;
}

describe('an export without notes fires and ends as the original', () => {
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('75', '80', '85', '90', '95') },
    { weight: 1, arbitrary: fc.constantFrom('_', 'stale', 'NaN') },
  );
  // Values stay for some time, so that a `for` may be over.
  const run = fc.tuple(value, fc.integer({ min: 1, max: 5 }));
  const row = fc
    .array(run, { minLength: 12, maxLength: 12 })
    .map((runs) => runs.flatMap(([text, times]) => Array.from({ length: times }, () => text)));
  const series = fc.array(row, { minLength: 1, maxLength: 3 });

  test.each(EXPORTED_EXACTLY)(
    '%s',
    async (rule) => {
      const original = fileOf(rule);
      const { notes, yaml } = exportRules(parseRuleFile(original, 'rules.yml'));
      expect(notes).toEqual([]);
      let fired = 0;
      await fc.assert(
        fc.asyncProperty(series, async (values) => {
          const inputs = values.map((texts) => texts.slice(0, 25).join(' '));
          const before = await firingOf(original, inputs, 25);
          expect(await firingOf(yaml, inputs, 25)).toEqual(before);
          fired += before.filter((text) => text.includes('alertname')).length;
        }),
        { numRuns: 12 },
      );
      expect(fired).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe('what an export does without is told with the reason', () => {
  const log = "{log_count: {query: x, window: 5m, operator: '>', value: 1}}";
  test.each([
    [`condition: ${log}`, 'condition', 'left-out', 'log_count reads a series'],
    [`expr: m > 1, recover: ${log}`, 'recover', 'left-out', 'compares the same expression'],
    [
      'expr: m > 90, recover: "avg_over_time(m[5m]) < 80"',
      'recover',
      'left-out',
      'the same expression',
    ],
    ['expr: absent(m), recover: m < 80', 'recover', 'left-out', 'the same expression'],
    [
      'expr: m > 90, recover: m < 80, labels: {l: "{{ $labels.i }}"}',
      'recover',
      'left-out',
      'templates',
    ],
    [
      'expr: m > 90, recover: m < 80, annotations: {v: "{{ $value }}"}',
      'recover',
      'changed',
      '$value is 1',
    ],
    ['expr: m > 90, no_data: keep, for: 5m', 'no_data', 'changed', 'a pending alert'],
    ['expr: m > 90, no_data: alert', 'no_data', 'left-out', 'whether there were data before'],
    ['expr: m > 90, on_error: alert', 'on_error', 'left-out', 'Prometheus keeps alerts'],
    ['expr: m > 90, on_error: resolve', 'on_error', 'left-out', 'Prometheus keeps alerts'],
    ['expr: m > 90, dedup: {by: [i]}', 'dedup', 'left-out', 'group alerts in the Alertmanager'],
  ])('%s', (rule, key, outcome, reason) => {
    const { notes } = exportRules(groupsOf(`- {alert: A, ${rule}}`));
    expect(notes).toEqual([
      {
        file: 'rules.yml',
        group: 'g',
        rule: 'A',
        key,
        outcome,
        reason: expect.stringContaining(reason) as string,
      },
    ]);
  });

  test('a slow group and two rules of one name cannot find their alerts again', () => {
    const rule = '- {alert: A, expr: m > 90, recover: m < 80}';
    const [slow] = exportRules(groupsOf(rule, 'interval: 5m')).notes;
    expect(slow?.reason).toContain('at an interval of 5m or more');
    const [twin] = exportRules(groupsOf(`${rule}\n- {alert: A, expr: m > 99}`)).notes;
    expect(twin?.reason).toContain('another rule has the same name and labels');
  });
});

test('an export has all that Prometheus knows, and nothing else', () => {
  const text = `groups:
  - name: g
    interval: 30s
    query_offset: 5s
    limit: 10
    labels: { team: infra }
    rules:
      - record: a:b
        expr: sum(m)
      - alert: A
        condition: { threshold: { metric: m, operator: '>', value: 1 } }
        for: 1m30s
        keep_firing_for: 5m
        labels: { severity: page }
        annotations: { summary: '{{ $labels.i }}' }
        on_error: keep
        no_data: resolve
`;
  const { notes, yaml } = exportRules(parseRuleFile(text, 'rules.yml'));
  expect(notes).toEqual([]);
  expect(yaml).toBe(`groups:
  - name: g
    interval: 30s
    query_offset: 5s
    limit: 10
    rules:
      - record: a:b
        expr: sum(m)
        labels:
          team: infra
      - alert: A
        expr: m > 1
        for: 1m30s
        keep_firing_for: 5m
        labels:
          team: infra
          severity: page
        annotations:
          summary: "{{ $labels.i }}"
`);
});

test('groups of one name out of several files get names of their own', () => {
  const group = 'groups: [{name: g, rules: [{alert: A, expr: m > 1}]}]';
  const groups = [...parseRuleFile(group, 'a.yml'), ...parseRuleFile(group, 'b.yml')];
  const names = parseRuleFile(exportRules(groups).yaml, 'c.yml').map(({ name }) => name);
  expect(names).toEqual(['g', 'g (b.yml)']);
});
