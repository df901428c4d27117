// What a restart finds; each of these was wrong once. See crash.integration.test.ts.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { Labels, NO_SERIES, SampleBatchBuilder } from '@dwcp/core';
import { nodeFileSystem } from '@dwcp/segments';
import { FaultyFileSystem } from '@dwcp/segments/testing';
import { expect, test } from 'vitest';

import { batch, everything, NOW, openStore, samplesOf, valuesOf } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const series = Labels.from({ __name__: 'a', job: 'test' });
const name = new TextEncoder().encode('a');

test('what is written into the gap of a deletion, behind which all is deleted too, stays', async () => {
  const dir = temporaryDirectory();
  let store = await openStore(dir);
  const times = [0, 1, 2, 3, 4, 5].map((i) => NOW + i);
  await store.append(batch(...times.map((unixMs, i) => ['a', unixMs, i] as const)));
  await store.deleteSeries({ ...everything, startUnixMs: NOW + 1, endUnixMs: NOW + 1 });
  await store.deleteSeries({ ...everything, startUnixMs: NOW + 4 });
  // Nothing newer is known now, so that it is in order; after a cleaning there is something newer.
  expect((await store.append(batch(['a', NOW + 1, 10]))).appended).toBe(1);
  await store.cleanTombstones();
  const expected = [0, 10, 2, 3];
  for (let start = 0; start < 3; start++) {
    expect(await valuesOf(store, 'a')).toEqual(expected);
    await store.close();
    store = await openStore(dir);
    if (start === 1) await store.seal();
  }
  await store.close();
});

test('exemplars of one moment are not doubled by a log that is read beside their file', async () => {
  const dir = temporaryDirectory();
  const noBlocks = new FaultyFileSystem(nodeFileSystem, (operation, path) =>
    operation === 'open' && path.endsWith('.block.tmp') ? 'fail' : 'work',
  );
  let store = await openStore(dir, { fileSystem: noBlocks });
  const builder = new SampleBatchBuilder();
  builder.add(series, NOW, 1);
  for (const value of [1, 2, 3]) {
    builder.addExemplar(series, { labels: Labels.empty, value, unixMs: NOW });
  }
  await store.append(builder.build());
  await expect(store.seal()).rejects.toThrow('ENOSPC');
  expect(existsSync(join(dir, 'exemplars'))).toBe(true);
  await store.close();
  store = await openStore(dir);
  const [found] = await store.exemplars(everything);
  expect(found?.exemplars.map(({ value }) => value)).toEqual([1, 2, 3]);
  await store.close();
});

test('exemplars of a series that is silent stay, however often the others are sealed', async () => {
  const dir = temporaryDirectory();
  let store = await openStore(dir);
  const builder = new SampleBatchBuilder();
  builder.add(series, NOW, 1);
  builder.addExemplar(series, { labels: Labels.empty, value: 1, unixMs: NOW });
  await store.append(builder.build());
  for (let i = 0; i < 3; i++) {
    await store.append(batch(['b', NOW + i, i]));
    await store.seal();
  }
  await store.close();
  store = await openStore(dir);
  const [found] = await store.exemplars(everything);
  expect(found?.exemplars).toHaveLength(1);
  await store.close();
});

test('an exemplars file that a crash cut short does not stay', async () => {
  const dir = temporaryDirectory();
  writeFileSync(join(dir, 'exemplars.tmp'), 'half');
  const store = await openStore(dir);
  expect(existsSync(join(dir, 'exemplars.tmp'))).toBe(false);
  await store.close();
});

test('a transaction that waits before its end is given up, and says so', async () => {
  const dir = temporaryDirectory();
  let store = await openStore(dir);
  const waiting = store.begin();
  expect(waiting.find(name, 0, name.length)).toBe(NO_SERIES);
  const ref = waiting.define(name, 0, name.length, series);
  waiting.sample(ref, NOW, 0, 0);
  await nextTurn();
  // Were it to go on, this one and the cut of the log would have overtaken it.
  await store.append(batch(['a', NOW + 1, 1]));
  await store.seal();
  expect(() => waiting.sample(ref, NOW + 2, 0, 0)).toThrow('without waiting');
  await expect(waiting.commit()).rejects.toThrow('without waiting');
  waiting.abandon();
  await store.append(batch(['a', NOW + 2, 2]));
  await store.close();
  store = await openStore(dir);
  expect(await samplesOf(store)).toEqual({
    a: [
      [NOW + 1, 1],
      [NOW + 2, 2],
    ],
  });
  await store.close();
});

test('a deletion also concerns what came after a block that could not be written', async () => {
  const dir = temporaryDirectory();
  let failures = 1;
  const fileSystem = new FaultyFileSystem(nodeFileSystem, (operation, path) =>
    operation === 'open' && path.endsWith('.block.tmp') && failures-- > 0 ? 'fail' : 'work',
  );
  const store = await openStore(dir, { fileSystem });
  await store.append(batch(['a', NOW, 1]));
  await expect(store.seal()).rejects.toThrow('ENOSPC');
  await store.append(batch(['a', NOW + 1, 2]));
  expect(await store.deleteSeries(everything)).toBe(1);
  expect(await samplesOf(store)).toEqual({});
  await store.close();
});
