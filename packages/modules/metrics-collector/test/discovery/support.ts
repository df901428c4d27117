import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Log } from '@dwcp/core';
import { type TargetStatus } from '@dwcp/metrics-collector';

import { type Harness } from '../scrape/harness.ts';

/** A folder for files of targets. */
export class TestFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TestFolder> {
    return new TestFolder(await mkdtemp(join(tmpdir(), 'dwcp-sd-')));
  }

  in(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, content: unknown): Promise<void> {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(this.in(name), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** Keeps what is logged as `level message {fields}`. */
export class RecordingLog implements Log {
  readonly lines: string[] = [];

  debug(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#add('debug', fields, message);
  }

  info(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#add('info', fields, message);
  }

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#add('warn', fields, message);
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#add('error', fields, message);
  }

  child(): Log {
    return this;
  }

  #add(level: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  }
}

/**
 * Lets time pass in steps, and the files and sockets of this machine answer in between, until the
 * condition holds.
 */
export async function passTimeUntil(
  it: Harness,
  condition: () => boolean,
  stepMs = 250,
): Promise<void> {
  const giveUpMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > giveUpMs) {
      throw new Error(`never came; targets are ${addressesOf(it).join(' ')}`);
    }
    await it.clock.advance(stepMs);
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

/** Waits until exactly these addresses are targets. */
export async function untilTargets(it: Harness, addresses: readonly string[]): Promise<void> {
  const wanted = addresses.toSorted().join(' ');
  await passTimeUntil(it, () => addressesOf(it).join(' ') === wanted);
}

export function addressesOf(it: Harness): readonly string[] {
  return it.scraper.targets().map(addressOf).toSorted();
}

export function addressOf({ discoveredLabels }: TargetStatus): string {
  return discoveredLabels['__address__'] ?? '';
}

/** A job at 1 s that finds its targets. Above its target limit nothing is fetched, where wanted. */
export function discoveringJob(
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { job_name: 'test', scrape_interval: '1s', ...settings };
}
