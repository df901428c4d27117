import { type Budget } from '../budget.ts';
import { type Grid } from '../grid.ts';
import { histogramSlots, putElement, tidyHistograms } from '../native.ts';
import {
  anyPresent,
  type Column,
  newColumn,
  type RangeSeries,
  type RangeShape,
} from '../values.ts';
import { MixedWindow } from './mixed-window.ts';
import { type HistogramNotes } from './notes.ts';
import { type MixedFunction } from './window-functions.ts';

/** Whether a series needs more than a float at a time. */
export function isMixed(series: RangeSeries): boolean {
  return series.histograms !== undefined || series.startTimestamps !== undefined;
}

/** About what the histograms of a column take in memory. */
export function histogramBytes({ histograms = [] }: Column): number {
  let bytes = 0;
  for (const histogram of histograms) {
    if (histogram === undefined) continue;
    bytes += 200 + 8 * (histogram.positiveBuckets.length + histogram.negativeBuckets.length);
  }
  return bytes;
}

/** After so many histograms looked at, others get a chance: a few milliseconds' work. */
const HISTOGRAMS_PER_BREATH = 2_000;

export interface MixedWindowOptions {
  readonly budget: Budget;
  readonly compute: MixedFunction;
  readonly notes: HistogramNotes;
  /** The answer is still a value of the metric. */
  readonly keepsName: boolean;
  /** The answer depends on more than the window, so that equal windows may differ. */
  readonly variesByStep: boolean;
}

/** Runs a function over every window of a series; undefined when it has no answer anywhere. */
export async function overMixedWindows(
  series: RangeSeries,
  shape: RangeShape,
  grid: Grid,
  { budget, compute, notes, keepsName, variesByStep }: MixedWindowOptions,
): Promise<Column | undefined> {
  const steps = shape.atMs === undefined || variesByStep ? grid.count : 1;
  const column = newColumn(series.labels, series.dropName || !keepsName, grid.count);
  const histograms = histogramSlots(grid.count);
  const window = new MixedWindow(series);
  let seen = 0;
  for (let step = 0; step < steps; step++) {
    window.move(shape, grid, step);
    const result = window.size === 0 ? undefined : compute(window, notes);
    if (result !== undefined) putElement(column, histograms, step, result);
    seen += window.size;
    if (seen > HISTOGRAMS_PER_BREATH) {
      seen = 0;
      await budget.breathe();
    }
  }
  if (!anyPresent(column)) return undefined;
  if (steps < grid.count) {
    // An `@` makes all windows the same window.
    column.values.fill(column.values[0] ?? 0);
    column.present.fill(column.present[0] ?? 0);
    histograms.fill(histograms[0]);
  }
  return tidyHistograms(column, histograms);
}
