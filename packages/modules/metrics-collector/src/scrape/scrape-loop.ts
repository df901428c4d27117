import { type Clock } from '@dwcp/core';

/** Prometheus' tolerance: a scrape this late still counts as on time. */
const TOLERANCE_MS = 2;

export interface ScrapeLoopOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Where in the interval this loop's slots are, in [0, interval). */
  readonly offsetMs: number;
  /** One turn. */
  readonly run: (unixMs: number, abort: AbortSignal) => Promise<void>;
  /** Told how many slots passed without a turn, because the one before took longer. */
  readonly onMissed: (count: number) => void;
  /** Told when a turn threw; the loop goes on. */
  readonly onError: (error: unknown) => void;
}

/**
 * Runs a task on a grid of wall-clock times: every `intervalMs`, at `offsetMs`. The grid does not
 * drift: each turn is scheduled from its slot and not from the turn before. A turn never overlaps
 * with its predecessor; when that ran into the next slot, the turn starts late, and slots beyond
 * are missed. A turn within 2 ms (or 1 % of the interval) of its slot bears the slot's time, as in
 * Prometheus, so that timestamps compress; a later one bears its own.
 */
export class ScrapeLoop {
  readonly #options: ScrapeLoopOptions;
  readonly #abort = new AbortController();
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #slot = 0;
  /** Wall minus monotonic clock when the slots were laid out. */
  #skewMs = 0;

  constructor(options: ScrapeLoopOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#options;
    this.#skewMs = clock.nowUnixMs() - clock.monotonicMs();
    this.#slot = this.#slotAtOrAfter(clock.nowUnixMs());
    this.#schedule();
  }

  /** Ends the loop; a turn at work is aborted and waited for. */
  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#abort.abort(new Error('the scrape loop was stopped'));
    await this.#running;
  }

  #schedule(): void {
    if (this.#abort.signal.aborted) return;
    const { clock } = this.#options;
    if (this.#clockWasSet()) this.#slot = this.#slotAtOrAfter(clock.nowUnixMs());
    this.#timer = clock.schedule(this.#slot - clock.nowUnixMs(), () => {
      this.#running = this.#turn().finally(() => {
        this.#running = undefined;
      });
    });
  }

  async #turn(): Promise<void> {
    const { clock, intervalMs, run, onMissed, onError } = this.#options;
    const nowMs = clock.nowUnixMs();
    // No slot was missed when the hour only changed its name.
    if (this.#clockWasSet()) this.#slot = this.#slotAtOrBefore(nowMs);
    const missed = Math.floor((nowMs - this.#slot) / intervalMs);
    if (missed > 0) {
      onMissed(missed);
      this.#slot += missed * intervalMs;
    }
    const toleranceMs = Math.min(TOLERANCE_MS, intervalMs / 100);
    const onTime = Math.abs(nowMs - this.#slot) <= toleranceMs;
    try {
      await run(onTime ? this.#slot : nowMs, this.#abort.signal);
    } catch (error) {
      onError(error);
    }
    this.#slot += intervalMs;
    this.#schedule();
  }

  #slotAtOrBefore(unixMs: number): number {
    const { intervalMs, offsetMs } = this.#options;
    return Math.floor((unixMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
  }

  #slotAtOrAfter(unixMs: number): number {
    const slot = this.#slotAtOrBefore(unixMs);
    return slot === unixMs ? slot : slot + this.#options.intervalMs;
  }

  /** Whether the machine's time was set since the last call. */
  #clockWasSet(): boolean {
    const { clock, intervalMs } = this.#options;
    const skewMs = clock.nowUnixMs() - clock.monotonicMs();
    if (Math.abs(skewMs - this.#skewMs) <= intervalMs / 2) return false;
    this.#skewMs = skewMs;
    return true;
  }
}
