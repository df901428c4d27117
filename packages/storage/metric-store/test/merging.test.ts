import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { Labels } from '@dwcp/core';
import { nodeFileSystem } from '@dwcp/segments';
import { type Fate, FaultyFileSystem } from '@dwcp/segments/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { planMerge } from '../src/merge-plan.ts';
import {
  DAY_START,
  mergeAll,
  metricsOf,
  openList,
  read,
  seal,
  steps,
  type ListUnderTest,
  type Samples,
} from './block-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const { signal } = new AbortController();
const limits = { maxMergedMs: DAY, maxMergedBytes: 1e9 };

/** A block of which only the times count. */
function block(
  endUnixMs: number,
  { level = 0, sizeBytes = 1_000, isDamaged = false } = {},
): Parameters<typeof planMerge>[0][number] & { readonly end: number } {
  const footer = { minUnixMs: endUnixMs - 30 * MINUTE, maxUnixMs: endUnixMs, level };
  return { footer, sizeBytes, isDamaged, end: endUnixMs };
}

describe('the plan', () => {
  const plan = (blocks: ReturnType<typeof block>[], some = limits) => {
    const found = planMerge(blocks, some);
    return (
      found && { ends: found.run.map(({ end }) => (end - DAY_START) / HOUR), isLast: found.isLast }
    );
  };
  const half = (n: number) => block(DAY_START + n * 30 * MINUTE + 29 * MINUTE);

  test('makes one of the half hours of two hours once they are over', () => {
    expect(plan([0, 1, 2, 3].map(half))).toBeUndefined();
    expect(plan([0, 1, 2, 3, 4].map(half))?.ends).toHaveLength(4);
  });

  test('makes one of a day once it is over, and calls it the last', () => {
    const hours = Array.from({ length: 12 }, (_, i) =>
      block(DAY_START + i * 2 * HOUR + HOUR, { level: 1 }),
    );
    expect(plan(hours)).toBeUndefined();
    const over = plan([...hours, block(DAY_START + DAY + HOUR)]);
    expect(over?.ends).toHaveLength(12);
    expect(over?.isLast).toBe(true);
  });

  test('takes eight of one level at once where many fall into two hours', () => {
    const many = Array.from({ length: 9 }, (_, i) => block(DAY_START + i * MINUTE));
    expect(plan(many)).toMatchObject({ isLast: false });
    expect(plan(many)?.ends).toHaveLength(8);
    expect(plan(many.slice(0, 7))).toBeUndefined();
  });

  test('leaves damaged blocks out, and takes those beside them', () => {
    const blocks = [half(0), half(1), { ...half(2), isDamaged: true }, half(3), half(4)];
    expect(plan(blocks)?.ends).toHaveLength(2);
    expect(plan([half(0), { ...half(1), isDamaged: true }, half(2), half(4)])).toBeUndefined();
  });

  test('takes an import along that lies between two of a window', () => {
    const old = block(DAY_START - 5 * DAY);
    expect(plan([half(0), old, half(1), half(4)])?.ends).toEqual([29 / 60, -5 * 24, 59 / 60]);
    expect(plan([half(0), old, half(4)])).toBeUndefined();
  });

  test('makes nothing larger than the limit', () => {
    const large = [0, 1, 2, 4].map((n) => ({ ...half(n), sizeBytes: 400 }));
    expect(plan(large, { ...limits, maxMergedBytes: 1_000 })?.ends).toHaveLength(2);
    expect(plan(large, { ...limits, maxMergedBytes: 700 })).toBeUndefined();
  });

  test('comes to an end, whatever the blocks are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.nat(2)), { maxLength: 40 }),
        (raw) => {
          let blocks = raw.map(([n, level]) => block(DAY_START + n * 20 * MINUTE, { level }));
          for (let found = planMerge(blocks, limits); found; found = planMerge(blocks, limits)) {
            const { run } = found;
            expect(run.length).toBeGreaterThan(1);
            const merged = block(Math.max(...run.map(({ end }) => end)), {
              level: Math.max(...run.map(({ footer }) => footer.level)) + 1,
            });
            const at = blocks.indexOf(run[0] ?? merged);
            blocks = [...blocks.slice(0, at), merged, ...blocks.slice(at + run.length)];
          }
        },
      ),
    );
  });
});

