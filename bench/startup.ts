// How long `npm start` takes until it listens, counted from the start of its process, and how much
// memory the server holds after a minute with the host and itself watched at 1 s.
//
//   npm run bench:startup [-- --quick]      --quick: memory after 10 s instead of 60
//
// Exits with 1 when a bar is missed: 1 s (median of 5), 120 MB.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RUNS = 5;
const START_BAR_MS = 1_000;
const MEMORY_BAR_MB = 120;
const restSeconds = process.argv.includes('--quick') ? 10 : 60;

interface Run {
  readonly startMs: number;
  /** Resident memory of the server process after the rest; only measured when asked for. */
  readonly residentMb: number | undefined;
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

const pause = (durationMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });

/** The process that runs the server: npm and its shell start it as a descendant. */
function serverPid(ancestor: number): number {
  let pid = ancestor;
  for (;;) {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const children = tasks.flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
    const [child] = children;
    if (child === undefined) return pid;
    pid = Number(child);
  }
}

async function run(measureMemory: boolean): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'dwcp-startup-'));
  const port = await freePort();
  const startedMs = performance.now();
  const child = spawn('npm', ['start'], {
    env: { ...process.env, DWCP_DATA_DIR: folder, DWCP_SERVER_PORT: String(port) },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  try {
    for (;;) {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/health`);
        if (response.ok) break;
      } catch {
        if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`);
        if (performance.now() - startedMs > 30_000) throw new Error('npm start does not listen');
      }
      await pause(5);
    }
    const startMs = performance.now() - startedMs;
    if (!measureMemory) return { startMs, residentMb: undefined };
    await pause(restSeconds * 1_000);
    const status = readFileSync(`/proc/${serverPid(child.pid ?? 0)}/status`, 'utf8');
    const residentKb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    return { startMs, residentMb: (residentKb * 1_024) / 1e6 };
  } finally {
    process.kill(serverPid(child.pid ?? 0), 'SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

const runs: Run[] = [];
for (let i = 0; i < RUNS; i++) runs.push(await run(i === RUNS - 1));
const starts = runs.map(({ startMs }) => startMs).toSorted((a, b) => a - b);
const median = starts[Math.floor(RUNS / 2)] ?? Number.NaN;
const residentMb = runs.at(-1)?.residentMb ?? Number.NaN;
console.log(
  `npm start listens after ${median.toFixed(0)} ms (median of ${RUNS}: ` +
    `${starts.map((ms) => ms.toFixed(0)).join(', ')}); bar ${START_BAR_MS} ms`,
);
console.log(
  `resident after ${restSeconds} s: ${residentMb.toFixed(1)} MB; bar ${MEMORY_BAR_MB} MB`,
);
process.exitCode = median < START_BAR_MS && residentMb < MEMORY_BAR_MB ? 0 : 1;
