import {
  type BoundSummary,
  type Exemplar,
  InvalidInputError,
  type LabelValues,
  type Summary,
} from '@dwcp/core';

import { formatCanonicalFloat, formatGoFloat } from '../exposition/numbers.ts';
import { Cell } from './cell.ts';
import { Instrument, type InstrumentContext } from './instrument.ts';
import { unitOf } from './names.ts';
import { type RejectionReason } from './rejections.ts';
import { SlidingQuantiles } from './sliding-quantiles.ts';

export const DEFAULT_QUANTILES: readonly number[] = [0.5, 0.9, 0.95, 0.99, 0.999];
export const DEFAULT_MAX_AGE_SECONDS = 600;

class SummaryCell extends Cell implements BoundSummary {
  readonly #quantiles: readonly number[];
  readonly #sliding: SlidingQuantiles;
  readonly #reject: (reason: RejectionReason) => void;
  #sum = 0;
  #count = 0;

  constructor(
    labelValues: LabelValues,
    quantiles: readonly number[],
    sliding: SlidingQuantiles,
    reject: (reason: RejectionReason) => void,
  ) {
    super(labelValues);
    this.#quantiles = quantiles;
    this.#sliding = sliding;
    this.#reject = reject;
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) {
      this.#reject('invalid_value');
      return;
    }
    this.#sliding.add(value);
    this.#sum += value;
    this.#count++;
  }

  fill(out: Float64Array): void {
    const quantiles = this.#quantiles;
    for (let i = 0; i < quantiles.length; i++) out[i] = this.#sliding.quantile(quantiles[i] ?? 0);
    out[quantiles.length] = this.#sum;
    out[quantiles.length + 1] = this.#count;
  }

  exemplar(): Exemplar | undefined {
    return undefined;
  }
}

/** @throws InvalidInputError unless each is in (0, 1), ascending, and the age above 0 */
export function checkSummary(
  name: string,
  quantiles: readonly number[],
  maxAgeSeconds: number,
): void {
  const fault = quantiles.find((q, i) => !(q > (quantiles[i - 1] ?? 0) && q < 1));
  if (fault !== undefined || quantiles.length > 100) {
    throw new InvalidInputError(
      'quantiles',
      `summary "${name}" wants at most 100 ascending numbers between 0 and 1, got ${fault ?? quantiles.length}`,
    );
  }
  if (!(maxAgeSeconds > 0 && maxAgeSeconds < Infinity)) {
    throw new InvalidInputError(
      'maxAgeSeconds',
      `summary "${name}" wants a window above 0 seconds, got ${maxAgeSeconds}`,
    );
  }
}

/**
 * Quantiles over a sliding window, within 1 % of the true value. They come from our own sketch
 * rather than prom-client's t-digest, which takes 2.7 us per value, 1.9 ms per reading of one label
 * set, reads the system clock, and has its error in rank (2.6 % in value at P99.9 of an exponential
 * distribution).
 */
export class SummaryInstrument extends Instrument<SummaryCell> implements Summary {
  readonly quantiles: readonly number[];
  readonly maxAgeSeconds: number;

  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    options: {
      readonly quantiles: readonly number[];
      readonly maxAgeSeconds: number;
      readonly context: InstrumentContext;
    },
  ) {
    const { quantiles, maxAgeSeconds, context } = options;
    const shape = [
      ...quantiles.map((q) => ({
        suffix: '',
        label: { name: 'quantile', text: formatGoFloat(q), openmetrics: formatCanonicalFloat(q) },
      })),
      { suffix: '_sum' },
      { suffix: '_count' },
    ];
    super({ name, type: 'summary', help, unit: unitOf(name) }, shape, labelNames, context);
    this.quantiles = quantiles;
    this.maxAgeSeconds = maxAgeSeconds;
  }

  observe(value: number): void {
    this.unbound().observe(value);
  }

  protected makeCell(labelValues: LabelValues): SummaryCell {
    const sliding = new SlidingQuantiles(this.maxAgeSeconds * 1_000, this.context.clock);
    return new SummaryCell(labelValues, this.quantiles, sliding, this.reject);
  }
}
