import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type NativeHistogram } from '@dwcp/core';
import { nodeFileSystem } from '@dwcp/segments';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ByteWriter } from '../src/bytes.ts';
import { Columns } from '../src/columns.ts';
import { type CoarseChunk, decodeCoarse, downsample, encodeCoarse } from '../src/downsample.ts';
import { sortSamples } from '../src/late-samples.ts';
import { repairBlocks } from '../src/repair.ts';
import { verifyBlocks } from '../src/verify.ts';
import {
  DAY_START,
  labelsOf,
  type ListUnderTest,
  mergeAll,
  openList,
  type Samples,
  seal,
  steps,
} from './block-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FIVE = 5 * MINUTE;
const { signal } = new AbortController();

type Value = number | 'stale' | NativeHistogram;

function columnsOf(samples: readonly (readonly [number, Value])[]): Columns {
  const columns = new Columns(samples.length);
  samples.forEach(([unixMs, value], i) => {
    if (value === 'stale') columns.put(i, unixMs, 2, 0x7ff00000);
    else if (typeof value === 'number') {
      columns.timestamps[i] = unixMs;
      columns.values[i] = value;
    } else columns.putHistogram(i, unixMs, value);
  });
  return columns;
}

function downsampled(
  samples: readonly (readonly [number, Value])[],
  isCounter: boolean,
  resolutionMs = FIVE,
): CoarseChunk[] {
  const columns = columnsOf(samples);
  return [...downsample({ columns, count: samples.length }, resolutionMs, isCounter)].map(
    (chunk) => {
      // As it comes back from the disk.
      const writer = new ByteWriter();
      writer.varint(99);
      const offset = encodeCoarse(writer, new ByteWriter(), chunk);
      return decodeCoarse(writer.copy(), offset, chunk.samples.count);
    },
  );
}

function samplesOf(chunks: readonly CoarseChunk[]): [number, number][] {
  return chunks.flatMap(({ samples: { columns, count } }) =>
    Array.from({ length: count }, (_, i): [number, number] => [
      columns.timestamps[i] ?? 0,
      columns.values[i] ?? 0,
    ]),
  );
}

/** What a counter grew by, a fall being a start from zero; as PromQL before it extrapolates. */
function increase(samples: Samples, from: number, to: number): number {
  const inside = samples.filter(([t]) => t >= from && t < to);
  let sum = 0;
  for (let i = 1; i < inside.length; i++) {
    const [before, after] = [inside[i - 1]?.[1] ?? 0, inside[i]?.[1] ?? 0];
    sum += after < before ? after : after - before;
  }
  return sum;
}

const counter = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 90_000 }), fc.oneof(fc.nat(50), fc.constant(-1))), {
    minLength: 1,
    maxLength: 300,
  })
  .map((moves): Samples => {
    let [unixMs, value] = [DAY_START, 0];
    return moves.map(([gapMs, move]) => {
      unixMs += gapMs;
      value = move === -1 ? 0 : value + move;
      return [unixMs, value];
    });
  });

