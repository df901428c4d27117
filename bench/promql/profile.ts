// The engine alone, in this process, over the 24 h set of ../metrics: CPU of a query without HTTP, and
// for --cpu-prof. The store is made in the folder the first time.
//   npx -c 'node --cpu-prof --conditions=@dwcp/source bench/promql/profile.ts FOLDER [QUERY ...]'
import { createHash } from 'node:crypto';

import { Labels, NO_SERIES, type QueryResult, systemClock } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { PromqlEngine } from '@dwcp/promql';

import { QUERIES } from '../metrics/query.ts';
import { START_UNIX_MS, workload } from '../metrics/workload.ts';

const RUNS = 9;
const [dir, ...asked] = process.argv.slice(2);
if (dir === undefined) throw new Error('usage: profile.ts FOLDER [QUERY ...]');

await using store = await EmbeddedMetricStore.open({
  dir,
  clock: systemClock,
  // The data are of 2025.
  retentionMs: 100 * 365 * 86_400_000,
});
if (store.stats().seriesCount === 0) await fill();

const engine = new PromqlEngine({ store, clock: systemClock });
const day = {
  startUnixMs: START_UNIX_MS,
  endUnixMs: START_UNIX_MS + 86_400_000 - 60_000,
  stepMs: 60_000,
};
for (const expression of asked.length > 0 ? asked : Object.values(QUERIES)) {
  const cpuMs: number[] = [];
  let result: QueryResult | undefined;
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage();
    result = await engine.range({ expression, ...day });
    const { user, system } = process.cpuUsage(before);
    cpuMs.push((user + system) / 1_000);
  }
  const [first = 0, ...warm] = cpuMs;
  const median = warm.sort((a, b) => a - b)[warm.length >> 1] ?? 0;
  const figures = `${median.toFixed(1)} ms of CPU, ${first.toFixed(0)} the first time`;
  process.stdout.write(`${figures}, answer ${digestOf(result)}: ${expression}\n`);
}

/** Equal for answers that are equal to the bit. */
function digestOf(result: QueryResult | undefined): string {
  const hash = createHash('sha1');
  if (result?.value.kind !== 'matrix') throw new Error('no matrix');
  for (const { labels, timestamps, values } of result.value.series) {
    hash.update(labels.key).update(timestamps).update(values);
  }
  return hash.digest('hex').slice(0, 12);
}

async function fill(): Promise<void> {
  const { series, batches } = workload('query-24h');
  const labels = series.map((pairs) => Labels.fromPairs(pairs));
  const names = labels.map((one) => new TextEncoder().encode(one.key));
  const value = new Float64Array(1);
  const words = new Uint32Array(value.buffer);
  for (const batch of batches()) {
    const transaction = store.begin();
    for (const [row, index] of batch.series.entries()) {
      const name = names[index] ?? new Uint8Array();
      let ref = transaction.find(name, 0, name.length);
      if (ref === NO_SERIES) {
        ref = transaction.define(name, 0, name.length, labels[index] ?? Labels.empty);
      }
      value[0] = batch.values[row] ?? 0;
      transaction.sample(ref, batch.unixMs[row] ?? 0, words[0] ?? 0, words[1] ?? 0);
    }
    await transaction.commit();
  }
}
