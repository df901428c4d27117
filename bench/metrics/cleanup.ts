// What must not outlive a run: processes and folders. They go when the run is over, when it fails, and
// on Ctrl-C, all at the one place that each of these passes.
import { rmSync } from 'node:fs';

const pids = new Set<number>();
const paths = new Set<string>();

export function endAtExit(pid: number): void {
  pids.add(pid);
}

export function removeAtExit(path: string): void {
  paths.add(path);
}

/** It ended or was removed already. */
export function forget(what: number | string): void {
  if (typeof what === 'number') pids.delete(what);
  else paths.delete(what);
}

export function cleanUpAtExit(): void {
  process.on('exit', () => {
    // Nothing can be awaited here, and nobody misses what these servers still had to write.
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    for (const path of paths) {
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
}
