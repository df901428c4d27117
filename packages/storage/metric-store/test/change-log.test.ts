import { Labels, SampleBatchBuilder } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ChangeLog } from '../src/change-log.ts';
import { NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('the oldest change since any moment is told, too old by less than a second at most', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 200 }), (changes) => {
      const log = new ChangeLog();
      for (const unixMs of changes) log.note(unixMs);
      for (let mark = 0; mark <= changes.length; mark++) {
        const oldest = Math.min(Number.POSITIVE_INFINITY, ...changes.slice(mark));
        const told = log.oldestChangeSince(mark);
        expect(told).toBeLessThanOrEqual(oldest);
        expect(told === oldest || told > oldest - 1_000).toBe(true);
      }
    }),
  );
});

test('memory is bounded: of moments long ago it only says that it does not know', () => {
  const log = new ChangeLog();
  for (let i = 0; i < 10_000; i++) log.note(i * 2_000);
  expect(log.oldestChangeSince(0)).toBe(Number.NEGATIVE_INFINITY);
  expect(log.oldestChangeSince(9_990)).toBe(9_990 * 2_000);
  expect(log.oldestChangeSince(log.changeMark)).toBe(Number.POSITIVE_INFINITY);
});

test('a store tells of appends by their oldest sample, and of deletions as of anything', async () => {
  await using store = await openStore(temporaryDirectory());
  const labels = Labels.from({ __name__: 'up' });
  const append = async (times: readonly number[]): Promise<void> => {
    const builder = new SampleBatchBuilder();
    for (const unixMs of times) builder.add(labels, unixMs, 1);
    await store.append(builder.build());
  };
  await append([NOW - 20_000]);
  const mark = store.changeMark;
  expect(store.oldestChangeSince(mark)).toBe(Number.POSITIVE_INFINITY);
  await append([NOW - 10_000, NOW]);
  expect(store.oldestChangeSince(mark)).toBe(NOW - 10_000);
  // A repeat changes nothing.
  const later = store.changeMark;
  await append([NOW]);
  expect(store.oldestChangeSince(later)).toBe(Number.POSITIVE_INFINITY);
  await store.deleteSeries({ matchers: [], startUnixMs: 0, endUnixMs: NOW });
  expect(store.oldestChangeSince(later)).toBe(Number.NEGATIVE_INFINITY);
});
