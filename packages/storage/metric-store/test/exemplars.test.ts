import { type Exemplar, Labels, SampleBatchBuilder } from '@dwcp/core';
import { expect, test } from 'vitest';

import { ExemplarTable } from '../src/exemplar-table.ts';
import { SeriesTable } from '../src/series-table.ts';
import { batch, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const series = Labels.from({ __name__: 'requests_total', job: 'web' });
const trace = (id: string): Labels => Labels.from({ trace_id: id });
const everything = { matchers: [], startUnixMs: 0, endUnixMs: NOW * 2 };

function batchWith(unixMs: number, ...exemplars: readonly Exemplar[]) {
  const builder = new SampleBatchBuilder();
  builder.add(series, unixMs, 1);
  for (const exemplar of exemplars) builder.addExemplar(series, exemplar);
  return builder.build();
}

test('exemplars are found again, after a restart and after their log is gone too', async () => {
  const dir = temporaryDirectory();
  let store = await openStore(dir);
  const first = { labels: trace('a'), value: 0.5, unixMs: NOW };
  const second = { labels: trace('b'), value: Number.POSITIVE_INFINITY, unixMs: NOW + 1 };
  const result = await store.append(batchWith(NOW, first));
  expect(result).toEqual({ appended: 1, rejected: {}, appendedExemplars: 1 });
  await store.seal();
  await store.append(batchWith(NOW + 1, second));
  const expected = [{ labels: series, exemplars: [first, second] }];
  expect(await store.exemplars(everything)).toEqual(expected);
  for (let restart = 0; restart < 2; restart++) {
    await store.close();
    store = await openStore(dir);
    expect(await store.exemplars(everything)).toEqual(expected);
    await store.seal();
  }
  expect(await store.exemplars({ ...everything, startUnixMs: NOW + 1 })).toEqual([
    { labels: series, exemplars: [second] },
  ]);
  await store.close();
});

test('what is older than the newest or too long is refused, a repeat changes nothing', async () => {
  const store = await openStore(temporaryDirectory());
  const exemplar = { labels: trace('a'), value: 1, unixMs: NOW };
  await store.append(batchWith(NOW, exemplar, exemplar));
  const { rejected, appendedExemplars } = await store.append(
    batchWith(
      NOW,
      { ...exemplar, unixMs: NOW - 1 },
      { ...exemplar, unixMs: NOW + 1, labels: trace('x'.repeat(121)) },
    ),
  );
  expect({ rejected, appendedExemplars }).toEqual({
    rejected: { exemplar: 2 },
    appendedExemplars: 0,
  });
  expect((await store.exemplars(everything))[0]?.exemplars).toEqual([exemplar]);
  await store.close();
});

test('a new exemplar takes the place of the oldest when there are as many as may be', async () => {
  const store = await openStore(temporaryDirectory(), { maxExemplars: 3 });
  for (let i = 0; i < 5; i++) {
    await store.append(batchWith(NOW + i, { labels: trace(`${i}`), value: i, unixMs: NOW + i }));
  }
  const [found] = await store.exemplars(everything);
  expect(found?.exemplars.map(({ value }) => value)).toEqual([2, 3, 4]);
  await store.close();
});

test('an exemplar of a series that is silent since outlives several seals and a restart', async () => {
  const dir = temporaryDirectory();
  let store = await openStore(dir);
  const exemplar = { labels: trace('a'), value: 1, unixMs: NOW };
  await store.append(batchWith(NOW, exemplar));
  for (let i = 0; i < 3; i++) {
    await store.append(batch(['another', NOW + i, i]));
    await store.seal();
  }
  await store.close();
  store = await openStore(dir);
  expect(await store.exemplars(everything)).toEqual([{ labels: series, exemplars: [exemplar] }]);
  await store.close();
});

test('a series does not answer for the exemplars of the one that had its id before', () => {
  const table = new SeriesTable();
  const exemplars = new ExemplarTable(table.state, 3);
  const old = table.ensure(series);
  exemplars.add(old.id, { labels: trace('a'), value: 1, unixMs: NOW });
  table.remove([old]);
  const { id } = table.ensure(series.with({ job: 'other' }));
  expect(id).toBe(old.id);
  expect(exemplars.rows()).toEqual([]);
  const older = { labels: trace('b'), value: 2, unixMs: NOW - 1 };
  expect(exemplars.accepts(id, older)).toBe(true);
  exemplars.add(id, older);
  // The ring goes round: the row of before must not take the newest of this one with it.
  for (let i = 0; i < 2; i++) exemplars.add(id + 1, { ...older, unixMs: NOW + i });
  expect(exemplars.accepts(id, { ...older, unixMs: NOW - 2 })).toBe(false);
});
