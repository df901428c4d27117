import { type CounterResetHint, type NativeHistogram } from '@dwcp/core';

import { CompensatedSum } from '../summation.ts';
import { exponentialBound, isCustomSchema, sameBounds, sharedBounds } from './bounds.ts';
import {
  addSides,
  copySide,
  decodeSide,
  emptySide,
  encodeSide,
  mapSide,
  reduceSide,
  scaleSide,
  type Side,
} from './side.ts';
import { absorbIntoZero, reconcileZeroBuckets } from './zero-bucket.ts';

/** What came up when two histograms were added. */
export interface AddOutcome {
  /** One says that its counter was reset and the other that it was not. */
  readonly resetsCollide: boolean;
  /** Custom bounds differed and were brought to those that both have. */
  readonly boundsReconciled: boolean;
}

/**
 * A native histogram to compute with: buckets by index instead of spans, counts that change in
 * place. With compensation, sums keep what rounding takes away, as Prometheus' KahanAdd does.
 */
export class FloatHistogram {
  schema: number;
  zeroThreshold: number;
  customValues: readonly number[] | undefined;
  hint: CounterResetHint;
  positive: Side;
  negative: Side;
  readonly compensated: boolean;
  readonly #count = new CompensatedSum();
  readonly #sum = new CompensatedSum();
  readonly #zeroCount = new CompensatedSum();

  private constructor(source: NativeHistogram | FloatHistogram, compensated: boolean) {
    this.schema = source.schema;
    this.zeroThreshold = source.zeroThreshold;
    this.customValues = source.customValues;
    this.compensated = compensated;
    this.#count.sum = source.count;
    this.#sum.sum = source.sum;
    this.#zeroCount.sum = source.zeroCount;
    if (source instanceof FloatHistogram) {
      this.hint = source.hint;
      this.positive = copySide(source.positive);
      this.negative = copySide(source.negative);
      this.#count.compensation = source.#count.compensation;
      this.#sum.compensation = source.#sum.compensation;
      this.#zeroCount.compensation = source.#zeroCount.compensation;
      return;
    }
    this.hint = source.counterResetHint;
    this.positive = decodeSide(source.positiveSpans, source.positiveBuckets);
    this.negative = decodeSide(source.negativeSpans, source.negativeBuckets);
    if (compensated) {
      this.positive.compensations.push(...this.positive.counts.map(() => 0));
      this.negative.compensations.push(...this.negative.counts.map(() => 0));
    }
  }

  static of(histogram: NativeHistogram, { compensated = false } = {}): FloatHistogram {
    return new FloatHistogram(histogram, compensated);
  }

  /** A histogram of the same layout without observations. */
  static emptyLike(other: FloatHistogram): FloatHistogram {
    return FloatHistogram.of({
      schema: other.schema,
      count: 0,
      sum: 0,
      zeroThreshold: 0,
      zeroCount: 0,
      positiveSpans: [],
      positiveBuckets: [],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
      ...(other.customValues === undefined ? {} : { customValues: other.customValues }),
    });
  }

  get count(): number {
    return this.#count.sum;
  }

  get sum(): number {
    return this.#sum.sum;
  }

  get zeroCount(): number {
    return this.#zeroCount.sum;
  }

  get isCustom(): boolean {
    return isCustomSchema(this.schema);
  }

  /** Whether any number in it has become infinite. */
  get overflows(): boolean {
    return this.#has((value) => value === Infinity || value === -Infinity);
  }

  /** Whether any number in it is so large that a sum might overflow. */
  get isHuge(): boolean {
    return this.#has((value) => !(Math.abs(value) < 1e300));
  }

  copy(): FloatHistogram {
    return new FloatHistogram(this, this.compensated);
  }

  /**
   * Adds another histogram, or subtracts it with the sign -1. The result has the lower resolution
   * of both, the wider zero bucket, and the custom bounds that both have.
   * @returns undefined, and nothing is changed, when one has exponential and the other custom buckets
   */
  add(other: FloatHistogram, sign: 1 | -1 = 1): AddOutcome | undefined {
    if (this.isCustom !== other.isCustom) return undefined;
    const resetsCollide = this.#joinHints(other.hint);
    if (!this.isCustom) {
      const zeroCount = reconcileZeroBuckets(this, other);
      this.#increase(this.#zeroCount, sign * zeroCount);
    }
    this.#increase(this.#count, sign * other.count);
    this.#increase(this.#sum, sign * other.sum);
    const boundsReconciled = this.isCustom
      ? this.#addCustom(other, sign)
      : this.#addExponential(other, sign);
    return { resetsCollide, boundsReconciled };
  }

  multiply(factor: number): this {
    return this.#scale((value) => value * factor, factor < 0);
  }

  /** Division by zero takes all buckets away. */
  divide(divisor: number): this {
    if (divisor === 0) {
      this.positive = emptySide();
      this.negative = emptySide();
    }
    return this.#scale((value) => value / divisor, divisor < 0);
  }

