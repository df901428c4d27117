import { Labels, type QueryResult } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import {
  DATA_DURATION_MS,
  DATA_START_MS,
  floatSeries,
  ManualClock,
  MemoryMetricStore,
  QueryGenerator,
  randomOf,
} from '@dwcp/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ScanningMetricStore } from '../support/scanning-store.ts';
import { engineOver, type Point } from '../support/series.ts';
import { windowOracle } from '../support/window-oracle.ts';

/** What a query answered, numbers by their bits. */
async function outcome(query: Promise<QueryResult>): Promise<unknown> {
  try {
    const { value, warnings, infos } = await query;
    const bits = (values: Float64Array) => Buffer.from(values.slice().buffer).toString('hex');
    const rows =
      value.kind === 'matrix'
        ? value.series.map(({ labels, timestamps, values }) => [
            labels.key,
            bits(timestamps),
            bits(values),
          ])
        : JSON.stringify(value);
    return { rows, warnings: [...warnings].sort(), infos: [...infos].sort() };
  } catch (error) {
    return String(error);
  }
}

describe('a store that scans', () => {
  test('gives the answers of a store that selects, for 400 random queries', async () => {
    const [selects, scans] = [new MemoryMetricStore(), new ScanningMetricStore()];
    for (const series of floatSeries(randomOf(7))) {
      for (const store of [selects, scans]) store.put(series);
    }
    const clock = new ManualClock();
    const selecting = new PromqlEngine({ store: selects, clock });
    const scanning = new PromqlEngine({ store: scans, clock });
    const middleSeconds = DATA_START_MS / 1_000 + 3_602;
    const generator = new QueryGenerator(randomOf(11), [middleSeconds, middleSeconds + 1_000]);
    const range = {
      startUnixMs: DATA_START_MS + 600_125,
      endUnixMs: DATA_START_MS + DATA_DURATION_MS,
      stepMs: 180_000,
    };
    for (let i = 0; i < 400; i++) {
      const { ours: expression } = generator.next();
      const wanted = await outcome(selecting.range({ expression, ...range }));
      const scanned = await outcome(scanning.range({ expression, ...range }));
      expect({ expression, scanned }).toEqual({ expression, scanned: wanted });
    }
  });

  test('has one series read at a time, however many are aggregated', async () => {
    const store = new ScanningMetricStore();
    for (let i = 0; i < 50; i++) {
      store.put({
        labels: Labels.from({ __name__: 'm_total', id: String(i) }),
        timestamps: Float64Array.from({ length: 1_000 }, (_, k) => k * 1_000),
        values: Float64Array.from({ length: 1_000 }, (_, k) => k * i),
      });
    }
    // 50,000 samples and 101 steps: room for one series and the sums, not for two.
    const engine = new PromqlEngine({ store, clock: new ManualClock(), maxSamples: 1_500 });
    const range = { startUnixMs: 0, endUnixMs: 1_000_000, stepMs: 10_000 };
    const { value } = await engine.range({
      expression: 'sum(abs(rate(m_total[1m])) * 2)',
      ...range,
    });
    expect(value).toMatchObject({ kind: 'matrix', series: { length: 1 } });
    expect(store.scanCount).toBe(1);
    expect(store.largestVisit).toBe(1_000);
  });
});

const number = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -20, max: 20 }) },
  { weight: 3, arbitrary: fc.double({ min: -1e9, max: 1e9 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, 1e308, -1e308) },
  { weight: 1, arbitrary: fc.constant('stale' as const) },
);
/** The same samples at the times of others, as far as those go: series of one scrape share them. */
function atTimesOf(others: readonly Point[], points: readonly Point[]): Point[] {
  return points.slice(0, others.length).map(([, value], i) => [others[i]?.[0] ?? 0, value]);
}

/** Samples 1 to 40 s apart. */
const samples = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 }), number), { minLength: 1, maxLength: 60 })
  .map((rows) => {
    let seconds = 0;
    return rows.map(([gap, value]): Point => [(seconds += gap), value]);
  });

test.each(Object.keys(windowOracle))(
  '%s over any window is what its definition says',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(samples, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 70 }),
        async (drawn, areTimesShared, rangeSeconds, stepSeconds) => {
          const [first = []] = drawn;
          const all = areTimesShared ? drawn.map((points) => atTimesOf(first, points)) : drawn;
          const series = all.map((points, i) => ({
            labels: { __name__: 'm_total', id: `${i}` },
            points,
          }));
          const { engine } = engineOver(series);
          const rank = name === 'quantile_over_time' ? '0.9, ' : '';
          const expression = `${name}(${rank}m_total[${rangeSeconds}s])`;
          const grid = { startUnixMs: 0, endUnixMs: 1_500_000, stepMs: stepSeconds * 1_000 };
          const { value } = await engine.range({ expression, ...grid });
          if (value.kind !== 'matrix') throw new Error('no matrix');
          for (const [i, points] of all.entries()) {
            const wanted: [number, number][] = [];
            for (let atMs = 0; atMs <= grid.endUnixMs; atMs += grid.stepMs) {
              const result = windowOracle[name]?.(points, atMs - rangeSeconds * 1_000, atMs);
              if (result !== undefined) wanted.push([atMs, result]);
            }
            const found = value.series.find(({ labels }) => labels.get('id') === `${i}`);
            const got = Array.from(found?.timestamps ?? [], (unixMs, k) => [
              unixMs,
              found?.values[k],
            ]);
            expect(got).toEqual(wanted);
          }
        },
      ),
      { numRuns: 200 },
    );
  },
);

test.each(['sum_over_time', 'avg_over_time', 'stddev_over_time', 'mad_over_time', 'deriv'])(
  '%s of more samples than go at a stretch is what its definition says',
  async (name) => {
    const random = randomOf(3);
    const points = Array.from({ length: 2_400 }, (_, i): Point => [i * 10, random() * 100 - 50]);
    const { engine } = engineOver([{ labels: { __name__: 'm' }, points }]);
    // Three steps to a sample, a thousand samples to a window.
    const grid = { startUnixMs: 0, endUnixMs: 24_000_000, stepMs: 3_333 };
    const { value } = await engine.range({ expression: `${name}(m[10000s])`, ...grid });
    if (value.kind !== 'matrix') throw new Error('no matrix');
    const [series] = value.series;
    expect(series?.timestamps.length).toBeGreaterThan(7_000);
    for (let i = 0; i < 7_000; i += 97) {
      const atMs = series?.timestamps[i] ?? 0;
      const wanted = windowOracle[name]?.(points, atMs - 10_000_000, atMs);
      expect([atMs, series?.values[i]]).toEqual([atMs, wanted]);
    }
  },
);