describe('a downsampled counter', () => {
  test('is a part of its samples, with the first and the last of each bucket', () => {
    fc.assert(
      fc.property(counter, (samples) => {
        const found = samplesOf(downsampled(samples, true));
        const known = new Map(samples);
        for (const [t, value] of found) expect(known.get(t)).toBe(value);
        expect(found.map(([t]) => t)).toEqual(
          [...new Set(found.map(([t]) => t))].toSorted((a, b) => a - b),
        );
        const times = new Set(found.map(([t]) => t));
        const ends = samples.filter(([t], i) => {
          const isOther = (other = Infinity): boolean =>
            Math.floor(other / FIVE) !== Math.floor(t / FIVE);
          return isOther(samples[i - 1]?.[0]) || isOther(samples[i + 1]?.[0]);
        });
        expect(ends.filter(([t]) => !times.has(t))).toEqual([]);
      }),
    );
  });

  test('grows over any whole buckets by what it grew, whatever resets there were', () => {
    fc.assert(
      fc.property(
        counter,
        fc.nat(40),
        fc.integer({ min: 1, max: 40 }),
        (samples, first, length) => {
          const found = samplesOf(downsampled(samples, true));
          const [from, to] = [DAY_START + first * FIVE, DAY_START + (first + length) * FIVE];
          expect(increase(found, from, to)).toBe(increase(samples, from, to));
        },
      ),
    );
  });

  test('of a steady pace takes two samples for twenty', () => {
    const samples = steps(DAY_START, 15_000, 5_760);
    expect(samplesOf(downsampled(samples, true))).toHaveLength(576);
    expect(samplesOf(downsampled(samples, false))).toHaveLength(288);
    expect(samplesOf(downsampled(samples, true, HOUR))).toHaveLength(48);
  });
});

test('minimum, maximum, sum and count of each bucket are those of its samples', () => {
  const value = fc.oneof(
    fc.integer({ min: -100, max: 100 }),
    fc.constant(Number.NaN),
    fc.constant('stale' as const),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200_000 }), value), {
        minLength: 1,
        maxLength: 200,
      }),
      (moves) => {
        let unixMs = DAY_START;
        const samples = moves.map(([gap, one]) => [(unixMs += gap), one] as const);
        const expected = new Map<number, number[]>();
        for (const [t, one] of samples) {
          if (one === 'stale') continue;
          const bucket = Math.floor(t / FIVE);
          expected.set(bucket, [...(expected.get(bucket) ?? []), one]);
        }
        const chunks = downsampled(samples, false);
        const valuesOf = (name: keyof CoarseChunk['aggregates']): number[] =>
          chunks.flatMap(({ aggregates }) => {
            const { columns, count } = aggregates[name];
            return [...columns.values.subarray(0, count)];
          });
        const numbers = [...expected.values()].map((all) =>
          all.filter((one) => !Number.isNaN(one)),
        );
        expect(valuesOf('count')).toEqual([...expected.values()].map((all) => all.length));
        expect(valuesOf('sum')).toEqual(
          [...expected.values()].map((all) => all.reduce((a, b) => a + b, 0)),
        );
        expect(valuesOf('min')).toEqual(
          numbers.map((all) => (all.length === 0 ? Number.NaN : Math.min(...all))),
        );
        expect(valuesOf('max')).toEqual(
          numbers.map((all) => (all.length === 0 ? Number.NaN : Math.max(...all))),
        );
      },
    ),
  );
});

test('a series that ended still ends, after its last value', () => {
  const samples = [
    [DAY_START, 1],
    [DAY_START + 1, 5],
    [DAY_START + 2, 'stale'],
  ] as const;
  const [chunk] = downsampled(samples, false);
  expect(chunk?.samples.count).toBe(2);
  expect(chunk?.samples.columns.timestamps).toEqual(Float64Array.of(DAY_START + 1, DAY_START + 2));
  expect([...(chunk?.samples.columns.words ?? [])].slice(2)).toEqual([2, 0x7ff00000]);
  expect(chunk?.aggregates.max.columns.values[0]).toBe(5);
});

test('of histograms the first, the last, and those beside a reset stay', () => {
  const histogram = (
    count: number,
    hint: NativeHistogram['counterResetHint'] = 'unknown',
  ): NativeHistogram => ({
    schema: 0,
    count,
    sum: count,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [count],
    negativeSpans: [],
    negativeBuckets: [],
    counterResetHint: hint,
  });
  const counts = [1, 2, 3, 4, 1, 2, 3, 4, 5];
  const chunk = downsampled(
    counts.map((n, i) => [DAY_START + i * 1_000, histogram(n)] as const),
    false,
  )[0];
  expect(chunk?.samples.columns.histograms?.map((one) => one?.count)).toEqual([1, 4, 1, 5]);
  expect(chunk?.aggregates.count.columns.values[0]).toBe(9);
  expect(chunk?.aggregates.sum.columns.values[0]).toBeNaN();
});

