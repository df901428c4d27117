import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { type BackendError } from '@dwcp/core';
import { nodeFileSystem } from '@dwcp/segments';
import { type Fate, FaultyFileSystem } from '@dwcp/segments/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { TemporaryFolder } from '../platform.ts';
import { AFTER, type ChangeName, changes, Process } from './rule-group-process.ts';

const names = Object.keys(changes) as readonly ChangeName[];

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(() => folder[Symbol.asyncDispose]());

async function prepare(change: ChangeName): Promise<readonly string[]> {
  if (change === 'create') return [];
  await using process = await Process.start(folder.path);
  await changes.create(process.managed);
  return process.inUse;
}

/** How many operations of the disk a start takes, and with a change after it. */
async function operationsOf(change: ChangeName): Promise<readonly [start: number, end: number]> {
  const fileSystem = new FaultyFileSystem(nodeFileSystem, () => 'work');
  await using process = await Process.start(folder.path, { fileSystem });
  const start = fileSystem.operationCount;
  await changes[change](process.managed);
  return [start, fileSystem.operationCount];
}

async function prepareAnew(change: ChangeName): Promise<void> {
  await rm(join(folder.path, 'rules'), { recursive: true, force: true });
  await rm(join(folder.path, 'history'), { recursive: true, force: true });
  await prepare(change);
}

function faultAt(index: number, fate: Fate): FaultyFileSystem {
  return new FaultyFileSystem(nodeFileSystem, (_operation, _path, at) =>
    at === index ? fate : 'work',
  );
}

/** What a process finds that starts now: rules, what the record says of them, and files. */
async function found(): Promise<unknown> {
  await using process = await Process.start(folder.path);
  const group = process.managed.find('disks');
  return {
    inUse: process.inUse,
    group: group && [group.version, group.enabled, group.by, group.problems],
    record: process.managed.history('disks').map((entry) => ({ ...entry, sequence: 0 })),
    files: await readdir(join(folder.path, 'rules')),
  };
}

describe.each(names)('%s', (change) => {
  test('a process that ends at any moment of it leaves the group as before or as after, and on record', async () => {
    await prepare(change);
    const before = await found();
    const [start, end] = await operationsOf(change);
    const after = await found();
    const outcomes = new Set<unknown>();
    for (let index = start; index < end; index++) {
      await prepareAnew(change);
      let isAnswered = false;
      {
        await using killed = await Process.start(folder.path, {
          fileSystem: faultAt(index, 'crash'),
        });
        await changes[change](killed.managed).then(
          () => (isAnswered = true),
          () => undefined,
        );
      }
      const next = await found();
      const outcome = isDeepStrictEqual(next, after) ? after : before;
      expect(next).toEqual(outcome);
      // What was answered is kept.
      expect(isAnswered && outcome === before).toBe(false);
      outcomes.add(outcome);
    }
    expect(outcomes).toEqual(new Set([before, after]));
  });

  test('a disk that is full at any moment of it loses nothing and says so, and the next try works', async () => {
    const before = await prepare(change);
    const [start, end] = await operationsOf(change);
    const messages: string[] = [];
    for (let index = start; index < end; index++) {
      for (const fate of ['fail', 'half'] as const) {
        await prepareAnew(change);
        await using process = await Process.start(folder.path, {
          fileSystem: faultAt(index, fate),
        });
        const error = await changes[change](process.managed).then(
          () => undefined,
          (reason: unknown) => reason as BackendError,
        );
        const wanted = error === undefined ? AFTER[change] : before;
        expect(process.inUse).toEqual(wanted);
        expect(await found()).toMatchObject({ inUse: wanted });
        if (error === undefined) continue;
        messages.push(`${error.code} ${error.message}`);
        await changes[change](process.managed);
        expect(process.inUse).toEqual(AFTER[change]);
      }
    }
    expect(messages.length).toBeGreaterThan(4);
    const pattern = /^DWCP_BACKEND_UNAVAILABLE .*"disks" was not changed: .*no space left/;
    expect(messages.filter((message) => !pattern.test(message))).toEqual([]);
  });
});

test('a disk that stays full refuses each change until there is room', async () => {
  let full = false;
  const fileSystem = new FaultyFileSystem(nodeFileSystem, (operation) =>
    full && (operation === 'write' || operation === 'sync') ? 'half' : 'work',
  );
  await using process = await Process.start(folder.path, { fileSystem });
  await changes.create(process.managed);
  full = true;
  for (const change of ['edit', 'disable', 'delete'] as const) {
    await expect(changes[change](process.managed)).rejects.toThrow('no space left');
    expect(process.inUse).toEqual(AFTER.create);
    expect(process.managed.find('disks')).toMatchObject({ version: 1, by: 'ann' });
  }
  full = false;
  await changes.edit(process.managed);
  expect(process.inUse).toEqual(AFTER.edit);
  expect(process.actions()).toEqual(['create 1', 'edit 2']);
});
