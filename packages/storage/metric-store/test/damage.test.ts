import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { type EmbeddedMetricStore } from '@dwcp/metric-store';
import { crc32c } from '@dwcp/segments';
import { describe, expect, test } from 'vitest';

import { batch, contents, NOW, openStore, ramp, valuesOf } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

type Contents = Awaited<ReturnType<typeof contents>>;

/** A store with two blocks, the second of many groups, and a log; returned as a directory of files. */
async function madeStore(
  noiseCount = 5_000,
): Promise<{ readonly dir: string; readonly whole: Contents }> {
  const dir = temporaryDirectory();
  const store = await openStore(dir);
  await store.append(ramp(['a', 'b'], NOW - 86_400_000, 100));
  await store.seal();
  await store.append(noise(['c', 'd', 'e', 'f'], NOW - 40_000_000, noiseCount));
  await store.seal();
  await store.append(batch(['a', NOW, 1]));
  const whole = await contents(store);
  await store.close();
  return { dir, whole };
}

/** Values that do not compress, so that there are several groups. */
function noise(names: readonly string[], unixMs: number, count: number): ReturnType<typeof ramp> {
  const made = ramp(names, unixMs, count);
  let state = 1;
  for (let i = 0; i < made.values.length; i++) {
    state = (state * 48_271) % 2_147_483_647;
    made.values[i] = state / 3;
  }
  return made;
}

function copyOf(dir: string): string {
  const copy = join(temporaryDirectory(), 'copy');
  mkdirSync(copy);
  cpSync(dir, copy, { recursive: true });
  return copy;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
  writeFileSync(path, bytes);
}

/** Every sample there is one that was written. */
function expectPartOf(found: Contents, whole: Contents): void {
  for (const [name, samples] of Object.entries(found)) {
    const known = new Map(whole[name]);
    for (const [unixMs, bits] of samples) expect(known.get(unixMs)).toBe(bits);
  }
}

