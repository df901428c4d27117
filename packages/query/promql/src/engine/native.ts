import { type NativeHistogram } from '@dwcp/core';

import { type Column } from './values.ts';

/** The histograms of a column that is being made, by step. */
export type HistogramSlots = (NativeHistogram | undefined)[];

export function histogramSlots(count: number): HistogramSlots {
  return Array.from({ length: count }, () => undefined);
}

/** The column with its histograms, where there are any. */
export function tidyHistograms(column: Column, histograms: HistogramSlots): Column {
  return histograms.some((histogram) => histogram !== undefined)
    ? { ...column, histograms }
    : column;
}

/** Puts a float or a histogram at a step. */
export function putElement(
  column: Column,
  histograms: HistogramSlots,
  step: number,
  element: number | NativeHistogram,
): void {
  column.present[step] = 1;
  if (typeof element === 'number') {
    column.values[step] = element;
    return;
  }
  column.values[step] = Number.NaN;
  histograms[step] = element;
}
