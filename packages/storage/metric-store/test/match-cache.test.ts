import { type LabelMatcher, Labels, METRIC_NAME } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { MatchCache } from '../src/match-cache.ts';
import { type SeriesEntry, SeriesTable } from '../src/series-table.ts';

const labelsOf = (i: number): Labels =>
  Labels.from({ [METRIC_NAME]: `m${i % 3}`, pod: `pod-${i}`, parity: String(i % 2) });
const name = (value: string): LabelMatcher => ({ name: METRIC_NAME, operator: '=', value });

test('a selector asked between any changes finds what is there, in the order of labels', () => {
  const selectors: readonly [readonly LabelMatcher[], (i: number) => boolean][] = [
    [[name('m1')], (i) => i % 3 === 1],
    [[name('m1'), { name: 'parity', operator: '!=', value: '0' }], (i) => i % 6 === 1],
    [[{ name: 'parity', operator: '=', value: '0' }], (i) => i % 2 === 0],
    [[{ name: METRIC_NAME, operator: '=~', value: 'm[02]' }], (i) => i % 3 !== 1],
    [[name('m1'), name('m2')], () => false],
  ];
  const step = fc.record({ kind: fc.constantFrom('add', 'remove'), id: fc.nat(12) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new SeriesTable();
      const there = new Map<number, SeriesEntry>();
      for (const { kind, id } of steps) {
        if (kind === 'add') there.set(id, table.ensure(labelsOf(id)));
        else {
          table.remove([there.get(id)].filter((entry) => entry !== undefined));
          there.delete(id);
        }
        for (const [matchers, holds] of selectors) {
          const wanted = [...there.keys()].filter(holds).map((i) => labelsOf(i));
          const found = table.matchInOrder(matchers).map(({ labels }) => labels.toString());
          expect(found).toEqual(
            wanted.toSorted((a, b) => a.compare(b)).map((labels) => labels.toString()),
          );
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('matchers that differ only in where one ends and the next begins are told apart', () => {
  const cache = new MatchCache();
  const entry = new SeriesTable().ensure(labelsOf(1));
  cache.match([{ name: 'a', operator: '=', value: 'b","=","c' }], () => [entry]);
  const other = [
    { name: 'a', operator: '=', value: 'b' },
    { name: '=', operator: '=', value: 'c' },
  ] as const;
  expect(cache.match(other, () => [])).toEqual([]);
});

test('a selector is looked for once until a series of its metric comes', () => {
  const cache = new MatchCache();
  const table = new SeriesTable();
  const one = table.ensure(labelsOf(1));
  let searches = 0;
  const ask = (): readonly SeriesEntry[] =>
    cache.match([name('m1')], () => {
      searches++;
      return [one];
    });
  ask();
  ask();
  cache.changed(table.ensure(labelsOf(2)));
  ask();
  expect(searches).toBe(1);
  cache.changed(table.ensure(labelsOf(4)));
  ask();
  expect(searches).toBe(2);
});

test('the number of selectors that are kept is limited', () => {
  const cache = new MatchCache();
  let searches = 0;
  const ask = (pod: number): void => {
    cache.match([{ name: 'pod', operator: '=', value: `pod-${pod}` }], () => {
      searches++;
      return [];
    });
  };
  for (let pod = 0; pod <= 20_000; pod++) ask(pod);
  searches = 0;
  ask(20_000);
  ask(0);
  expect(searches).toBe(1);
});
