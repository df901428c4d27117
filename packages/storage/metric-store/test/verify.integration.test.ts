import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { nodeFileSystem } from '@dwcp/segments';
import { describe, expect, test } from 'vitest';

import { repairBlocks } from '../src/repair.ts';
import { type StorageReport, verifyBlocks } from '../src/verify.ts';
import { DAY_START, openList, read, type Samples, seal, steps } from './block-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const options = { fileSystem: nodeFileSystem };
const first = '00000001-00000001.block';
const second = '00000002-00000002.block';

type Contents = Readonly<Record<string, Samples>>;

/** Two blocks, the first with some series; `noise` does not compress, so that it fills groups. */
async function made(noiseCount = 0): Promise<{ readonly dir: string; readonly whole: Contents }> {
  const dir = temporaryDirectory();
  const store = await openList(join(dir, 'blocks'));
  let state = 7;
  const noise = (start: number): Samples =>
    steps(start, 1_000, noiseCount).map(([t]) => {
      state = (state * 48_271) % 2_147_483_647;
      return [t, state / 3];
    });
  const content: Record<string, Samples> = {
    a: steps(DAY_START, 1_000, 30),
    b: steps(DAY_START, 7_000, 20, 5),
  };
  if (noiseCount > 0) for (const name of ['c', 'd', 'e']) content[name] = noise(DAY_START);
  await seal(store, content);
  await seal(store, { a: steps(DAY_START + 3_600_000, 1_000, 10) });
  await store.list.close();
  const whole = {
    ...content,
    a: [...(content['a'] ?? []), ...steps(DAY_START + 3_600_000, 1_000, 10)],
  };
  return { dir, whole };
}

function copyOf(dir: string): string {
  const copy = join(temporaryDirectory(), 'copy');
  cpSync(dir, copy, { recursive: true });
  return copy;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
  writeFileSync(path, bytes);
}

/** What is left of the whole when the losses of a report are taken out. */
function survivors(whole: Contents, report: StorageReport): Contents {
  const losses = report.blocks.flatMap(({ damages }) => damages.flatMap(({ lost }) => lost));
  return Object.fromEntries(
    Object.entries(whole).map(([name, samples]) => [
      name,
      samples.filter(
        ([t]) =>
          !losses.some(
            ({ series, fromUnixMs = -Infinity, toUnixMs = Infinity }) =>
              (series === undefined || series.startsWith(`${name}{`)) &&
              t >= fromUnixMs &&
              t <= toUnixMs,
          ),
      ),
    ]),
  );
}

async function contents(dir: string, names: readonly string[]): Promise<Contents> {
  const store = await openList(join(dir, 'blocks'));
  const found: Record<string, Samples> = {};
  for (const name of names) found[name] = await read(store, name);
  expect(store.damages).toEqual([]);
  await store.list.close();
  return found;
}

/** Verifies, repairs, verifies again, and reads: all that was not told to be lost is there. */
async function expectTruth(dir: string, whole: Contents, path: string): Promise<StorageReport> {
  const report = await verifyBlocks(dir);
  expect(report.isSound).toBe(false);
  const damages = [...report.damages, ...report.blocks.flatMap((block) => block.damages)];
  for (const damage of damages) expect(damage.path).toBe(path);
  const { found, left, actions } = await repairBlocks(dir, options);
  expect(found).toEqual(report);
  expect(actions.length).toBeGreaterThan(0);
  expect(left.isSound).toBe(true);
  expect(await contents(dir, Object.keys(whole))).toEqual(survivors(whole, report));
  return report;
}

test('what was never damaged is sound, every sample of it counted, and a repair does nothing', async () => {
  const { dir, whole } = await made(3_000);
  const report = await verifyBlocks(dir);
  expect(report).toMatchObject({ isSound: true, damages: [], notes: [] });
  expect(report.blocks.map(({ name, status, sampleCount }) => [name, status, sampleCount])).toEqual(
    [
      [first, 'ok', 9_050],
      [second, 'ok', 10],
    ],
  );
  expect((await repairBlocks(dir, options)).actions).toEqual([]);
  expect(await contents(dir, Object.keys(whole))).toEqual(whole);
});

test('version 1 is sound too', async () => {
  const dir = temporaryDirectory();
  cpSync(join(import.meta.dirname, 'fixtures/version-1'), join(dir, 'blocks'), { recursive: true });
  expect(await verifyBlocks(dir)).toMatchObject({ isSound: true, notes: [] });
});

