import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { Labels, type Log, SampleBatchBuilder } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { nodeFileSystem } from '@dwcp/segments';
import { FaultyFileSystem } from '@dwcp/segments/testing';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { batch, contents, everything, NOW, openStore, ramp, valuesOf } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('what is refused', () => {
  test('samples too far ahead and too old, by the clock', async () => {
    const store = await openStore(temporaryDirectory(), { maxAgeMs: HOUR });
    const result = await store.append(
      batch(
        ['a', NOW - HOUR - 1, 1],
        ['b', NOW - HOUR, 1],
        ['c', NOW + 10 * MINUTE, 1],
        ['d', NOW + 10 * MINUTE + 1, 1],
      ),
    );
    expect(result).toEqual({ appended: 2, rejected: { 'too-old': 1, 'too-far-ahead': 1 } });
    expect(Object.keys(await contents(store))).toEqual(['b', 'c']);
    expect(store.stats().rejectedSamples).toEqual({ 'too-old': 1, 'too-far-ahead': 1 });
    await store.close();
  });

  test('new series above the limit, while those that exist go on', async () => {
    const store = await openStore(temporaryDirectory(), { maxSeries: 2 });
    const first = await store.append(batch(['a', NOW, 1], ['b', NOW, 1], ['c', NOW, 1]));
    expect(first).toEqual({ appended: 2, rejected: { 'series-limit': 1 } });
    expect(await store.append(batch(['a', NOW + 1, 1]))).toEqual({ appended: 1, rejected: {} });
    await store.close();
  });

  test('label sets of more than 16,384 characters', async () => {
    const store = await openStore(temporaryDirectory());
    const builder = new SampleBatchBuilder();
    builder.add(Labels.from({ __name__: 'm', x: 'x'.repeat(16_384) }), NOW, 1);
    expect(await store.append(builder.build())).toEqual({
      appended: 0,
      rejected: { 'label-limit': 1 },
    });
    await store.close();
  });

  test('batches whose columns do not fit or whose times are no whole numbers, with no effect', async () => {
    const store = await openStore(temporaryDirectory());
    const good = batch(['a', NOW, 1], ['b', NOW, 1]);
    const bad = [
      { ...good, values: new Float64Array(1) },
      { ...good, timestamps: new Float64Array(3) },
      { ...good, timestamps: new Float64Array([NOW, Number.NaN]) },
      { ...good, timestamps: new Float64Array([NOW, NOW + 0.5]) },
    ];
    for (const one of bad) {
      await expect(store.append(one)).rejects.toMatchObject({ code: 'DWCP_INPUT_INVALID' });
    }
    expect(await contents(store)).toEqual({});
    await store.close();
  });

  test('histograms whose spans and buckets do not fit', async () => {
    const store = await openStore(temporaryDirectory());
    const builder = new SampleBatchBuilder();
    builder.addHistogram(Labels.from({ __name__: 'h' }), NOW, {
      schema: 0,
      count: 1,
      sum: 1,
      zeroThreshold: 0,
      zeroCount: 0,
      positiveSpans: [{ offset: 0, length: 2 }],
      positiveBuckets: [1],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
    });
    await expect(store.append(builder.build())).rejects.toThrow('the spans want 2 buckets, got 1');
    await store.close();
  });

  test('everything once the store is closed, and closing twice is fine', async () => {
    const store = await openStore(temporaryDirectory());
    await Promise.all([store.close(), store.close()]);
    const closed = { code: 'DWCP_BACKEND_UNAVAILABLE', retryable: false };
    await expect(store.append(batch(['a', NOW, 1]))).rejects.toMatchObject(closed);
    await expect(store.select(everything)).rejects.toMatchObject(closed);
  });

  test('a second store on the same directory', async () => {
    const dir = temporaryDirectory();
    const store = await openStore(dir);
    await expect(openStore(dir)).rejects.toThrow(`in use by this process (pid ${process.pid})`);
    await store.close();
    await (await openStore(dir)).close();
  });

  test('a selection of more samples than the limit', async () => {
    const store = await openStore(temporaryDirectory(), { maxSelectedSamples: 10 });
    await store.append(ramp(['a'], NOW - HOUR, 10));
    expect(await valuesOf(store, 'a')).toHaveLength(10);
    await store.append(batch(['b', NOW, 1]));
    await expect(store.select(everything)).rejects.toMatchObject({ code: 'DWCP_QUERY_FAILED' });
    await store.close();
  });
});

