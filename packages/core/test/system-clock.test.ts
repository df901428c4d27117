import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import { systemClock } from '@dwcp/core';
import { clockContract } from '@dwcp/testing';
import { expect, test } from 'vitest';

clockContract('systemClock', () => ({
  clock: systemClock,
  pass: (durationMs) => setTimeout(durationMs),
}));

const program = `
  import { systemClock } from '@dwcp/core';
  systemClock.schedule(60_000, () => process.stdout.write('fired'));
  void systemClock.sleep(60_000).then(() => process.stdout.write('slept'));
  process.stdout.write('waiting');
`;

test('a program ends while timers and sleeps of the clock are pending', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@dwcp/source', '--input-type=module', '--eval', program],
    { cwd: join(import.meta.dirname, '..'), timeout: 20_000 },
  );
  expect(stdout).toBe('waiting');
}, 30_000);