describe('a flipped bit', { timeout: 120_000 }, () => {
  test('in any byte of a block is found, and all that is not told to be lost is mended', async () => {
    const { dir, whole } = await made();
    const size = readFileSync(join(dir, 'blocks', first)).length;
    let mended = 0;
    for (let at = 0; at < size; at++) {
      const copy = copyOf(dir);
      const path = join(copy, 'blocks', first);
      flip(path, at);
      const report = await expectTruth(copy, whole, path);
      const lost = report.blocks.flatMap(({ damages }) => damages.flatMap((one) => one.lost));
      if (lost.length === 0) mended++;
    }
    // Header and footer: their content is known from elsewhere.
    expect(mended).toBe(16 + 96);
  });

  test('in one group of many costs the chunks in it, and they are named', async () => {
    const { dir, whole } = await made(9_000);
    const size = readFileSync(join(dir, 'blocks', first)).length;
    expect(size).toBeGreaterThan(2 * 64 * 1024);
    for (let at = 1_000; at < size; at += 20_011) {
      const copy = copyOf(dir);
      const path = join(copy, 'blocks', first);
      flip(path, at);
      const report = await expectTruth(copy, whole, path);
      const [damage] = report.blocks.flatMap(({ damages }) => damages);
      expect(damage?.lost.length).toBeGreaterThan(0);
      expect(damage?.lost.length).toBeLessThan(8);
      for (const { series } of damage?.lost ?? []) expect(series).toMatch(/^[a-e]\{job="test"\}$/);
    }
  });

  test('in any byte of the manifest or the tombstones is found', async () => {
    const { dir, whole } = await made();
    const store = await openList(join(dir, 'blocks'));
    await store.list.delete([{ name: '__name__', operator: '=', value: 'b' }], {
      from: 0,
      to: DAY_START,
    });
    await store.list.close();
    for (const name of ['manifest', 'tombstones']) {
      const size = readFileSync(join(dir, 'blocks', name)).length;
      for (let at = 0; at < size; at += 11) {
        const copy = copyOf(dir);
        const path = join(copy, 'blocks', name);
        flip(path, at);
        const report = await verifyBlocks(copy);
        expect(report.isSound).toBe(false);
        expect(report.damages.map((damage) => damage.path)).toEqual([path]);
        const { left } = await repairBlocks(copy, options);
        expect(left.isSound).toBe(true);
        expect(await contents(copy, ['a'])).toEqual({ a: whole['a'] });
      }
    }
  });
});

test(
  'a block cut at any length is found, and the rest of the store is whole',
  { timeout: 60_000 },
  async () => {
    const { dir, whole } = await made();
    const size = readFileSync(join(dir, 'blocks', first)).length;
    for (let length = 0; length < size; length++) {
      const copy = copyOf(dir);
      const path = join(copy, 'blocks', first);
      truncateSync(path, length);
      const report = await expectTruth(copy, whole, path);
      expect(report.blocks[0]?.status).toBe('damaged');
    }
  },
);

describe('files', () => {
  test('a missing block is told with what it had', async () => {
    const { dir, whole } = await made();
    const path = join(dir, 'blocks', first);
    rmSync(path);
    const report = await expectTruth(dir, whole, path);
    expect(report.blocks[0]).toMatchObject({
      status: 'missing',
      damages: [
        {
          lost: [
            {
              series: undefined,
              fromUnixMs: DAY_START,
              toUnixMs: DAY_START + 133_000,
              sampleCount: 50,
            },
          ],
        },
      ],
    });
  });

  test('a missing manifest is told, and made of the blocks', async () => {
    const { dir, whole } = await made();
    rmSync(join(dir, 'blocks', 'manifest'));
    const report = await expectTruth(dir, whole, join(dir, 'blocks', 'manifest'));
    expect(report.damages[0]?.problem).toMatch('there is no manifest');
  });

  test('what a crash left beside the blocks is harmless, and it is said why', async () => {
    const { dir } = await made();
    cpSync(join(dir, 'blocks', first), join(dir, 'blocks', '00000009-00000009.block'));
    writeFileSync(join(dir, 'blocks', 'manifest.tmp'), 'half');
    const report = await verifyBlocks(dir);
    expect(report.isSound).toBe(true);
    expect(report.notes).toHaveLength(2);
    for (const note of report.notes)
      expect(note).toMatch('a crash left it, the next start removes');
  });

  test('a block that a start set aside comes back, once, as far as it can be read', async () => {
    const { dir, whole } = await made(9_000);
    const path = join(dir, 'blocks', first);
    flip(path, 3);
    flip(path, 100_000);
    const store = await openList(join(dir, 'blocks'));
    expect(store.damages).toHaveLength(1);
    expect(await read(store, 'b')).toEqual([]);
    await store.list.close();
    expect((await verifyBlocks(dir)).blocks).toContainEqual(
      expect.objectContaining({ name: `${first}.damaged`, status: 'set-aside' }),
    );
    expect((await repairBlocks(dir, options)).actions.join()).toMatch('00000003-00000003.block');
    expect((await repairBlocks(dir, options)).actions).toEqual([]);
    expect(readdirSync(join(dir, 'blocks'))).toContain(`${first}.salvaged`);
    const found = await contents(dir, Object.keys(whole));
    expect(found['a']).toEqual(whole['a']);
    for (const [name, samples] of Object.entries(found)) {
      const known = new Map(whole[name]);
      for (const [t, value] of samples) expect(known.get(t)).toBe(value);
    }
    expect(Object.values(found).flat().length).toBeGreaterThan(13_000);
  });

  test('a store in use is not repaired, and what is no store is refused', async () => {
    const { dir } = await made();
    const { DirectoryLock } = await import('@dwcp/segments');
    const lock = await DirectoryLock.acquire(dir);
    await expect(repairBlocks(dir, options)).rejects.toThrow('is in use');
    await lock.release();
    await expect(verifyBlocks(join(dir, 'nowhere'))).rejects.toThrow('cannot verify');
  });
});
