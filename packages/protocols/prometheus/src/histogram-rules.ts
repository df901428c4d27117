/**
 * What OpenMetrics demands of the samples of one histogram point: buckets in ascending order with
 * counts that never fall, a `+Inf` bucket equal to the count, sum and count both or neither, and
 * no sum where there are negative buckets.
 */
export class HistogramRules {
  #point: string | undefined;
  #bound: number | undefined;
  #bucketValue = 0;
  #count: number | undefined;
  #hasSum = false;
  #hasGaugeSum = false;
  #hasNegativeBucket = false;
  #hasNegativeGaugeSum = false;

  /** @param point tells this histogram at this time from others */
  sample(point: string, suffix: string, bound: number, value: number): string | undefined {
    if (point !== this.#point) {
      const problem = this.finishGroup();
      if (problem !== undefined) return problem;
      this.#point = point;
    }
    switch (suffix) {
      case '_bucket':
        return this.#bucket(bound, value);
      case '_count':
      case '_gcount':
        this.#count = value;
        return undefined;
      case '_sum':
        this.#hasSum = true;
        return undefined;
      case '_gsum':
        this.#hasGaugeSum = true;
        this.#hasNegativeGaugeSum = value < 0;
        return undefined;
      default:
        return undefined;
    }
  }

  /** Checks what can only be said at the end of a point, and starts anew. */
  finishGroup(): string | undefined {
    if (this.#point === undefined) return undefined;
    const problem = this.#problemAtEnd();
    this.#point = undefined;
    this.#bound = undefined;
    this.#bucketValue = 0;
    this.#count = undefined;
    this.#hasSum = false;
    this.#hasGaugeSum = false;
    this.#hasNegativeBucket = false;
    this.#hasNegativeGaugeSum = false;
    return problem;
  }

  #bucket(bound: number, value: number): string | undefined {
    if (bound < 0) this.#hasNegativeBucket = true;
    if (this.#bound !== undefined && bound <= this.#bound) return 'the buckets are not in order';
    if (value < this.#bucketValue) return 'a bucket counts less than the one below it';
    this.#bound = bound;
    this.#bucketValue = value;
    return undefined;
  }

  #problemAtEnd(): string | undefined {
    const hasSum = this.#hasSum || this.#hasGaugeSum;
    if (this.#bound !== Infinity) return 'a histogram has no +Inf bucket';
    if (this.#count !== undefined && this.#count !== this.#bucketValue) {
      return 'the count of a histogram differs from its +Inf bucket';
    }
    if (hasSum && this.#count === undefined) return 'a histogram has a sum but no count';
    if (!hasSum && this.#count !== undefined) return 'a histogram has a count but no sum';
    if (this.#hasNegativeBucket && this.#hasSum) {
      return 'a histogram with negative buckets has no sum';
    }
    if (!this.#hasNegativeBucket && this.#hasNegativeGaugeSum) {
      return 'the sum is negative though no bucket is';
    }
    return undefined;
  }
}
