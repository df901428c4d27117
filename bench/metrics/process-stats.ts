// What /proc tells about a process, seen from outside.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system time of all its threads, ended ones included; in steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name stands in parentheses and may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export interface Memory {
  readonly residentMiB: number;
  readonly peakMiB: number;
}

export function memory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mib = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  return { residentMiB: mib('VmRSS'), peakMiB: mib('VmHWM') };
}

/** As `du -sb`: the apparent sizes, hard links once. */
export function folderBytes(...paths: readonly string[]): number {
  let bytes = 0;
  for (const path of paths) {
    bytes += Number.parseInt(execFileSync('du', ['-sb', path], { encoding: 'utf8' }), 10);
  }
  return bytes;
}

/** Puts this process, all its threads, and what it starts from here on, on one core. */
export function pinTo(core: number): void {
  execFileSync('taskset', ['-acp', String(core), String(process.pid)]);
}

export const pause = (durationMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });

/** Waits until a process has nothing to do, such as merging; after 60 s it is taken as it is. */
export async function untilIdle(pid: number): Promise<void> {
  for (let waited = 0; waited < 60; waited++) {
    const before = cpuSeconds(pid);
    await pause(1_000);
    if (cpuSeconds(pid) - before < 0.05) return;
  }
}
