import { type FeedPosition, type SampleBatch } from '@dwcp/core';
import { type EmbeddedMetricStore } from '@dwcp/metric-store';
import { expect, test } from 'vitest';

import { batch, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const START: FeedPosition = '1:0';

const rowsIn = ({ labels, timestamps, values }: SampleBatch): unknown[] =>
  labels.map((each, i) => [each.metricName, (timestamps[i] ?? 0) - NOW, values[i]]);

async function readAll(
  store: EmbeddedMetricStore,
  from: FeedPosition,
): Promise<{ readonly rows: unknown[]; readonly next: FeedPosition; readonly gaps: number }> {
  const rows: unknown[] = [];
  let next = from;
  let gaps = 0;
  for (;;) {
    const entry = await store.feed.read(next);
    if (entry === undefined) return { rows, next, gaps };
    rows.push(...rowsIn(entry.batch));
    ({ next } = entry);
    if (entry.isAfterGap) gaps++;
  }
}

test('the feed gives what was appended in order, from any place, over seals and restarts', async () => {
  const dir = temporaryDirectory();
  let store = await openStore(dir, { outOfOrderMs: 1_000 });
  store.feed.hold('test', START);
  const expected: unknown[] = [];
  const places: (readonly [FeedPosition, number])[] = [];
  for (let i = 0; i < 40; i++) {
    places.push([store.feed.end(), expected.length]);
    const rows = [
      ['a', NOW + i, i],
      [`m${i % 7}`, NOW + (i % 2 === 0 ? i : i - 500), -i],
    ] as const;
    await store.append(batch(...rows));
    expected.push(...rowsIn(batch(...rows)));
    if (i % 11 === 10) await store.seal();
    if (i % 15 === 14) {
      await store.close();
      store = await openStore(dir, { outOfOrderMs: 1_000 });
      store.feed.hold('test', START);
    }
  }
  for (const [place, count] of places) {
    const { rows, gaps } = await readAll(store, place);
    // Late and other rows of one append are two records: compare as sets of what follows.
    expect(rows).toHaveLength(expected.length - count);
    expect(new Set(rows.map(String))).toEqual(new Set(expected.slice(count).map(String)));
    expect(gaps).toBe(0);
  }
  const { next } = await readAll(store, START);
  expect(await store.feed.read(next)).toBeUndefined();
  expect(store.feed.backlog(next).sizeBytes).toBe(0);
  await store.close();
});

test('who waits at the end is woken by the next append, and by the end of the store', async () => {
  const store = await openStore(temporaryDirectory());
  await store.append(batch(['a', NOW, 1]));
  const { next } = await readAll(store, START);
  const waiting = store.feed.more(next);
  await store.append(batch(['a', NOW + 1, 2]));
  await waiting;
  expect((await readAll(store, next)).rows).toEqual([['a', 1, 2]]);
  const abort = new AbortController();
  const aborted = store.feed.more(store.feed.end(), { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  const ended = store.feed.more(store.feed.end()).catch((error: unknown) => String(error));
  await store.close();
  expect(await ended).toMatch('the store is closed');
});

test('what nobody holds goes with its block, and a reader behind it meets a gap', async () => {
  const store = await openStore(temporaryDirectory());
  await store.append(batch(['a', NOW, 1]));
  await store.seal();
  await store.append(batch(['a', NOW + 1, 2]));
  const { rows, gaps } = await readAll(store, START);
  expect({ rows, gaps }).toEqual({ rows: [['a', 1, 2]], gaps: 1 });
  await store.close();
});

test('a hold that costs more than its limit is given up', async () => {
  const store = await openStore(temporaryDirectory(), { maxHeldLogBytes: 200 });
  store.feed.hold('slow', START);
  await store.append(batch(['a', NOW, 1]));
  await store.seal();
  expect((await readAll(store, START)).gaps).toBe(0);
  for (let i = 1; i < 10; i++) await store.append(batch([`much_longer_name_${i}`, NOW + i, i]));
  await store.seal();
  await store.append(batch(['a', NOW + 100, 1]));
  const { rows, gaps } = await readAll(store, START);
  expect({ rows, gaps }).toEqual({ rows: [['a', 100, 1]], gaps: 1 });
  await store.close();
});

test('a position of nobody is refused by name', async () => {
  const store = await openStore(temporaryDirectory());
  await expect(store.feed.read('somewhere')).rejects.toThrow(
    'position: is none of this feed: "somewhere"',
  );
  await store.close();
});
