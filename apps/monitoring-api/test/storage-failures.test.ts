// What docs/guides/storage-failures.md states of a clock that is set, and of a store that fails.
import { type AppendResult, BackendError, Labels, SampleBatchBuilder } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { parseConfig } from '#src/config/parse-config.ts';
import { codeSource } from '#src/config/source.ts';
import { DeferredMetricStore, type LocalMetricStore } from '#src/runtime/deferred-stores.ts';
import { Runtime } from '#src/runtime/runtime.ts';

import { TemporaryFolder } from './platform.ts';

const HOUR_MS = 3_600_000;
const known = Labels.from({ __name__: 'known' });
const REFUSED = { appended: 0, rejected: { 'out-of-order': 1 } };
const TAKEN = { appended: 1, rejected: {} };

let folder: TemporaryFolder;
let clock: ManualClock;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
  clock = new ManualClock(Date.parse('2026-01-02T03:04:05Z'));
});
afterEach(() => folder[Symbol.asyncDispose]());

function setClockBy(stepMs: number): void {
  clock.setUnixMs(clock.nowUnixMs() + stepMs);
}

describe('samples of a clock that was set', () => {
  let store: EmbeddedMetricStore;
  beforeEach(async () => {
    store = await EmbeddedMetricStore.open({ dir: folder.path, clock });
    await append(known);
    await clock.advance(1_000);
  });
  afterEach(() => store.close());

  /** A sample of now, or of another moment. */
  function append(series: Labels, unixMs = clock.nowUnixMs()): Promise<AppendResult> {
    const batch = new SampleBatchBuilder();
    batch.add(series, unixMs, 1);
    return store.append(batch.build());
  }

  test('back by an hour: refused and counted until it has caught up, but for new series', async () => {
    setClockBy(-HOUR_MS);
    expect(await append(known)).toEqual(REFUSED);
    expect(await append(Labels.from({ __name__: 'new' }))).toEqual(TAKEN);
    await clock.advance(HOUR_MS - 2_000);
    expect(await append(known)).toEqual(REFUSED);
    expect(store.stats().rejectedSamples).toEqual({ 'out-of-order': 2 });
    await clock.advance(2_000);
    expect(await append(known)).toEqual(TAKEN);
  });

  test('back by an hour within the out-of-order window: taken', async () => {
    await store.close();
    const options = { dir: folder.path, clock, outOfOrderMs: 2 * HOUR_MS };
    store = await EmbeddedMetricStore.open(options);
    setClockBy(-HOUR_MS);
    expect(await append(known)).toEqual(TAKEN);
  });

  test('forward by an hour: taken; a sender that is an hour ahead of us is refused and counted', async () => {
    setClockBy(HOUR_MS);
    expect(await append(known)).toEqual(TAKEN);
    const ahead = await append(known, clock.nowUnixMs() + HOUR_MS);
    expect(ahead).toEqual({ appended: 0, rejected: { 'too-far-ahead': 1 } });
    expect(store.stats().rejectedSamples).toEqual({ 'too-far-ahead': 1 });
  });

  test('forward and back: deleting what lies in the future lets series go on at once', async () => {
    setClockBy(HOUR_MS);
    await append(known);
    setClockBy(-HOUR_MS);
    expect(await append(known)).toEqual(REFUSED);
    const now = clock.nowUnixMs();
    const matchers = [{ name: '__name__', operator: '=~', value: '.+' }] as const;
    const range = { startUnixMs: now, endUnixMs: now + 2 * HOUR_MS };
    await store.deleteSeries({ matchers, ...range });
    expect(await append(known)).toEqual(TAKEN);
    const [series] = await store.select({ matchers, startUnixMs: 0, endUnixMs: now + HOUR_MS * 2 });
    expect([...(series?.timestamps ?? [])]).toEqual([now - 1_000, now]);
  });
});

describe('a server whose clock was set', () => {
  let runtime: Runtime;
  let lines: { readonly level: number; readonly msg: string; readonly until?: string }[];
  beforeEach(async () => {
    lines = [];
    const settings = { dataDir: folder.path, collection: { host: false, process: false } };
    const sources = [codeSource(settings, '/')];
    const config = parseConfig({ sources, cwd: '/', hostname: 'h', defaultRegion: 'r' });
    const logDestination = {
      write: (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]),
    };
    runtime = new Runtime({ config, clock, logDestination });
    await runtime.initialize();
    await clock.advance(30_000);
    await stored();
  });
  afterEach(() => runtime.close({ timeoutMs: 1_000 }));

  /** Lets what was collected reach the disk, which no clock governs. */
  async function stored(): Promise<void> {
    const waiting = (): number =>
      runtime.status().queues.find(({ name }) => name === 'collections')?.waiting ?? 0;
    await expect
      .poll(
        async () => {
          await clock.advance(1);
          return waiting();
        },
        { interval: 5, timeout: 10_000 },
      )
      .toBe(0);
  }

  const warnings = (): readonly string[] =>
    lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);

  async function newest(): Promise<number> {
    const range = { startUnixMs: 0, endUnixMs: clock.nowUnixMs() + 2 * HOUR_MS };
    const matchers = [{ name: '__name__', operator: '=', value: 'dwcp_build_info' }] as const;
    const [series] = await runtime.metricStore.select({ matchers, ...range });
    return series?.timestamps.at(-1) ?? Number.NaN;
  }

  test('back: says so once, collects again when it has caught up, and stays ready', async () => {
    const before = await newest();
    const until = new Date(clock.nowUnixMs()).toISOString().slice(0, 16);
    setClockBy(-HOUR_MS);
    await clock.advance(60_000);
    expect(warnings()).toEqual([expect.stringContaining('the clock was set back')]);
    expect(lines.at(-1)?.until?.slice(0, 16)).toBe(until);
    await stored();
    expect(await newest()).toBe(before);
    expect(runtime.notReadyReasons()).toEqual([]);
    await clock.advance(HOUR_MS);
    await stored();
    expect(await newest()).toBeGreaterThan(before);
    expect(warnings()).toHaveLength(1);
  });

  test('forward: says so once, and collects at the new time', async () => {
    setClockBy(HOUR_MS);
    await clock.advance(60_000);
    expect(warnings()).toEqual([expect.stringContaining('the clock went forward')]);
    await stored();
    expect(await newest()).toBeGreaterThan(clock.nowUnixMs() - 15_000);
    expect(runtime.notReadyReasons()).toEqual([]);
  });

  test('by what a time service corrects, it says nothing', async () => {
    for (let i = 0; i < 10; i++) {
      setClockBy(i % 2 === 0 ? 500 : -500);
      await clock.advance(5_000);
    }
    expect(warnings()).toEqual([]);
  });
});

test('a store that cannot write is remembered until it has written', async () => {
  const failure = new BackendError('write-ahead log', 'no space', { retryable: true });
  const answers = [Promise.reject(failure), Promise.resolve(REFUSED), Promise.resolve(TAKEN)];
  class FailingStore extends MemoryMetricStore {
    override append(): Promise<AppendResult> {
      return answers.shift() ?? Promise.reject(new Error('no more answers'));
    }
  }
  const deferred = new DeferredMetricStore();
  deferred.open(new FailingStore() as unknown as LocalMetricStore);
  const batch = new SampleBatchBuilder().build();
  await expect(deferred.append(batch)).rejects.toBe(failure);
  expect(deferred.appendFailure).toBe(failure);
  // Refusing samples takes no disk.
  await deferred.append(batch);
  expect(deferred.appendFailure).toBe(failure);
  await deferred.append(batch);
  expect(deferred.appendFailure).toBeUndefined();
});
