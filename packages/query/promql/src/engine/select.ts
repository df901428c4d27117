import { isStale, type MetricStore, type NativeHistogram, type Series } from '@dwcp/core';

import { type VectorSelector } from '../parser/ast.ts';
import { type Budget } from './budget.ts';
import { unsupported } from './errors.ts';
import { type Grid, lastTime, timeAt } from './grid.ts';
import {
  anyPresent,
  type Column,
  newColumn,
  type RangeSeries,
  type RangeVector,
} from './values.ts';

/** When a selector looks, besides the grid. */
export interface Shift {
  readonly offsetMs: number;
  readonly atMs: number | undefined;
}

export interface SelectContext {
  readonly store: MetricStore;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  readonly lookbackMs: number;
}

/** The series of a selector with all samples that any step of the grid can see. */
async function select(
  context: SelectContext,
  selector: VectorSelector,
  grid: Grid,
  shift: Shift,
  backMs: number,
  aheadMs = 0,
): Promise<readonly Series[]> {
  const first = (shift.atMs ?? grid.startMs) - shift.offsetMs;
  const last = (shift.atMs ?? lastTime(grid)) - shift.offsetMs;
  const series = await context.store.select(
    // Windows are left-open; samples lie on whole milliseconds.
    {
      matchers: selector.matchers,
      startUnixMs: Math.floor(first - backMs) + 1,
      endUnixMs: last + aheadMs,
    },
    context.signal === undefined ? {} : { signal: context.signal },
  );
  for (const one of series) context.budget.charge(one.timestamps.length);
  return series;
}

/**
 * An instant selector over the grid: at each step the newest sample that is not older than the
 * lookback, unless that sample is a staleness marker.
 * @param what whether to give the samples' values or their times in seconds
 */
export async function selectInstant(
  context: SelectContext,
  selector: VectorSelector,
  grid: Grid,
  shift: Shift,
  what: 'value' | 'time' = 'value',
): Promise<Column[]> {
  const { lookbackMs } = context;
  const columns: Column[] = [];
  for (const series of await select(context, selector, grid, shift, lookbackMs)) {
    context.budget.charge(grid.count);
    const column = sampleAtSteps(series, grid, shift, lookbackMs, what);
    if (column !== undefined) columns.push(column);
    await context.budget.breathe();
  }
  return columns;
}

function sampleAtSteps(
  series: Series,
  grid: Grid,
  shift: Shift,
  lookbackMs: number,
  what: 'value' | 'time',
): Column | undefined {
  const { timestamps, values } = series;
  const column = newColumn(series.labels, what === 'time', grid.count);
  const histograms: (NativeHistogram | undefined)[] | undefined =
    series.histograms === undefined || what === 'time' ? undefined : [];
  let next = 0;
  let found = false;
  for (let step = 0; step < grid.count; step++) {
    const at = (shift.atMs ?? timeAt(grid, step)) - shift.offsetMs;
    while (next < timestamps.length && (timestamps[next] ?? 0) <= at) next++;
    const index = next - 1;
    const time = timestamps[index];
    if (time === undefined || time <= at - lookbackMs) continue;
    const value = values[index] ?? 0;
    if (value !== value && isStale(values, index)) continue;
    found = true;
    column.present[step] = 1;
    column.values[step] = what === 'time' ? time / 1000 : value;
    if (histograms !== undefined) histograms[step] = series.histograms?.[index];
  }
  if (!found) return undefined;
  return histograms?.some((histogram) => histogram !== undefined) === true
    ? { ...column, histograms: Array.from({ length: grid.count }, (_, i) => histograms[i]) }
    : column;
}

/**
 * A `smoothed` instant selector: at each step the value on the line between the samples around it,
 * or the newest sample where none follows within the lookback.
 */
export async function selectSmoothed(
  context: SelectContext,
  selector: VectorSelector,
  grid: Grid,
  shift: Shift,
): Promise<Column[]> {
  const { lookbackMs } = context;
  const columns: Column[] = [];
  for (const series of await select(context, selector, grid, shift, lookbackMs, lookbackMs)) {
    if (series.histograms !== undefined) {
      throw unsupported('native histograms in the smoothed modifier are', selector);
    }
    context.budget.charge(grid.count);
    const column = newColumn(series.labels, false, grid.count);
    const { timestamps, values } = series;
    let next = 0;
    for (let step = 0; step < grid.count; step++) {
      const at = (shift.atMs ?? timeAt(grid, step)) - shift.offsetMs;
      while (next < timestamps.length && (timestamps[next] ?? 0) <= at) next++;
      const before = timestamps[next - 1];
      if (before === undefined || before <= at - lookbackMs || isStale(values, next - 1)) continue;
      const value = values[next - 1] ?? 0;
      const after = timestamps[next];
      const isAlone = after === undefined || after > at + lookbackMs || isStale(values, next);
      const rise = isAlone ? 0 : (values[next] ?? 0) - value;
      column.values[step] =
        isAlone || at === before ? value : value + (rise * (at - before)) / (after - before);
      column.present[step] = 1;
    }
    if (anyPresent(column)) columns.push(column);
    await context.budget.breathe();
  }
  return columns;
}

/** The raw samples of a range selector, over all windows of the grid. */
export async function selectRange(
  context: SelectContext,
  selector: VectorSelector,
  grid: Grid,
  shift: Shift,
  rangeMs: number,
  reach: RangeVector['reach'],
): Promise<RangeSeries[]> {
  const { backMs, aheadMs } = reach;
  const found = await select(context, selector, grid, shift, rangeMs + backMs, aheadMs);
  return found.map((series) => withoutStale(series));
}

function withoutStale(series: Series): RangeSeries {
  const { labels, timestamps, values, histograms } = series;
  let stale = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== value && isStale(values, i)) stale++;
  }
  const hasHistograms = histograms?.some((histogram) => histogram !== undefined) === true;
  const base = { labels, dropName: false };
  if (stale === 0) {
    return hasHistograms
      ? { ...base, timestamps, values, histograms }
      : { ...base, timestamps, values };
  }
  const kept = {
    timestamps: new Float64Array(values.length - stale),
    values: new Float64Array(values.length - stale),
    histograms: [] as (NativeHistogram | undefined)[],
  };
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    if (isStale(values, i)) continue;
    kept.timestamps[size] = timestamps[i] ?? 0;
    kept.values[size] = values[i] ?? 0;
    kept.histograms[size] = histograms?.[i];
    size++;
  }
  return hasHistograms
    ? { ...base, ...kept }
    : { ...base, timestamps: kept.timestamps, values: kept.values };
}
