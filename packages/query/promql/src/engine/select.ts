import {
  isStale,
  type MetricStore,
  type Series,
  type SeriesQuery,
  type SeriesScanner,
} from '@dwcp/core';

import { type VectorSelector } from '../parser/ast.ts';
import { type Annotations } from './annotations.ts';
import { type Budget } from './budget.ts';
import { type Grid, lastTime, timeAt } from './grid.ts';
import { withDetectedHints } from './histograms/stats-hints.ts';
import { type QueryRecorder } from './recorder.ts';
import { type RangeSeries, type RangeShape } from './values.ts';

/** When a selector looks, besides the grid. */
export interface Shift {
  readonly offsetMs: number;
  readonly atMs: number | undefined;
}

/**
 * When a selector looks at each step, in Unix milliseconds.
 * @param count 1 where an `@` makes all steps the same and one will do
 */
export function momentsOf(
  grid: Grid,
  { atMs, offsetMs }: Shift,
  count: number = grid.count,
): Float64Array {
  const moments = new Float64Array(count);
  for (let step = 0; step < count; step++) moments[step] = (atMs ?? timeAt(grid, step)) - offsetMs;
  return moments;
}

export interface SelectContext {
  readonly store: Pick<MetricStore, 'select'>;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  readonly lookbackMs: number;
  readonly recorder: QueryRecorder | undefined;
  readonly annotations: Annotations;
  /** The selectors of which only count and sum of histograms are looked at. */
  readonly statistics: ReadonlySet<VectorSelector>;
}

/** How far before and after its own moment a step sees. */
export interface Sight {
  readonly backMs: number;
  readonly aheadMs?: number;
}

export interface Selected {
  readonly selector: VectorSelector;
  readonly grid: Grid;
  readonly shift: Shift;
}

/**
 * Reads the series of a selector one by one, each with all samples that any step of the grid can
 * see, sorted by labels. The arrays hold something else once `visit` is done.
 */
export async function eachSeries(
  context: SelectContext,
  { selector, grid, shift }: Selected,
  { backMs, aheadMs = 0 }: Sight,
  visit: (series: Series) => void | Promise<void>,
): Promise<void> {
  const { budget, recorder, signal, store } = context;
  const hints = context.statistics.has(selector);
  const first = (shift.atMs ?? grid.startMs) - shift.offsetMs;
  const last = (shift.atMs ?? lastTime(grid)) - shift.offsetMs;
  const query: SeriesQuery = {
    matchers: selector.matchers,
    // Windows are left-open; samples lie on whole milliseconds.
    startUnixMs: Math.floor(first - backMs) + 1,
    endUnixMs: last + aheadMs,
  };
  const options = signal === undefined ? {} : { signal };
  const counted = (series: Series): void | Promise<void> => {
    budget.check();
    recorder?.read(series.timestamps.length);
    return visit(hints && series.histograms !== undefined ? withDetectedHints(series) : series);
  };
  if (isScanner(store)) {
    const held = (series: Series): void | Promise<void> => {
      const size = series.timestamps.length;
      budget.charge(size);
      const done = counted(series);
      if (done !== undefined) return done.then(() => budget.release(size));
      budget.release(size);
      return undefined;
    };
    await store.scan(query, held, options);
    return;
  }
  const found = await store.select(query, options);
  for (const { timestamps } of found) budget.charge(timestamps.length);
  for (const series of found) {
    await counted(series);
    await budget.breathe();
  }
}

function isScanner(store: object): store is SeriesScanner {
  return 'scan' in store;
}

/** Reads the series of a range selector, without staleness markers. */
export async function eachRangeSeries(
  context: SelectContext,
  selected: Selected,
  { rangeMs, reach: { aheadMs, backMs } }: Pick<RangeShape, 'rangeMs' | 'reach'>,
  visit: (series: RangeSeries) => void | Promise<void>,
): Promise<void> {
  await eachSeries(context, selected, { backMs: rangeMs + backMs, aheadMs }, (series) =>
    visit(withoutStale(series)),
  );
}

function withoutStale(series: Series): RangeSeries {
  const { labels, timestamps, values } = series;
  const isPlain = series.histograms === undefined && series.startTimestamps === undefined;
  const ascending = ascendingCount(values);
  const base = { labels, dropName: false };
  if (ascending === values.length && isPlain) {
    return { ...base, timestamps, values, isAscending: true };
  }
  const stale = countStale(values, ascending);
  const pick = (column: Float64Array): Float64Array =>
    stale === 0 ? column : column.filter((_, i) => !isStale(values, i));
  const kept = { ...base, timestamps: pick(timestamps), values: pick(values) };
  if (isPlain) return kept;
  const histograms = series.histograms?.filter((_, i) => !isStale(values, i));
  const hasHistograms = histograms?.some((histogram) => histogram !== undefined) === true;
  return {
    ...kept,
    ...(hasHistograms ? { histograms } : {}),
    ...(series.startTimestamps === undefined
      ? {}
      : { startTimestamps: pick(series.startTimestamps) }),
  };
}

/**
 * How many values at the beginning are numbers, none below the one before: all those of a counter
 * without resets, which then needs no second look.
 */
function ascendingCount(values: Float64Array): number {
  const { length } = values;
  if (length === 0 || Number.isNaN(values[0])) return 0;
  // To carry the value before from turn to turn would make a number on the heap of each.
  let i = 1;
  while (i < length && (values[i] ?? 0) >= (values[i - 1] ?? 0)) i++;
  return i;
}

function countStale(values: Float64Array, from: number): number {
  let stale = 0;
  for (let i = firstNaN(values, from); i < values.length; i++) if (isStale(values, i)) stale++;
  return stale;
}

/** A loop of its own, which does nothing else: it goes over most samples of many queries. */
function firstNaN(values: Float64Array, from: number): number {
  const { length } = values;
  let i = from;
  for (; i < length; i++) {
    const value = values[i];
    if (value !== value) break;
  }
  return i;
}
