import { type RangeSeries } from '../values.ts';
import { type OutColumn } from './out-columns.ts';
import { type WindowPlan } from './window-plan.ts';

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

/** Multiplying may round where dividing does not, so near the limit the division decides. */
const CLEARLY = 1.000001;

function extrapolated(isCounter: boolean, perSecond: boolean): Kernel {
  return ({ timestamps, values, isAscending = false }, plan, out) => {
    const { from: fromAt, to: toAt, stepCount } = plan;
    // x / 1 is x, so that one formula serves both.
    const seconds = perSecond ? plan.rangeMs / 1000 : 1;
    const { factor, sampled, toEnd, toStart } = plan.rates(timestamps, seconds);
    const resetCount = isCounter && !isAscending ? findResets(values) : 0;
    const positions = resets;
    let nextReset = 0;
    let found = false;
    for (let step = 0; step < stepCount; step++) {
      const from = fromAt[step] ?? 0;
      const to = toAt[step] ?? 0;
      if (to - from < 2) {
        out.present[step] = 0;
        continue;
      }
      const first = values[from] ?? 0;
      let difference = (values[to - 1] ?? 0) - first;
      while (nextReset < resetCount && (positions[nextReset] ?? 0) <= from) nextReset++;
      for (let i = nextReset; i < resetCount && (positions[i] ?? 0) < to; i++) {
        difference += values[(positions[i] ?? 0) - 1] ?? 0;
      }
      let grown = factor[step] ?? 0;
      if (isCounter && difference > 0 && first >= 0) {
        const before = toStart[step] ?? 0;
        const whole = sampled[step] ?? 0;
        if (!(first * whole > before * difference * CLEARLY)) {
          // A counter cannot have been below zero.
          const sinceZero = Math.min(before, whole * (first / difference));
          grown = (whole + sinceZero + (toEnd[step] ?? 0)) / whole / seconds;
        }
      }
      out.values[step] = difference * grown;
      out.present[step] = 1;
      found = true;
    }
    return found;
  };
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
