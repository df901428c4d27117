import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { findProgram, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';

import { TemporaryFolder } from '../platform.ts';

interface Suite {
  readonly config: string;
  readonly cases: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

const material = join(
  import.meta.dirname,
  '../../../../../shared/conformance/alerting/am-routes-recorded.json',
);
const amtool = findProgram('amtool');
const missing = [
  ...(amtool === undefined ? [wants('amtool')] : []),
  ...(existsSync(material) ? [] : ['wants ../shared/conformance/alerting']),
].join('; ');

/** Every sixth label set of every third tree: amtool is a process for each. */
const SUITE_STEP = 3;
const CASE_STEP = 6;

async function receiversOf(cwd: string, labels: readonly string[]): Promise<readonly string[]> {
  let out = '';
  const output = { write: (text: string) => (out += text) };
  const argv = ['routes', 'test', '--config', 'alertmanager.yml', '--json', ...labels];
  const code = await run({ argv, env: {}, cwd, out: output, err: output });
  expect([code, code === 0 ? '' : out]).toEqual([0, '']);
  const { routes } = JSON.parse(out) as { readonly routes: readonly { receiver: string }[] };
  return routes.map(({ receiver }) => receiver);
}

test.skipIf(missing !== '')(
  `routes test names the receivers that amtool names${missing === '' ? '' : ` (${missing})`}`,
  { timeout: 120_000 },
  async () => {
    const { suites } = JSON.parse(readFileSync(material, 'utf8')) as {
      readonly suites: readonly Suite[];
    };
    await using folder = await TemporaryFolder.make();
    const file = join(folder.path, 'alertmanager.yml');
    let compared = 0;
    for (const { config, cases } of suites.filter((_, index) => index % SUITE_STEP === 0)) {
      writeFileSync(file, config);
      for (const { labels } of cases.filter((_, index) => index % CASE_STEP === 0)) {
        const words = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
        // Without a label, amtool shows the tree.
        if (words.length === 0) continue;
        const args = ['config', 'routes', 'test', `--config.file=${file}`, ...words];
        const { stdout } = await promisify(execFile)(amtool ?? '', args);
        const receivers = await receiversOf(folder.path, words);
        expect([config, words, receivers]).toEqual([config, words, stdout.trim().split(',')]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(20);
  },
);
