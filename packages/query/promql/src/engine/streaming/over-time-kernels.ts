import { CompensatedMean, CompensatedSum } from '../summation.ts';
import { type RangeSeries } from '../values.ts';
import { type OutColumn } from './out-columns.ts';
import { type Kernel } from './rate-kernels.ts';
import { spread } from './spread-kernels.ts';
import { type WindowPlan } from './window-plan.ts';

/** Where some windows that follow each other lie. */
export type Places = Pick<WindowPlan, 'from' | 'to' | 'stepCount'>;
/** A kernel that can compute some of the steps alone. */
export type PartKernel = (series: RangeSeries, places: Places, out: OutColumn) => boolean;

/** Where there is a sample in the window, a number from its positions. */
function positional(
  compute: (values: Float64Array, from: number, to: number) => number,
): PartKernel {
  return ({ values }, { from: fromAt, to: toAt, stepCount }, out) => {
    let found = false;
    for (let step = 0; step < stepCount; step++) {
      const from = fromAt[step] ?? 0;
      const to = toAt[step] ?? 0;
      out.present[step] = to > from ? 1 : 0;
      if (to === from) continue;
      found = true;
      const isSame = step > 0 && from === fromAt[step - 1] && to === toAt[step - 1];
      out.values[step] = isSame ? (out.values[step - 1] ?? 0) : compute(values, from, to);
    }
    return found;
  };
}

/** As `CompensatedSum`, with its numbers in registers. */
function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  let compensation = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] ?? 0;
    const next = total + value;
    compensation +=
      Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  // A sum that is finite at its end always was.
  return Number.isFinite(total) ? total + compensation : overflowingSum(values, from, to);
}

function overflowingSum(values: Float64Array, from: number, to: number): number {
  const total = new CompensatedSum();
  for (let i = from; i < to; i++) total.add(values[i] ?? 0);
  return total.total;
}

/** As `CompensatedMean`. */
function average(values: Float64Array, from: number, to: number): number {
  let total = 0;
  let compensation = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] ?? 0;
    const next = total + value;
    compensation +=
      Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  if (!Number.isFinite(total)) return overflowingAverage(values, from, to);
  const count = to - from;
  return total / count + compensation / count;
}

function overflowingAverage(values: Float64Array, from: number, to: number): number {
  const mean = new CompensatedMean();
  for (let i = from; i < to; i++) mean.add(values[i] ?? 0);
  return mean.mean;
}

/** Positions whose values may still become the best; a ring that serves all series. */
let ring = new Int32Array(1_024);

/**
 * The largest (1) or smallest (-1) value, by a queue of candidates: each is better than all behind it
 * or as good, so that every sample enters and leaves once however wide the windows are. Of equal
 * values, 0 and -0 among them, the earliest stands; NaN only where there is nothing else.
 * @see Lemire, Streaming maximum-minimum filter using no more than three comparisons per element, 2006
 */
function extreme(sign: 1 | -1): Kernel {
  return ({ values }, { from: fromAt, to: toAt, stepCount }, out) => {
    if (values.length > ring.length) ring = new Int32Array(values.length * 2);
    let head = 0;
    let tail = 0;
    let next = 0;
    let found = false;
    for (let step = 0; step < stepCount; step++) {
      const from = fromAt[step] ?? 0;
      const to = toAt[step] ?? 0;
      out.present[step] = to > from ? 1 : 0;
      if (to === from) continue;
      found = true;
      if (next < from) next = from;
      for (; next < to; next++) {
        const value = values[next] ?? 0;
        if (value !== value) continue;
        while (tail > head && sign * (values[ring[tail - 1] ?? 0] ?? 0) < sign * value) tail--;
        ring[tail++] = next;
      }
      while (head < tail && (ring[head] ?? 0) < from) head++;
      out.values[step] = values[head < tail ? (ring[head] ?? 0) : to - 1] ?? 0;
    }
    return found;
  };
}

/** Those that look at every sample of every window. */
export const windowKernels: Readonly<Record<string, PartKernel>> = {
  avg_over_time: positional(average),
  stddev_over_time: spread(Math.sqrt),
  stdvar_over_time: spread((variance) => variance),
  sum_over_time: positional(sum),
};

export const overTimeKernels: Readonly<Record<string, Kernel>> = {
  ...windowKernels,
  count_over_time: positional((_, from, to) => to - from),
  first_over_time: positional((values, from) => values[from] ?? 0),
  last_over_time: positional((values, _, to) => values[to - 1] ?? 0),
  max_over_time: extreme(1),
  min_over_time: extreme(-1),
  present_over_time: positional(() => 1),
};
