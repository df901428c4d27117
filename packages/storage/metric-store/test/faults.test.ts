// Every file operation of a scenario fails, stops half way, or is the last before the end.
import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { type SampleBatch } from '@dwcp/core';
import { type EmbeddedMetricStore } from '@dwcp/metric-store';
import { nodeFileSystem } from '@dwcp/segments';
import { type Fate, FaultyFileSystem } from '@dwcp/segments/testing';
import { expect, test } from 'vitest';

import { batch, contents, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Seven blocks, so that one more makes a merge, and a log. */
async function sevenBlocks(): Promise<string> {
  const dir = temporaryDirectory();
  const store = await openStore(dir);
  for (let i = 0; i < 7; i++) {
    await store.append(round(i));
    await store.seal();
  }
  await store.append(round(7));
  await store.close();
  return dir;
}

const round = (i: number): SampleBatch => batch(['a', NOW + i, i], [`b${i % 3}`, NOW + i, i]);

interface Outcome {
  readonly acknowledged: readonly number[];
  readonly operationCount: number;
  readonly blockCount: number | undefined;
}

/** Appends, a seal and a merge, of which each part may fail. */
async function work(
  dir: string,
  durability: 'os' | 'disk',
  plan: (index: number) => Fate,
): Promise<Outcome> {
  const fileSystem = new FaultyFileSystem(nodeFileSystem, (_, __, index) => plan(index));
  const acknowledged = [0, 1, 2, 3, 4, 5, 6, 7];
  const store = await openStore(dir, { fileSystem, durability }).catch(() => undefined);
  const append = async (i: number): Promise<void> => {
    await store?.append(round(i)).then(
      () => acknowledged.push(i),
      () => undefined,
    );
  };
  await append(8);
  await append(9);
  await store?.seal().catch(() => undefined);
  await append(10);
  await store?.maintain().catch(() => undefined);
  await append(11);
  const visible = store === undefined ? acknowledged : await times(store);
  expect(visible).toEqual(acknowledged);
  const blockCount = store?.stats().blockCount;
  await store?.close().catch(() => undefined);
  return { acknowledged, operationCount: fileSystem.operationCount, blockCount };
}

async function times(store: EmbeddedMetricStore): Promise<number[]> {
  const found = await contents(store);
  const times = (found['a'] ?? []).map(([unixMs]) => unixMs - NOW);
  const others = ['b0', 'b1', 'b2'].flatMap((name) => found[name] ?? []);
  expect(others.map(([unixMs]) => unixMs - NOW).toSorted((a, b) => a - b)).toEqual(times);
  return times;
}

test.each<['os' | 'disk', Fate]>([
  ['os', 'fail'],
  ['os', 'half'],
  ['os', 'crash'],
  ['disk', 'half'],
  ['disk', 'crash'],
])(
  'durability %s: whichever operation meets its fate (%s), acknowledged samples are there once',
  { timeout: 60_000 },
  async (durability, fate) => {
    const prepared = await sevenBlocks();
    const copy = (): string => {
      const dir = join(temporaryDirectory(), 'copy');
      cpSync(prepared, dir, { recursive: true });
      return dir;
    };
    const { operationCount, blockCount } = await work(copy(), durability, () => 'work');
    expect(blockCount).toBe(1);
    expect(operationCount).toBeGreaterThan(30);
    for (let step = 0; step < operationCount; step++) {
      const dir = copy();
      const { acknowledged } = await work(dir, durability, (i) => (i === step ? fate : 'work'));
      const store = await openStore(dir);
      const found = await times(store);
      // One that was never acknowledged may be there, never one twice or out of order.
      expect(found).toEqual([...new Set(found)].toSorted((a, b) => a - b));
      expect(found.filter((time) => acknowledged.includes(time))).toEqual(acknowledged);
      const extra = fate === 'crash' ? 1 : 0;
      expect(found.length).toBeLessThanOrEqual(acknowledged.length + extra);
      expect(store.stats()).toMatchObject({ corruptionCount: 0, lostSamples: 0 });
      await store.close();
    }
  },
);
