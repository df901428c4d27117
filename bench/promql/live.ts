// Ingestion that goes on while queries run: a generator in a process of its own (live-writer.ts), held
// to a rate.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { endAtExit, forget } from '../metrics/cleanup.ts';
import { type BenchServer } from '../metrics/server.ts';
import { workload, type Workload } from '../metrics/workload.ts';

export const LIVE_SAMPLES_PER_SECOND = 150_000;
const LIVE_SERIES = 10_000;

/** Samples of 10,000 series that come after the stored hours, a second apart in their own time. */
export function liveSet(afterHours: number, seconds: number): Workload {
  const ticks = Math.round((seconds * LIVE_SAMPLES_PER_SECOND) / LIVE_SERIES);
  const set = workload(`ingest-${LIVE_SERIES}x${ticks}`);
  const laterMs = afterHours * 3_600_000;
  return {
    ...set,
    name: `live-${LIVE_SERIES}x${ticks}-after${afterHours}h`,
    *batches() {
      for (const batch of set.batches()) {
        yield { ...batch, unixMs: batch.unixMs.map((unixMs) => unixMs + laterMs) };
      }
    },
  };
}

/** What the writer tells when it is done; times from when a request was due to its acknowledgement. */
export interface LiveFigures {
  readonly sampleCount: number;
  readonly seconds: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly ackMaxMs: number;
}

export interface LiveWriter {
  readonly isDone: boolean;
  /** Waits until it has sent the file. @throws Error with its last words when it failed */
  done(): Promise<LiveFigures>;
}

export function startLiveWriter(server: BenchServer, requestsPath: string): LiveWriter {
  // It inherits the core of this process.
  const child = spawn(
    process.execPath,
    [
      '--conditions=@dwcp/source',
      join(import.meta.dirname, 'live-writer.ts'),
      server.url,
      requestsPath,
      String(LIVE_SAMPLES_PER_SECOND),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const { pid } = child;
  if (pid !== undefined) endAtExit(pid);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  let isDone = false;
  const closed = once(child, 'close').finally(() => {
    isDone = true;
    if (pid !== undefined) forget(pid);
  });
  // Whoever waits for `done` is told.
  closed.catch(() => undefined);
  return {
    get isDone() {
      return isDone;
    },
    async done() {
      const [code] = (await closed) as [number | null];
      if (code !== 0) throw new Error(`the live writer ended with ${code}: ${errors.slice(-600)}`);
      return JSON.parse(output) as LiveFigures;
    },
  };
}