describe('a merge', () => {
  test('of a day has the same samples in fewer bytes and longer chunks', async () => {
    const store = await openList(temporaryDirectory());
    const wave = (start: number): Samples =>
      steps(start, 15_000, 120).map(([t], i) => [t, Math.round(1e4 * Math.sin(i / 9)) / 100]);
    for (let i = 0; i < 48; i++) {
      const start = DAY_START + i * 30 * MINUTE;
      await seal(store, { a: wave(start), b: steps(start, 15_000, 120, i * 120) });
    }
    await seal(store, { a: steps(DAY_START + DAY, 15_000, 2) });
    const before = [await read(store, 'a'), await read(store, 'b')];
    const size = store.list.sizeBytes;
    await mergeAll(store);
    expect(store.list.blocks.map(({ name }) => name)).toEqual([
      '00000001-00000048.block',
      '00000049-00000049.block',
    ]);
    expect([await read(store, 'a'), await read(store, 'b')]).toEqual(before);
    expect(store.list.sizeBytes).toBeLessThan(size / 2);
    const [entry] = store.list.blocks[0]?.entries ?? [];
    // 5,760 samples in chunks of 2,048.
    expect(entry && store.list.blocks[0]?.seriesOf(entry).chunks).toHaveLength(3);
    await store.list.close();
  });

  test('puts late samples in their place; of two of one moment the later block counts', async () => {
    const dir = temporaryDirectory();
    let store = await openList(dir);
    for (let i = 0; i < 8; i++) {
      const own = steps(DAY_START + i * MINUTE, 10_000, 6, i * 6);
      const late = i < 3 ? [] : steps(DAY_START + (i - 3) * MINUTE + 5_000, 5_000, 4, 1_000 * i);
      await seal(store, { a: [...late, ...own], b: own });
    }
    const before = [await read(store, 'a'), await read(store, 'b')];
    expect(before[0]?.length).toBeGreaterThan(48);
    await mergeAll(store);
    expect(store.list.blocks).toHaveLength(1);
    expect([await read(store, 'a'), await read(store, 'b')]).toEqual(before);
    expect(store.list.blocks[0]?.footer.sampleCount).toBe((before[0]?.length ?? 0) + 48);
    await store.list.close();
    store = await openList(dir);
    expect([await read(store, 'a'), await read(store, 'b')]).toEqual(before);
    await store.list.close();
  });

  test('lets the event loop have its turns, also in one very long series', async () => {
    const store = await openList(temporaryDirectory());
    for (let i = 0; i < 8; i++) await seal(store, { a: steps(DAY_START - i, 10, 60_000) });
    let turns = 0;
    let isOver = false;
    const counting = (async () => {
      while (!isOver) {
        await nextTurn();
        turns++;
      }
    })();
    await store.list.merge(signal);
    isOver = true;
    await counting;
    expect(store.list.blocks).toHaveLength(1);
    expect(turns).toBeGreaterThan(480_000 / 32_768);
    await store.list.close();
  });

  test('goes on beside seals, and is given up when retention takes its blocks', async () => {
    const dir = temporaryDirectory();
    const store = await openList(dir);
    for (let i = 0; i < 8; i++) await seal(store, { a: steps(DAY_START + i * MINUTE, 1_000, 60) });
    const merging = store.list.merge(signal);
    await seal(store, { a: steps(DAY_START + 10 * MINUTE, 1_000, 60) });
    await merging;
    expect(store.list.blocks.map(({ footer }) => footer.lastSequence)).toEqual([8, 9]);

    for (let i = 0; i < 8; i++) await seal(store, { b: steps(DAY_START + i * MINUTE, 1_000, 60) });
    const second = store.list.merge(signal);
    store.clock.unixMs += DAY;
    await store.list.removeBefore(DAY_START + DAY);
    await second;
    expect(store.list.blocks).toEqual([]);
    await store.list.close();
    const again = await openList(dir);
    expect(again.list.blocks).toEqual([]);
    expect(again.damages).toEqual([]);
    await again.list.close();
  });
});

