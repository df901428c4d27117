// What is kept in memory, and that it goes again.
import { nodeFileSystem } from '@dwcp/segments';
import { FaultyFileSystem } from '@dwcp/segments/testing';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { GroupCache } from '../src/group-cache.ts';
import { Readers, SlotArena } from '../src/slots.ts';
import { batch, contents, everything, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const named = (value: string) => [{ name: '__name__', operator: '=', value }] as const;

test('the cache of groups counts the memory that a view keeps, and stays under its limit', () => {
  const cache = new GroupCache(4 * 65_536);
  // As zlib gives them: a few bytes of a large buffer.
  for (let key = 0; key < 100; key++) cache.put(key, new Uint8Array(65_536).subarray(0, 100));
  const kept = Array.from({ length: 100 }, (_, key) => key).filter(
    (key) => cache.get(key) !== undefined,
  );
  expect(kept).toEqual([96, 97, 98, 99]);
});

test('a slot is not given out while who came before may read it, however readers overlap', () => {
  const readers = new Readers();
  const slots = new SlotArena(8, 64, readers);
  const taken: number[] = Array.from({ length: 4 }, () => slots.take());
  let reader = readers.enter();
  /** Freed while the reader that is there was there already. */
  let forbidden = -1;
  for (let round = 0; round < 5_000; round++) {
    const next = readers.enter();
    const slot = taken.shift() ?? 0;
    slots.give(slot);
    const fresh = slots.take();
    expect([forbidden, slot]).not.toContain(fresh);
    taken.push(fresh);
    readers.leave(reader);
    reader = next;
    forbidden = slot;
  }
  expect(slots.sizeBytes).toBe(64 * 16);
});

test('series of which all was deleted are forgotten when blocks are merged without them', async () => {
  const clock = new ManualClock();
  const store = await openStore(temporaryDirectory(), { clock });
  for (let i = 0; i < 7; i++) {
    await store.append(batch(['gone', NOW + i, i], ['stays', NOW + i, i]));
    await store.seal();
  }
  await store.deleteSeries({ ...everything, matchers: named('gone') });
  expect(store.stats().seriesCount).toBe(2);
  await store.append(batch(['stays', NOW + 7, 7]));
  await store.seal();
  // Eight blocks become one.
  await store.maintain();
  expect(store.stats()).toMatchObject({ blockCount: 1, seriesCount: 1 });
  await store.append(batch(['gone', NOW + 8, 8]));
  expect(Object.keys(await contents(store))).toEqual(['gone', 'stays']);
  await store.close();
});

test('a series whose newest samples were deleted stays when a write fails', async () => {
  let fails = false;
  const fileSystem = new FaultyFileSystem(nodeFileSystem, (operation) =>
    fails && operation === 'write' ? 'fail' : 'work',
  );
  const store = await openStore(temporaryDirectory(), { fileSystem });
  await store.append(batch(['a', NOW, 0], ['a', NOW + 1, 1]));
  await store.deleteSeries({ ...everything, startUnixMs: NOW + 1 });
  fails = true;
  await expect(store.append(batch(['a', NOW + 2, 2]))).rejects.toThrow('write-ahead log');
  fails = false;
  expect(Object.keys(await contents(store))).toEqual(['a']);
  await store.append(batch(['a', NOW + 3, 3]));
  expect((await contents(store))['a']?.map(([unixMs]) => unixMs)).toEqual([NOW, NOW + 3]);
  await store.close();
});
