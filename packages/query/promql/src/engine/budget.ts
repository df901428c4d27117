import { setImmediate } from 'node:timers/promises';

import { type Clock, QueryError } from '@dwcp/core';

/** How long evaluation may hold the event loop at a stretch. */
const STRETCH_MS = 20;

export interface BudgetOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly maxSamples: number;
  readonly signal: AbortSignal | undefined;
}

/** What one query may use: time, samples in memory, and its caller's patience. */
export class Budget {
  readonly #options: BudgetOptions;
  readonly #startMs: number;
  #yieldedMs: number;
  #samples = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
    this.#yieldedMs = this.#startMs;
  }

  /** Counts samples that are now held in memory. @throws QueryError `execution` when too many */
  charge(samples: number): void {
    this.#samples += samples;
    if (this.#samples > this.#options.maxSamples) {
      throw new QueryError(
        'execution',
        'query processing would load too many samples into memory in query execution',
      );
    }
  }

  /** @throws QueryError `canceled` or `timeout` */
  check(): void {
    const { clock, signal, timeoutMs } = this.#options;
    if (signal?.aborted === true) {
      throw new QueryError('canceled', 'query was canceled in expression evaluation', {
        cause: signal.reason,
      });
    }
    if (clock.monotonicMs() - this.#startMs > timeoutMs) {
      throw new QueryError('timeout', 'query timed out in expression evaluation');
    }
  }

  /** Lets others run from time to time; to be called between pieces of work. */
  async breathe(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#yieldedMs > STRETCH_MS) {
      await setImmediate();
      this.#yieldedMs = this.#options.clock.monotonicMs();
    }
    this.check();
  }
}
