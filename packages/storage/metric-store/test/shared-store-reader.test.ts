// A reader behind a port against the store itself. That it runs on the same thread here changes
// nothing for it: all it gets went through the port.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';

import {
  InvalidInputError,
  Labels,
  type NativeHistogram,
  SampleBatchBuilder,
  type Series,
} from '@dwcp/core';
import { type EmbeddedMetricStore, type SharedReads, SharedStoreReader } from '@dwcp/metric-store';
import { rowsOf, seriesScannerContract } from '@dwcp/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { contents, everything, NOW, openStore, ramp } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

interface Reading extends AsyncDisposable {
  readonly reader: SharedStoreReader;
  readonly reads: SharedReads;
}

function readerOf(store: EmbeddedMetricStore, maxSelectedSamples = 1_000_000): Reading {
  const { port1, port2 } = new MessageChannel();
  const reads = store.serve(port1);
  const reader = new SharedStoreReader(port2, { maxSelectedSamples });
  return { reader, reads, [Symbol.asyncDispose]: () => reads[Symbol.asyncDispose]() };
}

/** The store, but read through the port. */
async function readThroughPort(): Promise<EmbeddedMetricStore> {
  const store = await openStore(temporaryDirectory());
  const { reader } = readerOf(store);
  return new Proxy(store, {
    get(target, key: keyof EmbeddedMetricStore) {
      if (key === 'select') return reader.select.bind(reader);
      if (key === 'scan') return reader.scan.bind(reader);
      const own: unknown = target[key];
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
}

seriesScannerContract('SharedStoreReader', async () => ({
  store: await readThroughPort(),
  nowUnixMs: NOW,
}));

function plain(series: Series): unknown {
  const histograms = Array.from(series.values, (_, i) => series.histograms?.[i]);
  return { ...rowsOf(series), histograms };
}

async function scanned(
  reader: SharedStoreReader,
  query: typeof everything,
  beforeFirst: () => Promise<void> = async () => undefined,
): Promise<unknown[]> {
  const found: unknown[] = [];
  await reader.scan(query, async (series) => {
    if (found.length === 0) await beforeFirst();
    found.push(plain(series));
  });
  return found;
}

/** Resolves once what was posted has arrived. */
async function settled(reads: SharedReads): Promise<void> {
  await expect.poll(() => reads.openCount).toBe(0);
}

const name = fc.constantFrom('a', 'b', 'c', 'd\xff', 'e\xfeü');
const histogram: NativeHistogram = {
  schema: 1,
  count: 3,
  sum: 7.5,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: 1, length: 2 }],
  positiveBuckets: [1, 1],
  negativeSpans: [],
  negativeBuckets: [],
  counterResetHint: 'unknown',
};
const run = fc.record({
  kind: fc.constant('append' as const),
  name,
  /** From the newest sample of all; negative for late ones. */
  offsetMs: fc.integer({ min: -20_000, max: 5_000 }),
  values: fc.oneof(
    fc.array(fc.oneof(fc.double(), fc.constantFrom('stale' as const, 'histogram' as const)), {
      minLength: 1,
      maxLength: 20,
    }),
    fc.integer({ min: 20, max: 120 }).map((n) => Array.from({ length: n }, (_, i) => i / 4)),
  ),
});
const range = fc.record({
  fromMs: fc.integer({ min: -30_000, max: 100_000 }),
  spanMs: fc.integer({ min: 0, max: 150_000 }),
});
const operation = fc.oneof(
  { weight: 6, arbitrary: run },
  { weight: 2, arbitrary: fc.constant({ kind: 'seal' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'maintain' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clean' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), name, range }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const START = NOW - 500_000;

function queryOf({ fromMs, spanMs }: { readonly fromMs: number; readonly spanMs: number }) {
  return { matchers: [], startUnixMs: START + fromMs, endUnixMs: START + fromMs + spanMs };
}

/** @returns the newest time there is then */
async function apply(
  store: EmbeddedMetricStore,
  one: Operation,
  newestMs: number,
): Promise<number> {
  switch (one.kind) {
    case 'append': {
      const batch = new SampleBatchBuilder();
      const labels = Labels.from({ __name__: 'm', n: one.name });
      let unixMs = newestMs + one.offsetMs;
      for (const value of one.values) {
        if (value === 'stale') batch.addStale(labels, unixMs);
        else if (value === 'histogram') batch.addHistogram(labels, unixMs, histogram);
        else batch.add(labels, unixMs, value);
        unixMs += 250;
      }
      await store.append(batch.build());
      return Math.max(newestMs, unixMs);
    }
    case 'seal':
      await store.seal();
      break;
    case 'maintain':
      await store.maintain();
      break;
    case 'clean':
      await store.cleanTombstones();
      break;
    case 'delete':
      await store.deleteSeries({
        ...queryOf(one.range),
        matchers: [{ name: 'n', operator: '=', value: one.name }],
      });
  }
  return newestMs;
}

test('a reader gives what the store gave when it was asked, whatever happens while it reads', async () => {
  const work = fc.array(operation, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      work,
      work,
      fc.array(range, { maxLength: 3 }),
      async (first, meanwhile, ranges) => {
        await using store = await openStore(temporaryDirectory(), { outOfOrderMs: 15_000 });
        await using reading = readerOf(store);
        const { reader, reads } = reading;
        let newestMs = START;
        for (const one of first) {
          newestMs = await apply(store, one, newestMs);
          expect(await scanned(reader, everything)).toEqual(
            (await store.select(everything)).map(plain),
          );
        }
        for (const query of [everything, ...ranges.map(queryOf)]) {
          const expected = (await store.select(query)).map(plain);
          expect((await reader.select(query)).map(plain)).toEqual(expected);
          const found = scanned(reader, query, async () => {
            for (const one of meanwhile) newestMs = await apply(store, one, newestMs);
          });
          expect(await found).toEqual(expected);
        }
        await settled(reads);
      },
    ),
    { numRuns: 40 },
  );
});

test('files that are merged away stay until the reader is done, and go then', async () => {
  const dir = temporaryDirectory();
  await using store = await openStore(dir);
  await using reading = readerOf(store);
  const files = (): readonly string[] => readdirSync(join(dir, 'blocks'));
  await store.append(ramp(['a', 'b'], NOW - 100_000, 50));
  await store.seal();
  const [before] = files().filter((file) => file.endsWith('.block'));
  const query = {
    ...everything,
    matchers: [{ name: 'job', operator: '=', value: 'test' }] as const,
  };

  const found = await scanned(reading.reader, query, async () => {
    await store.deleteSeries({ ...query, startUnixMs: NOW - 90_000 });
    await store.cleanTombstones();
    expect(files()).toContain(before);
  });

  expect(found).toHaveLength(2);
  await settled(reading.reads);
  await expect.poll(files).not.toContain(before);
  expect((await contents(store))['a']).toHaveLength(10);
});

test('slabs of sealed heads are used again as soon as no reader is left', async () => {
  await using store = await openStore(temporaryDirectory());
  await using reading = readerOf(store);
  let startMs = NOW - 400_000_000;
  const fillAndSeal = async (): Promise<number> => {
    // Random values take a slab and more.
    const batch = new SampleBatchBuilder();
    const labels = Labels.from({ __name__: 'random' });
    for (let i = 0; i < 40_000; i++) batch.add(labels, (startMs += 1_000), Math.sqrt(i * 7 + 1));
    await store.append(batch.build());
    const { headMemoryBytes } = store.stats();
    return headMemoryBytes;
  };
  await fillAndSeal();
  const before = await scanned(reading.reader, everything, async () => {
    await store.seal();
    const withReader = await fillAndSeal();
    await store.seal();
    expect(withReader).toBeGreaterThan(0);
  });
  expect(before).toHaveLength(1);
  await settled(reading.reads);
  const afterwards = await fillAndSeal();
  for (let i = 0; i < 3; i++) {
    await store.seal();
    expect(await fillAndSeal()).toBe(afterwards);
  }
});

test('a reader that ends while it reads leaves nothing pinned', async () => {
  await using store = await openStore(temporaryDirectory());
  await store.append(ramp(['a', 'b'], NOW - 100_000, 50));
  await using reading = readerOf(store);
  const { reader, reads } = reading;
  const open: number[] = [];

  await reader.scan(everything, async () => {
    open.push(reads.openCount);
    await reads[Symbol.asyncDispose]();
  });

  expect(open).toEqual([1, 0]);
  await expect(reader.select(everything)).rejects.toThrow('metric store: is closed');
});

test('a query that the store refuses is refused with the same error', async () => {
  await using store = await openStore(temporaryDirectory());
  await store.append(ramp(['a', 'b'], NOW - 100_000, 50));
  await using reading = readerOf(store, 99);
  const matchers = [{ name: 'job', operator: '=~', value: '(' }] as const;

  const here = await store.select({ ...everything, matchers }).catch((error: unknown) => error);
  const there = await reading.reader
    .select({ ...everything, matchers })
    .catch((error: unknown) => error);

  expect(there).toBeInstanceOf(InvalidInputError);
  expect(String(there)).toBe(String(here));
  await expect(reading.reader.select(everything)).rejects.toThrow(
    'the selection holds more than 99 samples; narrow it by labels or time',
  );
  await settled(reading.reads);
});

test('damage that a reader finds is counted and told by the store, and the rest is given', async () => {
  const dir = temporaryDirectory();
  await using store = await openStore(dir);
  await store.append(ramp(['a', 'b'], NOW - 100_000, 50));
  await store.seal();
  await store.append(ramp(['a', 'b'], NOW - 10_000, 5));
  await using reading = readerOf(store);
  const [file = ''] = readdirSync(join(dir, 'blocks')).filter((name) => name.endsWith('.block'));
  const path = join(dir, 'blocks', file);
  const bytes = readFileSync(path);
  // Inside the first group, behind the header of 16 bytes and its envelope.
  bytes[40] = (bytes[40] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);

  const found = await reading.reader.select(everything);
  expect(found.map(({ values }) => [...values])).toEqual([
    [0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4],
  ]);
  await settled(reading.reads);
  expect(store.stats().corruptionCount).toBe(1);
});

test('a file that a reader cannot open is an error, and no gap in the answer', async () => {
  const dir = temporaryDirectory();
  await using store = await openStore(dir);
  await store.append(ramp(['a'], NOW - 100_000, 50));
  await store.seal();
  await using reading = readerOf(store);
  for (const file of readdirSync(join(dir, 'blocks'))) {
    if (file.endsWith('.block')) rmSync(join(dir, 'blocks', file));
  }

  await expect(reading.reader.select(everything)).rejects.toThrow(
    /^metric store: cannot open .*\.block: ENOENT/,
  );
  await settled(reading.reads);
});

test('a signal ends a scan, and the selection is given free', async () => {
  await using store = await openStore(temporaryDirectory());
  await store.append(ramp(['a', 'b', 'c'], NOW - 100_000, 50));
  await using reading = readerOf(store);
  const stop = new AbortController();
  const reason = new Error('enough');

  const scan = reading.reader.select(everything, { signal: stop.signal });
  stop.abort(reason);

  await expect(scan).rejects.toBe(reason);
  await settled(reading.reads);
});

test('an estimate is near what a select gives', async () => {
  await using store = await openStore(temporaryDirectory());
  const names = Array.from({ length: 300 }, (_, i) => `m${i}`);
  await store.append(ramp(names, NOW - 400_000, 200));
  await store.seal();
  await store.append(ramp(names, NOW - 150_000, 100));
  const query = { ...everything, startUnixMs: NOW - 300_000, endUnixMs: NOW - 100_000 };

  const { seriesCount, sampleCount } = store.estimate(query);

  const exact = (await store.select(query)).reduce((sum, { values }) => sum + values.length, 0);
  expect(seriesCount).toBe(300);
  expect(sampleCount).toBeGreaterThan(exact * 0.9);
  expect(sampleCount).toBeLessThan(exact * 1.6);
});
