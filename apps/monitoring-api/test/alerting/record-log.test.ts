import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { silentLog } from '@dwcp/core';
import { nodeFileSystem, WriteAheadLog } from '@dwcp/segments';
import { type Fate, FaultyFileSystem, type FileOperation } from '@dwcp/segments/testing';
import { expect, test } from 'vitest';

import { FileOutboxJournal, FileRecordStore } from '#src/runtime/alerting/record-log.ts';

import { TemporaryFolder } from '../platform.ts';

const log = silentLog;

async function stored(dir: string): Promise<readonly number[]> {
  await using store = await FileRecordStore.open<number>({ dir, log });
  return store.load();
}

function faulty(plan: (operation: FileOperation, index: number) => Fate): FaultyFileSystem {
  return new FaultyFileSystem(nodeFileSystem, (operation, _, index) => plan(operation, index));
}

test('records come back in order, over openings and replacements', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'pipeline');
  {
    await using store = await FileRecordStore.open<number>({ dir, log });
    expect(await store.load()).toEqual([]);
    await store.append([1, 2]);
    await store.append([]);
    await store.append([3]);
  }
  {
    await using store = await FileRecordStore.open<number>({ dir, log });
    expect(await store.load()).toEqual([1, 2, 3]);
    await store.replace([6]);
    await store.append([7]);
  }
  expect(await stored(dir)).toEqual([6, 7]);
  {
    await using store = await FileRecordStore.open<number>({ dir, log });
    await store.load();
    await store.replace([]);
  }
  expect(await stored(dir)).toEqual([]);
});

test('more records than are read in one go come back as they were', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'pipeline');
  const records = Array.from({ length: 3_000 }, (_, i) => `${i} ${'x'.repeat(1_000 + (i % 7))}`);
  {
    await using store = await FileRecordStore.open<string>({ dir, log });
    await store.append(records);
  }
  await using store = await FileRecordStore.open<string>({ dir, log });
  expect(await store.load()).toEqual(records);
});

test('what is replaced leaves the disk', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'pipeline');
  await using store = await FileRecordStore.open<string>({ dir, log });
  for (let round = 0; round < 20; round++) {
    await store.append(['x'.repeat(1_000)]);
    await store.replace(['y']);
  }
  const names = await readdir(dir);
  expect(names.filter((name) => name.endsWith('.wal'))).toHaveLength(1);
});

test('an append made while a replacement is written is not replaced', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'outbox');
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  {
    await using journal = await FileOutboxJournal.open({ dir, log });
    await journal.append(bytes('old'));
    const replaced = journal.replace([bytes('new')]);
    const appended = journal.append(bytes('later'));
    await Promise.all([replaced, appended]);
  }
  await using journal = await FileOutboxJournal.open({ dir, log });
  expect((await journal.load()).map((record) => Buffer.from(record).toString())).toEqual([
    'new',
    'later',
  ]);
});

test('a long replacement lets other work go on, and an append made meanwhile stands behind it', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'pipeline');
  const texts = Array.from({ length: 4 }, (_, i) => `${i}`.repeat(1_100_000));
  /** Turns of the event loop, as each record was encoded. */
  const encodedAt: number[] = [];
  {
    await using store = await FileRecordStore.open<unknown>({ dir, log });
    await store.append(['old']);
    let turns = 0;
    const count = (): void => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    const long = texts.map((text) => ({
      toJSON: () => {
        encodedAt.push(turns);
        return text;
      },
    }));
    await Promise.all([store.replace(long), store.append(['later'])]);
    clearImmediate(timer);
  }
  expect(new Set(encodedAt).size).toBe(4);
  await using store = await FileRecordStore.open<unknown>({ dir, log });
  expect(await store.load()).toEqual([...texts, 'later']);
});

test('replacements at the same time: the last one holds, and the next start misses nothing', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'outbox');
  {
    await using store = await FileRecordStore.open<number>({ dir, log });
    await Promise.all(
      Array.from({ length: 20 }, (_, round) =>
        Promise.all([store.replace([round]), store.append([100 + round])]),
      ),
    );
  }
  expect(await stored(dir)).toEqual([19, 119]);
  expect((await readdir(dir)).filter((name) => name.includes('damaged'))).toEqual([]);
});

test('an append has asked the disk to keep it before it resolves, many with one question', async () => {
  await using folder = await TemporaryFolder.make();
  let syncs = 0;
  const fileSystem = faulty((operation) => {
    if (operation === 'sync') syncs++;
    return 'work';
  });
  const dir = join(folder.path, 'pipeline');
  await using store = await FileRecordStore.open<number>({ dir, log, fileSystem });
  await store.append([1]);
  expect(syncs).toBe(1);
  await Promise.all(Array.from({ length: 50 }, (_, index) => store.append([index])));
  // The first goes out at once, the other 49 together behind it.
  expect(syncs).toBe(3);
});

