import { type BucketSpan, InvalidInputError, type NativeHistogram } from '@dwcp/core';

/** Finest and coarsest resolution of exponential buckets. */
const MAX_SCHEMA = 8;
const MIN_SCHEMA = -4;

/** Smaller absolute values are counted as zero: 2^-128, as Prometheus' own libraries have it. */
export const ZERO_THRESHOLD = 2 ** -128;

/**
 * The finest schema whose buckets grow by the factor or less.
 * @throws InvalidInputError when the factor is not above 1
 */
export function schemaOf(factor: number): number {
  if (!(factor > 1)) {
    throw new InvalidInputError(
      'nativeBucketFactor',
      `must be above 1, the growth from bucket to bucket such as 1.1, got ${factor}`,
    );
  }
  // Growth is 2^(2^-schema).
  const schema = 0 - Math.floor(Math.log2(Math.log2(factor)));
  return Math.min(MAX_SCHEMA, Math.max(MIN_SCHEMA, schema));
}

/** The upper bound of bucket `index`, inclusive. */
export function upperBound(schema: number, index: number): number {
  return 2 ** (index * 2 ** -schema);
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/**
 * Upper bounds within one power of two, `2^(i / 2^schema) / 2` for i = 0 to 2^schema - 1, that is
 * from 0.5 on, by schema 1 to 8.
 */
const fractionBounds: readonly Float64Array[] = Array.from(
  { length: MAX_SCHEMA + 1 },
  (_, schema) => Float64Array.from({ length: 2 ** schema }, (__, i) => 2 ** (i / 2 ** schema - 1)),
);

/** The index of the bucket that holds a positive finite value: lower bound < value <= upper bound. */
export function bucketIndex(schema: number, value: number): number {
  // value = fraction * 2^exponent with fraction in [0.5, 1), taken from the bits as C's frexp does;
  // a logarithm would misplace values at the very bounds.
  let subnormalShift = 0;
  float[0] = value;
  if (((words[1] ?? 0) & 0x7ff00000) === 0) {
    float[0] = value * 2 ** 54;
    subnormalShift = 54;
  }
  const high = words[1] ?? 0;
  const exponent = ((high >>> 20) & 0x7ff) - 1022 - subnormalShift;
  words[1] = (high & 0x000fffff) | 0x3fe00000;
  const fraction = float[0];
  if (schema <= 0) {
    const index = fraction === 0.5 ? exponent - 1 : exponent;
    return Math.ceil(index / 2 ** -schema);
  }
  const bounds = fractionBounds[schema] ?? new Float64Array();
  let low = 0;
  let end = bounds.length;
  while (low < end) {
    const middle = (low + end) >>> 1;
    if ((bounds[middle] ?? 0) < fraction) low = middle + 1;
    else end = middle;
  }
  return low + (exponent - 1) * bounds.length;
}

/**
 * A native histogram being filled: sparse exponential buckets around a zero bucket.
 *
 * Beyond `maxBuckets` occupied buckets the resolution is halved, two neighbours becoming one; at the
 * coarsest schema the zero bucket widens over the smallest values instead. No observation is lost.
 * @see https://prometheus.io/docs/specs/native_histograms/
 */
export class NativeBuckets {
  readonly #maxBuckets: number;
  #schema: number;
  #zeroThreshold = ZERO_THRESHOLD;
  #zeroCount = 0;
  #count = 0;
  #sum = 0;
  #positive = new Map<number, number>();
  #negative = new Map<number, number>();
  #snapshot: NativeHistogram | undefined;

  /** @param schema -4 to 8, see `schemaOf` */
  constructor(schema: number, maxBuckets: number = 160) {
    this.#schema = schema;
    this.#maxBuckets = maxBuckets;
  }

  /** @param value finite */
  observe(value: number): void {
    this.#snapshot = undefined;
    this.#count++;
    this.#sum += value;
    const size = Math.abs(value);
    if (size <= this.#zeroThreshold) {
      this.#zeroCount++;
      return;
    }
    const side = value > 0 ? this.#positive : this.#negative;
    const index = bucketIndex(this.#schema, size);
    const before = side.get(index);
    side.set(index, (before ?? 0) + 1);
    if (before === undefined) this.#limit();
  }

  /** The state now, not changed by what comes later. */
  snapshot(): NativeHistogram {
    if (this.#snapshot !== undefined) return this.#snapshot;
    const positive = spansOf(this.#positive);
    const negative = spansOf(this.#negative);
    this.#snapshot = {
      schema: this.#schema,
      count: this.#count,
      sum: this.#sum,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount,
      positiveSpans: positive.spans,
      positiveBuckets: positive.buckets,
      negativeSpans: negative.spans,
      negativeBuckets: negative.buckets,
      counterResetHint: 'unknown',
    };
    return this.#snapshot;
  }

  #limit(): void {
    while (this.#positive.size + this.#negative.size > this.#maxBuckets) {
      if (this.#schema > MIN_SCHEMA) {
        this.#schema--;
        this.#positive = halve(this.#positive);
        this.#negative = halve(this.#negative);
      } else {
        this.#widenZero();
      }
    }
  }

  #widenZero(): void {
    const index = Math.min(...this.#positive.keys(), ...this.#negative.keys());
    for (const side of [this.#positive, this.#negative]) {
      this.#zeroCount += side.get(index) ?? 0;
      side.delete(index);
    }
    this.#zeroThreshold = upperBound(this.#schema, index);
  }
}

/** Bucket i of one schema lies in bucket ceil(i / 2) of the next coarser one. */
function halve(buckets: ReadonlyMap<number, number>): Map<number, number> {
  const halved = new Map<number, number>();
  for (const [index, count] of buckets) {
    const target = Math.ceil(index / 2);
    halved.set(target, (halved.get(target) ?? 0) + count);
  }
  return halved;
}

function spansOf(buckets: ReadonlyMap<number, number>): {
  readonly spans: readonly BucketSpan[];
  readonly buckets: readonly number[];
} {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let next = 0;
  for (const index of [...buckets.keys()].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    counts.push(buckets.get(index) ?? 0);
    next = index + 1;
  }
  return { spans, buckets: counts };
}
