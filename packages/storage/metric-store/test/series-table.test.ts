import { setImmediate as nextTurn } from 'node:timers/promises';

import { type LabelMatcher, Labels, METRIC_NAME } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { SeriesNames } from '../src/series-names.ts';
import { type SeriesEntry, SeriesTable } from '../src/series-table.ts';
import { sortedPlaces } from '../src/sorted-places.ts';
import { Turns } from '../src/turns.ts';

const labelsOf = (i: number): Labels =>
  Labels.from({ [METRIC_NAME]: `m${i % 7}`, job: 'all', parity: String(i % 2), pod: `pod-${i}` });
const equals = (name: string, value: string): LabelMatcher => ({ name, operator: '=', value });
const turns = (): Turns => new Turns(1_000);

test('series that were removed are found by no matcher, and again when they are back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.record({ kind: fc.constantFrom('add', 'remove'), id: fc.nat(300) }),
          fc.record({ kind: fc.constantFrom('tidy', 'turn') }),
        ),
        { minLength: 200, maxLength: 1_500 },
      ),
      async (steps) => {
        const table = new SeriesTable();
        const there = new Map<number, SeriesEntry>();
        const tidying: Promise<void>[] = [];
        for (const step of steps) {
          // Others add and remove while it tidies.
          if (step.kind === 'tidy') tidying.push(table.tidy(new Turns(1)));
          else if (step.kind === 'turn') await nextTurn();
          else if (!('id' in step)) continue;
          else if (step.kind === 'add') there.set(step.id, table.ensure(labelsOf(step.id)));
          else {
            const entry = there.get(step.id);
            if (entry !== undefined) table.remove([entry, entry]);
            there.delete(step.id);
          }
        }
        await Promise.all(tidying);
        const wanted = (keep: (i: number) => boolean): readonly string[] =>
          [...there.keys()]
            .filter(keep)
            .map((i) => `pod-${i}`)
            .toSorted();
        const found = (...matchers: readonly LabelMatcher[]): readonly string[] =>
          table
            .match(matchers)
            .map(({ labels }) => labels.get('pod'))
            .toSorted();
        expect(table.size).toBe(there.size);
        expect(found()).toEqual(wanted(() => true));
        expect(found(equals('job', 'all'))).toEqual(wanted(() => true));
        expect(found(equals('parity', '1'))).toEqual(wanted((i) => i % 2 === 1));
        expect(found(equals('parity', '0'), equals(METRIC_NAME, 'm3'))).toEqual(
          wanted((i) => i % 2 === 0 && i % 7 === 3),
        );
        expect(found({ name: 'pod', operator: '=~', value: 'pod-1.*' })).toEqual(
          wanted((i) => String(i).startsWith('1')),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test('an entry that was removed does not take the series with it that came after', () => {
  const table = new SeriesTable();
  const first = table.ensure(labelsOf(1));
  table.remove([first]);
  const second = table.ensure(labelsOf(1));
  table.remove([first]);
  expect(table.find(labelsOf(1))).toBe(second);
  expect(table.match([equals('pod', 'pod-1')])).toEqual([second]);
});

test('places are those of the sorted numbers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: 1e6 })), async (numbers) => {
      const places = await sortedPlaces(Int32Array.from(numbers), turns());
      expect([...places].map((place) => numbers[place])).toEqual(numbers.toSorted((a, b) => a - b));
    }),
  );
});

/** As a sender whose series change: one in a hundred is another one in each round. */
function rename(
  table: SeriesTable,
  names: SeriesNames,
  from: number,
  count: number,
): { readonly unknown: number } {
  let unknown = 0;
  names.tidy(table.size);
  for (let i = from; i < from + count; i++) {
    const bytes = Buffer.from(`the name of series ${i}`);
    const id = names.find(bytes, 0, bytes.length);
    const entry = table.ensure(labelsOf(i));
    if (id === -1) {
      unknown++;
      names.add(bytes, 0, bytes.length, entry.id);
    } else if (id !== entry.id) throw new Error(`series ${i} is found as another one`);
  }
  return { unknown };
}

test('names of series that are gone go, while those in use are never asked for again', () => {
  const table = new SeriesTable();
  const names = new SeriesNames(table.state);
  let unknown = 0;
  let most = 0;
  for (let round = 0; round < 400; round++) {
    unknown += rename(table, names, round * 20, 400).unknown;
    // The series that nobody sends any more are gone soon.
    for (let i = Math.max(0, round * 20 - 200); i < round * 20 - 180; i++) {
      const old = table.find(labelsOf(i));
      if (old !== undefined) table.remove([old]);
    }
    most = Math.max(most, names.count);
  }
  expect(unknown).toBe(400 + 399 * 20);
  expect(table.size).toBeLessThan(620);
  // Once 1.25 times the series and a thousand, and for some rounds those of them that move.
  expect(most).toBeLessThan(2_700);
});

test('more names per series than any sender has are all forgotten, and learnt again', () => {
  const table = new SeriesTable();
  const names = new SeriesNames(table.state);
  const { id } = table.ensure(labelsOf(0));
  let most = 0;
  for (let i = 0; i < 300_000; i++) {
    if (i % 1_000 === 0) names.tidy(table.size);
    const bytes = Buffer.from(`name ${i}`);
    if (names.find(bytes, 0, bytes.length) === -1) names.add(bytes, 0, bytes.length, id);
    most = Math.max(most, names.count);
  }
  expect(most).toBeLessThan(102_000);
  const bytes = Buffer.from('name 299999');
  expect(names.find(bytes, 0, bytes.length)).toBe(id);
});