  /** Lowers the resolution. */
  reduceTo(schema: number): void {
    this.positive = reduceSide(this.positive, this.schema, schema, this.compensated);
    this.negative = reduceSide(this.negative, this.schema, schema, this.compensated);
    this.schema = schema;
  }

  /** Widens the zero bucket, which takes in the buckets that it now covers. */
  widenZeroBucket(threshold: number): void {
    const { count, threshold: reached } = absorbIntoZero(this, threshold);
    this.#zeroCount.sum = count;
    this.zeroThreshold = reached;
    for (const side of [this.positive, this.negative]) {
      let covered = 0;
      while (
        covered < side.indices.length &&
        exponentialBound((side.indices[covered] ?? 0) - 1, this.schema) < reached
      ) {
        covered++;
      }
      side.indices.splice(0, covered);
      side.counts.splice(0, covered);
      side.compensations.splice(0, covered);
    }
  }

  /** What rounding took away is given back; empty buckets are left out. */
  toNative(hint: CounterResetHint = this.hint): NativeHistogram {
    const positive = encodeSide(this.#settled(this.positive));
    const negative = encodeSide(this.#settled(this.negative));
    const settle = (sum: CompensatedSum): number =>
      sum.sum + (this.compensated ? sum.compensation : 0);
    const histogram = {
      schema: this.schema,
      count: settle(this.#count),
      sum: settle(this.#sum),
      zeroThreshold: this.zeroThreshold,
      zeroCount: settle(this.#zeroCount),
      positiveSpans: positive.spans,
      positiveBuckets: positive.buckets,
      negativeSpans: negative.spans,
      negativeBuckets: negative.buckets,
      counterResetHint: hint,
    };
    return this.customValues === undefined
      ? histogram
      : { ...histogram, customValues: this.customValues };
  }

  #has(test: (value: number) => boolean): boolean {
    return (
      test(this.count) ||
      test(this.sum) ||
      test(this.zeroCount) ||
      this.positive.counts.some(test) ||
      this.negative.counts.some(test)
    );
  }

  #settled(side: Side): Side {
    if (!this.compensated) return side;
    const counts = side.counts.map((count, i) => count + (side.compensations[i] ?? 0));
    return { ...side, counts };
  }

  #increase(sum: CompensatedSum, value: number): void {
    if (this.compensated) sum.add(value);
    else sum.sum += value;
  }

  #scale(scale: (value: number) => number, isNegative: boolean): this {
    for (const sum of [this.#count, this.#sum, this.#zeroCount]) {
      sum.sum = scale(sum.sum);
      sum.compensation = scale(sum.compensation);
    }
    scaleSide(this.positive, scale);
    scaleSide(this.negative, scale);
    if (isNegative) this.hint = 'gauge';
    return this;
  }

  #addCustom(other: FloatHistogram, sign: 1 | -1): boolean {
    const { compensated } = this;
    const options = { sign, compensated, fromIndex: 0 };
    if (sameBounds(this.customValues, other.customValues)) {
      this.positive = addSides(this.positive, other.positive, options);
      return false;
    }
    const shared = sharedBounds(this.customValues, other.customValues);
    this.positive = addSides(onBounds(this, shared), onBounds(other, shared, compensated), options);
    this.customValues = shared;
    return true;
  }

  #addExponential(other: FloatHistogram, sign: 1 | -1): false {
    const { compensated, zeroThreshold } = this;
    const schema = Math.min(this.schema, other.schema);
    for (const side of ['positive', 'negative'] as const) {
      const own = reduceSide(this[side], this.schema, schema, compensated);
      const added = reduceSide(other[side], other.schema, schema, compensated);
      const fromIndex = firstAbove(zeroThreshold, added, schema);
      this[side] = addSides(own, added, { sign, compensated, fromIndex });
    }
    this.schema = schema;
    return false;
  }

  /** The hint of a sum of two. @returns whether they contradict each other */
  #joinHints(other: CounterResetHint): boolean {
    const { hint } = this;
    if (hint === other || hint === 'gauge') return false;
    if (other === 'gauge') {
      this.hint = 'gauge';
      return false;
    }
    this.hint = 'unknown';
    return hint !== 'unknown' && other !== 'unknown';
  }
}

/** The buckets of a histogram with custom bounds when some of the bounds are taken away. */
export function onBounds(
  { positive, customValues = [], compensated }: FloatHistogram,
  bounds: readonly number[],
  keepCompensation = compensated,
): Side {
  let at = 0;
  const place = (index: number): number => {
    const bound = customValues[index] ?? Infinity;
    while (at < bounds.length && (bounds[at] ?? 0) < bound) at++;
    return at;
  };
  return mapSide(positive, place, keepCompensation);
}

/** The index of the first bucket that ends above the zero bucket. */
function firstAbove(zeroThreshold: number, side: Side, schema: number): number {
  if (zeroThreshold === 0) return -Infinity;
  const found = side.indices.find((index) => exponentialBound(index, schema) > zeroThreshold);
  return found ?? Infinity;
}
