import { type Labels } from '../labels.ts';
import { type NativeHistogram } from '../native-histogram.ts';
import { type Exemplar } from '../sample.ts';
import { type AppendResult } from './metric-store.ts';

/** A series of a store by number. Valid until its transaction is committed or given up. */
export type SeriesRef = number;

/** In place of a ref where there is no such series. */
export const NO_SERIES: SeriesRef = -1;

/**
 * Appends without making an object per sample: for protocols that carry many. Series are named by
 * the bytes in which the protocol writes their labels; a series may have several such names, and
 * the store does not look inside. One transaction is one append: all or nothing of it becomes
 * durable, rows that the store refuses aside.
 */
export interface MetricAppender {
  /** From here to `commit` or `abandon` without waiting: a transaction that waits is given up. */
  begin(): MetricTransaction;
}

export interface MetricTransaction {
  /** The series known under `bytes[start, end)`, or NO_SERIES. */
  find(bytes: Uint8Array, start: number, end: number): SeriesRef;
  /**
   * The series of the labels, from now on also known under the bytes; NO_SERIES when a limit
   * forbids it, and what follows for NO_SERIES is counted as refused for that reason.
   */
  define(bytes: Uint8Array, start: number, end: number, labels: Labels): SeriesRef;
  /** NO_SERIES, for labels that cannot be decoded: what follows for it is counted as `invalid`. */
  invalid(): SeriesRef;
  /**
   * The value comes as the two halves of its bits, with or without a sign, since only so a stale
   * marker stays one.
   */
  sample(series: SeriesRef, unixMs: number, low: number, high: number): void;
  histogram(series: SeriesRef, unixMs: number, histogram: NativeHistogram): void;
  exemplar(series: SeriesRef, exemplar: Exemplar): void;
  /**
   * Resolves once durable.
   * @throws BackendError when nothing could be made durable
   */
  commit(): Promise<AppendResult>;
  /** Gives up what was added, where the rest of a request cannot be read; in place of `commit`. */
  abandon(): void;
}
