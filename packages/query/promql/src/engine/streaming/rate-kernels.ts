import { type RangeSeries } from '../values.ts';
import { type OutColumn } from './out-columns.ts';
import { type RatePlan, type WindowPlan } from './window-plan.ts';

/**
 * Computes the windows of one series of floats in one go, to the bit as the window function of the
 * same name does. Writes every step of the plan.
 * @returns whether any step has an answer
 */
export type Kernel = (series: RangeSeries, plan: WindowPlan, out: OutColumn) => boolean;

/** Positions of samples that are below the one before; grows as needed, and serves all series. */
let resets = new Int32Array(64);

function findResets(values: Float64Array): number {
  let count = 0;
  let previous = values[0] ?? 0;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value < previous) {
      if (count === resets.length) {
        const longer = new Int32Array(count * 2);
        longer.set(resets);
        resets = longer;
      }
      resets[count++] = i;
    }
    previous = value;
  }
  return count;
}

function extrapolated(isCounter: boolean, perSecond: boolean): Kernel {
  return ({ values, isAscending = false }, plan, out) => {
    // x / 1 is x, so that one formula serves both.
    const seconds = perSecond ? plan.rangeMs / 1000 : 1;
    const windows = { values, plan, rates: plan.rates(seconds), seconds, isCounter };
    const resetCount = isCounter && !isAscending ? findResets(values) : 0;
    let found = false;
    let done = 0;
    let next = 0;
    while (next < resetCount) {
      const reset = resets[next] ?? 0;
      // The steps whose windows have the reset inside; a step may have several.
      const inside = Math.max(done, firstAbove(plan.to, reset));
      const behind = Math.max(inside, firstAbove(plan.from, reset - 1));
      found = climb(windows, done, inside, out) || found;
      for (let step = inside; step < behind; step++) {
        found = climbOverResets(windows, step, { next, resetCount }, out) || found;
      }
      done = behind;
      while (next < resetCount && (resets[next] ?? 0) <= (plan.from[done] ?? Infinity)) next++;
    }
    return climb(windows, done, plan.stepCount, out) || found;
  };
}

interface Windows {
  readonly values: Float64Array;
  readonly plan: WindowPlan;
  readonly rates: RatePlan;
  readonly seconds: number;
  readonly isCounter: boolean;
}

/** Steps from `start` up to `end`, whose windows have no reset. @returns whether there is an answer */
function climb(windows: Windows, start: number, end: number, out: OutColumn): boolean {
  const { values, plan, rates, isCounter } = windows;
  const { areAllPairs, from: fromAt, to: toAt } = plan;
  const { clearlyLater, factor } = rates;
  let found = areAllPairs && end > start;
  if (areAllPairs) out.present.fill(1, start, end);
  for (let step = start; step < end; step++) {
    const from = fromAt[step] ?? 0;
    const to = toAt[step] ?? 0;
    if (!areAllPairs) {
      const isPair = to - from >= 2;
      out.present[step] = isPair ? 1 : 0;
      if (!isPair) continue;
      found = true;
    }
    const first = values[from] ?? 0;
    const difference = (values[to - 1] ?? 0) - first;
    const grown =
      !isCounter || first > difference * clearlyLater
        ? (factor[step] ?? 0)
        : factorSinceZero(windows, step, first, difference);
    out.values[step] = difference * grown;
  }
  return found;
}

/** One step whose window may have resets, from the `next` one on. @returns whether it has an answer */
function climbOverResets(
  windows: Windows,
  step: number,
  { next, resetCount }: { readonly next: number; readonly resetCount: number },
  out: OutColumn,
): boolean {
  const { values, plan } = windows;
  const from = plan.from[step] ?? 0;
  const to = plan.to[step] ?? 0;
  const isPair = to - from >= 2;
  out.present[step] = isPair ? 1 : 0;
  if (!isPair) return false;
  const first = values[from] ?? 0;
  let difference = (values[to - 1] ?? 0) - first;
  for (let i = next; i < resetCount; i++) {
    const reset = resets[i] ?? 0;
    if (reset >= to) break;
    if (reset > from) difference += values[reset - 1] ?? 0;
  }
  out.values[step] = difference * factorSinceZero(windows, step, first, difference);
  return true;
}

/** What the growth is multiplied by: a counter cannot have been below zero. */
function factorSinceZero(
  { rates, seconds }: Windows,
  step: number,
  first: number,
  difference: number,
): number {
  const factor = rates.factor[step] ?? 0;
  if (!(difference > 0 && first >= 0)) return factor;
  const whole = rates.sampled[step] ?? 0;
  const before = rates.toStart[step] ?? 0;
  const sinceZero = Math.min(before, whole * (first / difference));
  return (whole + sinceZero + (rates.toEnd[step] ?? 0)) / whole / seconds;
}

/** The first place whose number is above the limit; they never fall. */
function firstAbove(numbers: Int32Array, limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** `irate` and `idelta`: from the last two samples alone. */
function instantaneous(isCounter: boolean, perSecond: boolean): Kernel {
  return ({ timestamps, values }, { from: fromAt, to: toAt, stepCount }, out) => {
    let found = false;
    for (let step = 0; step < stepCount; step++) {
      const to = toAt[step] ?? 0;
      out.present[step] = 0;
      if (to - (fromAt[step] ?? 0) < 2) continue;
      const last = values[to - 1] ?? 0;
      const previous = values[to - 2] ?? 0;
      const seconds = ((timestamps[to - 1] ?? 0) - (timestamps[to - 2] ?? 0)) / 1000;
      if (seconds === 0) continue;
      const difference = isCounter && last < previous ? last : last - previous;
      out.values[step] = perSecond ? difference / seconds : difference;
      out.present[step] = 1;
      found = true;
    }
    return found;
  };
}

/** How many events lie before each sample; grows as needed, and serves all series. */
let counts = new Int32Array(1_024);

/** Counts what happens between neighbours, once per series. */
function counting(happens: (value: number, previous: number) => boolean): Kernel {
  return ({ values }, { from: fromAt, to: toAt, stepCount }, out) => {
    if (values.length > counts.length) counts = new Int32Array(values.length * 2);
    let count = 0;
    for (let i = 1; i < values.length; i++) {
      if (happens(values[i] ?? 0, values[i - 1] ?? 0)) count++;
      counts[i] = count;
    }
    counts[0] = 0;
    let found = false;
    for (let step = 0; step < stepCount; step++) {
      const from = fromAt[step] ?? 0;
      const to = toAt[step] ?? 0;
      out.present[step] = to > from ? 1 : 0;
      if (to === from) continue;
      out.values[step] = (counts[to - 1] ?? 0) - (counts[from] ?? 0);
      found = true;
    }
    return found;
  };
}

export const rateKernels: Readonly<Record<string, Kernel>> = {
  rate: extrapolated(true, true),
  increase: extrapolated(true, false),
  delta: extrapolated(false, false),
  irate: instantaneous(true, true),
  idelta: instantaneous(false, false),
  changes: counting(
    (value, previous) => value !== previous && (value === value || previous === previous),
  ),
  resets: counting((value, previous) => value < previous),
};
