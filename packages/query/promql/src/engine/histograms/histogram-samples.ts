import { type NativeHistogram } from '@dwcp/core';

import { detectReset } from './detect-reset.ts';
import { FloatHistogram } from './float-histogram.ts';

/** The histograms of one series, read many times by windows that overlap. */
export class HistogramSamples {
  readonly all: readonly NativeHistogram[];
  readonly #decoded: (FloatHistogram | undefined)[] = [];
  readonly #resets: (boolean | undefined)[] = [];

  constructor(histograms: readonly NativeHistogram[]) {
    this.all = histograms;
  }

  at(index: number): NativeHistogram {
    const histogram = this.all[index];
    if (histogram === undefined) throw new Error(`there is no histogram ${index}`);
    return histogram;
  }

  /** To be read only: windows share it. */
  decoded(index: number): FloatHistogram {
    return (this.#decoded[index] ??= FloatHistogram.of(this.at(index)));
  }

  /** Whether the counter was reset between a histogram and the one before it. */
  isReset(index: number): boolean {
    return (this.#resets[index] ??= detectReset(this.decoded(index), this.decoded(index - 1)));
  }
}
