// Heavy queries beside ingestion, on the main thread and on a query worker: how long the event loop
// is held, how long an append takes until it is acknowledged, and what a query costs the main thread.
// node --conditions=@dwcp/source bench/query-workers.ts [seconds] [samples per second]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { Labels, type MetricQuery, type SampleBatch, silentLog, systemClock } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { InstrumentRegistry } from '@dwcp/metrics-collector';
import { PromqlEngine } from '@dwcp/promql';

import { QueryWorkers } from '#src/runtime/query-workers/query-workers.ts';

const [seconds = 15, samplesPerSecond = 150_000] = process.argv.slice(2).map(Number);
const STORED_SERIES = 1_000;
const DAY_MS = 86_400_000;
const SCRAPE_MS = 15_000;
const BATCHES_PER_SECOND = 10;
const QUERIES = [
  'sum by (job) (rate(stored_total[5m]))',
  'topk(5, max_over_time(stored_total[1h]))',
  'stored_total',
];

let liveRound = 0;
let liveLabels: readonly Labels[] = [];
const dir = await mkdtemp(join(tmpdir(), 'dwcp-bench-'));
const store = await EmbeddedMetricStore.open({ dir, clock: systemClock });
const nowUnixMs = Math.floor(Date.now() / SCRAPE_MS) * SCRAPE_MS - 60_000;
await fill();

const engine = new PromqlEngine({ store, clock: systemClock });
const workers = new QueryWorkers({
  engine,
  clock: systemClock,
  log: silentLog,
  instruments: new InstrumentRegistry({ clock: systemClock }),
  workers: 1,
  maxWaiting: 20,
  maxSamples: 50_000_000,
  timeoutMs: 120_000,
});
workers.open(store);

await perQuery('on the main thread', engine);
await perQuery('on a worker', workers);
await beside('no queries', undefined);
await beside('queries on the main thread', engine);
await beside('queries on a worker', workers);

await workers[Symbol.asyncDispose]();
await store.close();
await rm(dir, { recursive: true });

/** A day of series in blocks. */
async function fill(): Promise<void> {
  const labels = Array.from({ length: STORED_SERIES }, (_, i) =>
    Labels.from({ __name__: 'stored_total', job: `job-${i % 10}`, instance: `host-${i}:9100` }),
  );
  const rounds = DAY_MS / SCRAPE_MS;
  const perBatch = 60;
  for (let first = 0; first < rounds; first += perBatch) {
    const size = STORED_SERIES * perBatch;
    const timestamps = new Float64Array(size);
    const values = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const round = first + Math.floor(i / STORED_SERIES);
      timestamps[i] = nowUnixMs - DAY_MS + round * SCRAPE_MS + ((i * 7) % 5);
      values[i] = round * ((i % STORED_SERIES) + 1);
    }
    const ofBatch = Array.from(
      { length: size },
      (_, i) => labels[i % STORED_SERIES] ?? Labels.empty,
    );
    await store.append({ labels: ofBatch, timestamps, values });
  }
  await store.seal();
  await store.maintain();
  console.log(`${STORED_SERIES * rounds} samples stored, ${store.stats().blockCount} blocks`);
}

async function ask(query: MetricQuery, expression: string): Promise<void> {
  const range = { startUnixMs: nowUnixMs - DAY_MS, endUnixMs: nowUnixMs, stepMs: 360_000 };
  await query.range({ expression, ...range });
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** What one query after the other takes, and how much of it from this thread. */
async function perQuery(title: string, query: MetricQuery): Promise<void> {
  for (const expression of QUERIES) {
    const tookMs: number[] = [];
    const cpuMs: number[] = [];
    for (let i = 0; i < 7; i++) {
      const [startMs, startCpuMs] = [performance.now(), threadCpuMs()];
      await ask(query, expression);
      tookMs.push(performance.now() - startMs);
      cpuMs.push(threadCpuMs() - startCpuMs);
    }
    console.log(
      `${title}: ${expression}: ${quantile(tookMs, 0.5)} ms, of this thread ${quantile(cpuMs, 0.5)} ms`,
    );
  }
}

/** Appends at the rate while two clients query without a pause. */
async function beside(title: string, query: MetricQuery | undefined): Promise<void> {
  const stop = new AbortController();
  let answered = 0;
  const clients = query === undefined ? [] : [0, 1].map((first) => client(query, first));
  async function client(own: MetricQuery, first: number): Promise<void> {
    for (let i = first; !stop.signal.aborted; i++) {
      await ask(own, QUERIES[i % QUERIES.length] ?? '');
      answered++;
    }
  }
  // Series that are new cost more.
  await store.append(nextBatch());
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // What this thread works between two turns, apart from the machine's other load.
  const heldMs: number[] = [];
  let lastCpuMs = threadCpuMs();
  const ticker = setInterval(() => {
    const cpuMs = threadCpuMs();
    heldMs.push(cpuMs - lastCpuMs);
    lastCpuMs = cpuMs;
  }, 1);
  const ackMs: number[] = [];
  const appends: Promise<void>[] = [];
  const startMs = performance.now();
  const startCpuMs = threadCpuMs();
  const batches = seconds * BATCHES_PER_SECOND;
  for (let i = 0; i < batches; i++) {
    await sleep(Math.max(0, startMs + (i * 1_000) / BATCHES_PER_SECOND - performance.now()));
    // Counted from when it was due: who waits to be let in waits too.
    const dueMs = startMs + (i * 1_000) / BATCHES_PER_SECOND;
    appends.push(store.append(nextBatch()).then(() => void ackMs.push(performance.now() - dueMs)));
  }
  await Promise.all(appends);
  const tookMs = performance.now() - startMs;
  const cpuShare = (threadCpuMs() - startCpuMs) / tookMs;
  delay.disable();
  clearInterval(ticker);
  stop.abort();
  await Promise.all(clients);
  const rate = Math.round((batches * samplesPerSecond) / BATCHES_PER_SECOND / (tookMs / 1_000));
  const [p50, p99] = [50, 99].map((p) => (delay.percentile(p) / 1e6).toFixed(1));
  console.log(
    `${title}: ${rate} samples/s, ack p50 ${quantile(ackMs, 0.5)} p99 ${quantile(ackMs, 0.99)} max ${quantile(ackMs, 1)} ms, ` +
      `loop delay p50 ${p50} p99 ${p99} max ${(delay.max / 1e6).toFixed(1)} ms, ` +
      `CPU between two turns p99 ${quantile(heldMs, 0.99)} max ${quantile(heldMs, 1)} ms, ` +
      `${answered} queries, this thread ${(cpuShare * 100).toFixed(0)} % busy`,
  );
}

function nextBatch(): SampleBatch {
  const size = Math.round(samplesPerSecond / BATCHES_PER_SECOND);
  if (liveLabels.length !== size) {
    liveLabels = Array.from({ length: size }, (_, i) =>
      Labels.from({ __name__: 'live', job: 'live', instance: `host-${i}` }),
    );
  }
  const unixMs = Date.now();
  liveRound++;
  return {
    labels: liveLabels,
    timestamps: new Float64Array(size).fill(unixMs),
    values: Float64Array.from({ length: size }, (_, i) => liveRound + i / 4),
  };
}

function quantile(numbers: readonly number[], q: number): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1);
}
