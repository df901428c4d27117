import { type Grid, timeAt } from './grid.ts';
import { ByTimestamps } from './streaming/by-timestamps.ts';
import { TimeSums } from './streaming/time-sums.ts';
import { type RangeSeries, type RangeShape } from './values.ts';

/** Of some thousand steps, which is many. */
const TIME_SUMS_BYTES = 65_536;

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
  readonly #allTimeSums = new ByTimestamps(() => new TimeSums(), TIME_SUMS_BYTES);
  /** Of the series that is open; looked up when first asked for. */
  #timeSums: TimeSums | undefined;
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
    this.#timeSums = undefined;
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

  /** What regressions keep from series to series. */
  get timeSums(): TimeSums {
    this.#timeSums ??= this.#allTimeSums.of(this.timestamps);
    return this.#timeSums;
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

/** Moves the window on to a step; steps must come in order. */
export function moveTo(window: Window, shape: RangeShape, grid: Grid, step: number): void {
  const { timestamps } = window;
  const time = timeAt(grid, step);
  const endMs = (shape.atMs ?? time) - shape.offsetMs;
  const startMs = endMs - shape.rangeMs;
  const beforeMs = startMs - shape.reach.backMs;
  const lastMs = endMs + shape.reach.aheadMs;
  while (window.to < timestamps.length && (timestamps[window.to] ?? 0) <= lastMs) window.to++;
  while (window.from < window.to && (timestamps[window.from] ?? 0) <= beforeMs) window.from++;
  window.startMs = startMs;
  window.endMs = endMs;
  window.evaluatedAtMs = time;
  window.step = step;
}
