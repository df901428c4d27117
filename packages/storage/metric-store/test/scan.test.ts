import { Labels, SampleBatchBuilder } from '@dwcp/core';
import { rowsOf } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { everything, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const SAMPLES = 400;
const FIRST_UNIX_MS = NOW - SAMPLES * 1_000;

/** Series are appended in turn, and named so that their labels sort in the order given. */
function rounds(order: readonly number[]): SampleBatchBuilder[] {
  const names = order.map((place) =>
    Labels.from({ __name__: 'm', id: String(place).padStart(4, '0') }),
  );
  return Array.from({ length: SAMPLES / 100 }, (_, part) => {
    const batch = new SampleBatchBuilder();
    for (const [i, labels] of names.entries()) {
      for (let k = part * 100; k < part * 100 + 100; k++) {
        batch.add(labels, FIRST_UNIX_MS + k * 1_000, i * 1_000 + k);
      }
    }
    return batch;
  });
}

describe.each([
  ['in the order of the labels', Array.from({ length: 100 }, (_, i) => i)],
  [
    'in an order far from that of the labels',
    Array.from({ length: 100 }, (_, i) => (i * 37) % 100),
  ],
])('series that lie on disk %s', (_, order) => {
  test('are scanned as they are selected, from blocks and head together', async () => {
    const dir = temporaryDirectory();
    await using store = await openStore(dir, { maxHeadSamples: 12_000, cacheBytes: 0 });
    for (const batch of rounds(order)) await store.append(batch.build());
    const selected = await store.select(everything);
    const scanned: ReturnType<typeof rowsOf>[] = [];
    await store.scan(everything, ({ labels, timestamps, values }) => {
      scanned.push(rowsOf({ labels, timestamps: timestamps.slice(), values: values.slice() }));
    });
    expect(scanned).toHaveLength(100);
    expect(scanned).toEqual(selected.map(rowsOf));
    expect(scanned[0]?.samples).toHaveLength(SAMPLES);
  });

  test('are given in arrays that the next one writes over or that are its own', async () => {
    const dir = temporaryDirectory();
    await using store = await openStore(dir);
    for (const batch of rounds(order)) await store.append(batch.build());
    let seen = 0;
    await store.scan(everything, ({ labels, values }) => {
      const place = order.indexOf(Number(labels.get('id')));
      expect([values[0], values.at(-1)]).toEqual([place * 1_000, place * 1_000 + SAMPLES - 1]);
      // What a visitor does to them is its own affair.
      values.fill(Number.NaN);
      seen++;
    });
    expect(seen).toBe(100);
    const [first] = await store.select(everything);
    expect(first?.values.includes(Number.NaN)).toBe(false);
  });

  test('samples that came late are in their place', async () => {
    const dir = temporaryDirectory();
    await using store = await openStore(dir, { outOfOrderMs: 3_600_000, maxHeadSamples: 12_000 });
    for (const batch of rounds(order).reverse()) await store.append(batch.build());
    const wanted = Array.from({ length: SAMPLES }, (_, k) => FIRST_UNIX_MS + k * 1_000);
    await store.scan(everything, ({ timestamps }) => expect([...timestamps]).toEqual(wanted));
  });
});
