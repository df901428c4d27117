import { type Clock, formatDuration, type Log, type LogStore, type TraceStore } from '@dwcp/core';

const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 3_600_000;

export interface RetentionOptions {
  readonly logs: LogStore;
  readonly traces: TraceStore;
  readonly logsMs: number;
  readonly tracesMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Removes old log records and spans every hour. The metric store does so by itself. */
export class Retention implements Disposable {
  readonly #options: RetentionOptions;
  #timer: Disposable;
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#timer = options.clock.schedule(FIRST_AFTER_MS, () => void this.#run());
  }

  async #run(): Promise<void> {
    const { logs, traces, logsMs, tracesMs, clock, log } = this.#options;
    try {
      const now = clock.nowUnixNano();
      const logCount = await logs.deleteBefore(now - BigInt(logsMs) * 1_000_000n);
      const spanCount = this.#stopped
        ? 0
        : await traces.deleteBefore(now - BigInt(tracesMs) * 1_000_000n);
      if (logCount + spanCount > 0) {
        log.info(
          { logCount, spanCount, logs: formatDuration(logsMs), traces: formatDuration(tracesMs) },
          'removed what was older than its retention',
        );
      }
    } catch (err) {
      if (!this.#stopped) log.warn({ err }, 'retention could not run, trying again in an hour');
    }
    if (!this.#stopped) this.#timer = clock.schedule(EVERY_MS, () => void this.#run());
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#timer[Symbol.dispose]();
  }
}