describe('what is kept', () => {
  test('samples and metadata are there after a restart, from the log and from blocks', async () => {
    const dir = temporaryDirectory();
    const meaning = { name: 'a', type: 'gauge', help: 'Hülp.', unit: '' } as const;
    let store = await openStore(dir);
    store.putMetadata([meaning]);
    await store.append(ramp(['a', 'b'], NOW - HOUR, 3));
    await store.close();

    store = await openStore(dir);
    expect(store.stats()).toMatchObject({ blockCount: 0, headSampleCount: 6, replayedSamples: 6 });
    const before = await contents(store);
    expect(before['a']).toHaveLength(3);
    expect(store.metadata()).toEqual([meaning]);
    await store.seal();
    expect(store.stats()).toMatchObject({ blockCount: 1, headSampleCount: 0, walBytes: 0 });
    expect(await contents(store)).toEqual(before);
    await store.close();

    store = await openStore(dir);
    expect(store.stats()).toMatchObject({ blockCount: 1, headSampleCount: 0, replayedSamples: 0 });
    expect(await contents(store)).toEqual(before);
    expect(store.metadata()).toEqual([meaning]);
    await store.close();
  });

  test('the newest sample is known after a restart: repeats are accepted, disorder is not', async () => {
    const dir = temporaryDirectory();
    for (const sealed of [false, true]) {
      let store = await openStore(dir);
      const name = `sealed ${sealed}`;
      await store.append(batch([name, NOW, 1], [name, NOW + 1, -0]));
      if (sealed) await store.seal();
      await store.close();
      store = await openStore(dir);
      expect(await store.append(batch([name, NOW + 1, -0]))).toEqual({ appended: 1, rejected: {} });
      expect(await store.append(batch([name, NOW + 1, 0], [name, NOW, 2]))).toEqual({
        appended: 0,
        rejected: { duplicate: 1, 'out-of-order': 1 },
      });
      expect(await valuesOf(store, name)).toEqual([1, -0]);
      await store.close();
    }
  });

  test('series defined before a seal can be read from the log written after it', async () => {
    const dir = temporaryDirectory();
    let store = await openStore(dir);
    await store.append(batch(['a', NOW, 1]));
    await store.seal();
    await store.append(batch(['a', NOW + 1, 2]));
    await store.close();
    store = await openStore(dir);
    expect(await valuesOf(store, 'a')).toEqual([1, 2]);
    await store.close();
  });

  test('strings that are no Unicode are the same series before and after a restart', async () => {
    const dir = temporaryDirectory();
    let store = await openStore(dir);
    const append = async (x: string, unixMs: number): Promise<void> => {
      const builder = new SampleBatchBuilder();
      builder.add(Labels.from({ x }), unixMs, 1);
      await store.append(builder.build());
    };
    await append('\ud800', NOW);
    await append('\ufffd', NOW + 1);
    await store.close();
    store = await openStore(dir);
    await append('\ud800', NOW + 2);
    const [only, ...others] = await store.select(everything);
    expect(others).toEqual([]);
    expect(only?.labels.get('x')).toBe('\ufffd');
    expect(only?.timestamps).toHaveLength(3);
    await store.close();
  });

  test('a batch of more rows than one log record holds', async () => {
    const dir = temporaryDirectory();
    let store = await openStore(dir);
    expect(await store.append(ramp(['a', 'b'], NOW - DAY, 70_000))).toMatchObject({
      appended: 140_000,
    });
    await store.close();
    store = await openStore(dir);
    expect((await valuesOf(store, 'b')).at(-1)).toBe(69_999);
    await store.seal();
    expect(await valuesOf(store, 'a')).toHaveLength(70_000);
    await store.close();
  });

  test('metadata that a failed log write lost is in the next manifest', async () => {
    const dir = temporaryDirectory();
    let failing = true;
    const fileSystem = new FaultyFileSystem(nodeFileSystem, (operation, path) =>
      failing && operation === 'write' && path.endsWith('.wal') ? 'half' : 'work',
    );
    let store = await openStore(dir, { fileSystem });
    store.putMetadata([{ name: 'a', type: 'gauge', help: '', unit: '' }]);
    await expect(store.append(batch(['a', NOW, 1]))).rejects.toMatchObject({ retryable: true });
    failing = false;
    await store.append(batch(['a', NOW, 1]));
    await store.seal();
    await store.close();
    store = await openStore(dir);
    expect(store.metadata()).toHaveLength(1);
    await store.close();
  });
});

