import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from './temporary-directory.ts';

test('the example of the README runs, and what it wrote is there in the next run', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const dir = temporaryDirectory();
  const code = example.replaceAll("'data", `'${dir}`).replace(/await wal\.dropBefore.*/, '');
  const run = (): string =>
    execFileSync(
      process.execPath,
      ['--conditions=@dwcp/source', '--input-type=module-typescript', '--eval', code],
      { cwd: import.meta.dirname, encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } },
    );
  expect(run()).toBe('');
  expect(run()).toBe('replayed this survives kill -9 from here on\n');
});
