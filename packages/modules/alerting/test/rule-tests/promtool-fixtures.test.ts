import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { type RuleTestReport, ruleTestFailures, runRuleTestFile } from '@dwcp/alerting/rule-tests';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../../../../../shared/conformance/promtool-rules');

/** What Prometheus' own tests of promtool expect of these files. */
const PASS = [
  'at-modifier-test.yml',
  'long-period.yml',
  'negative-offset-test.yml',
  'no-test-group-interval.yml',
  'rules_run_extrafields.yml',
  'start-time-test.yml',
  'unittest.yml',
];
const FAIL = [
  'bad-input-series.yml',
  'bad-promql.yml',
  'bad-rules-error-test.yml',
  'bad-rules-syntax-test.yml',
  'failing.yml',
  'rules_run.yml',
  'rules_run_fuzzy.yml',
  'rules_run_no_fuzzy.yml',
];

describe.skipIf(!existsSync(folder))(
  `promtool's own fixtures${existsSync(folder) ? '' : ' (skipped: ../shared/conformance is not there)'}`,
  () => {
    const run = (name: string): Promise<RuleTestReport> => runRuleTestFile(join(folder, name));

    test.each(PASS)('%s passes', async (name) => {
      const report = await run(name);
      expect(ruleTestFailures(report)).toBe('');
      expect(report.passed).toBe(true);
    });

    test.each(FAIL)('%s fails', async (name) => {
      const report = await run(name);
      expect(report.passed).toBe(false);
      expect(ruleTestFailures(report)).not.toBe('');
    });

    test('of the two fuzzy tests only the one with neighbouring floats passes', async () => {
      const { tests } = await run('rules_run_fuzzy.yml');
      expect(tests.map(({ failures }) => failures.length)).toEqual([0, 2]);
    });

    test('every difference of failing.yml is told as promtool tells it', async () => {
      expect(ruleTestFailures(await run('failing.yml'))).toBe(FAILING);
    });
  },
);

// What promtool 2.42 prints, without the spaces at the ends of lines, and with the name of the test
// before the expression too, as later versions have it.
const FAILING = `    name: Failing test,
    alertname: Test, time: 0s,
        exp:[
            0:
              Labels:{alertname="Test"}
              Annotations:{}
            ],
        got:[]

    name: Failing test,
    expr: "test", time: 0s,
        exp: {__name__="test"} 1E+00
        got: {__name__="test"} 0E+00

    name: Failing alert test,
    alertname: InstanceDown, time: 5m,
        exp:[],
        got:[
            0:
              Labels:{alertname="InstanceDown", job="test", severity="page"}
              Annotations:{description=" of job test has been down for more than 5 minutes.", summary="Instance  down"}
            ]

    name: Failing alert test,
    alertname: AlwaysFiring, time: 5m,
        exp:[],
        got:[
            0:
              Labels:{alertname="AlwaysFiring"}
              Annotations:{}
            ]`;
