import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { ruleTestFailures, runRuleTestFile } from '@dwcp/alerting/rule-tests';
import { findProgram, wants } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

const promtool = findProgram('promtool');
const shipped = join(import.meta.dirname, '../../../../configs/prometheus');
const fixtures = join(import.meta.dirname, '../../../../../shared/conformance/promtool-rules');

/** What promtool 2.42 does not know yet, or does otherwise than later versions. */
const NEWER_THAN_PROMTOOL = new Set([
  'no-test-group-interval.yml',
  'start-time-test.yml',
  'unittest.yml',
]);

async function run(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve) => {
    const child = execFile(promtool ?? '', args, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr });
    });
  });
}

describe.skipIf(promtool === undefined)(`the real promtool (${wants('promtool')})`, () => {
  test('accepts every shipped rule', async () => {
    const { code, said } = await run('check', 'rules', ...globSync(join(shipped, '*.yml')));
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said.match(/SUCCESS: \d+ rules found/g)).toHaveLength(8);
  });

  const tests = globSync(join(shipped, 'tests/*.yml')).sort();

  test.each(tests.map((path) => [basename(path), path] as const))(
    'passes %s',
    async (_name, path) => {
      const { code, said } = await run('test', 'rules', path);
      expect({ code, said }).toMatchObject({ code: 0 });
    },
  );

  test.each(tests.map((path) => [basename(path), path] as const))(
    'and ours find the same differences when %s expects something else',
    async (_name, path) => {
      const dir = mkdtempSync(join(tmpdir(), 'dwcp-promtool-'));
      try {
        // Every sample is expected one higher, every summary in other words, every end as firing.
        const changed = readFileSync(path, 'utf8')
          .replaceAll('  - ../', `  - ${shipped}/`)
          .replaceAll(/^( {12}value: )(\S+)$/gm, '$11$2')
          .replaceAll(/^( {14}summary: >-\n {16})/gm, '$1not ')
          .replaceAll('exp_alerts: []', 'exp_alerts: [{ exp_labels: { wrong: label } }]');
        const file = join(dir, basename(path));
        writeFileSync(file, changed);
        const theirs = await run('test', 'rules', file);
        const ours = await runRuleTestFile(file);
        expect(theirs.code).toBe(1);
        expect(ours.passed).toBe(false);
        expect(differences(theirs.said)).not.toEqual([]);
        expect(differences(ruleTestFailures(ours))).toEqual(differences(theirs.said));
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  );

  const known = existsSync(fixtures)
    ? globSync(join(fixtures, '*.yml')).filter((path) => !NEWER_THAN_PROMTOOL.has(basename(path)))
    : [];

  test.skipIf(known.length === 0).each(known.map((path) => [basename(path), path] as const))(
    'has the same verdict on %s',
    async (_name, path) => {
      const theirs = await run('test', 'rules', path);
      const ours = await runRuleTestFile(path);
      expect({ passed: ours.passed }).toEqual({ passed: theirs.code === 0 });
    },
  );
});

/** Which alerts and expressions differed, at which times, and what was got for each. */
function differences(text: string): readonly string[] {
  return text
    .split(/\n(?= {4}(?:name|alertname|expr): )/)
    .flatMap((block) => {
      const what = /(?:alertname|expr): (.*), time: (\S+),/.exec(block);
      const got = /got:\s?([\s\S]*)$/.exec(block)?.[1] ?? '';
      return what === null ? [] : [`${what[1]} ${what[2]} ${got.replaceAll(/\s+/g, ' ').trim()}`];
    })
    .sort();
}
