import { type CardinalityCount, compareUtf8, Labels, METRIC_NAME } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { SeriesTable } from '../src/series-table.ts';

const text = fc.constantFrom('a', 'b', 'c', 'dd', 'é', '\u{1f600}');
const labelsArb = fc
  .dictionary(fc.constantFrom(METRIC_NAME, 'job', 'pod', 'ü'), text, { minKeys: 1 })
  .map((record) => Labels.from(record));

/** What is asked, counted plainly. */
function countsOf(series: readonly Labels[]) {
  const counted = (names: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  };
  const pairs = series.flatMap((labels) => [...labels]);
  const bytes = new Map<string, number>();
  for (const [name, value] of pairs) {
    bytes.set(name, (bytes.get(name) ?? 0) + Buffer.byteLength(value));
  }
  const byPair = counted(pairs.map(([name, value]) => `${name}=${value}`));
  const metrics = series.map(({ metricName }) => metricName).filter((name) => name !== '');
  return {
    byMetricName: counted(metrics),
    valuesByLabelName: counted([...byPair.keys()].map((pair) => pair.split('=')[0] ?? '')),
    byLabelPair: byPair,
    bytesByLabelName: bytes,
  };
}

const largest = (counts: ReadonlyMap<string, number>, limit: number): readonly CardinalityCount[] =>
  [...counts]
    .map(([name, count]) => ({ name, count }))
    .toSorted((a, b) => b.count - a.count || compareUtf8(a.name, b.name))
    .slice(0, limit);

test('the report is what plain counting gives, with some of the series removed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(labelsArb, { maxLength: 60, selector: ({ key }) => key }),
      fc.infiniteStream(fc.boolean()),
      fc.integer({ min: 0, max: 8 }),
      async (all, isRemoved, limit) => {
        const table = new SeriesTable();
        const entries = all.map((labels) => table.ensure(labels));
        const removed = new Set(entries.filter(() => isRemoved.next().value));
        table.remove(removed);
        const left = entries.filter((entry) => !removed.has(entry)).map(({ labels }) => labels);
        const wanted = countsOf(left);
        expect(await table.cardinality(limit)).toEqual({
          seriesCount: left.length,
          labelPairCount: wanted.byLabelPair.size,
          byMetricName: largest(wanted.byMetricName, limit),
          valuesByLabelName: largest(wanted.valuesByLabelName, limit),
          byLabelPair: largest(wanted.byLabelPair, limit),
          bytesByLabelName: largest(wanted.bytesByLabelName, limit),
        });
      },
    ),
  );
});

test('the event loop turns while the series are counted', async () => {
  const table = new SeriesTable();
  for (let i = 0; i < 100_000; i++) {
    table.ensure(Labels.from({ [METRIC_NAME]: `m${i % 100}`, pod: `pod-${i}` }));
  }
  let turns = 0;
  const turn = (): void => {
    turns++;
    handle = setImmediate(turn);
  };
  let handle = setImmediate(turn);
  const report = await table.cardinality(3);
  clearImmediate(handle);
  expect(report).toMatchObject({ seriesCount: 100_000, labelPairCount: 100_100 });
  expect(report.valuesByLabelName[0]).toEqual({ name: 'pod', count: 100_000 });
  expect(turns).toBeGreaterThan(8);
});
