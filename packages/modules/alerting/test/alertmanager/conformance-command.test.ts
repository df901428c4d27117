import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { main } from '../../tools/conformance.ts';

let folder = '';
let out = '';
let err = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alerting-conformance-'));
  out = '';
  err = '';
});

afterEach(() => rmSync(folder, { recursive: true }));

function run(...argv: readonly string[]): Promise<number> {
  return main(argv, resolve, { out: (text) => (out += text), err: (text) => (err += text) });
}

const good = { cases: [{ input: 'a=b', want: [{ name: 'a', op: '=', value: 'b' }] }] };

test('files that pass have a line each and exit code 0', async () => {
  writeFileSync(join(folder, 'am-matchers-classic.json'), JSON.stringify(good));
  writeFileSync(join(folder, 'conf.good.yml'), 'route: {receiver: a}\nreceivers: [{name: a}]\n');
  expect(await run(folder)).toBe(0);
  expect(out).toBe(
    'passed  am-matchers-classic.json  1 of 1 cases\n' +
      'passed  conf.good.yml  1 of 1 cases\n' +
      '2 of 2 files passed, 2 of 2 cases\n',
  );
});

test('a case that fails is named, and the exit code is 1', async () => {
  const wrong = { cases: [{ input: 'a=b', want: [{ name: 'a', op: '=', value: 'c' }] }] };
  writeFileSync(join(folder, 'am-matchers-utf8.json'), JSON.stringify(wrong));
  expect(await run(folder)).toBe(1);
  expect(out).toContain('failed  am-matchers-utf8.json  0 of 1 cases\n  "a=b"\n');
  expect(out).toContain('expected [{"name":"a","op":"=","value":"c"}]');
});

test('a configuration that should be refused and is not fails', async () => {
  writeFileSync(join(folder, 'conf.bad.yml'), 'route: {receiver: a}\nreceivers: [{name: a}]\n');
  expect(await run(folder)).toBe(1);
  expect(out).toContain('failed  conf.bad.yml');
});

test('a file that cannot be read fails with the reason', async () => {
  writeFileSync(join(folder, 'am-inhibit.json'), '{');
  expect(await run(folder)).toBe(1);
  expect(out).toMatch(/failed {2}am-inhibit\.json {2}.*JSON/);
});

test('a file of a known kind under another name, or in a folder below, is run; others are named', async () => {
  mkdirSync(join(folder, 'below'));
  writeFileSync(join(folder, 'below', 'mine.json'), JSON.stringify(good));
  writeFileSync(join(folder, 'other.json'), '{"a": 1}');
  writeFileSync(join(folder, 'notes.txt'), 'text');
  expect(await run(folder)).toBe(0);
  expect(out).toBe(
    'passed  mine.json  1 of 1 cases\n' +
      'unknown notes.txt  of no kind that is run here\n' +
      'unknown other.json  of no kind that is run here\n' +
      '1 of 1 files passed, 1 of 1 cases\n',
  );
});

test('a folder of files that are all unknown is exit code 2', async () => {
  writeFileSync(join(folder, 'other.json'), '{"a": 1}');
  expect(await run(folder)).toBe(2);
  expect(err).toContain('has no am-matchers-classic*.json');
});

test('with --json the whole is one document', async () => {
  writeFileSync(join(folder, 'am-matchers-classic.json'), JSON.stringify(good));
  expect(await run(folder, '--json')).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ passed: true, files: [{ outcome: { leftOut: [] } }] });
});

test('an empty folder and a wrong command line are exit code 2', async () => {
  expect(await run(folder)).toBe(2);
  expect(err).toContain('no Alertmanager configuration');
  expect(await run()).toBe(2);
  expect(await run(folder, '--wrong')).toBe(2);
  expect(err).toContain('usage: npm run conformance:alerting');
});