test('random blocks with overlaps, deletions, merges and restarts answer as a plain map would', async () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const at = fc.integer({ min: 0, max: 300 });
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('seal' as const),
      rows: fc.array(fc.tuple(name, at, fc.integer({ min: -5, max: 99 })), {
        minLength: 1,
        maxLength: 30,
      }),
    }),
    fc.record({ kind: fc.constant('delete' as const), name, from: at, length: at }),
    fc.record({ kind: fc.constantFrom('merge' as const, 'clean' as const, 'restart' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (plan) => {
      const dir = temporaryDirectory();
      let store = await openList(dir);
      const oracle = new Map<string, Map<number, number>>();
      const cleaned: number[] = [];
      for (const one of plan) {
        if (one.kind === 'seal') {
          const content: Record<string, [number, number][]> = {};
          for (const [series, minute, value] of one.rows) {
            (content[series] ??= []).push([DAY_START + minute * 5 * MINUTE, value]);
            const samples = oracle.get(series) ?? new Map<number, number>();
            oracle.set(series, samples.set(DAY_START + minute * 5 * MINUTE, value));
          }
          await seal(store, content);
        } else if (one.kind === 'delete') {
          const from = DAY_START + one.from * 5 * MINUTE;
          const to = from + one.length * 5 * MINUTE;
          const matchers = [{ name: '__name__', operator: '=', value: one.name }] as const;
          await store.list.delete(matchers, { from, to });
          for (const t of oracle.get(one.name)?.keys() ?? []) {
            if (t >= from && t <= to) oracle.get(one.name)?.delete(t);
          }
        } else if (one.kind === 'merge') {
          await mergeAll(store);
        } else if (one.kind === 'clean') {
          await store.list.clean(signal);
          cleaned.push(store.list.deletionCount);
        } else {
          await store.list.close();
          store = await openList(dir);
        }
        for (const series of ['a', 'b', 'c']) {
          const expected = [...(oracle.get(series) ?? [])].toSorted(([a], [b]) => a - b);
          expect(await read(store, series)).toEqual(expected);
        }
      }
      expect(cleaned.every((left) => left === 0)).toBe(true);
      expect(store.damages).toEqual([]);
      await store.list.close();
    }),
    { numRuns: 60 },
  );
}, 60_000);

describe('retention', () => {
  test('keeps imported old samples for as long as others, counted from their arrival', async () => {
    const dir = temporaryDirectory();
    let store = await openList(dir);
    await seal(store, { old: steps(DAY_START - 30 * DAY, 1_000, 10) });
    await seal(store, { live: steps(DAY_START, 1_000, 10) });
    await store.list.removeBefore(DAY_START - DAY);
    expect(store.list.blocks).toHaveLength(2);
    await store.list.close();
    store = await openList(dir);
    const gone = await store.list.removeBefore(DAY_START + 5_000);
    expect(metricsOf(gone)).toEqual(['old']);
    expect(await read(store, 'live')).toHaveLength(10);
    await store.list.close();
  });

  test('a merged block arrived when the latest of its sources did', async () => {
    const store = await openList(temporaryDirectory());
    for (let i = 0; i < 8; i++) {
      store.clock.unixMs = DAY_START + i * MINUTE;
      await seal(store, { a: steps(DAY_START - 30 * DAY + i, 1, 1) });
    }
    await mergeAll(store);
    expect(store.list.blocks.map(({ footer }) => footer.sealedUnixMs)).toEqual([
      DAY_START + 7 * MINUTE,
    ]);
    await store.list.close();
  });

  test('by size removes the oldest blocks until the rest is under the limit, and no more', async () => {
    const store = await openList(temporaryDirectory());
    for (let i = 0; i < 5; i++) {
      store.clock.unixMs = DAY_START + i * HOUR;
      await seal(store, { [`s${i}`]: steps(DAY_START + i * HOUR, 1_000, 10) });
    }
    const each = store.list.blocks.map(({ sizeBytes }) => sizeBytes);
    const lastThree = each.slice(2).reduce((sum, bytes) => sum + bytes, 0);
    const gone = await store.list.shrinkTo(lastThree);
    expect(metricsOf(gone)).toEqual(['s0', 's1']);
    expect(store.list.sizeBytes).toBe(lastThree);
    expect(await store.list.shrinkTo(lastThree)).toEqual([]);
    await store.list.close();
  });
});

test('blocks and a manifest of version 1 are read, and merged into the present version', async () => {
  const dir = join(temporaryDirectory(), 'blocks');
  mkdirSync(dir);
  cpSync(join(import.meta.dirname, 'fixtures/version-1'), dir, { recursive: true });
  const store = await openList(dir);
  const labels = store.table.match([{ name: '__name__', operator: '=', value: 'b' }])[0]?.labels;
  expect(String(labels)).toBe('b{job="v1"}');
  const first = Date.UTC(2026, 0, 2, 1, 4, 5);
  const expected = [0, 1].flatMap((part) =>
    Array.from({ length: 40 }, (_, i) => [
      first + part * 30 * MINUTE + i * 15_000,
      part * 40 + i + 0.5,
    ]),
  );
  const readB = (): Promise<unknown> => read(store, labels ?? Labels.empty);
  expect(await readB()).toEqual(expected);
  await seal(store, { c: steps(first + DAY, 1_000, 2) });
  await mergeAll(store);
  expect(store.list.blocks.map(({ name }) => name)).toEqual([
    '00000001-00000002.block',
    '00000003-00000003.block',
  ]);
  expect(await readB()).toEqual(expected);
  expect(store.damages).toEqual([]);
  await store.list.close();
});

