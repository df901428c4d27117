import { setImmediate } from 'node:timers/promises';

import { type Clock, type Labels, QueryError } from '@dwcp/core';

/** How long evaluation may hold the event loop at a stretch. */
const STRETCH_MS = 15;
/** A sample in memory: its time and its value. */
const BYTES_PER_SAMPLE = 16;
/** What a column takes beside its elements: a label set, arrays, their place in lists. */
const BYTES_PER_COLUMN = 400;
/** What a label set takes beside the characters in it. */
const BYTES_PER_LABEL_SET = 200;
const HOW_TO_NARROW = 'narrow it by labels, a shorter range or a longer step';

/** A query needs more memory than it may have. */
export class MemoryLimitError extends QueryError {
  constructor(message: string) {
    super('execution', message);
  }
}

export interface BudgetOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Held at a time. */
  readonly maxSamples: number;
  /** Of samples, histograms and label sets held at a time; about. */
  readonly maxMemoryBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** What one query may use: time, samples in memory, and its caller's patience. */
export class Budget {
  readonly #options: BudgetOptions;
  readonly #startMs: number;
  #yieldedMs: number;
  #samples = 0;
  #extraBytes = 0;
  #peakSamples = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
    this.#yieldedMs = this.#startMs;
  }

  /** The most samples that were held at a time. */
  get peakSamples(): number {
    return this.#peakSamples;
  }

  /**
   * Counts samples that will be held in memory; to be called before they are allocated.
   * @throws MemoryLimitError when they are too many
   */
  charge(samples: number): void {
    this.#samples += samples;
    if (this.#samples > this.#peakSamples) this.#peakSamples = this.#samples;
    const { maxSamples } = this.#options;
    if (this.#samples > maxSamples) {
      throw new MemoryLimitError(
        'query processing would load too many samples into memory in query execution: ' +
          `more than ${maxSamples} at a time; ${HOW_TO_NARROW}`,
      );
    }
    this.chargeBytes(0);
  }

  /**
   * Counts memory for what is no plain sample: histograms, label sets.
   * @throws MemoryLimitError when it is too much
   */
  chargeBytes(bytes: number): void {
    this.#extraBytes += bytes;
    const { maxMemoryBytes } = this.#options;
    if (this.#extraBytes + this.#samples * BYTES_PER_SAMPLE > maxMemoryBytes) {
      throw new MemoryLimitError(
        `query processing would take more than ${maxMemoryBytes} bytes of memory; ${HOW_TO_NARROW}`,
      );
    }
  }

  /** Counts a column of so many steps that will be held until the end of the query. */
  chargeColumn(count: number): void {
    this.chargeBytes(BYTES_PER_COLUMN);
    this.charge(count);
  }

  /** Counts a label set that was made and will be held until the end of the query. */
  chargeLabels({ flat }: Labels): void {
    let characters = 0;
    for (const text of flat) characters += text.length;
    // In the labels and in their key.
    this.chargeBytes(BYTES_PER_LABEL_SET + 2 * characters);
  }

  /** Samples that are held no longer. */
  release(samples: number): void {
    this.#samples -= samples;
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
      throw new QueryError(
        'timeout',
        `query timed out in expression evaluation: it took more than ${timeoutMs} ms; ${HOW_TO_NARROW}`,
      );
    }
  }

  /** Whether `breathe` has something to do: to ask is far cheaper, between small pieces of work. */
  get isDue(): boolean {
    const { clock, signal } = this.#options;
    return clock.monotonicMs() - this.#yieldedMs > STRETCH_MS || signal?.aborted === true;
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
