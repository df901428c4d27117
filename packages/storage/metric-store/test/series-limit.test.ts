import { Labels, METRIC_NAME, NO_SERIES, SampleBatchBuilder } from '@dwcp/core';
import { type EmbeddedMetricStore } from '@dwcp/metric-store';
import { expect, test } from 'vitest';

import { everything, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const KNOWN = 1_000;
const BATCH = 10_000;
const known = Array.from({ length: KNOWN }, (_, i) =>
  Labels.from({ [METRIC_NAME]: 'known', i: String(i) }),
);

async function appendKnown(store: EmbeddedMetricStore, round: number): Promise<void> {
  const batch = new SampleBatchBuilder();
  for (const labels of known) batch.add(labels, NOW + round, round);
  expect(await store.append(batch.build())).toEqual({ appended: KNOWN, rejected: {} });
}

/** All series by labels, or by names as a protocol does it; one in ten with too many labels. */
async function appendNew(
  store: EmbeddedMetricStore,
  from: number,
  byName: boolean,
): Promise<Readonly<Record<string, number>>> {
  const labelsOf = (i: number): Labels =>
    Labels.from({
      [METRIC_NAME]: `new_${i}`,
      pod: `pod-${i}`,
      ...(i % 10 === 0 ? { a: '1', b: '2', c: '3' } : {}),
    });
  if (!byName) {
    const batch = new SampleBatchBuilder();
    for (let i = from; i < from + BATCH; i++) batch.add(labelsOf(i), NOW, i);
    return (await store.append(batch.build())).rejected;
  }
  const transaction = store.begin();
  for (let i = from; i < from + BATCH; i++) {
    const bytes = new TextEncoder().encode(`new_${i}`);
    expect(transaction.find(bytes, 0, bytes.length)).toBe(NO_SERIES);
    const id = transaction.define(bytes, 0, bytes.length, labelsOf(i));
    transaction.sample(id, NOW, 0, 0);
  }
  return (await transaction.commit()).rejected;
}

test(
  'a million series beyond the limit are refused and counted, leave nothing behind, and the others go on',
  { timeout: 120_000 },
  async () => {
    const store = await openStore(temporaryDirectory(), { maxSeries: KNOWN, maxLabels: 4 });
    await appendKnown(store, 0);
    const before = store.stats();
    for (let round = 1; round <= 100; round++) {
      const rejected = await appendNew(store, round * BATCH, round % 2 === 0);
      expect(rejected).toEqual({ 'series-limit': BATCH * 0.9, 'label-limit': BATCH * 0.1 });
      await appendKnown(store, round);
    }
    const after = store.stats();
    expect(after.rejectedSamples).toEqual({ 'series-limit': 900_000, 'label-limit': 100_000 });
    expect(after.seriesCount).toBe(KNOWN);
    // Names, labels and log of what is refused are not kept.
    expect(after.headMemoryBytes).toBeLessThan(before.headMemoryBytes + 4 * 1024 * 1024);
    expect(after.walBytes - before.walBytes).toBeLessThan(101 * KNOWN * 16);
    const report = await store.cardinality(10);
    expect(report).toMatchObject({ seriesCount: KNOWN, labelPairCount: KNOWN + 1 });
    expect(await store.labelValues(METRIC_NAME, everything)).toEqual(['known']);
    const [first] = await store.select({
      ...everything,
      matchers: [{ name: 'i', operator: '=', value: '0' }],
    });
    expect(first?.values).toHaveLength(101);
    await store.close();
  },
);
