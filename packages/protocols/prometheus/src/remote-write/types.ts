import { type Exemplar, type Labels, type MetricMetadata, type NativeHistogram } from '@dwcp/core';

import { type RemoteWriteError } from './errors.ts';

export type RemoteWriteVersion = '1.0' | '2.0';

/**
 * Is told what a request holds, in its order, without an object per sample. Of one series come first
 * `series`, then its samples, histograms and exemplars, then (2.0) its metadata.
 */
export interface RemoteWriteVisitor {
  /**
   * A series begins. `bytes[start, end)` are its labels as consecutive fields 1 (Label messages) of a
   * prompb.TimeSeries; for 2.0 the decoder writes them so, and equal labels give equal bytes. They are
   * valid during the call and not yet checked: see `readLabels`.
   * @returns false to skip the rest of the series; its samples are then not reported
   */
  series(bytes: Uint8Array, start: number, end: number): boolean;
  /**
   * The value comes as the two halves of its bits, as signed 32-bit integers, since only so a stale
   * marker stays one. The stale marker of a native histogram comes here too.
   * @param unixMs the nearest double where it is beyond 2^53
   */
  sample(unixMs: number, low: number, high: number): void;
  histogram(unixMs: number, histogram: NativeHistogram): void;
  exemplar(exemplar: Exemplar): void;
  metadata(metadata: MetricMetadata): void;
  /**
   * One part of a series can be read but is wrong: the buckets of a histogram, the labels of an
   * exemplar, in 2.0 the references of a series (which is then skipped). The rest of the request follows.
   * Without this method the error is thrown.
   */
  invalid?(error: RemoteWriteError): void;
}

/** One series to send. The columns are of equal length, oldest first. */
export interface RemoteWriteSeries {
  readonly labels: Labels;
  /** Unix milliseconds. */
  readonly timestamps: Float64Array;
  /** In a typed array because a stale marker is a NaN with bits of its own. */
  readonly values: Float64Array;
  /** By position; where one stands, the value is not sent. */
  readonly histograms?: readonly (NativeHistogram | undefined)[];
  readonly exemplars?: readonly Exemplar[];
  /** Of the family the series belongs to. */
  readonly metadata?: MetricMetadata;
}
