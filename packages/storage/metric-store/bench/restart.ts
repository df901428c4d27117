// Prints how long a store takes to open: after a kill, with all samples in its log, and with all in
// blocks. The bars: 5 s for 10 million samples in the log, 1 s for a billion in blocks.
//   npx -c 'node --conditions=@dwcp/source packages/storage/metric-store/bench/restart.ts 10 1000'
// The numbers are millions of samples, in the log and in blocks (default 10 and 200). A billion takes ten
// minutes to make, and 3 GB below DWCP_BENCH_DIR or the system's folder for such.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Labels, systemClock } from '@dwcp/core';
import { EmbeddedMetricStore, type EmbeddedMetricStoreOptions } from '@dwcp/metric-store';

const SERIES = 10_000;
/** Rounds in one append: the log takes few large records as well as many small ones. */
const ROUNDS_PER_APPEND = 6;
const STEP_MS = 15_000;
const OPENS = 3;

const series = Array.from({ length: SERIES }, (_, i) =>
  Labels.from({
    __name__: `node_metric_${i % 500}_total`,
    instance: `host-${Math.floor(i / 500)}:9100`,
    job: 'node',
    region: 'eu-west-1',
  }),
);
const rows = Array.from({ length: ROUNDS_PER_APPEND }, () => series).flat();

function open(
  dir: string,
  options: Partial<EmbeddedMetricStoreOptions> = {},
): Promise<EmbeddedMetricStore> {
  return EmbeddedMetricStore.open({
    dir,
    clock: systemClock,
    retentionMs: Number.POSITIVE_INFINITY,
    blockMs: Number.POSITIVE_INFINITY,
    maxHeadSamples: Number.POSITIVE_INFINITY,
    ...options,
  });
}

/** The same 32-bit numbers in each run: a linear congruential generator (Numerical Recipes). */
let seed = 1;
const random = (): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0);

/** Every series gets so many samples, every 15 seconds up to now: whole counters of uneven steps. */
async function fill(
  store: EmbeddedMetricStore,
  rounds: number,
  onRounds: (done: number) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const startUnixMs = Date.now() - rounds * STEP_MS;
  const timestamps = new Float64Array(rows.length);
  const values = new Float64Array(rows.length);
  for (let round = 0; round < rounds; round += ROUNDS_PER_APPEND) {
    const count = Math.min(ROUNDS_PER_APPEND, rounds - round) * SERIES;
    for (let i = 0; i < count; i++) {
      const at = round + Math.floor(i / SERIES);
      timestamps[i] = startUnixMs + at * STEP_MS;
      values[i] = at * 16 + (random() >>> 28);
    }
    await store.append({
      labels: count === rows.length ? rows : rows.slice(0, count),
      timestamps: timestamps.subarray(0, count),
      values: values.subarray(0, count),
    });
    await onRounds(round + ROUNDS_PER_APPEND);
  }
}

interface Opened {
  readonly ms: number;
  readonly rss: number;
  readonly stats: ReturnType<EmbeddedMetricStore['stats']>;
}

/** For the process that is started to open a store: after a restart nothing is compiled or cached. */
async function printOpen(dir: string): Promise<void> {
  const start = performance.now();
  const store = await open(dir);
  const ms = performance.now() - start;
  const opened: Opened = { ms, rss: process.memoryUsage.rss(), stats: store.stats() };
  console.log(JSON.stringify(opened));
  await store.close();
}

function measureOpen(what: string, dir: string, barMs: number): void {
  const opened = Array.from({ length: OPENS }, () => {
    const args = ['--conditions=@dwcp/source', import.meta.filename, 'open', dir];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Opened;
  });
  const [first] = opened;
  if (first === undefined) return;
  const { seriesCount, blockCount, sizeBytes, headSampleCount } = first.stats;
  console.log(
    `${what}: ${seriesCount} series, ${headSampleCount} samples in the log, ${blockCount} ` +
      `blocks, ${(sizeBytes / 1e6).toFixed(0)} MB`,
  );
  const isMet = opened.every(({ ms }) => ms <= barMs);
  console.log(
    `open: ${opened.map(({ ms }) => `${ms.toFixed(0)} ms`).join(', ')}; bar ${barMs} ms ` +
      `${isMet ? 'met' : 'MISSED'}; RSS then ${(first.rss / 1e6).toFixed(0)} MB`,
  );
}

async function measureLog(dir: string, millions: number): Promise<void> {
  const store = await open(dir);
  await fill(store, (millions * 1e6) / SERIES);
  await store.close();
  measureOpen(`${millions} million samples in the log`, dir, 5_000);
}

async function measureBlocks(dir: string, millions: number): Promise<void> {
  const start = performance.now();
  // Blocks of 20 million samples each, merged as they come.
  const store = await open(dir);
  let sealed = 0;
  await fill(store, (millions * 1e6) / SERIES, async (done) => {
    if (done - sealed < 2_000) return;
    sealed = done;
    await store.seal();
    await store.maintain();
  });
  await store.seal();
  await store.maintain();
  await store.close();
  console.log(`made in ${((performance.now() - start) / 1_000).toFixed(0)} s`);
  measureOpen(`${millions} million samples in blocks`, dir, 1_000);
}

async function main(): Promise<void> {
  const [first = '10', second = '200'] = process.argv.slice(2);
  if (first === 'open') {
    await printOpen(second);
    return;
  }
  const root = mkdtempSync(join(process.env['DWCP_BENCH_DIR'] ?? tmpdir(), 'dwcp-restart-'));
  try {
    if (Number(first) > 0) await measureLog(join(root, 'log'), Number(first));
    rmSync(join(root, 'log'), { recursive: true, force: true });
    if (Number(second) > 0) await measureBlocks(join(root, 'blocks'), Number(second));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

await main();
