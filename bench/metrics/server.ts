// A server under measurement: a process of its own, on a core of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { endAtExit, forget, removeAtExit } from './cleanup.ts';
import { pause } from './process-stats.ts';

export const SERVER_NAMES = ['prometheus', 'victoria-metrics', 'dwcp'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

export const GENERATOR_CORE = 0;
const SERVER_CORE = 1;
const READY_TIMEOUT_MS = 60_000;

/** What is on disk once all samples are in their final form. */
export interface DiskUse {
  readonly bytes: number;
  /** How many samples are in these bytes; undefined: all that were sent. */
  readonly sampleCount?: number;
  /** What was measured, in words. */
  readonly how: string;
}

export interface BenchServer extends AsyncDisposable {
  readonly name: ServerName;
  readonly url: string;
  /** All it keeps; left in place with `--keep`. */
  readonly folder: string;
  /** Another one after `diskUse` where that starts the server again. */
  readonly pid: number;
  /** Further parameters of a range query. */
  readonly queryParameters: Readonly<Record<string, string>>;
  /** Makes what was acknowledged visible to queries, where that is not one moment. */
  flush(): Promise<void>;
  /** Has the server write and merge all it holds, and measures that. */
  diskUse(): Promise<DiskUse>;
}

export interface LaunchOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Answers 2xx once the server is ready. */
  readonly readyUrl: string;
}

export interface Launched extends AsyncDisposable {
  readonly pid: number;
  /** Asks it to end, and waits; after 30 s it is killed. */
  end(): Promise<void>;
}

/** @throws Error with the program's last words when it does not get ready */
export async function launch(options: LaunchOptions): Promise<Launched> {
  // taskset becomes the program, so the process id is the server's.
  const child = spawn('taskset', ['-c', String(SERVER_CORE), options.program, ...options.args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw error;
  }
  endAtExit(pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_000);
    });
  }
  let running = true;
  const exited = once(child, 'exit').then(() => {
    running = false;
    forget(pid);
  });
  const end = async (): Promise<void> => {
    if (running) child.kill('SIGTERM');
    const last = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await exited;
    clearTimeout(last);
  };

  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (!(await answers(options.readyUrl))) {
    if (!running || performance.now() > deadlineMs) {
      await end();
      throw new Error(`${options.program} did not get ready; its last words:\n${output}`);
    }
    await pause(50);
  }
  return { pid, end, [Symbol.asyncDispose]: end };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

export interface Folder extends Disposable {
  readonly path: string;
}

/** A new folder for a server's data, which goes with the server unless it is to be kept. */
export function dataFolder(name: ServerName, keep: boolean): Folder {
  const path = mkdtempSync(join(tmpdir(), `dwcp-bench-${name}-`));
  if (!keep) removeAtExit(path);
  return {
    path,
    [Symbol.dispose]() {
      if (keep) return;
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      forget(path);
    },
  };
}
