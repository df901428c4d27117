import fc from 'fast-check';
import { expect, test } from 'vitest';

import { batch, samplesOf, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const MINUTE = 60_000;

test('a late sample is taken inside the window, and refused before it', async () => {
  const store = await openStore(temporaryDirectory(), { outOfOrderMs: MINUTE });
  await store.append(batch(['m', NOW, 1]));
  expect(
    await store.append(
      batch(['m', NOW - MINUTE, 2], ['m', NOW - MINUTE - 1, 3], ['m', NOW - 1, 4]),
    ),
  ).toEqual({ appended: 2, rejected: { 'out-of-order': 1 } });
  expect(await samplesOf(store)).toEqual({
    m: [
      [NOW - MINUTE, 2],
      [NOW - 1, 4],
      [NOW, 1],
    ],
  });
  await store.close();
});

test('samples that are sent again are accepted and there once, however old in the head', async () => {
  const store = await openStore(temporaryDirectory());
  const rows = Array.from({ length: 200 }, (_, i) => ['m', NOW + i, i] as const);
  await store.append(batch(...rows));
  expect(await store.append(batch(...rows))).toEqual({ appended: 200, rejected: {} });
  expect(await store.append(batch(['m', NOW + 7, 8]))).toEqual({
    appended: 0,
    rejected: { 'out-of-order': 1 },
  });
  expect(await samplesOf(store)).toEqual({ m: rows.map(([, unixMs, value]) => [unixMs, value]) });
  await store.close();
});

test('late samples that are sent again are accepted and there once', async () => {
  const store = await openStore(temporaryDirectory(), { outOfOrderMs: MINUTE });
  const late = Array.from({ length: 50 }, (_, i) => ['m', NOW - 1 - i * 100, i] as const);
  await store.append(batch(['m', NOW, 1], ...late));
  const { walBytes } = store.stats();
  expect(await store.append(batch(...late))).toEqual({ appended: 50, rejected: {} });
  // Nothing was written again.
  expect(store.stats().walBytes).toBe(walBytes);
  expect((await samplesOf(store))['m']).toHaveLength(51);
  await store.close();
});

test('a repeat very far behind the newest of its series is not looked for', async () => {
  const store = await openStore(temporaryDirectory());
  const rows = Array.from({ length: 40_000 }, (_, i) => ['m', NOW - 40_000 + i, i] as const);
  await store.append(batch(...rows));
  expect(await store.append(batch(...rows.slice(-20_000)))).toEqual({
    appended: 20_000,
    rejected: {},
  });
  expect(await store.append(batch(...rows.slice(0, 1)))).toEqual({
    appended: 0,
    rejected: { 'out-of-order': 1 },
  });
  await store.close();
});

test('samples in any order inside the window are read in order: from head, log and blocks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          at: fc.integer({ min: 0, max: 300 }),
          after: fc.constantFrom('nothing', 'nothing', 'nothing', 'seal', 'restart'),
        }),
        { minLength: 1, maxLength: 60 },
      ),
      async (steps) => {
        const dir = temporaryDirectory();
        const open = () => openStore(dir, { outOfOrderMs: 300 });
        let store = await open();
        const expected = new Map<number, number>();
        for (const [i, { at, after }] of steps.entries()) {
          const unixMs = NOW - at;
          // Another value for the newest moment is a duplicate; elsewhere the later word counts.
          const isDuplicate = unixMs === Math.max(...expected.keys());
          const { appended } = await store.append(batch(['m', unixMs, i]));
          expect(appended).toBe(isDuplicate ? 0 : 1);
          if (!isDuplicate) expected.set(unixMs, i);
          if (after === 'seal') await store.seal();
          if (after === 'restart') {
            await store.close();
            store = await open();
          }
        }
        const sorted = [...expected].sort(([a], [b]) => a - b);
        expect(await samplesOf(store)).toEqual({ m: sorted });
        await store.close();
      },
    ),
    { numRuns: 40 },
  );
});
