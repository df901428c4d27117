import { type Budget } from './budget.ts';
import { type Grid, timeAt } from './grid.ts';
import { type Column, newColumn, type RangeSeries, type RangeVector } from './values.ts';

/**
 * The samples of one series that one step sees: positions `from` up to but not including `to`.
 * One object serves all steps, since a query has millions of them; a function reads it and
 * leaves its answer in `result`.
 */
export class Window {
  timestamps: Float64Array = new Float64Array();
  values: Float64Array = new Float64Array();
  from = 0;
  to = 0;
  /** The window is `(startMs, endMs]`; with a reach the samples go beyond. */
  startMs = 0;
  endMs = 0;
  /** The step's own time, which offset and `@` do not move. */
  evaluatedAtMs = 0;
  step = 0;
  result = 0;
  /** What `best` found last: a position, and up to where it has looked. */
  #bestIndex = 0;
  #bestTo = 0;
  /** How many counter resets lie before each sample; made when first asked for. */
  #resets: Int32Array | undefined;

  get size(): number {
    return this.to - this.from;
  }

  open(series: RangeSeries): void {
    this.timestamps = series.timestamps;
    this.values = series.values;
    this.#resets = undefined;
    this.from = 0;
    this.to = 0;
    this.#bestIndex = 0;
    this.#bestTo = 0;
  }

  /**
   * The position of the best value. It usually stays the best when the window moves on, so only
   * the new samples are looked at until it drops out.
   * @param beats whether a value takes the place of the best so far; always the same per series
   */
  best(beats: (value: number, best: number) => boolean): number {
    const { values } = this;
    let next = this.#bestTo;
    if (this.#bestIndex < this.from || next <= this.from) {
      this.#bestIndex = this.from;
      next = this.from + 1;
    }
    for (; next < this.to; next++) {
      if (beats(values[next] ?? 0, values[this.#bestIndex] ?? 0)) this.#bestIndex = next;
    }
    this.#bestTo = this.to;
    return this.#bestIndex;
  }

  /** Whether a value is below the one before it anywhere in the window. */
  hasReset(): boolean {
    this.#resets ??= countResets(this.values);
    return this.#resets[this.to - 1] !== this.#resets[this.from];
  }
}

function countResets(values: Float64Array): Int32Array {
  const resets = new Int32Array(values.length);
  let count = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] ?? 0) < (values[i - 1] ?? 0)) count++;
    resets[i] = count;
  }
  return resets;
}

/** Computes `window.result` of a window with at least one sample; false means no answer. */
export type WindowFunction = (window: Window) => boolean;

export interface WindowOptions {
  /** The answer is still a value of the metric. */
  readonly keepsName?: boolean;
  /** The answer depends on more than the window, so that equal windows may differ. */
  readonly variesByStep?: boolean;
}

/** After so many samples looked at, others get a chance: a few milliseconds' work. */
const SAMPLES_PER_BREATH = 1_000_000;

/** Runs a function over every window of every series, two pointers moving along the samples. */
export async function overWindows(
  vector: RangeVector,
  grid: Grid,
  budget: Budget,
  compute: WindowFunction,
  { keepsName = false, variesByStep = false }: WindowOptions = {},
): Promise<Column[]> {
  // An `@` makes all windows the same window.
  const steps = vector.atMs === undefined || variesByStep ? grid.count : 1;
  const window = new Window();
  const columns: Column[] = [];
  let samplesSeen = 0;
  for (const series of vector.series) {
    budget.charge(grid.count);
    const column = newColumn(series.labels, series.dropName || !keepsName, grid.count);
    window.open(series);
    let found = false;
    for (let step = 0; step < steps; step++) {
      moveTo(window, vector, grid, step);
      if (window.to > window.from && compute(window)) {
        column.values[step] = window.result;
        column.present[step] = 1;
        found = true;
      }
      // One long series with wide windows is as much work as many series.
      samplesSeen += window.size;
      if (samplesSeen > SAMPLES_PER_BREATH) {
        samplesSeen = 0;
        await budget.breathe();
      }
    }
    if (steps < grid.count) {
      column.values.fill(column.values[0] ?? 0);
      column.present.fill(column.present[0] ?? 0);
    }
    if (found) columns.push(column);
    await budget.breathe();
  }
  return columns;
}

/** Moves the window on to a step; steps must come in order. */
export function moveTo(window: Window, vector: RangeVector, grid: Grid, step: number): void {
  const { timestamps } = window;
  const time = timeAt(grid, step);
  const endMs = (vector.atMs ?? time) - vector.offsetMs;
  const startMs = endMs - vector.rangeMs;
  const beforeMs = startMs - vector.reach.backMs;
  const lastMs = endMs + vector.reach.aheadMs;
  while (window.to < timestamps.length && (timestamps[window.to] ?? 0) <= lastMs) window.to++;
  while (window.from < window.to && (timestamps[window.from] ?? 0) <= beforeMs) window.from++;
  window.startMs = startMs;
  window.endMs = endMs;
  window.evaluatedAtMs = time;
  window.step = step;
}
