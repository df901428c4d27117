import { CompensatedSum } from '../summation.ts';
import { type Window, type WindowFunction } from '../window.ts';

interface RateOptions {
  readonly isCounter: boolean;
  readonly perSecond: boolean;
}

/**
 * `rate`, `increase` and `delta`: the difference of the ends, extrapolated to the window's edges
 * unless the series seems to start or end inside it.
 * @see https://github.com/prometheus/prometheus/blob/main/promql/functions.go (extrapolatedRate)
 */
function extrapolated(options: RateOptions): WindowFunction {
  return (window) => {
    const { timestamps, values, from, to } = window;
    if (to - from < 2) return false;
    const firstTime = timestamps[from] ?? 0;
    const lastTime = timestamps[to - 1] ?? 0;
    const first = values[from] ?? 0;
    let difference = (values[to - 1] ?? 0) - first;
    if (options.isCounter && window.hasReset()) {
      let previous = first;
      for (let i = from + 1; i < to; i++) {
        const value = values[i] ?? 0;
        if (value < previous) difference += previous;
        previous = value;
      }
    }
    let toStart = (firstTime - window.startMs) / 1000;
    let toEnd = (window.endMs - lastTime) / 1000;
    const sampled = (lastTime - firstTime) / 1000;
    const average = sampled / (to - from - 1);
    // A gap much wider than usual means the series begins or ends inside the window.
    const threshold = average * 1.1;
    if (toStart >= threshold) toStart = average / 2;
    if (options.isCounter && difference > 0 && first >= 0) {
      // A counter cannot have been below zero.
      toStart = Math.min(toStart, sampled * (first / difference));
    }
    if (toEnd >= threshold) toEnd = average / 2;
    let factor = (sampled + toStart + toEnd) / sampled;
    if (options.perSecond) factor /= (window.endMs - window.startMs) / 1000;
    window.result = difference * factor;
    return true;
  };
}

/** `irate` and `idelta`: from the last two samples alone. */
function instantaneous(options: RateOptions): WindowFunction {
  return (window) => {
    const { timestamps, values, to } = window;
    if (window.size < 2) return false;
    const last = values[to - 1] ?? 0;
    const previous = values[to - 2] ?? 0;
    const seconds = ((timestamps[to - 1] ?? 0) - (timestamps[to - 2] ?? 0)) / 1000;
    if (seconds === 0) return false;
    window.result = options.isCounter && last < previous ? last : last - previous;
    if (options.perSecond) window.result /= seconds;
    return true;
  };
}

interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** The sums that a least squares line is made of. */
interface LineSums {
  readonly x: number;
  readonly y: number;
  readonly xy: number;
  readonly xx: number;
}

/** A least squares line through the window, its intercept at a given time. */
function regression(window: Window, interceptMs: number): Line {
  const { values, from, to } = window;
  const first = values[from] ?? 0;
  let next = from + 1;
  while (next < to && values[next] === first) next++;
  if (next === to) {
    if (!Number.isFinite(first)) return { slope: Number.NaN, intercept: Number.NaN };
    return { slope: 0, intercept: first };
  }
  const { x, y, xy, xx } = lineSums(window, interceptMs);
  const n = to - from;
  const covariance = xy - (x * y) / n;
  const variance = xx - (x * x) / n;
  const slope = covariance / variance;
  return { slope, intercept: y / n - (slope * x) / n };
}

function lineSums(window: Window, interceptMs: number): LineSums {
  const { step, timeSums } = window;
  if (!timeSums.has(step)) {
    const { x, xx } = sumsOfTimes(window, interceptMs);
    timeSums.put(step, x, xx);
  }
  return sumsWithValues(window, interceptMs, timeSums.x(step), timeSums.xx(step));
}

