import { Labels, type Series } from '@dwcp/core';
import {
  batchOf,
  ManualClock,
  MemoryMetricStore,
  metricStoreContract,
  rowsOf,
} from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

const clock = new ManualClock();
const always = { startUnixMs: -Infinity, endUnixMs: Infinity };
const m = Labels.from({ __name__: 'm' });

metricStoreContract('MemoryMetricStore', async () => ({
  store: new MemoryMetricStore(),
  nowUnixMs: clock.nowUnixMs(),
}));

function seriesOf(labels: Labels, points: Readonly<Record<number, number>>): Series {
  return {
    labels,
    timestamps: Float64Array.from(Object.keys(points), Number),
    values: Float64Array.from(Object.values(points)),
  };
}

describe('what a test may ask of a store in memory', () => {
  test('put takes samples of any times; of two at the same time the later put counts', async () => {
    const store = new MemoryMetricStore();
    store.put(seriesOf(m, { 10: 1, 30: 3 }));
    store.put(seriesOf(m, { 5: 0, 20: 2, 30: -3 }));
    const [found] = await store.select({ matchers: [], ...always });
    expect([...(found?.timestamps ?? [])]).toEqual([5, 10, 20, 30]);
    expect([...(found?.values ?? [])]).toEqual([0, 1, 2, -3]);
  });

  test('put keeps staleness markers and histograms in their places', async () => {
    const histogram = {
      schema: 0,
      count: 1,
      sum: 2,
      zeroThreshold: 0,
      zeroCount: 1,
      positiveSpans: [],
      positiveBuckets: [],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
    } as const;
    const store = new MemoryMetricStore();
    await store.append(
      batchOf([
        [m, 10, histogram],
        [m, 20, 'stale'],
      ]),
    );
    store.put(seriesOf(m, { 5: 0, 15: 1 }));
    const [found] = await store.select({ matchers: [], ...always });
    expect(found?.histograms).toEqual([undefined, histogram, undefined, undefined]);
    expect(found === undefined ? [] : rowsOf(found).samples.at(-1)).toEqual([
      20,
      '7ff0000000000002',
    ]);
  });

  test('an append fails while it is told to, and stores nothing', async () => {
    const store = new MemoryMetricStore();
    store.failure = new Error('disk full');
    await expect(store.append(batchOf([[m, 10, 1]]))).rejects.toThrow('disk full');
    store.failure = undefined;
    await store.append(batchOf([[m, 10, 2]]));
    expect(await store.select({ matchers: [], ...always })).toMatchObject([
      { values: Float64Array.of(2) },
    ]);
  });

  test('appends and selects are counted, other reads are not', async () => {
    const store = new MemoryMetricStore();
    await store.append(batchOf([]));
    await store.select({ matchers: [], ...always });
    await store.select({ matchers: [], ...always });
    await store.series({ matchers: [], ...always });
    await store.labelNames({ matchers: [], ...always });
    expect([store.appendCount, store.selectCount]).toEqual([1, 2]);
  });

  test('the statistics are of what it holds, until it is cleared', async () => {
    const store = new MemoryMetricStore();
    await store.append(
      batchOf([
        [m, 10, 1],
        [m, 40, 2],
        [Labels.from({ __name__: 'n' }), 5, 2],
      ]),
    );
    expect(store.stats()).toEqual({
      seriesCount: 2,
      headSampleCount: 3,
      blockCount: 0,
      sizeBytes: 48,
      oldestUnixMs: 5,
      newestUnixMs: 40,
    });
    store.clear();
    expect(store.stats()).toMatchObject({ seriesCount: 0, oldestUnixMs: undefined });
    expect(await store.select({ matchers: [], ...always })).toEqual([]);
  });
});
