import { BackendError, InvalidInputError } from './errors.ts';
import { type Clock } from './ports/clock.ts';

export interface BatchQueueOptions<T> {
  readonly clock: Clock;
  /**
   * Writes one batch. When it rejects, the batch is tried again after `retryDelayMs`; with an
   * InvalidInputError or a BackendError that is not retryable it is given up and counted.
   */
  readonly write: (items: readonly T[]) => Promise<void>;
  /** Items waiting at most; above it the newest is refused and counted. */
  readonly capacity: number;
  /** Items in one write at most. */
  readonly batchSize: number;
  /** How long an item waits for company. */
  readonly delayMs: number;
  /** Default 1,000 ms. */
  readonly retryDelayMs?: number;
  /** Told of every failed write. */
  readonly onError?: (error: unknown) => void;
}

export interface BatchQueueStats {
  readonly waiting: number;
  readonly written: number;
  /** Refused because the queue was full or closed, or given up because the write never can succeed. */
  readonly dropped: number;
  readonly failedWrites: number;
}

/**
 * Gathers items and writes them in batches, one write at a time, in order. Bounded: when full,
 * `push` refuses and counts, and the caller's work is never delayed.
 */
export class BatchQueue<T> {
  readonly #options: BatchQueueOptions<T>;
  #waiting: T[] = [];
  #inFlight = 0;
  #timer: Disposable | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;
  /** Closed, and nothing more is written. */
  #abandoned = false;
  #written = 0;
  #dropped = 0;
  #givenUp = 0;
  #failedWrites = 0;

  constructor(options: BatchQueueOptions<T>) {
    this.#options = options;
  }

  /** Whether the item was taken. */
  push(item: T): boolean {
    if (this.#closed || this.#waiting.length + this.#inFlight >= this.#options.capacity) {
      this.#dropped++;
      return false;
    }
    this.#waiting.push(item);
    if (this.#waiting.length === this.#options.batchSize) this.#pump();
    else this.#scheduleIn(this.#options.delayMs);
    return true;
  }

  stats(): BatchQueueStats {
    return {
      waiting: this.#waiting.length + this.#inFlight,
      written: this.#written,
      dropped: this.#dropped + this.#givenUp,
      failedWrites: this.#failedWrites,
    };
  }

  /**
   * Writes at once what is waiting; resolves when everything pushed before the call is written.
   * @throws what a write threw; unless given up, the items stay queued and are tried again later
   */
  async flush(): Promise<void> {
    const target = this.#done + this.#waiting.length + this.#inFlight;
    while (this.#done < target && !this.#abandoned) await (this.#writing ?? this.#writeBatch());
  }

  /** Flushes within the limit, then refuses what comes; what is left counts as dropped. */
  async close(options: { readonly timeoutMs: number }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    const giveUp = Promise.withResolvers<void>();
    using _ = this.#options.clock.schedule(options.timeoutMs, giveUp.resolve);
    await Promise.race([this.#drain(), giveUp.promise]);
    this.#abandoned = true;
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
  }

  get #done(): number {
    return this.#written + this.#givenUp;
  }

  /** Flushes past batches that are given up, as long as there is progress. */
  async #drain(): Promise<void> {
    for (let before = -1; before < this.#done && !this.#abandoned;) {
      before = this.#done;
      try {
        await this.flush();
        return;
      } catch {
        // The write's failure is counted and told where it happened.
      }
    }
  }

  /** Begins to write unless a write is at work, whose end looks for what to do next itself. */
  #pump(): void {
    this.#cancelTimer();
    if (this.#writing !== undefined || this.#waiting.length === 0) return;
    this.#writeBatch().catch(() => undefined);
  }

  #writeBatch(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#options.batchSize);
    this.#inFlight = batch.length;
    const writing = this.#write(batch).then(
      () => {
        this.#written += batch.length;
        this.#endWrite();
        if (this.#waiting.length < this.#options.batchSize) this.#scheduleIn(this.#options.delayMs);
        else if (!this.#closed) this.#pump();
      },
      (error: unknown) => {
        this.#failedWrites++;
        if (!mayEverSucceed(error)) this.#givenUp += batch.length;
        else if (this.#abandoned) this.#dropped += batch.length;
        else this.#waiting.unshift(...batch);
        this.#endWrite();
        this.#scheduleIn(this.#options.retryDelayMs ?? 1_000);
        this.#options.onError?.(error);
        throw error;
      },
    );
    this.#writing = writing;
    return writing;
  }

  /** Rejects also when the write throws before it gives a promise. */
  async #write(batch: readonly T[]): Promise<void> {
    await this.#options.write(batch);
  }

  #endWrite(): void {
    this.#inFlight = 0;
    this.#writing = undefined;
  }

  #scheduleIn(delayMs: number): void {
    if (this.#closed || this.#writing !== undefined || this.#waiting.length === 0) return;
    this.#timer ??= this.#options.clock.schedule(delayMs, () => this.#pump());
  }

  #cancelTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

function mayEverSucceed(error: unknown): boolean {
  if (error instanceof BackendError) return error.retryable;
  return !(error instanceof InvalidInputError);
}
