import { type NativeHistogram } from '@dwcp/core';

import { type AddOutcome, FloatHistogram } from './float-histogram.ts';

/** What a sum of histograms has come upon so far. */
export interface SumFindings {
  /** Exponential and custom buckets do not add up: there is no result. */
  readonly isIncompatible: boolean;
  /** Some said that their counter was reset, others that it was not. */
  readonly resetsCollide: boolean;
  readonly boundsReconciled: boolean;
}

/** Sums up histograms, or averages them, with compensation. */
export class HistogramTotal {
  readonly #isMean: boolean;
  #total: FloatHistogram | undefined;
  #count = 0;
  /** The total is a mean already, since a sum would have overflowed. */
  #isRunningMean = false;
  #isIncompatible = false;
  #sawReset = false;
  #sawNoReset = false;
  #boundsReconciled = false;

  constructor(what: 'sum' | 'mean') {
    this.#isMean = what === 'mean';
  }

  get findings(): SumFindings {
    return {
      isIncompatible: this.#isIncompatible,
      resetsCollide: this.#sawReset && this.#sawNoReset,
      boundsReconciled: this.#boundsReconciled,
    };
  }

  /** @returns false when it does not go together with those before */
  add(histogram: NativeHistogram): boolean {
    if (this.#isIncompatible) return true;
    if (histogram.counterResetHint === 'reset') this.#sawReset = true;
    if (histogram.counterResetHint === 'not_reset') this.#sawNoReset = true;
    this.#count++;
    if (this.#total === undefined) {
      this.#total = FloatHistogram.of(histogram, { compensated: true });
      return true;
    }
    const outcome = this.#isMean
      ? this.#addToMean(this.#total, FloatHistogram.of(histogram))
      : this.#total.add(FloatHistogram.of(histogram));
    if (outcome === undefined) {
      this.#isIncompatible = true;
      return false;
    }
    this.#boundsReconciled ||= outcome.boundsReconciled;
    return true;
  }

  /** The sum or the mean; undefined when there is none. */
  get result(): NativeHistogram | undefined {
    if (this.#isIncompatible) return undefined;
    if (!this.#isMean || this.#isRunningMean) return this.#total?.toNative();
    return this.#total?.copy().divide(this.#count).toNative();
  }

  #addToMean(total: FloatHistogram, added: FloatHistogram): AddOutcome | undefined {
    const count = this.#count;
    if (!this.#isRunningMean && !total.isHuge && !added.isHuge) return total.add(added);
    if (!this.#isRunningMean) {
      const sum = total.copy();
      const outcome = sum.add(added);
      if (outcome === undefined || !sum.overflows) {
        this.#total = sum;
        return outcome;
      }
      this.#isRunningMean = true;
      total.divide(count - 1);
    }
    return total.multiply((count - 1) / count).add(added.divide(count));
  }
}
