import {
  type BoundHistogram,
  type Exemplar,
  type Histogram,
  InvalidInputError,
  type LabelValues,
  type NativeHistogram,
  type ObservationOptions,
} from '@dwcp/core';

import { formatCanonicalFloat, formatGoFloat } from '../exposition/numbers.ts';
import { Cell, type SampleShape } from './cell.ts';
import { makeExemplar } from './exemplars.ts';
import { Instrument, type InstrumentContext } from './instrument.ts';
import { unitOf } from './names.ts';
import { NativeBuckets } from './native-buckets.ts';
import { type RejectionReason } from './rejections.ts';

/** Prometheus' usual upper bounds, in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const MAX_BUCKETS = 500;

export class HistogramCell extends Cell implements BoundHistogram {
  readonly #bounds: Float64Array;
  /** Not cumulative; the last is for values above every bound. */
  readonly #counts: Float64Array;
  readonly #native: NativeBuckets | undefined;
  readonly #exemplars: (Exemplar | undefined)[] = [];
  readonly #context: InstrumentContext;
  readonly #reject: (reason: RejectionReason) => void;
  #sum = 0;

  constructor(
    labelValues: LabelValues,
    options: {
      readonly bounds: Float64Array;
      readonly nativeSchema: number | undefined;
      readonly context: InstrumentContext;
      readonly reject: (reason: RejectionReason) => void;
    },
  ) {
    super(labelValues);
    this.#bounds = options.bounds;
    this.#counts = new Float64Array(options.bounds.length + 1);
    if (options.nativeSchema !== undefined) this.#native = new NativeBuckets(options.nativeSchema);
    this.#context = options.context;
    this.#reject = options.reject;
  }

  observe(value: number, options?: ObservationOptions): void {
    if (!Number.isFinite(value)) {
      this.#reject('invalid_value');
      return;
    }
    const bounds = this.#bounds;
    let low = 0;
    let end = bounds.length;
    while (low < end) {
      const middle = (low + end) >>> 1;
      if ((bounds[middle] ?? 0) < value) low = middle + 1;
      else end = middle;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
    this.#native?.observe(value);
    if (options?.exemplar !== undefined) this.#remember(low, options.exemplar, value);
  }

  fill(out: Float64Array): void {
    const counts = this.#counts;
    let count = 0;
    for (let i = 0; i < counts.length; i++) {
      count += counts[i] ?? 0;
      out[i] = count;
    }
    out[counts.length] = this.#sum;
    out[counts.length + 1] = count;
  }

  exemplar(index: number): Exemplar | undefined {
    return this.#exemplars[index];
  }

  override native(): NativeHistogram | undefined {
    return this.#native?.snapshot();
  }

  #remember(bucket: number, labels: LabelValues, value: number): void {
    const exemplar = makeExemplar(labels, value, this.#context.clock);
    if (exemplar === undefined) this.#reject('invalid_exemplar');
    else this.#exemplars[bucket] = exemplar;
  }
}

/** The samples of a classic histogram: a `_bucket` per bound and for +Inf, `_sum`, `_count`. */
export function histogramShape(bounds: readonly number[]): readonly SampleShape[] {
  return [
    ...[...bounds, Infinity].map((bound) => ({
      suffix: '_bucket',
      label: { name: 'le', text: formatGoFloat(bound), openmetrics: formatCanonicalFloat(bound) },
    })),
    { suffix: '_sum' },
    { suffix: '_count' },
  ];
}

/** @throws InvalidInputError unless the bounds are finite and ascending, 1 to 500 of them */
export function checkBuckets(name: string, bounds: readonly number[]): void {
  const fault = bounds.findIndex(
    (b, i) => !Number.isFinite(b) || b <= (bounds[i - 1] ?? -Infinity),
  );
  if (bounds.length > 0 && bounds.length <= MAX_BUCKETS && fault === -1) return;
  const found = fault === -1 ? `${bounds.length} bounds` : `${bounds[fault]} at position ${fault}`;
  throw new InvalidInputError(
    'buckets',
    `histogram "${name}" wants 1 to ${MAX_BUCKETS} finite upper bounds, each above the one before ` +
      `(+Inf is added by itself), got ${found}`,
  );
}

export class HistogramInstrument extends Instrument<HistogramCell> implements Histogram {
  readonly bounds: Float64Array;
  readonly nativeSchema: number | undefined;

  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    options: {
      readonly bounds: readonly number[];
      readonly nativeSchema: number | undefined;
      readonly context: InstrumentContext;
    },
  ) {
    const { bounds, nativeSchema, context } = options;
    super(
      { name, type: 'histogram', help, unit: unitOf(name) },
      histogramShape(bounds),
      labelNames,
      context,
    );
    this.bounds = Float64Array.from(bounds);
    this.nativeSchema = nativeSchema;
  }

  observe(value: number, options?: ObservationOptions): void {
    this.unbound().observe(value, options);
  }

  protected makeCell(labelValues: LabelValues): HistogramCell {
    const { bounds, nativeSchema, context, reject } = this;
    return new HistogramCell(labelValues, { bounds, nativeSchema, context, reject });
  }
}
