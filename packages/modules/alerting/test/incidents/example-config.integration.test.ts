import { execFile } from 'node:child_process';

import { findProgram, wants } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { examplePath, ROUTED } from './example-config.ts';

const amtool = findProgram('amtool');

async function run(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve) => {
    const child = execFile(amtool ?? '', args, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr });
    });
  });
}

describe.skipIf(amtool === undefined)(`the real amtool (${wants('amtool')})`, () => {
  test('accepts the example configuration', async () => {
    const { code, said } = await run('check-config', examplePath);
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said).toMatch(/3 inhibit rules\s+- 3 receivers/);
  });

  test.each(ROUTED)('routes %j to %s', async (labels, receiver) => {
    const given = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const file = `--config.file=${examplePath}`;
    const { code, said } = await run('config', 'routes', 'test', file, ...given);
    // Behind it stands a warning about the address of a server that is not asked.
    expect({ code, said: said.split('\n')[0] }).toEqual({ code: 0, said: receiver });
  });
});