describe('a full disk', () => {
  test('an append fails and leaves nothing; the same append later is stored, not taken for a repeat', async () => {
    const dir = temporaryDirectory();
    let full = false;
    const fileSystem = new FaultyFileSystem(nodeFileSystem, (operation) =>
      full && operation === 'write' ? 'half' : 'work',
    );
    let store = await openStore(dir, { fileSystem });
    await store.append(batch(['a', NOW, 1]));
    full = true;
    const lost = batch(['a', NOW + 1, 2], ['new', NOW, 1]);
    const outcomes = await Promise.allSettled([store.append(lost), store.append(lost)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { retryable: true } });
    }
    expect(Object.keys(await contents(store))).toEqual(['a']);
    expect(await valuesOf(store, 'a')).toEqual([1]);
    expect(store.stats()).toMatchObject({ seriesCount: 1, failedWalWrites: 1 });
    full = false;
    expect(await store.append(lost)).toEqual({ appended: 2, rejected: {} });
    await store.close();
    store = await openStore(dir);
    expect(await valuesOf(store, 'a')).toEqual([1, 2]);
    expect(await valuesOf(store, 'new')).toEqual([1]);
    await store.close();
  });

  test('a block that cannot be written is tried again in a minute; its samples stay readable', async () => {
    const clock = new ManualClock();
    let full = true;
    const fileSystem = new FaultyFileSystem(nodeFileSystem, (operation, path) =>
      full && operation === 'write' && path.includes('.block') ? 'half' : 'work',
    );
    const errors: string[] = [];
    const log: Log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (_, message) => errors.push(message),
      child: () => log,
    };
    const store = await openStore(temporaryDirectory(), {
      clock,
      fileSystem,
      log,
      maxHeadSamples: 4,
    });
    await store.append(ramp(['a'], NOW - HOUR, 5));
    await settled(store);
    expect(store.stats().failedSeals).toBe(1);
    expect(errors).toEqual(['could not write a metric block; trying again in a minute']);
    await store.append(batch(['a', NOW, 9]));
    expect(await valuesOf(store, 'a')).toEqual([0, 1, 2, 3, 4, 9]);
    full = false;
    await clock.advance(MINUTE);
    await settled(store);
    expect(store.stats().blockCount).toBe(1);
    expect(await valuesOf(store, 'a')).toEqual([0, 1, 2, 3, 4, 9]);
    await store.close();
  });
});

