import { type Labels, METRIC_NAME, type NativeHistogram } from '@dwcp/core';

/**
 * One element of an instant vector over the whole grid. Where `present` is 0 there is no element
 * at that step; a NaN is a value like any other.
 */
export interface Column {
  readonly labels: Labels;
  /** The metric name no longer applies and goes away at the end of the query. */
  readonly dropName: boolean;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** Native histograms by step; where one stands, `values` has NaN. */
  readonly histograms?: readonly (NativeHistogram | undefined)[];
}

/** The samples a range function looks at: sorted by time, staleness markers removed. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: readonly (NativeHistogram | undefined)[];
  /** Known to have no value below the one before, and no NaN. */
  readonly isAscending?: boolean;
  /** When the counter of each sample began, 0 where that is not known. */
  readonly startTimestamps?: Float64Array;
}

/** Where the windows of a range vector lie: at each step `(end - rangeMs, end]`. */
export interface RangeShape {
  readonly rangeMs: number;
  readonly offsetMs: number;
  /** How far a window sees past its own edges, for `anchored` and `smoothed`. */
  readonly reach: { readonly backMs: number; readonly aheadMs: number };
  /** The time of an `@` modifier, which makes the window the same at every step. */
  readonly atMs: number | undefined;
}

/** A range vector with all its samples. */
export interface RangeVector extends RangeShape {
  readonly series: readonly RangeSeries[];
}

/** A range vector whose series come one by one, sorted by labels. */
export interface RangeStream extends RangeShape {
  /** The arrays of a series hold something else once `visit` is done. */
  each(visit: (series: RangeSeries) => void | Promise<void>): Promise<void>;
}

/** Takes the columns of a vector one by one, sorted by labels. */
export interface ColumnSink {
  /** Whether columns must stay as they are after `add`; else their arrays are used again. */
  readonly keepsColumns: boolean;
  add(column: Column): void;
}

/** Keeps all columns. */
export class ColumnList implements ColumnSink {
  readonly keepsColumns = true;
  readonly columns: Column[] = [];

  add(column: Column): void {
    this.columns.push(column);
  }
}

/** A window that ends at its edges. */
export const NO_REACH = { backMs: 0, aheadMs: 0 } as const;

export type Value =
  | { readonly kind: 'scalar'; readonly values: Float64Array }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'vector'; readonly columns: readonly Column[] };

/** Labels that say what a metric is; a computed value is no longer that metric. */
export const METADATA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

export function newColumn(labels: Labels, dropName: boolean, count: number): Column {
  return {
    labels,
    dropName,
    values: new Float64Array(count),
    present: new Uint8Array(count),
  };
}

export function withoutMetadata(labels: Labels): Labels {
  return labels.without(METADATA_LABELS);
}

/** Labels as Prometheus' errors print them: the metric name among the others, in braces. */
export function printLabels(labels: Labels): string {
  const parts = [...labels].map(([name, value]) => {
    const plain = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
    return `${plain}=${JSON.stringify(value)}`;
  });
  return `{${parts.join(', ')}}`;
}

export function anyPresent(column: Column): boolean {
  return column.present.includes(1);
}

/** An element that is there at every step. */
export function constantColumn(values: Float64Array, labels: Labels): Column {
  const column = newColumn(labels, false, values.length);
  column.values.set(values);
  column.present.fill(1);
  return column;
}
