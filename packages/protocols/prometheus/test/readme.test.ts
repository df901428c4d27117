import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const examples = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code);

function run(code: string): string[] {
  const printed = execFileSync(
    process.execPath,
    ['--conditions=@dwcp/source', '--input-type=module-typescript', '--eval', code],
    { cwd: import.meta.dirname, encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } },
  );
  return printed.trim().split('\n');
}

test('the first example of the README runs', () => {
  expect(run(examples[0] ?? '')[0]).toBe('up{job="node"} 1');
});

test('the remote write example of the README gives back what it sends', () => {
  expect(run(examples[1] ?? '')).toEqual(['up{job="node"}', '1760000000000 3ff00000 0']);
});
