import { type Batch } from './batch.ts';
import { type Delivery, type DeliveryResult, minus } from './delivery.ts';
import { messageOf } from './errors.ts';
import { type ForwardMetrics } from './forward-metrics.ts';
import { type Progress } from './progress.ts';
import { type ThrottledLog } from './throttled-log.ts';

/** Requests beyond the first for what an earlier process may have sent, per start. */
const MAX_SPLITS = 20_000;
/** How receivers say that they have something already, or something newer. */
const HAS_ALREADY = /out[- ]of[- ]order|duplicate sample|out of bounds|too old/i;

export interface BatchDeliveryOptions {
  readonly delivery: Delivery;
  readonly progress: Progress;
  readonly metrics: ForwardMetrics;
  readonly throttled: ThrottledLog;
}

/** Delivers batches, counts what became of their rows, and settles them. */
export class BatchDelivery {
  readonly #options: BatchDeliveryOptions;
  #highestSentUnixMs = -Infinity;
  #splitsLeft = MAX_SPLITS;

  constructor(options: BatchDeliveryOptions) {
    this.#options = options;
  }

  get highestSentUnixMs(): number {
    return this.#highestSentUnixMs;
  }

  /** @returns false when it was stopped before the batch was settled */
  async deliver(batch: Batch): Promise<boolean> {
    let result: DeliveryResult;
    try {
      result = await this.#options.delivery.deliver(batch);
    } catch (error) {
      this.#unencodable(batch, error);
      return true;
    }
    switch (result.kind) {
      case 'stopped':
        return false;
      case 'accepted':
        this.#accepted(batch, result);
        return true;
      case 'refused':
        if (this.#mayHoldNew(batch, result)) return await this.#deliverHalves(batch);
        this.#refused(batch, result);
        return true;
    }
  }

  /**
   * After a kill a batch may hold samples that the receiver has beside some that it lacks, and
   * Prometheus refuses the whole for the sake of the first kind. Of what was sent by this process
   * the same batch is sent again, so there it holds one kind only.
   */
  #mayHoldNew(batch: Batch, result: DeliveryResult & { readonly kind: 'refused' }): boolean {
    if (result.status !== 400 || batch.rowCount === 1 || !batch.isDoubtful) return false;
    if (this.#splitsLeft <= 0 || !HAS_ALREADY.test(result.message)) return false;
    this.#splitsLeft -= 2;
    return true;
  }

  async #deliverHalves(batch: Batch): Promise<boolean> {
    for (const half of batch.halves()) if (!(await this.deliver(half))) return false;
    return true;
  }

  #accepted(batch: Batch, result: DeliveryResult & { readonly kind: 'accepted' }): void {
    const { metrics, throttled } = this.#options;
    metrics.sent(result.written);
    metrics.dropped('unsupported_by_version', batch.unsent);
    // What the receiver has already, above all exemplars, it does not count again.
    const isRepeat = result.isRepeat || batch.isDoubtful;
    const reason = isRepeat ? 'not_written_on_repeat' : 'not_written';
    metrics.dropped(reason, result.missing);
    const { samples, histograms, exemplars } = result.missing;
    if (samples + histograms + exemplars > 0) {
      throttled.say(
        'warn',
        reason,
        { samples, histograms, exemplars, ...(isRepeat && { isRepeat }) },
        'the receiver accepted a request and wrote a part of it only',
      );
    }
    this.#highestSentUnixMs = Math.max(this.#highestSentUnixMs, batch.highestUnixMs);
    this.#settle(batch);
  }

  #refused(batch: Batch, result: DeliveryResult & { readonly kind: 'refused' }): void {
    const { metrics, throttled } = this.#options;
    const { status, message, counts, written, isRepeat } = result;
    const lost = {
      samples: Math.max(0, minus(counts, written).samples),
      histograms: Math.max(0, minus(counts, written).histograms),
      exemplars: Math.max(0, minus(counts, written).exemplars),
    };
    metrics.sent(minus(counts, lost));
    metrics.dropped('unsupported_by_version', batch.unsent);
    const isKnown = batch.isDoubtful && HAS_ALREADY.test(message);
    const reason = `http_${status}${isRepeat || isKnown ? '_on_repeat' : ''}`;
    metrics.dropped(reason, lost);
    throttled.say(
      'error',
      reason,
      { problem: message, ...lost, ...(isRepeat && { isRepeat }) },
      'the receiver refused a request, its samples are dropped',
    );
    this.#settle(batch);
  }

  #unencodable(batch: Batch, error: unknown): void {
    this.#options.metrics.dropped('unencodable', { samples: batch.rowCount });
    this.#options.throttled.say(
      'error',
      'unencodable',
      { err: error, problem: messageOf(error), rows: batch.rowCount },
      'a request cannot be made, its samples are dropped',
    );
    this.#settle(batch);
  }

  #settle(batch: Batch): void {
    for (const { entry, rows } of batch.pieces) this.#options.progress.settle(entry, rows.length);
  }
}
