// The server's CPU time for one query, and how long a client waits for it.
import { cpuSeconds } from '../metrics/process-stats.ts';
import { type BenchServer } from '../metrics/server.ts';
import { ask } from './ask.ts';

/** The clock of /proc ticks every 10 ms: so much CPU time makes an error of at most 3 %. */
const MEASURABLE_SECONDS = 0.3;
const MIN_RUNS = 3;
/** A panel is asked for every few seconds for days; what is told is not the first minute of that. */
const WARM_RUNS = 12;
const MAX_RUNS = 400;

export interface QueryCost {
  readonly cpuMs: number;
  readonly wallP50Ms: number;
  readonly runs: number;
}

export async function costOf(server: BenchServer, url: string): Promise<QueryCost> {
  for (let run = 0; run < WARM_RUNS; run++) await ask(url);
  const wallMs: number[] = [];
  const before = cpuSeconds(server.pid);
  let spent = 0;
  while (wallMs.length < MIN_RUNS || (spent < MEASURABLE_SECONDS && wallMs.length < MAX_RUNS)) {
    wallMs.push((await ask(url)).wallMs);
    spent = cpuSeconds(server.pid) - before;
  }
  return {
    cpuMs: (spent * 1_000) / wallMs.length,
    wallP50Ms: median(wallMs),
    runs: wallMs.length,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
}
