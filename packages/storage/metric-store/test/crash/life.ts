// Lives of children: started ahead, told what to do, killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Readable, type Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { type Orders } from './orders.ts';

const program = join(import.meta.dirname, 'child.ts');
/** A life whose target never comes ends anyway. */
const LONGEST_MS = 450;

export interface Ending {
  /** All that the child said, in order. */
  readonly lines: readonly string[];
  /** What was going on, by the last the child said. */
  readonly phases: readonly string[];
}

export interface Kill {
  /** After the order, in milliseconds. */
  readonly afterMs: number;
  /** After the target was hit. */
  readonly afterHitMs: number;
}

/** A child that has loaded its program and waits for orders. */
export class WaitingChild {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #lines: string[] = [];
  #rest = '';
  #stderr = '';
  #onHit: () => void = () => undefined;

  /** @param cacheDir where compiled code is kept, since starts are most of the time it takes */
  constructor(cacheDir: string) {
    this.#process = spawn(process.execPath, ['--conditions=@dwcp/source', program], {
      env: { ...process.env, NODE_COMPILE_CACHE: cacheDir },
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#process, 'close');
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    const said = this.#process.stdio[3] as Readable;
    said.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    void this.#closed.then(() => {
      this.#ready.reject(new Error(`the child ended by itself:\n${this.#stderr}`));
    });
    this.#ready.promise.catch(() => undefined);
  }

  /** Lets it live and kills it. @throws Error when it ended by itself */
  async live(orders: Orders, { afterMs, afterHitMs }: Kill): Promise<Ending> {
    await this.#ready.promise;
    const hit = new Promise<void>((resolve) => (this.#onHit = resolve));
    (this.#process.stdin as Writable).write(`${JSON.stringify(orders)}\n`);
    if (orders.target === undefined) {
      await Promise.race([pause(afterMs), this.#closed]);
    } else {
      await Promise.race([hit.then(() => pause(afterHitMs)), pause(LONGEST_MS), this.#closed]);
    }
    this.#process.kill('SIGKILL');
    await this.#closed;
    if (this.#process.signalCode !== 'SIGKILL') {
      throw new Error(`the child ended by itself:\n${this.#stderr}`);
    }
    return { lines: this.#lines, phases: phasesOf(this.#lines) };
  }

  async end(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#closed;
  }

  #hear(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const line of parts) {
      if (line === 'ready') this.#ready.resolve();
      else this.#lines.push(line);
      if (line.startsWith('hit ')) this.#onHit();
    }
  }
}

function phasesOf(lines: readonly string[]): readonly string[] {
  const phases = new Set<string>();
  const calls = new Set<string>();
  let isOpen = false;
  let files = '';
  for (const line of lines) {
    if (line === 'o') isOpen = true;
    else if (line.startsWith('p ')) files = line.slice(2);
    else if (line.startsWith('hit ')) phases.add(line.slice(4));
    else if (line.startsWith('+ ')) calls.add(callOf(line));
    else if (line.startsWith('- ')) calls.delete(callOf(line));
  }
  if (!isOpen) phases.add('start');
  for (const phase of files.split('+')) if (phase !== '') phases.add(phase);
  for (const call of calls) phases.add(call);
  return phases.size === 0 ? ['ingest alone'] : [...phases];
}

function callOf(line: string): string {
  return `call of ${line.split(' ')[1] ?? ''}`;
}
