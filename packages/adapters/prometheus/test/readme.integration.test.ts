import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { findProgram, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { launchPrometheus } from './launched.ts';

const program = findProgram('prometheus');

test.skipIf(program === undefined)(
  `the example of the README runs and prints what it says (${wants('prometheus')})`,
  async () => {
    const launched = await launchPrometheus(program ?? '');
    await using _ = launched.store;
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
    const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
    const code = example.replace('http://127.0.0.1:9090', launched.url);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@dwcp/source', '--input-type=module-typescript', '--eval', code],
      { cwd: import.meta.dirname, env: { ...process.env, FORCE_COLOR: '0' } },
    );
    const promised = [...code.matchAll(/; \/\/ (.*)/g)].map(([, comment]) => comment);
    expect(stdout.trim().split('\n')).toEqual(promised);
  },
);