async function reopened<T>(
  dir: string,
  look: (store: EmbeddedMetricStore) => Promise<T>,
): Promise<T> {
  const store = await openStore(dir);
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

const first = '00000001-00000001.block';
const second = '00000002-00000002.block';

describe('a flipped bit in a block', () => {
  test(
    'anywhere is told and counted; no wrong value comes out, and the other block answers',
    { timeout: 30_000 },
    async () => {
      const { dir, whole } = await madeStore(50);
      const size = readFileSync(join(dir, 'blocks', first)).length;
      for (let at = 0; at < size; at++) {
        const copy = copyOf(dir);
        flip(join(copy, 'blocks', first), at);
        await reopened(copy, async (store) => {
          const found = await contents(store);
          expectPartOf(found, whole);
          expect(found).toMatchObject({ c: whole['c'], d: whole['d'] });
          expect(found['a']).toEqual(whole['a']?.slice(-1));
          expect(store.stats().corruptionCount).toBe(1);
          // Told once, however often it is asked for.
          await contents(store);
          expect(store.stats().corruptionCount).toBe(1);
        });
      }
    },
  );

  test('in one group costs the chunks of that group only', async () => {
    const { dir, whole } = await madeStore();
    flip(join(dir, 'blocks', second), 40_000);
    await reopened(dir, async (store) => {
      const found = await contents(store);
      expectPartOf(found, whole);
      const lost = ['c', 'd', 'e', 'f'].filter((name) => found[name]?.length !== 5_000);
      expect(lost.length).toBeGreaterThan(0);
      expect(lost.length).toBeLessThan(4);
      expect(store.stats().corruptionCount).toBe(1);
    });
  });
});

describe('damaged files', () => {
  test.each([
    ['an index that cannot be read', (path: string) => truncateSync(path, 200)],
    ['an empty file', (path: string) => truncateSync(path, 0)],
  ])('%s is set aside, once', async (_, damage) => {
    const { dir, whole } = await madeStore();
    damage(join(dir, 'blocks', first));
    await reopened(dir, async (store) => {
      expect(store.stats()).toMatchObject({ corruptionCount: 1, blockCount: 1 });
      expect((await contents(store))['c']).toEqual(whole['c']);
    });
    expect(readdirSync(join(dir, 'blocks'))).toContain(`${first}.damaged`);
    await reopened(dir, async (store) => {
      expect(store.stats()).toMatchObject({ corruptionCount: 0, blockCount: 1 });
      expect(await valuesOf(store, 'a')).toEqual([1]);
    });
  });

  test('what a later version wrote stops the start and is left alone', async () => {
    const { dir } = await madeStore(10);
    const damages = [
      [join(dir, 'blocks', first), (bytes: Buffer) => bytes.fill(99, 8, 9)],
      [join(dir, 'blocks', 'manifest'), (bytes: Buffer) => bytes.fill('3', 27, 28)],
    ] as const;
    for (const [path, change] of damages) {
      const before = readFileSync(path);
      const later = change(Buffer.from(before));
      if (path.endsWith('.block')) later.writeUInt32LE(crc32c(later.subarray(0, 12)), 12);
      writeFileSync(path, later);
      await expect(openStore(dir)).rejects.toThrow('start the newer version');
      expect(readFileSync(path)).toEqual(later);
      writeFileSync(path, before);
    }
    await reopened(dir, async (store) => expect(store.stats().blockCount).toBe(2));
  });

  test('a block that is missing is told, once', async () => {
    const { dir } = await madeStore();
    rmSync(join(dir, 'blocks', first));
    await reopened(dir, async (store) => {
      expect(store.stats()).toMatchObject({ corruptionCount: 1, blockCount: 1 });
    });
    await reopened(dir, async (store) => {
      expect(store.stats().corruptionCount).toBe(0);
      expect(await valuesOf(store, 'a')).toEqual([1]);
    });
  });

  test('a damaged or missing manifest is told and made anew from the blocks; nothing is lost or doubled', async () => {
    const { dir, whole } = await madeStore();
    for (const damage of ['flip', 'remove'] as const) {
      const copy = copyOf(dir);
      const path = join(copy, 'blocks', 'manifest');
      if (damage === 'flip') flip(path, 60);
      else rmSync(path);
      await reopened(copy, async (store) => {
        expect(await contents(store)).toEqual(whole);
        expect(store.stats().corruptionCount).toBe(1);
      });
      await reopened(copy, async (store) => {
        expect(await contents(store)).toEqual(whole);
        expect(store.stats().corruptionCount).toBe(0);
      });
    }
  });

  test('without a manifest, a merged block beside its sources counts once', async () => {
    const dir = temporaryDirectory();
    let store = await openStore(dir);
    for (let i = 0; i < 8; i++) {
      await store.append(batch(['a', NOW + i, i]));
      await store.seal();
    }
    await store.close();
    const sources = copyOf(dir);
    store = await openStore(dir);
    await store.maintain();
    await store.close();
    cpSync(join(sources, 'blocks'), join(dir, 'blocks'), { recursive: true });
    rmSync(join(dir, 'blocks', 'manifest'));
    await reopened(dir, async (again) => {
      expect(again.stats().blockCount).toBe(1);
      expect(await valuesOf(again, 'a')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });
  });

  test('a damaged block is left out of merges, and the others are merged', async () => {
    const dir = temporaryDirectory();
    let store = await openStore(dir);
    for (let i = 0; i < 9; i++) {
      await store.append(ramp(['a'], NOW - 3_600_000 + i * 60_000, 30));
      await store.seal();
    }
    await store.close();
    flip(join(dir, 'blocks', first), 40);
    store = await openStore(dir);
    await store.maintain();
    expect(store.stats()).toMatchObject({ blockCount: 2, corruptionCount: 1 });
    expect(await valuesOf(store, 'a')).toHaveLength(8 * 30);
    await store.close();
  });
});

test('a log record with the labels lost takes their samples with it, counted, and nothing else', async () => {
  const dir = temporaryDirectory();
  let store = await openStore(dir);
  await store.append(batch(['a', NOW, 1]));
  await store.append(batch(['b', NOW, 2]));
  await store.append(batch(['a', NOW + 1, 3], ['b', NOW + 1, 4]));
  await store.close();
  flip(join(dir, 'wal', '00000001.wal'), 40);
  store = await openStore(dir);
  expect(store.stats()).toMatchObject({ corruptionCount: 1, lostSamples: 1 });
  expect(await valuesOf(store, 'b')).toEqual([2, 4]);
  expect(await valuesOf(store, 'a')).toEqual([]);
  // What comes now gets an id of its own and is not mixed up with what is in the old log.
  await store.append(batch(['a', NOW + 2, 5]));
  await store.close();
  store = await openStore(dir);
  expect(await valuesOf(store, 'a')).toEqual([5]);
  expect(await valuesOf(store, 'b')).toEqual([2, 4]);
  await store.close();
});