test('a block of version 3 is read in any part, and merged into the present version', async () => {
  const dir = join(temporaryDirectory(), 'blocks');
  mkdirSync(dir);
  cpSync(join(import.meta.dirname, 'fixtures/version-3'), dir, { recursive: true });
  const store = await openList(dir);
  const first = Date.UTC(2026, 0, 2, 1, 4, 5);
  const a = Array.from({ length: 600 }, (_, i) => [
    first + i * 1_000,
    i % 100 === 99 ? Number.NaN : i * 30 + 0.5,
  ]);
  const b = Array.from({ length: 600 }, (_, i) => [
    first + i * 1_000 + (i % 5 === 3 ? 2 : 0),
    i % 3,
  ]);
  const labelsOf = (name: string): Labels => Labels.from({ __name__: name, job: 'v3' });
  const isRead = async (): Promise<void> => {
    expect(await read(store, labelsOf('a'))).toEqual(a);
    expect(await read(store, labelsOf('b'))).toEqual(b);
    const [from, to] = [first + 450_000, first + 560_002];
    expect(await read(store, labelsOf('a'), from, to)).toEqual(a.slice(450, 561));
    expect(await read(store, labelsOf('b'), from, to)).toEqual(b.slice(450, 561));
  };
  await isRead();
  await seal(store, { c: steps(first + DAY, 1_000, 2) });
  await seal(store, { c: steps(first + DAY + HOUR, 1_000, 2) });
  await mergeAll(store);
  await isRead();
  expect(store.damages).toEqual([]);
  await store.list.close();
});

test.each<Fate>(['fail', 'half', 'crash'])(
  'whichever operation of a deletion, a merge or a cleaning meets its fate (%s), what is left is right',
  async (fate) => {
    const prepared = temporaryDirectory();
    const made = await openList(prepared);
    for (let i = 0; i < 8; i++) {
      const start = DAY_START + i * MINUTE;
      await seal(made, { a: steps(start, 1_000, 5, i * 5), [`b${i}`]: steps(start, 1_000, 5) });
    }
    await made.list.close();
    const work = async (
      dir: string,
      plan: (index: number) => Fate,
    ): Promise<{ count: number; deleted: string[] }> => {
      const fileSystem = new FaultyFileSystem(nodeFileSystem, (_, __, index) => plan(index));
      const deleted: string[] = [];
      const remove = async ({ list }: ListUnderTest, name: string): Promise<void> => {
        const matchers = [{ name: '__name__', operator: '=', value: name }] as const;
        await list.delete(matchers, { from: 0, to: 1e15 }).then(
          () => deleted.push(name),
          () => undefined,
        );
      };
      const store = await openList(dir, { fileSystem }).catch(() => undefined);
      if (store === undefined) return { count: fileSystem.operationCount, deleted };
      await remove(store, 'b0');
      await store.list.clean(signal).catch(() => undefined);
      await remove(store, 'b1');
      await store.list.merge(signal).catch(() => undefined);
      await remove(store, 'b2');
      expect(await read(store, 'a')).toHaveLength(40);
      for (const name of deleted) expect(await read(store, name)).toEqual([]);
      await store.list.close();
      return { count: fileSystem.operationCount, deleted };
    };
    const copy = (): string => {
      const dir = join(temporaryDirectory(), 'copy');
      cpSync(prepared, dir, { recursive: true });
      return dir;
    };
    const { count } = await work(copy(), () => 'work');
    expect(count).toBeGreaterThan(30);
    for (let step = 0; step < count; step++) {
      const dir = copy();
      const { deleted } = await work(dir, (i) => (i === step ? fate : 'work'));
      const store = await openList(dir);
      expect(await read(store, 'a')).toEqual(
        Array.from({ length: 8 }, (_, i) => steps(DAY_START + i * MINUTE, 1_000, 5, i * 5)).flat(),
      );
      for (const name of deleted) expect(await read(store, name)).toEqual([]);
      for (const name of ['b3', 'b7']) expect(await read(store, name)).toHaveLength(5);
      expect(store.damages).toEqual([]);
      await store.list.close();
    }
  },
  60_000,
);
