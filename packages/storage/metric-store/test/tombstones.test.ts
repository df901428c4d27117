import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { nodeFileSystem } from '@dwcp/segments';
import { FaultyFileSystem } from '@dwcp/segments/testing';
import { describe, expect, test } from 'vitest';

import { Columns } from '../src/columns.ts';
import { without } from '../src/tombstones.ts';
import { DAY_START, mergeAll, metricsOf, openList, read, seal, steps } from './block-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const named = (name: string) => [{ name: '__name__', operator: '=', value: name }] as const;
const { signal } = new AbortController();
const MINUTE = 60_000;

describe('what was deleted', () => {
  test('is in no piece, and nothing else is missing, also after a restart', async () => {
    const dir = temporaryDirectory();
    let store = await openList(dir);
    const samples = steps(DAY_START, 1_000, 100);
    await seal(store, { a: samples, b: samples });
    const range = { from: DAY_START + 10_000, to: DAY_START + 20_000 };
    await store.list.delete(named('a'), range);
    const left = samples.filter(([unixMs]) => unixMs < range.from || unixMs > range.to);
    for (let start = 0; start < 2; start++) {
      expect(await read(store, 'a')).toEqual(left);
      expect(await read(store, 'b')).toEqual(samples);
      await store.list.close();
      store = await openList(dir);
    }
    await store.list.close();
  });

  test('may be written again, with the same times, and is visible then', async () => {
    const dir = temporaryDirectory();
    let store = await openList(dir);
    const old = steps(DAY_START, 1_000, 10);
    const again = steps(DAY_START, 1_000, 10, 500);
    await seal(store, { a: old });
    await store.list.delete(named('a'), { from: Number.NEGATIVE_INFINITY, to: DAY_START + 4_000 });
    await seal(store, { a: again.slice(0, 8) });
    const expected = [...again.slice(0, 8), ...old.slice(8)];
    expect(await read(store, 'a')).toEqual(expected);
    await store.list.close();
    store = await openList(dir);
    expect(await read(store, 'a')).toEqual(expected);
    await store.list.clean(signal);
    expect(await read(store, 'a')).toEqual(expected);
    expect(store.list.deletionCount).toBe(0);
    await store.list.close();
  });

  test('no series takes a deleted sample for its newest after a restart', async () => {
    const dir = temporaryDirectory();
    let store = await openList(dir);
    await seal(store, { a: steps(DAY_START, 1_000, 10), b: steps(DAY_START, 1_000, 10) });
    const found = await store.list.delete(named('a'), {
      from: DAY_START + 9_000,
      to: DAY_START + 9_000,
    });
    expect(found.map(({ labels }) => labels.metricName)).toEqual(['a']);
    await store.list.close();
    store = await openList(dir);
    const newest = store.table
      .match([])
      .map((entry) => [entry.labels.metricName, entry.newestUnixMs]);
    expect(Object.fromEntries(newest)).toEqual({
      a: Number.NEGATIVE_INFINITY,
      b: DAY_START + 9_000,
    });
    await store.list.close();
  });

  test('leaves the disk when it is cleaned, and a block of which nothing is left goes', async () => {
    const dir = temporaryDirectory();
    let store = await openList(dir);
    await seal(store, { a: steps(DAY_START, 1_000, 100), b: steps(DAY_START, 1_000, 10) });
    await seal(store, { a: steps(DAY_START + 100_000, 1_000, 100) });
    await seal(store, { b: steps(DAY_START + 100_000, 1_000, 10) });
    await store.list.delete(named('a'), { from: DAY_START, to: DAY_START + 1e9 });
    expect(store.list.deletionCount).toBe(1);
    await store.list.clean(signal);
    expect(metricsOf(store.list.takeThinned())).toContain('a');
    expect(store.list.blocks.map(({ name }) => name)).toEqual([
      '00000001-00000001.r1.block',
      '00000003-00000003.block',
    ]);
    expect(store.list.blocks[0]?.footer.sampleCount).toBe(10);
    expect(store.list.deletionCount).toBe(0);
    await store.list.close();
    store = await openList(dir);
    expect(await read(store, 'a')).toEqual([]);
    expect(await read(store, 'b')).toHaveLength(20);
    // Numbers are not given twice, also where the block that had the last one is gone.
    await store.list.delete([], { from: DAY_START + 100_000, to: DAY_START + 1e9 });
    await store.list.clean(signal);
    await store.list.close();
    store = await openList(dir);
    await seal(store, { c: steps(DAY_START, 1_000, 1) });
    expect(store.list.blocks.at(-1)?.name).toBe('00000004-00000004.block');
    await store.list.close();
  });

  test('is left out by a merge, which needs no tombstone afterwards', async () => {
    const dir = temporaryDirectory();
    const store = await openList(dir);
    for (let i = 0; i < 8; i++)
      await seal(store, { a: steps(DAY_START + i * MINUTE, 1_000, 60, i * 60) });
    const range = { from: DAY_START + 30_000, to: DAY_START + 5 * MINUTE + 30_000 };
    await store.list.delete(named('a'), range);
    const before = await read(store, 'a');
    await mergeAll(store);
    expect(store.list.blocks).toHaveLength(1);
    expect(store.list.deletionCount).toBe(0);
    expect(await read(store, 'a')).toEqual(before);
    expect(before).toHaveLength(480 - 301);
    expect(store.list.blocks[0]?.footer.sampleCount).toBe(480 - 301);
    await store.list.close();
  });

  test('while a merge writes it into a new block, it stays deleted', async () => {
    const dir = temporaryDirectory();
    const store = await openList(dir);
    for (let i = 0; i < 8; i++) await seal(store, { a: steps(DAY_START + i * MINUTE, 1_000, 60) });
    const merging = store.list.merge(signal);
    await store.list.delete(named('a'), { from: DAY_START, to: DAY_START + 4 * MINUTE - 1 });
    await merging;
    expect(store.list.blocks).toHaveLength(1);
    expect(await read(store, 'a')).toHaveLength(240);
    await store.list.close();
    const again = await openList(dir);
    expect(await read(again, 'a')).toHaveLength(240);
    await again.list.close();
  });
});

