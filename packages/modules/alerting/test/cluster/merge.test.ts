import {
  joinEntries,
  joinSilences,
  type NotificationLogEntry,
  pageOf,
  type Silence,
} from '@dwcp/alerting';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const moment = fc.integer({ min: 0, max: 3 });
const fingerprints = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'))
  .map((list) => list.toSorted());

const entryArb: fc.Arbitrary<NotificationLogEntry> = fc.record({
  integration: fc.constant('team/webhook[0]'),
  groupKey: fc.constant('{}:{}'),
  firing: fingerprints,
  resolved: fingerprints,
  atUnixMs: moment,
  expiresAtUnixMs: moment,
});

const silenceArb: fc.Arbitrary<Silence> = fc.record({
  id: fc.constant('one'),
  matchers: fc.array(
    fc.record({
      name: fc.constantFrom('job', 'instance'),
      operator: fc.constantFrom('=' as const, '!=' as const),
      value: fc.string({ maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
  startsAtUnixMs: moment,
  endsAtUnixMs: moment,
  updatedAtUnixMs: moment,
  createdBy: fc.string({ maxLength: 1 }),
  comment: fc.string({ maxLength: 1 }),
  annotations: fc.dictionary(fc.constantFrom('x', 'y'), fc.string({ maxLength: 1 })),
});

/** Merges in any order, each any number of times, give what one merge of each gives. */
function checkJoin<T>(arb: fc.Arbitrary<T>, join: (a: T, b: T) => T): void {
  const known = fc.array(arb, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      known.chain((all) => fc.tuple(fc.constant(all), repeatedInAnyOrder(all))),
      ([all, heard]) => {
        expect(heard.reduce(join)).toEqual(all.reduce(join));
      },
    ),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(arb, arb, arb, (a, b, c) => {
      expect(join(a, b)).toEqual(join(b, a));
      expect(join(join(a, b), c)).toEqual(join(a, join(b, c)));
      expect(join(a, a)).toEqual(a);
    }),
    { numRuns: 1_000 },
  );
}

function repeatedInAnyOrder<T>(all: readonly T[]): fc.Arbitrary<readonly T[]> {
  return fc
    .tuple(...all.map(() => fc.integer({ min: 1, max: 3 })))
    .map((times) => all.flatMap((one, at) => Array.from({ length: times[at] ?? 1 }, () => one)))
    .chain((many) => fc.shuffledSubarray(many, { minLength: many.length }));
}

test('log entries merge to the same in any order and repetition', () => {
  expect(() => checkJoin(entryArb, joinEntries)).not.toThrow();
});

test('silences merge to the same in any order and repetition', () => {
  expect(() => checkJoin(silenceArb, joinSilences)).not.toThrow();
});

test('the entry that was told last wins; of two told at once nothing is forgotten', () => {
  const entry = (atUnixMs: number, firing: readonly string[]): NotificationLogEntry => ({
    integration: 'i',
    groupKey: 'g',
    firing,
    resolved: [],
    atUnixMs,
    expiresAtUnixMs: atUnixMs + 1,
  });
  expect(joinEntries(entry(1, ['a']), entry(2, ['b']))).toEqual(entry(2, ['b']));
  expect(joinEntries(entry(2, ['a']), entry(2, ['b'])).firing).toEqual(['a', 'b']);
});

test('the pages of a state are the state, each no larger than asked for unless it has one entry', () => {
  fc.assert(
    fc.property(
      fc.array(silenceArb, { maxLength: 20 }),
      fc.array(entryArb, { maxLength: 20 }),
      fc.integer({ min: 1, max: 2_000 }),
      (silences, log, maxBytes) => {
        const found: { silences: Silence[]; log: NotificationLogEntry[] } = {
          silences: [],
          log: [],
        };
        for (let from: number | undefined = 0; from !== undefined;) {
          const { page, next }: ReturnType<typeof pageOf> = pageOf(
            { silences, log },
            from,
            maxBytes,
          );
          found.silences.push(...page.silences);
          found.log.push(...page.log);
          const items = [...page.silences, ...page.log];
          const sizeBytes = items.reduce(
            (sum, item) => sum + Buffer.byteLength(JSON.stringify(item)),
            0,
          );
          expect(items.length <= 1 || sizeBytes <= maxBytes).toBe(true);
          from = next;
        }
        expect(found).toEqual({ silences, log });
      },
    ),
  );
});
