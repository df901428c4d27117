import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from './temporary-directory.ts';

test('the example of the README runs and prints what it says', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const code = example.replace('data/metrics', temporaryDirectory());
  const printed = execFileSync(
    process.execPath,
    ['--conditions=@dwcp/source', '--input-type=module-typescript', '--eval', code],
    { cwd: import.meta.dirname, encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } },
  );
  const promised = [...code.matchAll(/\/\/ (.*)/g)].map(([, comment]) => comment);
  expect(printed.trim().split('\n')).toEqual(promised);
});
