// Scrapes many real HTTP targets, each every second, and prints what became of them.
//   npx -c 'node --conditions=@dwcp/source packages/modules/metrics-collector/bench/scrape-targets.ts 1000 25'
// Arguments: targets, seconds, series per target. Prometheus and vmagent follow, where they are installed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { constants, PerformanceObserver } from 'node:perf_hooks';

import { type Labels, type MetricStore, type SampleBatch, systemClock } from '@dwcp/core';
import { InstrumentRegistry, parseScrapeConfigs, Scraper } from '@dwcp/metrics-collector';

import { measurePeers } from './scrape-peers.ts';

const [targetCount = 1_000, seconds = 25, seriesPerTarget = 20] = process.argv.slice(2).map(Number);

/** Counts and judges timestamps; stores nothing, so that the figures are the scraper's own. */
class JudgingStore {
  scrapes = 0;
  samples = 0;
  otherSteps = 0;
  duplicates = 0;
  down = 0;
  readonly lagsMs: number[] = [];
  readonly stepsMs = new Map<number, number>();
  readonly #last = new Map<Labels, number>();

  append(batch: SampleBatch): Promise<{ appended: number; rejected: object }> {
    this.samples += batch.labels.length;
    for (const [row, labels] of batch.labels.entries()) {
      const unixMs = batch.timestamps[row] ?? 0;
      const before = this.#last.get(labels);
      this.#last.set(labels, unixMs);
      const isUp = labels.metricName === 'up';
      if (isUp) {
        this.scrapes++;
        if (batch.values[row] !== 1) this.down++;
        // From the slot to the hand-over to the store.
        this.lagsMs.push(Date.now() - unixMs);
      }
      if (before === undefined) continue;
      const stepMs = unixMs - before;
      if (stepMs === 0) this.duplicates++;
      if (stepMs !== 1_000) this.otherSteps++;
      if (isUp) this.stepsMs.set(stepMs, (this.stepsMs.get(stepMs) ?? 0) + 1);
    }
    return Promise.resolve({ appended: batch.labels.length, rejected: {} });
  }

  putMetadata(): void {}
}

const child = spawn(
  process.execPath,
  [join(import.meta.dirname, 'exposition-server.ts'), String(seriesPerTarget)],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
const address = `127.0.0.1:${chunk.toString().trim()}`;

const store = new JudgingStore();
const instruments = new InstrumentRegistry({ clock: systemClock });
const static_configs = Array.from({ length: targetCount }, (_, i) => ({
  targets: [address],
  labels: { __metrics_path__: `/t${i}`, instance: `t${i}` },
}));
const scrapeConfigs = [
  { job_name: 'bench', scrape_interval: '1s', scrape_timeout: '1s', static_configs },
];
const jobs = parseScrapeConfigs(scrapeConfigs, 'code');
const scraper = new Scraper({
  jobs,
  store: store as unknown as MetricStore,
  clock: systemClock,
  instruments,
  externalLabels: { region: 'eu' },
});
scraper.start();
const alive = setInterval(() => undefined, 1_000);
await systemClock.sleep(5_000);
// Warm: the figures are of the steady state.
Object.assign(store, { scrapes: 0, samples: 0, otherSteps: 0, duplicates: 0, down: 0 });
store.lagsMs.length = 0;
store.stepsMs.clear();
// What holds the loop up from inside; the rest of the lateness is the machine's.
let longestMajorMs = 0;
let collectionMs = 0;
const collections = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { duration, detail } = entry as typeof entry & {
      readonly detail: { readonly kind: number };
    };
    collectionMs += duration;
    if (detail.kind !== constants.NODE_PERFORMANCE_GC_MINOR) {
      longestMajorMs = Math.max(longestMajorMs, duration);
    }
  }
});
collections.observe({ entryTypes: ['gc'] });
const startMs = performance.now();
const startCpu = process.cpuUsage();
await systemClock.sleep(seconds * 1_000);
const { user, system } = process.cpuUsage(startCpu);
const tookSeconds = (performance.now() - startMs) / 1_000;
const { scrapes, samples, otherSteps, duplicates, down, lagsMs, stepsMs } = store;
const metrics = await instruments.expose('text');
const missed = /^dwcp_scrape_missed_slots_total\S* (\d+)$/m.exec(metrics)?.[1] ?? '0';
lagsMs.sort((a, b) => a - b);
const quantile = (q: number): number => lagsMs[Math.floor(q * (lagsMs.length - 1))] ?? Number.NaN;
console.log(
  [
    `${targetCount} targets at 1 s, ${seriesPerTarget} series each, ${tookSeconds.toFixed(1)} s`,
    `scrapes/s            ${(scrapes / tookSeconds).toFixed(1)}`,
    `samples/s            ${(samples / tookSeconds).toFixed(0)}`,
    `targets down         ${down}`,
    `missed slots         ${missed}`,
    `duplicate timestamps ${duplicates}`,
    `steps not 1,000 ms   ${otherSteps} of ${samples} samples`,
    `CPU per scrape       ${((user + system) / scrapes / 1_000).toFixed(3)} ms (user ${(user / scrapes / 1_000).toFixed(3)})`,
    `CPU of the process   ${(((user + system) / 1e6 / tookSeconds) * 100).toFixed(0)} % of a core`,
    `slot to store        p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, max ${quantile(1)} ms`,
    `garbage collection   ${((collectionMs / (tookSeconds * 1_000)) * 100).toFixed(1)} % of the time, longest major ${longestMajorMs.toFixed(0)} ms`,
    `RSS                  ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`,
    `steps by size        ${[...stepsMs]
      .sort(([, a], [, b]) => b - a)
      .slice(0, 8)
      .map(([ms, n]) => `${ms}: ${n}`)
      .join(', ')}`,
  ].join('\n'),
);
await scraper[Symbol.asyncDispose]();
for (const { name, userMs, systemMs } of await measurePeers(scrapeConfigs, {
  targets: targetCount,
  seconds,
})) {
  console.log(
    `${name.padEnd(20)} ${(userMs + systemMs).toFixed(3)} ms of CPU per scrape (user ${userMs.toFixed(3)})`,
  );
}
clearInterval(alive);
child.kill();
