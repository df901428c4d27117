import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BackendError, CorruptionError, silentLog } from '@dwcp/core';
import { type PushGroup } from '@dwcp/metrics-collector';
import { nodeFileSystem } from '@dwcp/segments';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { decodePushGroup, encodePushGroup, FilePushStorage } from '#src/runtime/push-storage.ts';

import { TemporaryFolder } from '../platform.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(() => folder[Symbol.asyncDispose]());

const open = (): FilePushStorage => new FilePushStorage({ dir: folder.path, log: silentLog });

const values = [Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, 2 ** 53, 0.1];

const group: PushGroup = {
  labels: [
    ['count', 'value'],
    ['job', 'Προ"\n'],
    ['x', ''],
  ],
  pushedUnixMs: 1_767_323_045_500,
  failedUnixMs: 0,
  families: [
    {
      name: 'm',
      type: 'gauge',
      help: 'NaN',
      pushedUnixMs: 1,
      metrics: values.map((value, i) => ({ labels: [['value', String(i)]], value })),
    },
    {
      name: 'h',
      type: 'histogram',
      help: '',
      pushedUnixMs: 1,
      metrics: [
        {
          labels: [['sum', '-0']],
          points: values.map((value) => [value, value]),
          sum: -0,
          count: Number.NaN,
        },
      ],
    },
  ],
};

test('a group comes back as it was, whatever its numbers and labels', async () => {
  await open().save(group);
  expect(await open().load()).toStrictEqual([group]);
});

test('a group is replaced, others stay, a removed one is gone, removing none is harmless', async () => {
  const storage = open();
  const other: PushGroup = { ...group, labels: [['job', 'other']], families: [] };
  await storage.save(group);
  await storage.save(other);
  await storage.save({ ...group, failedUnixMs: 7 });
  expect(
    (await open().load()).map(({ failedUnixMs }) => failedUnixMs).toSorted((a, b) => a - b),
  ).toEqual([0, 7]);
  await storage.remove(group.labels);
  await storage.remove(group.labels);
  expect(await open().load()).toStrictEqual([other]);
});

test('a damaged file is set aside, told and not lost; the other groups are there', async () => {
  await open().save(group);
  await open().save({ ...group, labels: [['job', 'other']] });
  const [name = ''] = await readdir(folder.path);
  const bytes = await readFile(join(folder.path, name));
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
  await writeFile(join(folder.path, name), bytes);
  await writeFile(join(folder.path, `${name}.tmp`), 'cut short by a crash');
  const errors: unknown[] = [];
  const log = { ...silentLog, error: (fields: object) => void errors.push(fields) };
  const storage = new FilePushStorage({
    dir: folder.path,
    log: { ...log, child: () => ({ ...log, child: () => silentLog }) },
  });
  expect(await storage.load()).toHaveLength(1);
  expect(errors).toMatchObject([
    { path: join(folder.path, name), err: expect.any(CorruptionError) },
  ]);
  const names = await readdir(folder.path);
  expect(names).toContain(`${name}.damaged`);
  expect(names.filter((file) => file.endsWith('.tmp'))).toEqual([]);
});

test('any changed or missing byte is found', () => {
  const bytes = encodePushGroup(group);
  for (let i = 0; i < bytes.length; i++) {
    const changed = Uint8Array.from(bytes);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(() => decodePushGroup(changed, 'f')).toThrow(/damaged|checksum|format version/);
    expect(() => decodePushGroup(bytes.subarray(0, i), 'f')).toThrow(CorruptionError);
  }
});

test('a file of a later version is not touched', async () => {
  await open().save(group);
  const [name = ''] = await readdir(folder.path);
  await writeFile(join(folder.path, name), 'dwcp push group 2 00000000\n{}');
  await expect(open().load()).rejects.toThrow(BackendError);
  await expect(open().load()).rejects.toThrow('has format version 2, this server reads 1');
  expect(await readdir(folder.path)).toEqual([name]);
});

test('a write that fails leaves the group as it was', async () => {
  await open().save(group);
  const failing = new FilePushStorage({
    dir: folder.path,
    log: silentLog,
    fileSystem: { ...nodeFileSystem, rename: () => Promise.reject(new Error('EIO')) },
  });
  await expect(failing.save({ ...group, failedUnixMs: 9 })).rejects.toThrow(
    'push storage: could not write pushed groups: EIO',
  );
  expect(await open().load()).toStrictEqual([group]);
});