test('a deletion that cannot be stored rejects, deletes nothing, and works later', async () => {
  const dir = temporaryDirectory();
  let isFull = false;
  const fileSystem = new FaultyFileSystem(nodeFileSystem, (_, path) =>
    isFull && path.includes('tombstones') ? 'fail' : 'work',
  );
  const store = await openList(dir, { fileSystem });
  await seal(store, { a: steps(DAY_START, 1_000, 10) });
  isFull = true;
  const range = { from: DAY_START, to: DAY_START + 1e9 };
  await expect(store.list.delete(named('a'), range)).rejects.toMatchObject({ retryable: true });
  expect(await read(store, 'a')).toHaveLength(10);
  isFull = false;
  await store.list.delete(named('a'), range);
  expect(await read(store, 'a')).toEqual([]);
  await store.list.close();
});

test('damaged tombstones are told and set aside; deletions after that still work', async () => {
  const dir = temporaryDirectory();
  let store = await openList(dir);
  await seal(store, { a: steps(DAY_START, 1_000, 10) });
  await store.list.delete(named('a'), { from: DAY_START, to: DAY_START });
  await store.list.close();
  const path = join(dir, 'tombstones');
  const bytes = readFileSync(path);
  bytes[60] = (bytes[60] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  store = await openList(dir);
  expect(store.damages.map((damage) => damage.path)).toEqual([path]);
  expect(readdirSync(dir)).toContain('tombstones.damaged');
  expect(await read(store, 'a')).toHaveLength(10);
  await store.list.delete(named('a'), { from: DAY_START, to: DAY_START + 5_000 });
  expect(await read(store, 'a')).toHaveLength(4);
  await store.list.close();
});

test('without a manifest deletions hold, and of two revisions of a block the later counts', async () => {
  const dir = temporaryDirectory();
  let store = await openList(dir);
  await seal(store, { a: steps(DAY_START, 1_000, 10) });
  const first = join(dir, '00000001-00000001.block');
  const bytes = readFileSync(first);
  await store.list.delete(named('a'), { from: DAY_START, to: DAY_START + 5_000 });
  await store.list.clean(signal);
  await store.list.close();
  expect(existsSync(first)).toBe(false);
  writeFileSync(first, bytes);
  rmSync(join(dir, 'manifest'));
  store = await openList(dir);
  expect(store.list.blocks.map(({ name }) => name)).toEqual(['00000001-00000001.r1.block']);
  expect(await read(store, 'a')).toHaveLength(4);
  await store.list.close();
});

test('histograms move with their samples when those before them are taken out', () => {
  const columns = new Columns(4);
  const histogram = { count: 1 } as never;
  for (let i = 0; i < 4; i++) columns.put(i, i, i, 0);
  columns.putHistogram(2, 2, histogram);
  expect(without(columns, 0, 4, [{ from: 1, to: 1 }])).toBe(3);
  expect([...columns.timestamps.subarray(0, 3)]).toEqual([0, 2, 3]);
  expect(columns.histograms?.slice(0, 3)).toEqual([undefined, histogram, undefined]);
});
