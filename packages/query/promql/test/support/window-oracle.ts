import { type Point } from './series.ts';

/** A sample inside a window. */
interface Sample {
  readonly unixMs: number;
  readonly value: number;
}

type Definition = (
  samples: readonly Sample[],
  startMs: number,
  endMs: number,
) => number | undefined;

/** What Prometheus' documentation and sources say of a function, window by window, in plain words. */
const definitions: Readonly<Record<string, Definition>> = {
  rate: (...window) => extrapolate(window, { isCounter: true, perSecond: true }),
  increase: (...window) => extrapolate(window, { isCounter: true, perSecond: false }),
  delta: (...window) => extrapolate(window, { isCounter: false, perSecond: false }),
  irate: (samples) =>
    lastTwo(
      samples,
      (last, previous, seconds) => (last < previous ? last : last - previous) / seconds,
    ),
  idelta: (samples) => lastTwo(samples, (last, previous) => last - previous),
  deriv: (samples) => slope(samples),
  changes: (samples) =>
    countPairs(samples, (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b))),
  resets: (samples) => countPairs(samples, (a, b) => b < a),
  sum_over_time: (samples) => neumaier(samples.map(({ value }) => value)),
  avg_over_time: (samples) => average(samples.map(({ value }) => value)),
  min_over_time: (samples) => best(samples, (value, known) => value < known),
  max_over_time: (samples) => best(samples, (value, known) => value > known),
  count_over_time: (samples) => samples.length,
  present_over_time: () => 1,
  first_over_time: (samples) => samples[0]?.value,
  last_over_time: (samples) => samples.at(-1)?.value,
  stdvar_over_time: (samples) => variance(samples.map(({ value }) => value)),
  stddev_over_time: (samples) => Math.sqrt(variance(samples.map(({ value }) => value))),
  mad_over_time: (samples) => medianDeviation(samples.map(({ value }) => value)),
  quantile_over_time: (samples) =>
    quantile(
      0.9,
      samples.map(({ value }) => value),
    ),
};

/** Welford's variance, as Prometheus' funcStdvarOverTime does it. */
function variance(values: readonly number[]): number {
  let mean: Compensated = [0, 0];
  let squares: Compensated = [0, 0];
  for (const [i, value] of values.entries()) {
    const delta = value - (mean[0] + mean[1]);
    mean = increase(mean, delta / (i + 1));
    squares = increase(squares, delta * (value - (mean[0] + mean[1])));
  }
  return (squares[0] + squares[1]) / values.length;
}

/** The median of all deviations from the median; NaN where one is. */
function medianDeviation(values: readonly number[]): number {
  const median = quantile(0.5, values);
  const deviations = values.map((value) => Math.abs(value - median));
  return deviations.some(Number.isNaN) ? Number.NaN : quantile(0.5, deviations);
}

/** By name: the answer for the samples in `(startMs, endMs]`; undefined when there is none. */
export const windowOracle: Readonly<
  Record<string, (points: readonly Point[], startMs: number, endMs: number) => number | undefined>
> = Object.fromEntries(
  Object.entries(definitions).map(([name, define]) => [
    name,
    (points: readonly Point[], startMs: number, endMs: number) => {
      const samples = points.flatMap(([seconds, value]) => {
        const unixMs = seconds * 1_000;
        return value !== 'stale' && unixMs > startMs && unixMs <= endMs ? [{ unixMs, value }] : [];
      });
      return samples.length === 0 ? undefined : define(samples, startMs, endMs);
    },
  ]),
);

/** @see https://github.com/prometheus/prometheus/blob/main/promql/functions.go (extrapolatedRate) */
function extrapolate(
  [samples, startMs, endMs]: Parameters<Definition>,
  { isCounter, perSecond }: { readonly isCounter: boolean; readonly perSecond: boolean },
): number | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || samples.length < 2) return undefined;
  let difference = last.value - first.value;
  if (isCounter) {
    for (const [i, { value }] of samples.entries()) {
      const before = samples[i - 1]?.value;
      if (before !== undefined && value < before) difference += before;
    }
  }
  let toStart = (first.unixMs - startMs) / 1_000;
  let toEnd = (endMs - last.unixMs) / 1_000;
  const sampled = (last.unixMs - first.unixMs) / 1_000;
  const average = sampled / (samples.length - 1);
  if (toStart >= average * 1.1) toStart = average / 2;
  if (isCounter && difference > 0 && first.value >= 0) {
    toStart = Math.min(toStart, sampled * (first.value / difference));
  }
  if (toEnd >= average * 1.1) toEnd = average / 2;
  const factor = (sampled + toStart + toEnd) / sampled;
  return difference * (perSecond ? factor / ((endMs - startMs) / 1_000) : factor);
}

