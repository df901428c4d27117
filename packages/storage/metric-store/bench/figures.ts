// Prints append/s, replay/s, bytes per sample and the longest event-loop stall of the store.
//   npx -c 'node --conditions=@dwcp/source packages/storage/metric-store/bench/figures.ts 800 6250'
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Labels, systemClock } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';

const [seriesCount = 800, rounds = 6_250] = process.argv.slice(2).map(Number);
const sampleCount = seriesCount * rounds;
const dir = mkdtempSync(join(tmpdir(), 'dwcp-figures-'));
const never = { blockMs: 1e12, maxHeadSamples: 1e9 };
const open = (): Promise<EmbeddedMetricStore> =>
  EmbeddedMetricStore.open({ dir, clock: systemClock, ...never });

const labels = Array.from({ length: seriesCount }, (_, i) =>
  Labels.from({
    __name__: `metric_${i % 40}_total`,
    instance: `host-${Math.floor(i / 40)}:9100`,
    job: 'node',
    region: 'eu-west-1',
    device: `sd${i % 7}`,
  }),
);

/** Numbers in [0, 1), the same in each run: a linear congruential generator (Numerical Recipes). */
let seed = 1;
const random = (): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;

/** Like a node_exporter: constants, whole counters, seconds with two decimals, gauges, floats. */
const state = new Float64Array(seriesCount);
const step = (i: number): number => {
  const kind = i % 20;
  if (kind < 8) return i;
  if (kind < 12) return (state[i] = (state[i] ?? 0) + Math.floor(random() * 20));
  if (kind < 16) return Math.round((state[i] = (state[i] ?? 0) + random()) * 100) / 100;
  if (kind < 19) return Math.floor(8e9 + random() * 1e6) * 4_096;
  return random();
};

interface Measured {
  readonly ms: number;
  readonly cpuMs: number;
  readonly stallMs: number;
}

async function measure(work: () => Promise<unknown>): Promise<Measured> {
  let stallMs = 0;
  let last = performance.now();
  const ticker = setInterval(() => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - last - 1);
    last = now;
  }, 1);
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuStart);
  stallMs = Math.max(stallMs, performance.now() - last - 1);
  clearInterval(ticker);
  return { ms, cpuMs: (user + system) / 1_000, stallMs };
}

function report(what: string, samples: number, { ms, cpuMs, stallMs }: Measured): void {
  const rate = (of: number): string => `${(samples / of / 1_000).toFixed(2)} M/s`;
  console.log(
    `${what.padEnd(12)} ${ms.toFixed(0).padStart(6)} ms ${rate(ms).padStart(10)}` +
      ` ${rate(cpuMs).padStart(10)} per CPU second, stall ${stallMs.toFixed(0)} ms,` +
      ` RSS ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`,
  );
}

try {
  const startUnixMs = Date.now() - rounds * 1_000;
  let store = await open();
  const timestamps = new Float64Array(seriesCount);
  const values = new Float64Array(seriesCount);
  const appended = await measure(async () => {
    for (let round = 0; round < rounds; round++) {
      timestamps.fill(startUnixMs + round * 1_000);
      for (let i = 0; i < seriesCount; i++) values[i] = step(i);
      await store.append({ labels, timestamps, values });
    }
  });
  console.log(`${seriesCount} series, ${rounds} seconds, ${sampleCount / 1e6} M samples`);
  report('append', sampleCount, appended);
  console.log(`log          ${(store.stats().walBytes / sampleCount).toFixed(2)} bytes/sample`);
  await store.close();

  const replayed = await measure(async () => {
    store = await open();
  });
  report('replay', sampleCount, replayed);
  report('seal', sampleCount, await measure(() => store.seal()));
  console.log(`block        ${(store.stats().blockBytes / sampleCount).toFixed(2)} bytes/sample`);
  const range = { startUnixMs: 0, endUnixMs: Number.POSITIVE_INFINITY };
  const matchers = [{ name: '__name__', operator: '=', value: 'metric_9_total' }] as const;
  const one = seriesCount / 40;
  report('select one', one * rounds, await measure(() => store.select({ matchers, ...range })));
  const all = await measure(() => store.select({ matchers: [], ...range }));
  report('select all', sampleCount, all);
  await store.close();
  const opened = await measure(async () => {
    store = await open();
  });
  report('open blocks', sampleCount, opened);
  await store.close();
} finally {
  rmSync(dir, { recursive: true });
}
