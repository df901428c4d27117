import { isStale, Labels, SampleBatchBuilder, setStale } from '@dwcp/core';
import { expect, test } from 'vitest';

test('the staleness marker differs from an ordinary NaN by its bits', () => {
  const values = new Float64Array([1, Number.NaN, 0, 0]);
  setStale(values, 2);
  expect([0, 1, 2, 3, 4].map((i) => isStale(values, i))).toEqual([
    false,
    false,
    true,
    false,
    false,
  ]);
  expect(values[2]).toBeNaN();
  expect(new BigUint64Array(values.buffer)[2]).toBe(0x7ff0000000000002n);
});

test('a copy and a part of an array keep the marker', () => {
  const values = new Float64Array(8);
  setStale(values, 5);
  expect(isStale(values.slice(3), 2)).toBe(true);
  expect(isStale(values.subarray(5, 6), 0)).toBe(true);
});

test('a batch builder keeps rows in order over its growth', () => {
  const builder = new SampleBatchBuilder();
  const labels = Labels.from({ __name__: 'x' });
  for (let i = 0; i < 1_000; i++) builder.add(labels, i, -i);
  builder.addStale(labels, 1_000);
  const batch = builder.build();
  expect(batch.labels).toHaveLength(1_001);
  expect(batch.timestamps[999]).toBe(999);
  expect(batch.values[999]).toBe(-999);
  expect(isStale(batch.values, 1_000)).toBe(true);
  expect(batch.histograms).toBeUndefined();
});

test('a batch with one histogram has a place for each row', () => {
  const builder = new SampleBatchBuilder();
  builder.add(Labels.empty, 1, 1);
  builder.addHistogram(Labels.empty, 2, {
    schema: 0,
    count: 1,
    sum: 1,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [1],
    negativeSpans: [],
    negativeBuckets: [],
    counterResetHint: 'unknown',
  });
  const { histograms, values } = builder.build();
  expect(histograms).toHaveLength(2);
  expect(histograms?.[0]).toBeUndefined();
  expect(histograms?.[1]?.count).toBe(1);
  expect(values[1]).toBeNaN();
});
