import { type Clock } from '@dwcp/core';

import { Batch, type BatchOptions } from './batch.ts';
import { type Piece } from './rows.ts';

export interface ShardOptions {
  readonly clock: Clock;
  readonly batchOptions: BatchOptions;
  readonly maxSamplesPerSend: number;
  readonly batchDelayMs: number;
  /** Resolves when the batch is settled, or with false when it was stopped before. Never rejects. */
  readonly deliver: (batch: Batch) => Promise<boolean>;
  /** Called when rows have left the queue. */
  readonly onTaken: () => void;
  readonly stop: AbortSignal;
}

/** A queue with one request at work at most, so that the order of each of its series holds. */
export class Shard {
  readonly #options: ShardOptions;
  #pieces: Piece[] = [];
  #waiting = 0;
  #timer: Disposable | undefined;
  #sending: Promise<void> | undefined;
  #isFlushing = false;

  constructor(options: ShardOptions) {
    this.#options = options;
  }

  /** Rows that are in no request yet. */
  get waiting(): number {
    return this.#waiting;
  }

  get isIdle(): boolean {
    return this.#waiting === 0 && this.#sending === undefined;
  }

  push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#waiting += piece.rows.length;
    this.#pump();
  }

  /** Sends what waits without waiting for company, now and from now on. */
  flush(): void {
    this.#isFlushing = true;
    this.#pump();
  }

  /** No request begins for what waits. */
  cancel(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** The end of the request at work. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  #pump(): void {
    const { stop, clock, maxSamplesPerSend, batchDelayMs } = this.#options;
    if (stop.aborted || this.#sending !== undefined || this.#waiting === 0) return;
    if (this.#waiting < maxSamplesPerSend && !this.#isFlushing && batchDelayMs > 0) {
      this.#timer ??= clock.schedule(batchDelayMs, () => this.#send());
      return;
    }
    this.#send();
  }

  #send(): void {
    this.cancel();
    if (this.#options.stop.aborted || this.#sending !== undefined) return;
    const batch = this.#take();
    this.#sending = this.#options.deliver(batch).then(() => {
      this.#sending = undefined;
      this.#options.onTaken();
      this.#pump();
    });
    this.#options.onTaken();
  }

  /** The oldest rows, as many as one request may have. */
  #take(): Batch {
    const taken: Piece[] = [];
    let left = this.#options.maxSamplesPerSend;
    let whole = 0;
    for (const piece of this.#pieces) {
      if (left === 0) break;
      if (piece.rows.length <= left) {
        taken.push(piece);
        whole++;
        left -= piece.rows.length;
        continue;
      }
      taken.push({ ...piece, rows: piece.rows.slice(0, left) });
      this.#pieces[whole] = { ...piece, rows: piece.rows.slice(left) };
      left = 0;
    }
    this.#pieces = this.#pieces.slice(whole);
    const batch = new Batch(taken, this.#options.batchOptions);
    this.#waiting -= batch.rowCount;
    return batch;
  }
}
