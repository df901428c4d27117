/** A run of consecutive buckets: `offset` empty ones are skipped first. */
export interface BucketSpan {
  readonly offset: number;
  readonly length: number;
}

/** Whether a counter reset lies between this histogram and the one before it. */
export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/**
 * A native histogram: sparse buckets whose bounds follow from the schema.
 * Bucket i of schema n has the upper bound `2^(i * 2^-n)`; schema -53 has custom bounds.
 * Bucket counts are absolute (not deltas, not cumulative), in the order the spans give.
 * @see https://prometheus.io/docs/specs/native_histograms/
 */
export interface NativeHistogram {
  /** -4 to 8, or -53 for custom bounds. */
  readonly schema: number;
  readonly count: number;
  readonly sum: number;
  /** Observations with an absolute value at or below this are in the zero bucket. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positiveSpans: readonly BucketSpan[];
  readonly positiveBuckets: readonly number[];
  readonly negativeSpans: readonly BucketSpan[];
  readonly negativeBuckets: readonly number[];
  /** Upper bounds for schema -53, ascending, without +Inf. */
  readonly customValues?: readonly number[];
  readonly counterResetHint: CounterResetHint;
}
