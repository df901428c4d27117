import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { MemoryRecordStore } from '@dwcp/alerting';
import { silentLog } from '@dwcp/core';
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  type RuleGroupChange,
  RuleGroupHistory,
} from '#src/runtime/alerting/rule-groups/rule-group-history.ts';

import { TemporaryFolder } from '../platform.ts';
import { AFTER, changes, Process, yaml } from './rule-group-process.ts';

const log = silentLog;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(() => folder[Symbol.asyncDispose]());

test('rules that cannot be put into use leave the old ones, and the record says so', async () => {
  let fails = false;
  const apply = (): void => {
    if (fails) throw new Error('no');
  };
  await using process = await Process.start(folder.path, { apply });
  await changes.create(process.managed);
  fails = true;
  await expect(changes.edit(process.managed)).rejects.toThrow('"disks" was not changed: no');
  fails = false;
  expect(process.inUse).toEqual(AFTER.create);
  expect(process.managed.find('disks')).toMatchObject({ version: 1, yaml: yaml(0.9) });
  expect(process.actions()).toEqual(['create 1', 'edit 2', 'undone 1']);
  await using next = await Process.start(folder.path);
  expect(next.inUse).toEqual(AFTER.create);
  await changes.edit(next.managed);
  expect(next.actions().at(-1)).toBe('edit 3');
});

test('a version never comes again, also after a group was deleted', async () => {
  await using process = await Process.start(folder.path);
  await changes.create(process.managed);
  await changes.delete(process.managed);
  await changes.create(process.managed);
  expect(process.actions()).toEqual(['create 1', 'delete 2', 'create 3']);
  await expect(changes.edit(process.managed)).rejects.toThrow('is at version 3, not at version 1');
});

test.each([
  ['half of it', (text: string) => text.slice(0, text.length / 2), 'checksum'],
  ['nothing', () => '', 'there is no group'],
  ['other bytes', () => '\u0000\u0001\u0002', ''],
  ['a byte of its first line', (text: string) => text.replace('"ann"', '"ann!"'), 'checksum'],
  ['a byte of its rules', (text: string) => text.replace('0.9', '0.1'), 'checksum'],
  ['a first line that is none', (text: string) => text.replace('{', '['), 'checksum'],
])('a file with %s is broken, and the others go on', async (_, damage, problem) => {
  {
    await using process = await Process.start(folder.path);
    await changes.create(process.managed);
    await process.managed.put({ name: 'other', yaml: yaml(0.5, 'other'), by: 'ann' });
  }
  const file = join(folder.path, 'rules/disks.yml');
  await writeFile(file, damage(await readFile(file, 'utf8')));
  await using next = await Process.start(folder.path);
  expect(next.inUse).toEqual(['disk_used > 0.5']);
  const broken = next.managed.find('disks');
  expect(broken).toMatchObject({ version: 1, by: 'ann' });
  expect(broken?.problems[0]?.problem).toContain(problem);
  // Deleting it is a way out too.
  await next.managed.delete({ name: 'disks', by: 'bob' });
  expect(next.managed.list().map(({ name }) => name)).toEqual(['other']);
});

test('a file that is gone is told, and one put there by hand is taken up', async () => {
  {
    await using process = await Process.start(folder.path);
    await changes.create(process.managed);
  }
  await rm(join(folder.path, 'rules/disks.yml'));
  await writeFile(join(folder.path, 'rules/hand.yml'), yaml(0.3, 'hand'));
  await writeFile(join(folder.path, 'rules/no name!.yml'), yaml(0.3, 'x'));
  await writeFile(join(folder.path, 'rules/disks.yml.tmp'), 'half');
  await using next = await Process.start(folder.path);
  expect(next.managed.list().map(({ name, version }) => [name, version])).toEqual([
    ['disks', 1],
    ['hand', 0],
  ]);
  expect(next.managed.find('disks')?.problems[0]?.problem).toContain('the file is gone');
  expect(next.inUse).toEqual(['disk_used > 0.3']);
  await next.managed.put({ name: 'hand', yaml: yaml(0.4, 'hand'), by: 'bob', version: 0 });
  await changes.edit(next.managed);
  expect(next.inUse).toEqual(['disk_used > 0.8', 'disk_used > 0.4']);
});

test('there are at most 500 groups', async () => {
  await using process = await Process.start(folder.path);
  const managed = process.managed;
  await Promise.all(
    Array.from({ length: 500 }, (_, index) => `g${index}`).map((name) =>
      managed.put({ name, yaml: yaml(0.9, name), by: 'ann' }),
    ),
  );
  await expect(managed.put({ name: 'more', yaml: yaml(0.9, 'more'), by: 'ann' })).rejects.toThrow(
    'there are 500 rule groups, which is the most; delete one first',
  );
  await managed.put({ name: 'g0', yaml: yaml(0.8, 'g0'), by: 'ann', version: 1 });
});

test('the history forgets its oldest entries, in memory and on disk', async () => {
  const store = new MemoryRecordStore<RuleGroupChange>();
  const limits = { maxChanges: 100, maxCharacters: 50_000 };
  const history = await RuleGroupHistory.open(store, { limits, log });
  const change = (version: number, diff: string): Omit<RuleGroupChange, 'sequence'> => ({
    name: 'g',
    at: '2026-01-02T03:04:05.000Z',
    action: 'edit',
    by: 'ann',
    comment: '',
    toVersion: version,
    diff,
  });
  for (let version = 1; version <= 250; version++) await history.append(change(version, ''));
  expect(history.of('g').length).toBeLessThanOrEqual(100);
  expect(history.of('g').length).toBeGreaterThanOrEqual(75);
  expect(history.latest('g')).toMatchObject({ toVersion: 250, sequence: 250 });
  expect(await store.load()).toEqual(history.of('g').toReversed());
  for (let version = 251; version <= 260; version++) {
    await history.append(change(version, 'x'.repeat(20_000)));
    const size = history.of('g').reduce((sum, { diff }) => sum + diff.length, 0);
    expect(size).toBeLessThanOrEqual(50_000);
  }
  const again = await RuleGroupHistory.open(store, { limits, log });
  expect(again.of('g')).toEqual(history.of('g'));
  expect(again.highestVersion('g')).toBe(260);
});