/** As `CompensatedSum`, with the numbers of both sums in registers; times are finite. */
function sumsOfTimes(
  { timestamps, from, to }: Window,
  interceptMs: number,
): Pick<LineSums, 'x' | 'xx'> {
  let sumX = 0;
  let sumXX = 0;
  let lostX = 0;
  let lostXX = 0;
  for (let i = from; i < to; i++) {
    const x = ((timestamps[i] ?? 0) - interceptMs) / 1000;
    const xx = x * x;
    const nextX = sumX + x;
    const nextXX = sumXX + xx;
    lostX += Math.abs(sumX) >= Math.abs(x) ? sumX - nextX + x : x - nextX + sumX;
    lostXX += Math.abs(sumXX) >= Math.abs(xx) ? sumXX - nextXX + xx : xx - nextXX + sumXX;
    sumX = nextX;
    sumXX = nextXX;
  }
  return { x: sumX + lostX, xx: sumXX + lostXX };
}

function sumsWithValues(window: Window, interceptMs: number, x: number, xx: number): LineSums {
  const { timestamps, values, from, to } = window;
  let sumY = 0;
  let sumXY = 0;
  let lostY = 0;
  let lostXY = 0;
  for (let i = from; i < to; i++) {
    const y = values[i] ?? 0;
    const xy = (((timestamps[i] ?? 0) - interceptMs) / 1000) * y;
    const nextY = sumY + y;
    const nextXY = sumXY + xy;
    lostY += Math.abs(sumY) >= Math.abs(y) ? sumY - nextY + y : y - nextY + sumY;
    lostXY += Math.abs(sumXY) >= Math.abs(xy) ? sumXY - nextXY + xy : xy - nextXY + sumXY;
    sumY = nextY;
    sumXY = nextXY;
  }
  // Sums that are finite at their end always were.
  if (!Number.isFinite(sumY + sumXY)) return overflowingSums(window, interceptMs);
  return { x, y: sumY + lostY, xy: sumXY + lostXY, xx };
}

function overflowingSums({ timestamps, values, from, to }: Window, interceptMs: number): LineSums {
  const sums = {
    x: new CompensatedSum(),
    y: new CompensatedSum(),
    xy: new CompensatedSum(),
    xx: new CompensatedSum(),
  };
  for (let i = from; i < to; i++) {
    const x = ((timestamps[i] ?? 0) - interceptMs) / 1000;
    const y = values[i] ?? 0;
    sums.x.add(x);
    sums.y.add(y);
    sums.xy.add(x * y);
    sums.xx.add(x * x);
  }
  const { x, y, xy, xx } = sums;
  return { x: x.total, y: y.total, xy: xy.total, xx: xx.total };
}

function deriv(window: Window): boolean {
  if (window.size < 2) return false;
  window.result = regression(window, window.timestamps[window.from] ?? 0).slope;
  return true;
}

/** @param seconds how far ahead to look, by step */
export function predictLinear(seconds: Float64Array): WindowFunction {
  return (window) => {
    if (window.size < 2) return false;
    const { slope, intercept } = regression(window, window.evaluatedAtMs);
    window.result = slope * (seconds[window.step] ?? 0) + intercept;
    return true;
  };
}

function changes(window: Window): boolean {
  const { values, from, to } = window;
  let count = 0;
  for (let i = from + 1; i < to; i++) {
    const value = values[i] ?? 0;
    const previous = values[i - 1] ?? 0;
    if (value !== previous && !(Number.isNaN(value) && Number.isNaN(previous))) count++;
  }
  window.result = count;
  return true;
}

function resets(window: Window): boolean {
  const { values, from, to } = window;
  let count = 0;
  if (window.hasReset()) {
    for (let i = from + 1; i < to; i++) if ((values[i] ?? 0) < (values[i - 1] ?? 0)) count++;
  }
  window.result = count;
  return true;
}

export const rateFunctions: Readonly<Record<string, WindowFunction>> = {
  rate: extrapolated({ isCounter: true, perSecond: true }),
  increase: extrapolated({ isCounter: true, perSecond: false }),
  delta: extrapolated({ isCounter: false, perSecond: false }),
  irate: instantaneous({ isCounter: true, perSecond: true }),
  idelta: instantaneous({ isCounter: false, perSecond: false }),
  deriv,
  changes,
  resets,
};
