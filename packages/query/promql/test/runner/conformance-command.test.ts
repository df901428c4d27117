import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { main } from '../../tools/conformance.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('npm run conformance:promql', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'promqltest-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const script = (name: string, ...lines: readonly string[]): void =>
    writeFileSync(join(folder, name), lines.join('\n'));

  async function run(...argv: readonly string[]): Promise<Ran> {
    let [out, err] = ['', ''];
    const code = await main(argv, (path) => join(folder, path), {
      out: (text) => (out += text),
      err: (text) => (err += text),
    });
    return { code, out, err };
  }

  test('a line per file, and 0 when all pass', async () => {
    script('b.test', 'eval instant at 0 1', '  1', 'eval instant at 0 2', '  2');
    script('a.test', 'eval instant at 0 "x"', '  expect string "x"');
    script('notes.txt', 'not a script');
    expect(await run('.')).toEqual({
      code: 0,
      out:
        'passed  a.test  1 of 1 evals, 4 queries\n' +
        'passed  b.test  2 of 2 evals, 16 queries\n' +
        '2 of 2 files passed, 3 of 3 evals, 20 queries\n',
      err: '',
    });
  });

  test('a failure names file, line, expression, what was expected and what came', async () => {
    script('a.test', 'load 1m', '  a 1 2', '', 'eval instant at 1m a', '  a 3', '');
    const { code, out } = await run('.');
    expect(code).toBe(1);
    expect(out).toBe(
      'failed  a.test  0 of 1 evals, 1 queries\n' +
        `  ${join(folder, 'a.test')}:4: a\n    expected a 3\n    got      a 2\n` +
        '0 of 1 files passed, 0 of 1 evals, 1 queries\n',
    );
  });

  test('a file that cannot be read is a failure at its line; the others still run', async () => {
    script('a.test', 'load 1m', '  a one');
    script('b.test', 'eval instant at 0 1', '  1');
    const { code, out } = await run('.');
    expect(code).toBe(1);
    expect(out).toContain(`failed  a.test  cannot be read\n  ${join(folder, 'a.test')}:2: `);
    expect(out).toContain('passed  b.test');
  });

  test('--json has all of it', async () => {
    script('a.test', 'eval instant at 0 1', '  2');
    const { code, out } = await run('.', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      passed: false,
      files: [
        {
          passed: false,
          evals: 1,
          evalsPassed: 0,
          failures: [{ line: 1, expression: '1', expected: 'scalar 2', got: 'scalar 1' }],
        },
      ],
    });
  });

  test('a folder without scripts, or none at all, is an error that names it', async () => {
    expect(await run('.')).toEqual({
      code: 2,
      out: '',
      err: `conformance: ${folder} has no files that end in .test\n`,
    });
    const missing = await run('nowhere');
    expect(missing.code).toBe(2);
    expect(missing.err).toContain(`conformance: ${join(folder, 'nowhere')} cannot be read: ENOENT`);
  });

  test.each([[[]], [['a', 'b']], [['.', '--fast']]])('%j is a wrong command line', async (argv) => {
    const { code, err } = await run(...argv);
    expect(code).toBe(2);
    expect(err).toContain('usage: npm run conformance:promql -- FOLDER [--json]');
  });
});
