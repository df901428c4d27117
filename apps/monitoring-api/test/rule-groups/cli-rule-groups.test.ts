import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type RuleGroupDetailView } from '@dwcp/api-schema';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';

import { Platform, TemporaryFolder } from '../platform.ts';

const disks = (threshold: number): string => `groups:
  - name: disks
    rules:
      - { alert: DiskFull, expr: disk_used > ${threshold}, for: 5m }
      - { record: 'disks:used', expr: sum(disk_used) }
`;

let platform: Platform;
let folder: TemporaryFolder;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function dwcp(...argv: readonly string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await run({
    argv: ['rules', ...argv, '--url', platform.url],
    env: { USER: 'ada' },
    cwd: folder.path,
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

function write(name: string, text: string): void {
  writeFileSync(join(folder.path, name), text);
}

async function shown(): Promise<RuleGroupDetailView> {
  return JSON.parse((await dwcp('show', 'disks', '--json')).out) as RuleGroupDetailView;
}

beforeAll(async () => {
  folder = await TemporaryFolder.make();
  write('fixed.yml', disks(1).replace('disks', 'fixed'));
  platform = await Platform.start({
    alerting: { ruleFiles: [join(folder.path, 'fixed.yml')] },
  });
  await platform.importText('disk_used{mount="/"} 0.95\ndisk_used{mount="/home"} 0.5\n');
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await dwcp('delete', 'disks');
  write('disks.yml', disks(0.9));
});

test('set shows what changes and what the rules give, and saves', async () => {
  const { code, out, err } = await dwcp('set', 'disks.yml', '--comment', 'full at night');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = out.split('\n');
  expect(lines.slice(0, 3)).toEqual(['--- /dev/null', '+++ disks.yml', '@@ -0,0 +1,5 @@']);
  expect(out).toMatch(/^DiskFull +1 alert$/m);
  expect(out).toMatch(/^disks:used +1 series$/m);
  expect(lines.at(-2)).toMatch(/^disks saved, version \d+$/);
  expect(await shown()).toMatchObject({ by: 'ada', comment: 'full at night', yaml: disks(0.9) });

  write('disks.yml', disks(0.4));
  const edited = await dwcp('set', 'disks.yml', '--by', 'bob');
  expect(edited.out).toContain('-      - { alert: DiskFull, expr: disk_used > 0.9, for: 5m }\n');
  expect(edited.out).toMatch(/^DiskFull +2 alerts$/m);
  expect(await shown()).toMatchObject({ by: 'bob', yaml: disks(0.4) });
  const again = await dwcp('set', 'disks.yml');
  expect(again.out).toContain('no difference\n');
  expect(again.out).toContain('disks was so before\n');
});

test('a dry run saves nothing', async () => {
  const { code, out } = await dwcp('set', 'disks.yml', '--dry-run');
  expect([code, out.includes('DiskFull')]).toEqual([0, true]);
  expect((await dwcp('show', 'disks')).code).toBe(1);
  const { check, saved } = JSON.parse(
    (await dwcp('set', 'disks.yml', '--dry-run', '--json')).out,
  ) as { check: { ok: boolean }; saved?: unknown };
  expect([check.ok, saved]).toEqual([true, undefined]);
});

test('what is wrong in the file is told with its place, before anything is asked', async () => {
  write('bad.yml', disks(0.9).replace('for: 5m', 'for: soon'));
  const { code, out, err } = await dwcp('set', 'bad.yml');
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^bad\.yml:4:\d+: group "disks", rule 1 "DiskFull": .*"soon"/);
  write('two.yml', `${disks(0.9)}${disks(0.9).slice(8).replace('name: disks', 'name: more')}`);
  const two = await dwcp('set', 'two.yml');
  expect([two.code, two.out]).toEqual([1, expect.stringContaining('1:1: there are 2 groups')]);
});

test('another version than the one that was decided on is not overwritten', async () => {
  await dwcp('set', 'disks.yml');
  const { version } = await shown();
  write('disks.yml', disks(0.8));
  await dwcp('set', 'disks.yml', '--by', 'bob', '--comment', 'too loud');
  write('disks.yml', disks(0.7));
  const { code, err } = await dwcp('set', 'disks.yml', '--version', String(version));
  expect(code).toBe(1);
  expect(err).toMatch(/answered 409: .* bob changed it at .* \(too loud\); read it again/);
  expect(await shown()).toMatchObject({ yaml: disks(0.8) });
});

test('rules and groups are switched off and on, and listed', async () => {
  await dwcp('set', 'disks.yml');
  const off = await dwcp('disable', 'disks', 'DiskFull', '--comment', 'Monday');
  expect(off.out).toMatch(/^disks DiskFull switched off, version \d+\n$/);
  const list = await dwcp('list');
  const [header, ...rows] = list.out.trimEnd().split('\n');
  expect(header).toMatch(/^GROUP +STATE +RULES +VERSION +BY +CHANGED +FILE$/);
  expect(rows[0]).toMatch(/^disks +on +1 of 2 +\d+ +ada +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
  expect(rows[1]).toMatch(/^fixed +on, of a file +2 .*fixed\.yml$/);
  expect((await dwcp('show', 'disks')).out).toContain('# switched off: DiskFull\ngroups:\n');
  expect((await dwcp('show', 'fixed')).out).toMatch(/^# of the file .*\nRULE +TYPE +QUERY\n/);
  await dwcp('disable', 'disks');
  expect((await dwcp('list')).out).toMatch(/^disks +off/m);
  await dwcp('enable', 'disks');
  const on = await dwcp('enable', 'disks', 'DiskFull');
  expect(on.out).toContain('disks DiskFull switched on');
  expect(await shown()).toMatchObject({ enabled: true, disabledRules: 0 });
  const none = await dwcp('disable', 'disks', 'Nope');
  expect([none.code, none.err]).toEqual([1, expect.stringContaining('has no rule "Nope"')]);
});

test('the history says who did what, newest first, and outlives the group', async () => {
  await dwcp('set', 'disks.yml');
  await dwcp('disable', 'disks', 'DiskFull', '--by', 'bob', '--comment', 'Monday');
  const gone = await dwcp('delete', 'disks');
  expect(gone.out).toBe('disks is deleted\n');
  const { out } = await dwcp('history', 'disks', '--limit', '3');
  const heads = out.split('\n').filter((line) => /^\d{4}-/.test(line));
  expect(heads.map((line) => line.replace(/^.*Z {2}/, '').replaceAll(/\d+/g, 'N'))).toEqual([
    'ada  delete, version N to N',
    'bob  disable DiskFull, version N to N: Monday',
    'ada  create, version N',
  ]);
  expect(out).toContain('-      - { alert: DiskFull, expr: disk_used > 0.9, for: 5m }\n');
});

test('what show prints can be set again', async () => {
  await dwcp('set', 'disks.yml');
  write('again.yml', (await dwcp('show', 'disks')).out);
  expect((await dwcp('set', 'again.yml', '--dry-run')).code).toBe(0);
});

test.each(['terminal.md', 'rule-groups.md'])('the examples of docs/guides/%s run', async (page) => {
  const guide = readFileSync(join(import.meta.dirname, '../../../../docs/guides', page), 'utf8');
  const pattern = /^dwcp rules ((?:list|set|show|enable|disable|history|delete)\b.*)$/gm;
  const lines = [...guide.matchAll(pattern)].map(([, line = '']) => line);
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines) {
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, a, b]) => a ?? b ?? '');
    const { code, err } = await dwcp(...words);
    expect({ line, code, err }).toEqual({ line, code: 0, err: '' });
  }
});