describe('sealing', () => {
  test('by age, by samples, and by the time a restarted head spans', async () => {
    const clock = new ManualClock();
    const dir = temporaryDirectory();
    let store = await openStore(dir, { clock, maxHeadSamples: 10 });
    await store.append(batch(['a', NOW, 1]));
    await clock.advance(29 * MINUTE);
    await store.append(batch(['a', NOW + 1, 1]));
    expect(store.stats().blockCount).toBe(0);
    await clock.advance(MINUTE);
    await store.append(batch(['a', NOW + 2, 1]));
    await settled(store);
    expect(store.stats().blockCount).toBe(1);
    await store.append(ramp(['b'], NOW, 10));
    await settled(store);
    expect(store.stats().blockCount).toBe(2);
    await store.close();

    store = await openStore(dir);
    await store.append(ramp(['c'], NOW - 2 * DAY, 100_000));
    await store.close();
    store = await openStore(dir);
    await settled(store);
    expect(store.stats().blockCount).toBe(3);
    await store.close();
  });

  test('samples that come late or are imported do not make a young head an old one', async () => {
    const store = await openStore(temporaryDirectory());
    await store.append(ramp(['imported'], NOW - 2 * DAY, 100_000));
    await store.append(batch(['live', NOW, 1]));
    await settled(store);
    expect(store.stats()).toMatchObject({ blockCount: 0, headSampleCount: 100_001 });
    await store.close();
  });

  test('a selection begun at any moment of a seal has every sample once', async () => {
    const store = await openStore(temporaryDirectory());
    const names = Array.from({ length: 40 }, (_, i) => `m${i}`);
    let count = 0;
    for (let round = 0; round < 3; round++) {
      await store.append(ramp(names, NOW - HOUR + count * 1_000, 600));
      count += 600;
      let sealed = false;
      const sealing = store.seal().then(() => {
        sealed = true;
      });
      let reads = 0;
      while (!sealed) {
        const extra = batch(['m0', NOW - HOUR + count++ * 1_000, 0]);
        await store.append(extra);
        const found = await store.select(everything);
        expect(found).toHaveLength(40);
        for (const { labels, timestamps } of found) {
          const isFirst = labels.metricName === 'm0';
          const others = (timestamps.at(-1) ?? 0) - (timestamps[0] ?? 0);
          expect(timestamps).toHaveLength(isFirst ? count : others / 1_000 + 1 - gaps(timestamps));
        }
        reads++;
      }
      await sealing;
      expect(reads).toBeGreaterThan(0);
    }
    await store.close();
  });

  test('appends during a seal are in the log behind it, not lost and not doubled by a restart', async () => {
    const dir = temporaryDirectory();
    let store = await openStore(dir);
    await store.append(ramp(['a', 'b', 'c'], NOW - HOUR, 1_000));
    const sealing = store.seal();
    for (let i = 0; i < 10; i++) await store.append(batch(['a', NOW + i, i]));
    await sealing;
    await store.close();
    store = await openStore(dir);
    expect(store.stats()).toMatchObject({ blockCount: 1 });
    expect(store.stats().headSampleCount).toBeGreaterThan(0);
    expect(await valuesOf(store, 'a')).toHaveLength(1_010);
    await store.close();
  });

  test('an empty head makes no block', async () => {
    const store = await openStore(temporaryDirectory());
    await store.seal();
    expect(store.stats().blockCount).toBe(0);
    await store.close();
  });

  test('closing during a seal leaves the samples in the log', async () => {
    const dir = temporaryDirectory();
    let store = await openStore(dir);
    await store.append(ramp(['a', 'b', 'c'], NOW - HOUR, 3_000));
    const sealing = store.seal();
    const [outcome] = await Promise.allSettled([sealing, store.close()]);
    expect(outcome.status).toBe('rejected');
    store = await openStore(dir);
    expect(await valuesOf(store, 'c')).toHaveLength(3_000);
    await store.close();
  });
});

