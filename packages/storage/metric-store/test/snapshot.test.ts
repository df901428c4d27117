import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { type FileSystem, nodeFileSystem } from '@dwcp/segments';
import { type Fate, FaultyFileSystem } from '@dwcp/segments/testing';
import { describe, expect, test } from 'vitest';

import { deleteSnapshot, listSnapshots, removeUnfinishedSnapshots } from '../src/snapshot.ts';
import { verifyBlocks } from '../src/verify.ts';
import {
  DAY_START,
  type ListUnderTest,
  mergeAll,
  openList,
  read,
  type Samples,
  seal,
  steps,
} from './block-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const MINUTE = 60_000;
const { signal } = new AbortController();
const named = (name: string) => [{ name: '__name__', operator: '=', value: name }] as const;

async function made(
  count: number,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<{ dir: string; root: string; store: ListUnderTest }> {
  const dir = temporaryDirectory();
  const store = await openList(join(dir, 'blocks'), { fileSystem });
  for (let i = 0; i < count; i++) {
    await seal(store, {
      a: steps(DAY_START + i * MINUTE, 1_000, 60, i * 60),
      b: steps(DAY_START + i * MINUTE, 1_000, 5),
    });
  }
  return { dir, root: join(dir, 'snapshots'), store };
}

/** What a store opened on the directory has. */
async function contentOf(dir: string): Promise<{ a: Samples; b: Samples }> {
  const store = await openList(join(dir, 'blocks'));
  const found = { a: await read(store, 'a'), b: await read(store, 'b') };
  expect(store.damages).toEqual([]);
  await store.list.close();
  return found;
}

async function contentOfList(store: ListUnderTest): Promise<{ a: Samples; b: Samples }> {
  return { a: await read(store, 'a'), b: await read(store, 'b') };
}

describe('a snapshot', () => {
  test('has what was there at the call, deletions too, and keeps it whatever comes after', async () => {
    const { dir, root, store } = await made(8);
    writeFileSync(join(dir, 'exemplars'), 'some');
    await store.list.delete(named('b'), { from: DAY_START, to: DAY_START + MINUTE });
    const before = await contentOfList(store);
    const merging = store.list.merge(signal);
    const taking = store.list.snapshot({
      root,
      unixMs: DAY_START,
      alsoFiles: ['exemplars', 'none'],
    });
    const removing = store.list.shrinkTo(0);
    const [path] = await Promise.all([taking, merging, removing]);
    expect(store.list.blocks).toEqual([]);
    await seal(store, { a: steps(DAY_START, 1_000, 1, 999) });
    await store.list.close();
    expect(readdirSync(join(dir, 'blocks')).filter((name) => name.endsWith('.block'))).toHaveLength(
      1,
    );

    expect(path).toMatch(/snapshots\/20260102T000000Z-[0-9a-f]{8}$/);
    expect(readdirSync(path).toSorted()).toEqual(['blocks', 'exemplars']);
    expect(await verifyBlocks(path)).toMatchObject({ isSound: true, notes: [] });
    expect(await contentOf(path)).toEqual(before);
    expect(before.a).toHaveLength(480);
  });

  test('is made of links, and a store that merges in it leaves the original alone', async () => {
    const { dir, root, store } = await made(8);
    const path = await store.list.snapshot({ root, unixMs: DAY_START });
    for (const { name } of store.list.blocks) {
      expect(statSync(join(path, 'blocks', name)).ino).toBe(
        statSync(join(dir, 'blocks', name)).ino,
      );
    }
    const before = await contentOfList(store);
    const other = await openList(join(path, 'blocks'));
    await other.list.delete(named('b'), { from: 0, to: 1e15 });
    await mergeAll(other);
    await other.list.close();
    expect(await contentOfList(store)).toEqual(before);
    await store.list.close();
    expect(await contentOf(dir)).toEqual(before);
  });

  test('is a copy where links cannot be', async () => {
    const fileSystem: FileSystem = {
      ...nodeFileSystem,
      link: () => Promise.reject(Object.assign(new Error('EXDEV'), { code: 'EXDEV' })),
    };
    const { dir, root, store } = await made(3, fileSystem);
    const path = await store.list.snapshot({ root, unixMs: DAY_START });
    const before = await contentOfList(store);
    await store.list.close();
    expect(await contentOf(path)).toEqual(before);
    for (const name of readdirSync(join(path, 'blocks')).filter((one) => one.endsWith('.block'))) {
      expect(readFileSync(join(path, 'blocks', name))).toEqual(
        readFileSync(join(dir, 'blocks', name)),
      );
      expect(statSync(join(path, 'blocks', name)).nlink).toBe(1);
    }
  });

  test('can be listed and deleted by its name only', async () => {
    const { root, store } = await made(2);
    expect(await listSnapshots(nodeFileSystem, root)).toEqual([]);
    const paths = [
      await store.list.snapshot({ root, unixMs: DAY_START }),
      await store.list.snapshot({ root, unixMs: DAY_START + 61_000 }),
    ];
    mkdirSync(join(root, 'mine'));
    const found = await listSnapshots(nodeFileSystem, root);
    expect(found.map(({ path }) => path)).toEqual(paths);
    expect(found.map(({ createdUnixMs }) => createdUnixMs)).toEqual([
      DAY_START,
      DAY_START + 61_000,
    ]);
    for (const name of ['mine', '..', '', '../blocks']) {
      await expect(deleteSnapshot(nodeFileSystem, root, name)).rejects.toThrow('there is none');
    }
    await deleteSnapshot(nodeFileSystem, root, found[0]?.name ?? '');
    expect(new Set(readdirSync(root))).toEqual(new Set([found[1]?.name, 'mine']));
    await store.list.close();
  });
});

test.each<Fate>(['fail', 'half', 'crash'])(
  'whichever operation of a snapshot meets its fate (%s), there is a whole one or none',
  async (fate) => {
    const prepared = await made(2);
    await prepared.store.list.close();
    let count = 1;
    for (let step = 0; step < count; step++) {
      const dir = join(temporaryDirectory(), 'copy');
      cpSync(prepared.dir, dir, { recursive: true });
      const root = join(dir, 'snapshots');
      let begun = -1;
      const fileSystem = new FaultyFileSystem(nodeFileSystem, (_, __, index) =>
        begun >= 0 && index - begun === step ? fate : 'work',
      );
      const store = await openList(join(dir, 'blocks'), { fileSystem });
      begun = fileSystem.operationCount;
      const path = await store.list.snapshot({ root, unixMs: DAY_START }).catch(() => undefined);
      if (step === 0) count = Math.max(count, 12);
      const before = await contentOfList(store);
      await store.list.close();
      await removeUnfinishedSnapshots(nodeFileSystem, root);
      const found = await listSnapshots(nodeFileSystem, root);
      expect(found.length).toBeGreaterThanOrEqual(path === undefined ? 0 : 1);
      for (const snapshot of found) expect(await contentOf(snapshot.path)).toEqual(before);
      expect(existsSync(root) ? readdirSync(root) : []).toEqual(found.map(({ name }) => name));
      count = Math.max(count, fileSystem.operationCount - begun);
    }
    expect(count).toBeGreaterThan(10);
  },
);
