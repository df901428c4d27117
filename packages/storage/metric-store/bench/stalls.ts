// How long the event loop stands still while samples come at a fixed rate and blocks are sealed,
// merged and removed beside that; and what ran then.
//   npx -c 'node --conditions=@dwcp/source packages/storage/metric-store/bench/stalls.ts 60 150000'
// Arguments: seconds per phase, samples per second, and `plain` for no profile. The heap is as the
// server has it, see apps/monitoring-api/bin/dwcp.js.
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';

import { type Clock, Labels, systemClock } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';

import { type Stalls, watchStalls } from './stall-watch.ts';

setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--max-semi-space-size=4');
setFlagsFromString('--heap-growing-percent=20');

const [seconds = 60, rate = 150_000] = process.argv.slice(2, 4).map(Number);
const withProfile = process.argv[4] !== 'plain';
const BATCH = 2_000;
/** Of each batch. */
const EXEMPLARS = 50;
/** Of the samples of one series, in their own time. */
const INTERVAL_MS = 15_000;
const HOUR_MS = 3_600_000;

/** The wall clock may be set forward; else it is the system's. */
class JumpingClock implements Clock {
  aheadMs = 0;
  readonly nowUnixMs = (): number => systemClock.nowUnixMs() + this.aheadMs;
  readonly nowUnixNano = (): bigint => BigInt(this.nowUnixMs()) * 1_000_000n;
  readonly monotonicMs = (): number => systemClock.monotonicMs();
  readonly schedule = (delayMs: number, callback: () => void): Disposable =>
    systemClock.schedule(delayMs, callback);
  readonly sleep = (delayMs: number): Promise<void> => systemClock.sleep(delayMs);
}

function seriesOf(count: number, generation: number): readonly Labels[] {
  return Array.from({ length: count }, (_, i) =>
    Labels.from({
      __name__: `metric_${i % 400}_total`,
      instance: `host-${Math.floor(i / 400)}:9100`,
      job: 'node',
      region: 'eu-west-1',
      pod: `pod-${generation}-${i}`,
    }),
  );
}

/** Numbers in [0, 1), the same in each run: a linear congruential generator (Numerical Recipes). */
let seed = 1;
const random = (): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;

/**
 * Appends at the rate, so many seconds' worth; `unixMs` is the time of the first round, and what
 * follows lies behind it.
 */
async function ingest(
  store: EmbeddedMetricStore,
  labels: readonly Labels[],
  unixMs: number,
  forSeconds: number,
): Promise<number> {
  const parts = Array.from({ length: Math.ceil(labels.length / BATCH) }, (_, i) =>
    labels.slice(i * BATCH, (i + 1) * BATCH),
  );
  const counters = new Float64Array(labels.length);
  const startMs = performance.now();
  let sent = 0;
  let refused = 0;
  let failure: Error | undefined;
  for (let part = 0; sent < rate * forSeconds; part++) {
    const dueMs = startMs + (sent / rate) * 1_000;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    // One batch a turn, also when it is late: what comes from sockets comes so.
    else await nextTurn();
    if (failure !== undefined) throw failure;
    const at = part % parts.length;
    const rows = parts[at] ?? [];
    const timestamps = new Float64Array(rows.length).fill(
      unixMs + Math.floor(part / parts.length) * INTERVAL_MS + at,
    );
    const values = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const series = at * BATCH + i;
      const next = (counters[series] ?? 0) + Math.floor(random() * 20);
      values[i] = counters[series] = next;
    }
    sent += rows.length;
    const exemplars = rows.slice(0, EXEMPLARS).map((series, i) => ({
      series,
      exemplar: {
        labels: Labels.from({ trace_id: `${part}-${i}` }),
        value: 1,
        unixMs: timestamps[0] ?? 0,
      },
    }));
    store.append({ labels: rows, timestamps, values, exemplars }).then(
      ({ appended }) => {
        refused += rows.length - appended;
      },
      (error: Error) => {
        failure = error;
      },
    );
  }
  if (refused > 0) throw new Error(`${refused} samples were refused`);
  return unixMs + Math.ceil(sent / labels.length + 1) * INTERVAL_MS;
}

function report(what: string, stalls: Stalls, store: EmbeddedMetricStore): void {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const { seriesCount, blockCount, headSampleCount } = store.stats();
  console.log(
    `${what}: turns p50 ${ms(stalls.p50Ms)}, p99 ${ms(stalls.p99Ms)}, max ${ms(stalls.maxMs)}; ` +
      `of this thread's own work max ${ms(stalls.maxCpuMs)}, ${stalls.over20} over 20 ms; ` +
      `monitorEventLoopDelay p50 ${ms(stalls.delayP50Ms)}, p99 ${ms(stalls.delayP99Ms)}, ` +
      `max ${ms(stalls.delayMaxMs)}; gc max ${ms(stalls.longestGcMs)}`,
  );
  console.log(
    `  ${seriesCount} series, ${blockCount} blocks, ${headSampleCount} samples in the head, ` +
      `RSS ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB, load ${loadavg()[0]?.toFixed(2)}`,
  );
  for (const line of stalls.longest) console.log(`    ${line}`);
}

const dir = mkdtempSync(join(tmpdir(), 'dwcp-stalls-'));
try {
  const clock = new JumpingClock();
  const store = await EmbeddedMetricStore.open({
    dir,
    clock,
    maxHeadSamples: Math.round(rate * 5),
    retentionMs: 48 * HOUR_MS,
    maxAheadMs: 48 * HOUR_MS,
  });
  let unixMs = clock.nowUnixMs() - 24 * HOUR_MS;
  const phase = async (what: string, work: () => Promise<void>): Promise<void> => {
    report(what, await watchStalls(work, { withProfile }), store);
  };
  const few = seriesOf(10_000, 0);
  const oneRound = (labels: readonly Labels[]): number => labels.length / rate;
  // The code is cold before.
  unixMs = await ingest(store, few, unixMs, 5);
  await phase('10,000 series', async () => {
    unixMs = await ingest(store, few, unixMs, seconds);
  });
  const many = seriesOf(100_000, 1);
  await phase('100,000 new series come', async () => {
    unixMs = await ingest(store, many, unixMs, oneRound(many));
  });
  await phase('100,000 series', async () => {
    unixMs = await ingest(store, many, unixMs, seconds);
  });
  const others = seriesOf(100_000, 2);
  await phase('100,000 new series come', async () => {
    unixMs = await ingest(store, others, unixMs, oneRound(others));
  });
  await phase('100,000 other series', async () => {
    unixMs = await ingest(store, others, unixMs, seconds);
  });
  await phase('100,000 series, cardinality every second', async () => {
    const tookMs: number[] = [];
    const asking = setInterval(() => {
      const startMs = performance.now();
      void store.cardinality(10).then(() => tookMs.push(performance.now() - startMs));
    }, 1_000);
    unixMs = await ingest(store, others, unixMs, 10);
    clearInterval(asking);
    console.log(`cardinality took ${tookMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  });
  await phase('the series of all blocks are forgotten', async () => {
    clock.aheadMs = 96 * HOUR_MS;
    const done = store.maintain();
    unixMs = await ingest(store, few, clock.nowUnixMs(), 20);
    await done;
  });
  await store.close();
} finally {
  rmSync(dir, { recursive: true });
}