test('a crash at any moment leaves the old records or the new ones, and every acknowledged append', async () => {
  const old = [1, 2, 3];
  const fresh = [10, 20];
  const seen = { old: 0, new: 0 };
  for (const death of ['crash', 'half'] as const) {
    for (let at = 0; ; at++) {
      await using folder = await TemporaryFolder.make();
      const dir = join(folder.path, 'pipeline');
      {
        await using before = await FileRecordStore.open<number>({ dir, log });
        await before.append(old);
      }
      const fileSystem = faulty((_, index) => (index === at ? death : 'work'));
      const done: string[] = [];
      const store = await FileRecordStore.open<number>({ dir, log, fileSystem }).catch(
        () => undefined,
      );
      for (const [name, step] of [
        ['append', () => store?.append([4])],
        ['replace', () => store?.replace(fresh)],
        ['later', () => store?.append([30])],
      ] as const) {
        try {
          if (store === undefined) break;
          await step();
          done.push(name);
        } catch {
          if (death === 'crash') break;
        }
      }
      // As after a kill: nothing is closed.
      const found = await stored(dir);
      const isNew = found[0] === 10;
      seen[isNew ? 'new' : 'old']++;
      const base = isNew ? fresh : old;
      const has = (record: number): boolean => found.slice(base.length).includes(record);
      expect(found.slice(0, base.length)).toEqual(base);
      expect(found.slice(base.length).filter((one) => one !== 4 && one !== 30)).toEqual([]);
      expect({ death, at, isLost: done.includes('replace') && !isNew }).toEqual({
        death,
        at,
        isLost: false,
      });
      // What was appended before is replaced, or there if it was acknowledged.
      expect(isNew ? !has(4) : has(4) || !done.includes('append')).toBe(true);
      expect(has(30) || !done.includes('later')).toBe(true);
      await store?.[Symbol.asyncDispose]().catch(() => undefined);
      if (fileSystem.operationCount <= at) break;
    }
  }
  expect(seen.old).toBeGreaterThan(5);
  expect(seen.new).toBeGreaterThan(5);
});

test('after a disk that was full, appends go on and nothing of the failed ones counts twice', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'pipeline');
  let isFull = false;
  const fileSystem = faulty((operation) => (isFull && operation === 'write' ? 'half' : 'work'));
  {
    await using store = await FileRecordStore.open<number>({ dir, log, fileSystem });
    await store.append([1]);
    isFull = true;
    await expect(store.append([2])).rejects.toMatchObject({ retryable: true });
    await expect(store.replace([3])).rejects.toMatchObject({ retryable: true });
    isFull = false;
    await store.append([4]);
  }
  expect(await stored(dir)).toEqual([1, 4]);
});

test('a folder that cannot be read is an error, and not an empty one', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'pipeline');
  // A folder where the marker should be: reading it fails with EISDIR.
  await mkdir(join(dir, 'first-segment'), { recursive: true });
  await expect(FileRecordStore.open({ dir, log })).rejects.toMatchObject({
    code: 'DWCP_BACKEND_UNAVAILABLE',
    message: expect.stringContaining(`cannot read ${dir}: EISDIR`),
  });
});

test('a damaged marker is named', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'pipeline');
  await mkdir(dir);
  await writeFile(join(dir, 'first-segment'), 'one\n');
  await expect(FileRecordStore.open({ dir, log })).rejects.toMatchObject({
    code: 'DWCP_DATA_CORRUPT',
    path: join(dir, 'first-segment'),
  });
});

test('the unfinished end of a killed write is cut off', async () => {
  await using folder = await TemporaryFolder.make();
  const dir = join(folder.path, 'pipeline');
  const store = await FileRecordStore.open<number>({ dir, log });
  await store.append([1]);
  await appendFile(join(dir, '00000001.wal'), Buffer.from([9, 0, 0, 0]));
  expect(await stored(dir)).toEqual([1]);
  await store[Symbol.asyncDispose]();
});

/** Entries as docs/formats/alerting-records.md has them. */
async function storedFrom(entries: readonly string[]): Promise<readonly number[]> {
  await using folder = await TemporaryFolder.make();
  {
    await using wal = await WriteAheadLog.open({ dir: folder.path, onRecord: () => undefined });
    for (const entry of entries) await wal.append(Buffer.from(entry));
  }
  return await stored(folder.path);
}

test.each([
  ['records', ['\x001', '\x002'], [1, 2]],
  ['a replacement', ['\x001', '\x01', '\x027', '\x028', '\x032', '\x009'], [7, 8, 9]],
  ['a replacement by nothing', ['\x001', '\x01', '\x030'], []],
  ['a replacement without its end', ['\x001', '\x01', '\x027'], [1]],
  ['one that was given up', ['\x001', '\x01', '\x027', '\x002', '\x01', '\x028', '\x031'], [8]],
  ['one with a record between', ['\x001', '\x01', '\x027', '\x002', '\x028'], [1, 2]],
  ['one that damage made shorter', ['\x001', '\x01', '\x027', '\x032'], [1, 7]],
])('the format on the page: %s', async (_, entries, records) => {
  expect(await storedFrom(entries)).toEqual(records);
});
