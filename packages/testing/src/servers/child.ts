import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

export interface ChildOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Answers 2xx once the server is ready. */
  readonly readyUrl?: string;
  /** How long to wait for that. Default 20 s. */
  readonly readyTimeoutMs?: number;
}

/** A program started by a test. Disposing ends it and waits for its end. */
export class Child implements AsyncDisposable {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #output = '';

  private constructor(options: ChildOptions) {
    this.#process = spawn(options.program, options.args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-100_000);
      });
    }
    this.#exited = once(this.#process, 'exit').then(() => undefined);
    this.pid = this.#process.pid ?? -1;
  }

  /** @throws Error with the program's output when it ends or stays silent before it is ready */
  static async start(options: ChildOptions): Promise<Child> {
    const child = new Child(options);
    if (child.pid === -1) {
      const [error] = (await once(child.#process, 'error')) as [Error];
      throw error;
    }
    if (options.readyUrl === undefined) return child;
    const deadline = performance.now() + (options.readyTimeoutMs ?? 20_000);
    while (!(await answers(options.readyUrl))) {
      if (!child.running || performance.now() > deadline) {
        await child[Symbol.asyncDispose]();
        throw new Error(`${options.program} did not get ready:\n${child.output}`);
      }
      await pause(20);
    }
    return child;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get exitCode(): number | null {
    return this.#process.exitCode;
  }

  /** The last 100,000 characters of what it printed. */
  get output(): string {
    return this.#output;
  }

  /** Sends a signal and waits for the end; SIGKILL follows after 10 s. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    this.#process.kill(signal);
    const last = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await this.#exited;
    clearTimeout(last);
  }

  /** Waits until it ends by itself. */
  async exited(): Promise<void> {
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/**
 * Asks again until the answer is there, for conditions of other processes, which no manual clock
 * governs.
 * @throws Error with the last failure when the time is over
 */
export async function eventually<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  options: { readonly timeoutMs: number; readonly what: string; readonly everyMs?: number },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  let failure: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      failure = error;
    }
    await pause(options.everyMs ?? 50);
  } while (performance.now() < deadline);
  throw new Error(`not within ${options.timeoutMs} ms: ${options.what}`, { cause: failure });
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

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