function lastTwo(
  samples: readonly Sample[],
  compute: (last: number, previous: number, seconds: number) => number,
): number | undefined {
  const [previous, last] = samples.slice(-2);
  if (previous === undefined || last === undefined) return undefined;
  return compute(last.value, previous.value, (last.unixMs - previous.unixMs) / 1_000);
}

function countPairs(
  samples: readonly Sample[],
  isCounted: (before: number, after: number) => boolean,
): number {
  return samples
    .slice(1)
    .filter(({ value }, i) => isCounted(samples[i]?.value ?? Number.NaN, value)).length;
}

function best(
  samples: readonly Sample[],
  beats: (value: number, known: number) => boolean,
): number {
  return samples
    .map(({ value }) => value)
    .reduce((known, value) => (beats(value, known) || Number.isNaN(known) ? value : known));
}

/** Neumaier's sum as Prometheus' kahansum.Inc does it. */
function neumaier(values: readonly number[]): number {
  const [sum, compensation] = values.reduce(increase, [0, 0]);
  return Math.abs(sum) === Infinity ? sum : sum + compensation;
}

type Compensated = readonly [sum: number, compensation: number];

function increase([sum, compensation]: Compensated, value: number): Compensated {
  const next = sum + value;
  if (Math.abs(next) === Infinity) return [next, 0];
  const lost = Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
  return [next, compensation + lost];
}

/** A mean by the sum, and as a running mean from where the sum would overflow. */
function average(values: readonly number[]): number {
  let mean: Compensated = [0, 0];
  let isRunning = false;
  for (const [i, value] of values.entries()) {
    const count = i + 1;
    if (!isRunning) {
      const next = increase(mean, value);
      if (count === 1 || Math.abs(next[0]) !== Infinity) {
        mean = next;
        continue;
      }
      isRunning = true;
      mean = [mean[0] / (count - 1), mean[1] / (count - 1)];
    }
    const share = (count - 1) / count;
    mean = increase([mean[0] * share, mean[1] * share], value / count);
  }
  if (isRunning) return mean[0] + mean[1];
  return mean[0] / values.length + mean[1] / values.length;
}

/** The slope of the least squares line, per second. */
function slope(samples: readonly Sample[]): number | undefined {
  const [first] = samples;
  if (first === undefined || samples.length < 2) return undefined;
  if (samples.every(({ value }) => value === first.value)) {
    return Number.isFinite(first.value) ? 0 : Number.NaN;
  }
  const xs = samples.map(({ unixMs }) => (unixMs - first.unixMs) / 1_000);
  const ys = samples.map(({ value }) => value);
  const n = samples.length;
  const [x, y] = [neumaier(xs), neumaier(ys)];
  const xy = neumaier(xs.map((seconds, i) => seconds * (ys[i] ?? 0)));
  const xx = neumaier(xs.map((seconds) => seconds * seconds));
  return (xy - (x * y) / n) / (xx - (x * x) / n);
}

/** Between the two nearest ranks, a NaN below all numbers. */
function quantile(q: number, values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => {
    if (Object.is(a, -0) !== Object.is(b, -0) && a === b) return Object.is(a, -0) ? -1 : 1;
    if (Number.isNaN(a) || Number.isNaN(b))
      return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
    return a < b ? -1 : a > b ? 1 : 0;
  });
  const rank = q * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.min(sorted.length - 1, Math.floor(rank) + 1)] ?? Number.NaN;
  const weight = rank - Math.floor(rank);
  return below * (1 - weight) + above * weight;
}
