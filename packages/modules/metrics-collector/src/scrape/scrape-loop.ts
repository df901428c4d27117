import { type Clock } from '@dwcp/core';

/**
 * A turn this late still counts as on time, up to a tenth of its interval. Prometheus takes 2 ms; in
 * one event loop the collection of garbage alone makes a turn later than that. A tenth of the
 * interval is what vmagent takes.
 */
const TOLERANCE_MS = 100;

/** Beyond this the wall clock was set while one loop took over from another. */
const MAX_HANDOVER_MS = 86_400_000;

export interface ScrapeLoopOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Where in the interval this loop's slots are, in [0, interval). */
  readonly offsetMs: number;
  /** A turn later than this bears its own time. Default 100 ms; at most a tenth of the interval. */
  readonly toleranceMs?: number;
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
 * are missed. A turn within the tolerance bears its slot's time, so that samples have a constant
 * step and compress; a later one bears its own.
 */
export class ScrapeLoop {
  readonly #options: ScrapeLoopOptions;
  readonly #abort = new AbortController();
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #ended = false;
  #slot = 0;
  #lastSlot: number | undefined;
  /** Wall minus monotonic clock when the slots were laid out. */
  #skewMs = 0;

  constructor(options: ScrapeLoopOptions) {
    this.#options = options;
  }

  /** @param afterUnixMs the last slot of the loop that this one follows, which is not taken again */
  start(afterUnixMs?: number): void {
    if (this.#ended) return;
    const { clock, intervalMs } = this.#options;
    const nowMs = clock.nowUnixMs();
    this.#skewMs = nowMs - clock.monotonicMs();
    this.#slot = this.#slotAtOrAfter(nowMs);
    if (afterUnixMs !== undefined && Math.abs(afterUnixMs - nowMs) < MAX_HANDOVER_MS) {
      // A slot that passed while the other loop ended its turn is still this loop's to take.
      this.#slot = this.#slotAtOrBefore(afterUnixMs) + intervalMs;
    }
    this.#schedule();
  }

  /** The slot of the last turn; undefined before the first. */
  get lastSlotUnixMs(): number | undefined {
    return this.#lastSlot;
  }

  /** Ends the loop; a turn at work is aborted and waited for. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error('the scrape loop was stopped'));
    await this.finish();
  }

  /** Ends the loop; a turn at work comes to its end first. */
  async finish(): Promise<void> {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  #schedule(): void {
    if (this.#ended) return;
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
    this.#lastSlot = this.#slot;
    const toleranceMs = Math.min(this.#options.toleranceMs ?? TOLERANCE_MS, intervalMs / 10);
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
