// The order in which samples arrive, within the out-of-order window, is nothing that a query can see.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isStale, type QueryResult, SampleBatchBuilder, type Series } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { PromqlEngine } from '@dwcp/promql';
import {
  DATA_DURATION_MS,
  DATA_START_MS,
  floatSeries,
  histogramSeries,
  ManualClock,
  QueryGenerator,
  randomOf,
} from '@dwcp/testing';
import { afterAll, describe, expect, test } from 'vitest';

import { HistogramQueryGenerator } from './differential/random-histogram-queries.ts';

const WINDOW_MS = 20 * 60_000;
const ROWS_PER_BATCH = 400;
const MIDDLE_SECONDS = (DATA_START_MS + DATA_DURATION_MS / 2) / 1_000 + 2;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Row {
  readonly series: Series;
  readonly index: number;
  /** When it arrives. */
  readonly atMs: number;
}

/** All samples, each as late as `delayMs` says. */
function rowsOf(all: readonly Series[], delayMs: () => number): readonly Row[] {
  return all
    .flatMap((series) =>
      Array.from(series.timestamps, (unixMs, index) => ({
        series,
        index,
        atMs: unixMs + delayMs(),
      })),
    )
    .sort((a, b) => a.atMs - b.atMs);
}

/** How many come after a newer one of their series. */
function lateCount(rows: readonly Row[]): number {
  const newest = new Map<Series, number>();
  return rows.filter(({ series, index }) => {
    const before = newest.get(series) ?? -1;
    newest.set(series, Math.max(before, index));
    return index < before;
  }).length;
}

async function storeOf(rows: readonly Row[]): Promise<EmbeddedMetricStore> {
  const dir = mkdtempSync(join(tmpdir(), 'dwcp-shuffled-'));
  folders.push(dir);
  const store = await EmbeddedMetricStore.open({
    dir,
    clock: new ManualClock(),
    outOfOrderMs: WINDOW_MS,
    // Small, so that late samples meet blocks as well as the head.
    blockMs: 15 * 60_000,
    maxHeadSamples: 12_000,
  });
  for (let from = 0; from < rows.length; from += ROWS_PER_BATCH) {
    const builder = new SampleBatchBuilder();
    for (const { series, index } of rows.slice(from, from + ROWS_PER_BATCH)) {
      const { labels, timestamps, values, histograms } = series;
      const unixMs = timestamps[index] ?? 0;
      const histogram = histograms?.[index];
      if (histogram !== undefined) builder.addHistogram(labels, unixMs, histogram);
      else if (isStale(values, index)) builder.addStale(labels, unixMs);
      else builder.add(labels, unixMs, values[index] ?? 0);
    }
    const { rejected } = await store.append(builder.build());
    expect(rejected).toEqual({});
  }
  return store;
}

/** An answer to compare, with every bit of it. */
async function outcome(query: Promise<QueryResult>): Promise<unknown> {
  try {
    return (await query).value;
  } catch (error) {
    return (error as Error).message;
  }
}

const hasSeries = (value: unknown): boolean =>
  typeof value === 'object' && ((value as { series?: unknown[] }).series?.length ?? 0) > 0;

describe.each([1, 2, 3])('samples that come up to 20 minutes late, seed %i', (seed) => {
  test('are found by 160 random queries as if they had come in order', async () => {
    const random = randomOf(seed);
    const series = [...floatSeries(random), ...histogramSeries(random)];
    const ordered = rowsOf(series, () => 0);
    const shuffled = rowsOf(series, () => random() * WINDOW_MS);
    expect(lateCount(shuffled)).toBeGreaterThan(ordered.length / 2);
    await using inOrder = await storeOf(ordered);
    await using late = await storeOf(shuffled);
    const engines = [inOrder, late].map(
      (store) => new PromqlEngine({ store, clock: new ManualClock() }),
    );
    const generators = [
      new QueryGenerator(random, [MIDDLE_SECONDS]),
      new HistogramQueryGenerator(random, [MIDDLE_SECONDS]),
    ];
    let answeredCount = 0;
    for (let i = 0; i < 160; i++) {
      const expression = generators[i % 4 === 0 ? 1 : 0]?.next().ours ?? '';
      const [wanted, got] = await Promise.all(
        engines.map((engine) =>
          outcome(
            engine.range({
              expression,
              startUnixMs: MIDDLE_SECONDS * 1_000,
              endUnixMs: MIDDLE_SECONDS * 1_000 + 3_000_000,
              stepMs: 60_000,
            }),
          ),
        ),
      );
      expect({ expression, is: got }).toEqual({ expression, is: wanted });
      if (hasSeries(wanted)) answeredCount++;
    }
    expect(answeredCount).toBeGreaterThan(50);
  });
});
