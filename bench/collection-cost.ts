// What it costs a host process that 1,000 of its own series are collected and stored every second.
//   node --conditions=@dwcp/source bench/collection-cost.ts [SERIES] [SECONDS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { silentLog, systemClock } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { CollectionLoop, InstrumentRegistry } from '@dwcp/metrics-collector';

const BAR_PERCENT = 0.1;

const [seriesCount = 1_000, seconds = 60] = process.argv.slice(2).map(Number);
const clock = systemClock;
const dir = mkdtempSync(join(tmpdir(), 'dwcp-collection-cost-'));
const store = await EmbeddedMetricStore.open({ dir, clock });
const instruments = new InstrumentRegistry({ clock });
const counter = instruments.counter({
  name: 'bench_requests_total',
  help: 'Requests.',
  labelNames: ['route'],
});
const bound = Array.from({ length: seriesCount }, (_, i) => counter.labels({ route: `/r${i}` }));
for (const one of bound) one.inc();

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Seconds of CPU per second of time. */
async function cpuRatio(): Promise<number> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await pause(seconds * 1_000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (performance.now() - startMs);
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(3)} %`;

const idle = await cpuRatio();
const loop = new CollectionLoop({
  store,
  clock,
  intervalMs: 1_000,
  labels: { region: 'bench', instance: 'bench', job: 'bench' },
  instruments,
  log: silentLog,
});
loop.start({ atOnce: true });
// Until it is compiled.
await pause(20_000);
const collecting = await cpuRatio();
await loop[Symbol.asyncDispose]();
await store.close();
rmSync(dir, { recursive: true });
const cost = collecting - idle;
process.stdout.write(
  `${seriesCount} series every second: ${percent(cost)} of a core (${percent(collecting)} with it, ` +
    `${percent(idle)} without); bar ${BAR_PERCENT} %: ${cost * 100 <= BAR_PERCENT ? 'ok' : 'MISSED'}\n`,
);
process.exitCode = cost * 100 <= BAR_PERCENT ? 0 : 1;