/** Three days, merged to days, the first two downsampled; the wall clock is behind them. */
async function threeDays(dir: string): Promise<ListUnderTest> {
  const store = await openList(join(dir, 'blocks'), { resolutionsMs: [FIVE, HOUR] });
  for (let part = 0; part < 3 * 12; part++) {
    const start = DAY_START + part * 2 * HOUR;
    store.clock.unixMs = start + 2 * HOUR;
    await seal(store, {
      x_total: steps(start, MINUTE, 120, (part % 7) * 120),
      gauge: steps(start, MINUTE, 120).map(([t, value]) => [t, value % 7]),
    });
  }
  await mergeAll(store);
  while (await store.list.downsample(signal));
  return store;
}

async function readAll({ list, table }: ListUnderTest, name: string): Promise<[number, number][]> {
  const entry = table.find(labelsOf(name));
  const columns = new Columns(200_000);
  let at = 0;
  for (const block of entry === undefined ? [] : list.readable) {
    for (const piece of entry === undefined ? [] : block.pieces(entry, -1e15, 1e15))
      at += await piece.copyTo(columns, at);
  }
  const count = sortSamples(columns, at);
  return Array.from({ length: count }, (_, i) => [
    columns.timestamps[i] ?? 0,
    columns.values[i] ?? 0,
  ]);
}

