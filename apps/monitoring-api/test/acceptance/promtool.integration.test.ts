import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

import { findProgram, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

const promtool = findProgram('promtool');
const ruleFiles = globSync(join(import.meta.dirname, '../../../../configs/prometheus/*.yml'));

/** What promtool says to input, and how it ends. */
async function run(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve) => {
    const child = execFile(promtool ?? '', args, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, said: stdout + stderr });
    });
    child.stdin?.end(input);
  });
}

test.skipIf(promtool === undefined)(
  `promtool accepts what /metrics and /metrics/host expose (${wants('promtool')})`,
  async () => {
    await using server = await DwcpServer.start('region: eu-test-1\n');
    for (const path of ['/metrics', '/metrics/host']) {
      const text = await (await fetch(`${server.url}${path}`)).text();
      const { code, said } = await run(['check', 'metrics'], text);
      // 3 means lint only: node_exporter and prom-client names that are older than today's rules.
      expect({ path, code, said }).toSatisfy((outcome) =>
        [0, 3].includes((outcome as { code: number }).code),
      );
      expect(text.split('\n').length).toBeGreaterThan(50);
    }
  },
);

test.skipIf(promtool === undefined)(
  `promtool accepts the shipped rules (${wants('promtool')})`,
  async () => {
    const { code, said } = await run(['check', 'rules', ...ruleFiles]);
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said).toMatch(/SUCCESS: \d+ rules found/);
  },
);
