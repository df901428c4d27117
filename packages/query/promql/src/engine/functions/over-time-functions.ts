import { medianDeviationOfSorted, quantileOfSorted } from '../quantile.ts';
import { SortedWindow } from '../streaming/sorted-window.ts';
import { CompensatedMean, CompensatedSum, Variance } from '../summation.ts';
import { type Window, type WindowFunction } from '../window.ts';

/** Wraps a function from the window to a number. */
function always(compute: (window: Window) => number): WindowFunction {
  return (window) => {
    window.result = compute(window);
    return true;
  };
}

/** Whether a value takes the place of the best one so far; NaN only stands while nothing else has. */
type Beats = (value: number, best: number) => boolean;
const above: Beats = (value, best) => value > best || Number.isNaN(best);
const below: Beats = (value, best) => value < best || Number.isNaN(best);
const notBelow: Beats = (value, best) => value >= best || Number.isNaN(best);
const notAbove: Beats = (value, best) => value <= best || Number.isNaN(best);

function sum(window: Window): number {
  const { values, from, to } = window;
  const total = new CompensatedSum();
  for (let i = from; i < to; i++) total.add(values[i] ?? 0);
  return total.total;
}

function average(window: Window): number {
  const { values, from, to } = window;
  const mean = new CompensatedMean();
  for (let i = from; i < to; i++) mean.add(values[i] ?? 0);
  return mean.mean;
}

function variance(window: Window): number {
  const { values, from, to } = window;
  const spread = new Variance();
  for (let i = from; i < to; i++) spread.add(values[i] ?? 0);
  return spread.variance;
}

/** The median of how far values are from their median. */
export function medianAbsoluteDeviation(): WindowFunction {
  const inOrder = new SortedWindow();
  return always((window) => {
    inOrder.moveTo(window);
    return medianDeviationOfSorted(inOrder.sorted, inOrder.size);
  });
}

function secondsAt(window: Window, index: number): number {
  return (window.timestamps[index] ?? 0) / 1000;
}

/** @param q by step */
export function quantileOverTime(q: Float64Array): WindowFunction {
  const inOrder = new SortedWindow();
  return always((window) => {
    inOrder.moveTo(window);
    return quantileOfSorted(q[window.step] ?? Number.NaN, inOrder.sorted, inOrder.size);
  });
}

/**
 * Holt-Winters double exponential smoothing.
 * @param smoothing and trend factors in (0, 1), by step
 */
export function doubleExponentialSmoothing(
  smoothing: Float64Array,
  trend: Float64Array,
): WindowFunction {
  return (window) => {
    const { values, from, to } = window;
    if (to - from < 2) return false;
    const sf = smoothing[window.step] ?? 0;
    const tf = trend[window.step] ?? 0;
    let level = values[from] ?? 0;
    let before = 0;
    let slope = (values[from + 1] ?? 0) - level;
    for (let i = from + 1; i < to; i++) {
      if (i > from + 1) slope = tf * (level - before) + (1 - tf) * slope;
      const next = sf * (values[i] ?? 0) + (1 - sf) * (level + slope);
      before = level;
      level = next;
    }
    window.result = level;
    return true;
  };
}

export const overTimeFunctions: Readonly<Record<string, WindowFunction>> = {
  sum_over_time: always(sum),
  avg_over_time: always(average),
  min_over_time: always((window) => window.values[window.best(below)] ?? 0),
  max_over_time: always((window) => window.values[window.best(above)] ?? 0),
  count_over_time: always((window) => window.size),
  last_over_time: always((window) => window.values[window.to - 1] ?? 0),
  first_over_time: always((window) => window.values[window.from] ?? 0),
  present_over_time: always(() => 1),
  stdvar_over_time: always(variance),
  stddev_over_time: always((window) => Math.sqrt(variance(window))),
  ts_of_first_over_time: always((window) => secondsAt(window, window.from)),
  ts_of_last_over_time: always((window) => secondsAt(window, window.to - 1)),
  ts_of_max_over_time: always((window) => secondsAt(window, window.best(notBelow))),
  ts_of_min_over_time: always((window) => secondsAt(window, window.best(notAbove))),
};
