import { Labels, type MetricTransaction, NO_SERIES } from '@dwcp/core';
import { expect, test } from 'vitest';

import { samplesOf, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** As a protocol does it: by name where the name is known. */
function add(transaction: MetricTransaction, name: string, unixMs: number, value: number): void {
  const bytes = bytesOf(`..${name}..`);
  let id = transaction.find(bytes, 2, bytes.length - 2);
  if (id === NO_SERIES) {
    id = transaction.define(bytes, 2, bytes.length - 2, Labels.from({ __name__: name }));
  }
  const words = new Uint32Array(new Float64Array([value]).buffer);
  transaction.sample(id, unixMs, words[0] ?? 0, words[1] ?? 0);
}

test('samples that are appended by name are found by labels', async () => {
  const store = await openStore(temporaryDirectory());
  for (let round = 0; round < 3; round++) {
    const transaction = store.begin();
    for (const name of ['a', 'bb', 'ccc', 'a_longer_name_than_the_others']) {
      add(transaction, name, NOW + round, round);
    }
    expect(await transaction.commit()).toEqual({ appended: 4, rejected: {} });
  }
  const row = [
    [NOW, 0],
    [NOW + 1, 1],
    [NOW + 2, 2],
  ];
  expect(await samplesOf(store)).toEqual({
    a: row,
    bb: row,
    ccc: row,
    a_longer_name_than_the_others: row,
  });
  await store.close();
});

test('names in another order than before, and shorter and longer ones, are told apart', async () => {
  const store = await openStore(temporaryDirectory());
  const names = Array.from({ length: 3_000 }, (_, i) => `m_${'x'.repeat(i % 7)}_${i}`);
  const rounds = [names, names.toReversed(), names.filter((_, i) => i % 3 === 0), names];
  for (const [round, order] of rounds.entries()) {
    const transaction = store.begin();
    for (const name of order) add(transaction, name, NOW + round, Number(name.split('_')[2]));
    expect((await transaction.commit()).appended).toBe(order.length);
  }
  const stored = await samplesOf(store);
  expect(Object.keys(stored)).toHaveLength(names.length);
  for (const [name, samples] of Object.entries(stored)) {
    expect(new Set(samples.map(([, value]) => value))).toEqual(
      new Set([Number(name.split('_')[2])]),
    );
  }
  await store.close();
});

test('a name does not outlive its series: the id may be another one by then', async () => {
  const store = await openStore(temporaryDirectory(), { maxSeries: 1 });
  const first = store.begin();
  // Nothing of this series is kept, so it goes again.
  add(first, 'a', NOW + 24 * 3_600_000, 1);
  expect(await first.commit()).toEqual({ appended: 0, rejected: { 'too-far-ahead': 1 } });
  const second = store.begin();
  add(second, 'b', NOW, 2);
  await second.commit();
  const third = store.begin();
  expect(third.find(bytesOf('a'), 0, 1)).toBe(NO_SERIES);
  add(third, 'a', NOW + 1, 3);
  expect(await third.commit()).toEqual({ appended: 0, rejected: { 'series-limit': 1 } });
  expect(await samplesOf(store)).toEqual({ b: [[NOW, 2]] });
  await store.close();
});

test('a name may be defined without being looked for before', async () => {
  const store = await openStore(temporaryDirectory());
  const first = store.begin();
  const [a, b] = [bytesOf('first name'), bytesOf('another, longer name')];
  first.sample(first.define(a, 0, a.length, Labels.from({ __name__: 'a' })), NOW, 0, 0);
  first.sample(first.define(b, 0, b.length, Labels.from({ __name__: 'b' })), NOW, 0, 0);
  await first.commit();
  const second = store.begin();
  const ids = [a, b].map((bytes) => second.find(bytes, 0, bytes.length));
  expect(new Set(ids).size).toBe(2);
  expect(ids).not.toContain(NO_SERIES);
  second.abandon();
  await store.close();
});

test('samples of a series that cannot be are counted by reason', async () => {
  const store = await openStore(temporaryDirectory(), { maxLabels: 2 });
  const transaction = store.begin();
  const invalid = transaction.invalid();
  transaction.sample(invalid, NOW, 0, 0);
  transaction.sample(invalid, NOW + 1, 0, 0);
  const wide = transaction.define(
    bytesOf('wide'),
    0,
    4,
    Labels.from({ __name__: 'wide', a: '1', b: '2' }),
  );
  transaction.sample(wide, NOW, 0, 0);
  expect(await transaction.commit()).toEqual({
    appended: 0,
    rejected: { invalid: 2, 'label-limit': 1 },
  });
  expect(store.stats().seriesCount).toBe(0);
  await store.close();
});
