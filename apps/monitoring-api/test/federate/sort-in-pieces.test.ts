import fc from 'fast-check';
import { expect, test } from 'vitest';

import { sortInPieces } from '#src/server/sort-in-pieces.ts';

interface Item {
  readonly key: number;
  readonly place: number;
}

const byKey = (a: Item, b: Item): number => a.key - b.key;

function sorted(items: readonly Item[], compare = byKey): readonly Item[] {
  const pieces = sortInPieces(items, compare);
  for (;;) {
    const next = pieces.next();
    if (next.done === true) return next.value;
  }
}

test('the order is that of a stable sort', () => {
  const keys = fc.array(fc.nat({ max: 500 }), { maxLength: 6_000, size: 'max' });
  fc.assert(
    fc.property(keys, (some) => {
      const items = some.map((key, place) => ({ key, place }));
      expect(sorted(items)).toEqual(items.toSorted(byKey));
    }),
    { numRuns: 40 },
  );
});

test('a piece compares no more than it takes to sort a thousand', () => {
  const items = Array.from({ length: 20_000 }, (_, place) => ({
    key: (place * 7_919) % 20_011,
    place,
  }));
  let compared = 0;
  let most = 0;
  const pieces = sortInPieces(items, (a, b) => {
    compared++;
    return byKey(a, b);
  });
  for (let next = pieces.next(); next.done !== true; next = pieces.next()) {
    most = Math.max(most, compared);
    compared = 0;
  }
  expect(most).toBeLessThan(1_000 * Math.log2(1_000));
});