describe('merging and retention', () => {
  const fill = async (
    store: EmbeddedMetricStore,
    blocks: number,
    startUnixMs: number,
  ): Promise<void> => {
    for (let i = 0; i < blocks; i++) {
      await store.append(ramp(['a', `only${i}`], startUnixMs + i * MINUTE, 60));
      await store.seal();
    }
  };

  test('eight neighbours become one block with the same samples', async () => {
    const dir = temporaryDirectory();
    let store = await openStore(dir);
    await fill(store, 9, NOW - HOUR);
    const before = await contents(store);
    expect(store.stats().blockCount).toBe(9);
    await store.maintain();
    expect(store.stats().blockCount).toBe(2);
    expect(await contents(store)).toEqual(before);
    await store.close();
    expect(readdirSync(join(dir, 'blocks')).toSorted()).toEqual([
      '00000001-00000008.block',
      '00000009-00000009.block',
      'manifest',
    ]);
    store = await openStore(dir);
    expect(await contents(store)).toEqual(before);
    await store.close();
  });

  test('blocks that late samples made long are merged too', async () => {
    const store = await openStore(temporaryDirectory());
    for (let i = 0; i < 8; i++) {
      await store.append(batch(['late', NOW - 10 * DAY + i, i], ['live', NOW - DAY + i * HOUR, i]));
      await store.seal();
    }
    const before = await contents(store);
    await store.maintain();
    // By where they end: 3, 4 and 5, 6 and 7, 8 and 9, 10 o'clock.
    expect(store.stats().blockCount).toBe(5);
    expect(await contents(store)).toEqual(before);
    await store.close();
  });

  test('a selection that began before a merge ends well after it', async () => {
    const store = await openStore(temporaryDirectory());
    await fill(store, 8, NOW - HOUR);
    const selecting = contents(store);
    await store.maintain();
    expect(store.stats().blockCount).toBe(1);
    expect(await selecting).toEqual(await contents(store));
    await store.close();
  });

  test('blocks past the retention go hourly, with the series only they had', async () => {
    const clock = new ManualClock();
    const dir = temporaryDirectory();
    const store = await openStore(dir, { clock, retentionMs: 2 * HOUR });
    await store.append(batch(['old', NOW - HOUR, 1], ['both', NOW - HOUR, 1]));
    await store.seal();
    await clock.advance(HOUR);
    await store.append(batch(['both', NOW + HOUR, 2]));
    await store.seal();
    await clock.advance(HOUR);
    expect(store.stats().blockCount).toBe(2);
    await clock.advance(HOUR);
    // With nothing to do this does nothing but wait for its turn.
    await store.maintain();
    expect(store.stats().blockCount).toBe(1);
    expect(store.stats().seriesCount).toBe(1);
    expect(await valuesOf(store, 'both')).toEqual([2]);
    const matchers = [{ name: '__name__', operator: '=', value: 'old' }] as const;
    expect(await store.series({ ...everything, matchers })).toEqual([]);
    expect(readdirSync(join(dir, 'blocks'))).toHaveLength(2);
    await store.close();
  });

  test('ids of series that are gone are used again, so that heads and records stay small', async () => {
    const clock = new ManualClock();
    const store = await openStore(temporaryDirectory(), { clock, retentionMs: HOUR });
    const sizes: number[] = [];
    for (let round = 0; round < 10; round++) {
      const names = Array.from({ length: 100 }, (_, i) => `${round} ${i}`);
      await store.append(ramp(names, clock.nowUnixMs(), 1));
      sizes.push(store.stats().walBytes);
      await store.seal();
      clock.setUnixMs(clock.nowUnixMs() + 2 * HOUR);
      await store.maintain();
      expect(store.stats().seriesCount).toBe(0);
    }
    // Ids from 128 on would take a byte more each, a hundred in a record.
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(50);
    await store.close();
  });
});

test('timers of an open store do not outlive it', async () => {
  const clock = new ManualClock();
  const store = await EmbeddedMetricStore.open({ dir: temporaryDirectory(), clock });
  expect(clock.timerCount).toBe(1);
  await store.close();
  expect(clock.timerCount).toBe(0);
});

/** Waits for the work the store began by itself: tasks run one after the other. */
async function settled(store: EmbeddedMetricStore): Promise<void> {
  await store.maintain();
}

/** Whole seconds missing between neighbours. */
function gaps(timestamps: Float64Array): number {
  let missing = 0;
  for (let i = 1; i < timestamps.length; i++) {
    missing += ((timestamps[i] ?? 0) - (timestamps[i - 1] ?? 0)) / 1_000 - 1;
  }
  return missing;
}
