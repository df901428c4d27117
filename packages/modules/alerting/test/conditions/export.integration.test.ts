import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { exportRules, parseRuleFile } from '@dwcp/alerting';
import { ruleTestFailures, runRuleTestFile } from '@dwcp/alerting/rule-tests';
import { findProgram, wants } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { EXPORTED_EXACTLY } from './exported.ts';
import { guideFiles } from './guide.ts';

const promtool = findProgram('promtool');

async function run(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve) => {
    const child = execFile(promtool ?? '', args, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr });
    });
  });
}

async function withFolder(check: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'dwcp-export-'));
  try {
    await check(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const SERIES = [
  '75 85 95 92 85 85 82 79 75 85 95 _ _ _ _ 85 75 75 96 91 85 stale _ 70 99',
  '95 95 96 85 81 80 79 95 85 85 85 85 85 85 85 79 95 NaN 85 85 70 70 91 stale _',
];

describe.skipIf(promtool === undefined)(`the real promtool (${wants('promtool')})`, () => {
  test.each(EXPORTED_EXACTLY)(
    'accepts the export of %s and finds the alerts that we find for the original',
    async (rule) => {
      await withFolder(async (dir) => {
        const original = `groups:\n- name: g\n  interval: 1m\n  rules:\n  ${rule}\n`;
        const path = join(dir, 'rules.yml');
        const exported = exportRules(parseRuleFile(original, 'rules.yml')).yaml;
        writeFileSync(path, exported);
        expect(await run('check', 'rules', path)).toMatchObject({ code: 0 });
        const never = 'exp_alerts: [{ exp_labels: { never: there } }]';
        const tests = SERIES[0]
          ?.split(' ')
          .map((_, minute) => `{ eval_time: ${minute}m, alertname: A, ${never} }`);
        const inputs = SERIES.map((text, i) => `{ series: 'm{i="${i}"}', values: '${text}' }`);
        const testPath = join(dir, 'test.yml');
        writeFileSync(
          testPath,
          `rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series: [${inputs.join(', ')}]\n  alert_rule_test: [${(tests ?? []).join(', ')}]\n`,
        );
        const theirs = await run('test', 'rules', testPath);
        writeFileSync(path, original);
        const ours = ruleTestFailures(await runRuleTestFile(testPath));
        expect(gotOf(ours).some((text) => text.includes('alertname="A"'))).toBe(true);
        expect(gotOf(theirs.said)).toEqual(gotOf(ours));
      });
    },
  );

  test.each(guideFiles())('accepts the export of the guide, %s', async (_name, text) => {
    await withFolder(async (dir) => {
      const path = join(dir, 'rules.yml');
      writeFileSync(path, exportRules(parseRuleFile(text, 'guide.yml')).yaml);
      expect(readFileSync(path, 'utf8')).toContain('groups:');
      expect(await run('check', 'rules', path)).toMatchObject({ code: 0 });
    });
  });
});

/** Which alerts there were at each time. */
function gotOf(text: string): readonly string[] {
  return text.split(/\n(?= {4}(?:name|alertname): )/).flatMap((block) => {
    const what = /alertname: (.*), time: (\S+),/.exec(block);
    const got = /got:\s?([\s\S]*)$/.exec(block)?.[1] ?? '';
    const labels = [...got.matchAll(/Labels:\s*(\{.*\})/g)].map(([, found = '']) => found).sort();
    return what === null ? [] : [`${what[2]} ${labels.join(' ')}`];
  });
}
