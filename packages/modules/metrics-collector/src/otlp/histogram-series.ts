import { InvalidInputError, type Labels } from '@dwcp/core';
import { type OtlpHistogramPoint, type OtlpSummaryPoint } from '@dwcp/protocol-otlp';

import { type Accumulator } from './delta-tracker.ts';
import { boundText, labelsOf } from './point-labels.ts';

/** The series of one classic histogram. Its bounds seldom change, so their labels are kept. */
export class HistogramSeries {
  readonly count: Labels;
  readonly sum: Labels;
  /** The bucket of all observations, `le="+Inf"`. */
  readonly all: Labels;
  readonly #name: string;
  readonly #draft: ReadonlyMap<string, string>;
  #bounds: Float64Array | undefined;
  #buckets: readonly Labels[] = [];

  constructor(name: string, draft: ReadonlyMap<string, string>) {
    this.#name = name;
    this.#draft = draft;
    this.count = labelsOf(draft, `${name}_count`);
    this.sum = labelsOf(draft, `${name}_sum`);
    this.all = this.#bucket('+Inf');
  }

  /** The buckets of the bounds, but for the last one. */
  buckets(bounds: Float64Array): readonly Labels[] {
    if (this.#bounds === undefined || !areEqual(this.#bounds, bounds)) {
      // A copy, since the bounds may be a view into a whole request.
      this.#bounds = bounds.slice();
      this.#buckets = Array.from(bounds, (bound) => this.#bucket(boundText(bound)));
    }
    return this.#buckets;
  }

  #bucket(le: string): Labels {
    return labelsOf(this.#draft, `${this.#name}_bucket`, ['le', le]);
  }
}

/** The series of one summary. */
export class SummarySeries {
  readonly count: Labels;
  readonly sum: Labels;
  readonly #name: string;
  readonly #draft: ReadonlyMap<string, string>;
  #quantiles: readonly { readonly quantile: number; readonly labels: Labels }[] = [];

  constructor(name: string, draft: ReadonlyMap<string, string>) {
    this.#name = name;
    this.#draft = draft;
    this.count = labelsOf(draft, `${name}_count`);
    this.sum = labelsOf(draft, `${name}_sum`);
  }

  /** The series of the point's quantiles, in its order. */
  quantiles(point: OtlpSummaryPoint): readonly { readonly labels: Labels }[] {
    const known = this.#quantiles;
    const isKnown =
      known.length === point.quantiles.length &&
      known.every(({ quantile }, i) => quantile === point.quantiles[i]?.quantile);
    if (!isKnown) {
      this.#quantiles = point.quantiles.map(({ quantile }) => ({
        quantile,
        labels: labelsOf(this.#draft, this.#name, ['quantile', boundText(quantile)]),
      }));
    }
    return this.#quantiles;
  }
}

/** Observations of a classic histogram: those of a point, or of several added up. */
export interface HistogramTotal {
  readonly count: number;
  readonly sum: number | undefined;
  readonly explicitBounds: Float64Array;
  readonly bucketCounts: Float64Array;
}

/** Adds up points of the same bounds. */
export const histogramAccumulator: Accumulator<OtlpHistogramPoint, HistogramTotal> = {
  add(before, { count, sum, explicitBounds, bucketCounts }) {
    if (before === undefined) {
      const bounds = explicitBounds.slice();
      return { count, sum, explicitBounds: bounds, bucketCounts: bucketCounts.slice() };
    }
    const total = before as HistogramTotal;
    if (total.explicitBounds === undefined || !areEqual(total.explicitBounds, explicitBounds)) {
      return undefined;
    }
    return {
      count: total.count + count,
      sum: total.sum === undefined || sum === undefined ? undefined : total.sum + sum,
      explicitBounds: total.explicitBounds,
      bucketCounts: total.bucketCounts.map((own, i) => own + (bucketCounts[i] ?? 0)),
    };
  },
};

/** @throws InvalidInputError when the histogram would be too many series */
export function checkBuckets({ explicitBounds }: OtlpHistogramPoint, maxBuckets: number): void {
  if (explicitBounds.length < maxBuckets) return;
  throw new InvalidInputError(
    'explicitBounds',
    `must be fewer than ${maxBuckets}, as each is a series, got ${explicitBounds.length}; send an exponential histogram`,
  );
}

function areEqual(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
