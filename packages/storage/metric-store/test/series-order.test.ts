import { Labels } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type SeriesEntry, SeriesTable } from '../src/series-table.ts';
import { Turns } from '../src/turns.ts';

const byLabels = (a: SeriesEntry, b: SeriesEntry): number => a.labels.compare(b.labels);

test('whatever came and went since the last update, any series are sorted by labels', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), name: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ kind: fc.constant('remove' as const), name: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ kind: fc.constant('update' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const table = new SeriesTable();
      const labelsOf = (name: number): Labels =>
        Labels.from({ __name__: `m${name % 7}`, i: String(name) });
      for (const one of steps) {
        if (one.kind === 'update') await table.order.update(new Turns(3));
        else if (one.kind === 'add') table.ensure(labelsOf(one.name));
        else {
          const entry = table.find(labelsOf(one.name));
          if (entry !== undefined) table.remove([entry]);
        }
        const all = table.match([]);
        const some = all.filter(({ id }) => id % 3 !== 0);
        for (const entries of [all, some, some.toReversed()]) {
          expect(table.order.sort(entries)).toEqual(entries.toSorted(byLabels));
        }
      }
    }),
  );
});

test('an update of many series lets others have their turn', async () => {
  const table = new SeriesTable();
  for (let i = 0; i < 5_000; i++) table.ensure(Labels.from({ i: String((i * 7_919) % 5_000) }));
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await table.order.update(new Turns(1_000));
  isDone = true;
  expect(turns).toBeGreaterThan(20);
  const all = table.match([]);
  expect(table.order.sort(all)).toEqual(all.toSorted(byLabels));
});