describe('downsampled blocks', () => {
  test(
    'answer where the samples are gone, the finer before the coarser',
    { timeout: 30_000 },
    async () => {
      const dir = temporaryDirectory();
      let store = await threeDays(dir);
      const raw = await readAll(store, 'x_total');
      expect(raw).toHaveLength(3 * 1_440);
      const names = (): string[] => store.list.readable.map(({ name }) => name);
      expect(names().every((name) => !name.includes('s.'))).toBe(true);

      const second = DAY_START + DAY;
      await store.list.removeBefore(second + HOUR);
      const [fine, ...rest] = store.list.readable;
      expect(fine?.name).toBe('00000001-00000012.300s.block');
      expect(rest.every(({ footer }) => footer.resolutionMs === 0)).toBe(true);
      const mixed = await readAll(store, 'x_total');
      expect(mixed.filter(([t]) => t >= second)).toEqual(raw.filter(([t]) => t >= second));
      expect(mixed.filter(([t]) => t < second).length).toBeLessThan(1_440 / 2);
      for (const [from, to] of [
        [0, 1],
        [3, 40],
        [0, 288],
        [100, 400],
      ] as const) {
        const range = [DAY_START + from * FIVE, DAY_START + to * FIVE] as const;
        expect(increase(mixed, ...range)).toBe(increase(raw, ...range));
      }

      await store.list.close();
      store = await openList(join(dir, 'blocks'), { resolutionsMs: [FIVE, HOUR] });
      expect(await readAll(store, 'x_total')).toEqual(mixed);
      await store.list.removeBefore(second + HOUR, FIVE);
      expect(names()[0]).toBe('00000001-00000012.3600s.block');
      const coarse = await readAll(store, 'x_total');
      expect(increase(coarse, DAY_START, DAY_START + 3 * DAY)).toBe(
        increase(raw, DAY_START, DAY_START + 3 * DAY),
      );
      const gone = await store.list.removeBefore(second + HOUR, HOUR);
      expect(gone.flatMap(({ entries }) => entries).length).toBe(2);
      expect((await readAll(store, 'x_total'))[0]?.[0]).toBe(second);
      await store.list.close();
    },
  );

  test('know minimum, maximum, sum and count of a range', async () => {
    const store = await threeDays(temporaryDirectory());
    await store.list.removeBefore(DAY_START + DAY + HOUR);
    const [fine] = store.list.readable;
    const entry = store.table.find(labelsOf('gauge'));
    if (entry === undefined || fine === undefined) throw new Error('the series is not there');
    const range = { from: DAY_START + FIVE, to: DAY_START + 2 * FIVE - 1 };
    // Minutes 5 to 9 have the values 5, 6, 0, 1, 2.
    const unixMs = DAY_START + 9 * MINUTE;
    expect(await fine.aggregates(entry, 'min', range)).toEqual([{ unixMs, value: 0 }]);
    expect(await fine.aggregates(entry, 'max', range)).toEqual([{ unixMs, value: 6 }]);
    expect(await fine.aggregates(entry, 'sum', range)).toEqual([{ unixMs, value: 14 }]);
    expect(await fine.aggregates(entry, 'count', range)).toEqual([{ unixMs, value: 5 }]);
    await store.list.close();
  });

  test('lose what is deleted, at once and on the disk', async () => {
    const dir = temporaryDirectory();
    const store = await threeDays(dir);
    await store.list.removeBefore(DAY_START + DAY + HOUR);
    const before = await readAll(store, 'gauge');
    const matchers = [{ name: '__name__', operator: '=', value: 'gauge' }] as const;
    const range = { from: DAY_START + 7 * MINUTE, to: DAY_START + 2 * HOUR };
    await store.list.delete(matchers, range);
    const left = before.filter(([t]) => t < range.from || t > range.to);
    const entry = store.table.find(labelsOf('gauge'));
    if (entry === undefined) throw new Error('the series is not there');
    for (const isClean of [false, true]) {
      if (isClean) await store.list.clean(signal);
      expect(store.list.deletionCount).toBe(isClean ? 0 : 1);
      expect(await readAll(store, 'gauge')).toEqual(left);
      const counts = await store.list.readable[0]?.aggregates(entry, 'count', {
        from: DAY_START,
        to: DAY_START + 3 * HOUR,
      });
      // The second bucket lost some of its samples: nothing true can be said of it.
      expect(counts?.slice(0, 2)).toEqual([
        { unixMs: DAY_START + 4 * MINUTE, value: 5 },
        { unixMs: DAY_START + 2 * HOUR + 9 * MINUTE, value: 5 },
      ]);
    }
    expect(await verifyBlocks(dir)).toMatchObject({ isSound: true });
    await store.list.close();
  });

  test('are verified and repaired as others are', { timeout: 30_000 }, async () => {
    const dir = temporaryDirectory();
    const store = await threeDays(dir);
    await store.list.removeBefore(DAY_START + DAY + HOUR);
    await store.list.close();
    expect(await verifyBlocks(dir)).toMatchObject({ isSound: true, notes: [] });
    const name = '00000001-00000012.3600s.block';
    const bytes = readFileSync(join(dir, 'blocks', name));
    for (let at = 0; at < bytes.length; at += 41) {
      const copy = join(temporaryDirectory(), 'copy');
      cpSync(dir, copy, { recursive: true });
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 4;
      writeFileSync(join(copy, 'blocks', name), flipped);
      const { found, left } = await repairBlocks(copy, { fileSystem: nodeFileSystem });
      expect(found.isSound).toBe(false);
      expect(left.isSound).toBe(true);
    }
  });

  test('are wanted once, and not made, of a block of which all was deleted', async () => {
    const store = await openList(temporaryDirectory(), { resolutionsMs: [FIVE] });
    await seal(store, { a: steps(DAY_START, MINUTE, 10) });
    await seal(store, { a: steps(DAY_START + 2 * DAY, MINUTE, 10) });
    await store.list.delete([], { from: DAY_START, to: DAY_START + DAY });
    let rounds = 0;
    while (await store.list.downsample(signal)) rounds++;
    expect(rounds).toBe(1);
    expect(store.list.readable).toHaveLength(2);
    await store.list.close();
  });
});
