import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 20;

/** What a server was like while something went on. */
export interface Watched<T> {
  readonly value: T;
  readonly durationMs: number;
  /** The longest that /-/healthy took to answer. */
  readonly worstHealthMs: number;
  /** Resident at most meanwhile. */
  readonly peakBytes: number;
}

/** Watches memory and event loop of a server process from outside. Needs Linux' /proc. */
export class ServerWatch {
  readonly #pid: number;
  readonly #url: string;

  constructor({ pid, url }: { readonly pid: number; readonly url: string }) {
    this.#pid = pid;
    this.#url = url;
  }

  get residentBytes(): number {
    return this.#status('VmRSS');
  }

  /** Asks for its health again and again while some work goes on. */
  async during<T>(work: () => Promise<T>): Promise<Watched<T>> {
    // From here on VmHWM is the peak since now.
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5');
    const done = new AbortController();
    const polled = this.#poll(done.signal);
    const startMs = performance.now();
    try {
      const value = await work();
      const durationMs = performance.now() - startMs;
      done.abort();
      return {
        value,
        durationMs,
        worstHealthMs: await polled,
        peakBytes: this.#status('VmHWM'),
      };
    } finally {
      done.abort();
      await polled;
    }
  }

  async #poll(done: AbortSignal): Promise<number> {
    let worstMs = 0;
    do {
      const startMs = performance.now();
      const response = await fetch(`${this.#url}/-/healthy`);
      await response.text();
      if (response.status !== 200) return Number.POSITIVE_INFINITY;
      worstMs = Math.max(worstMs, performance.now() - startMs);
      if (!done.aborted) await pause(POLL_MS);
    } while (!done.aborted);
    return worstMs;
  }

  #status(field: 'VmHWM' | 'VmRSS'): number {
    const text = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1_024;
  }
}
