// Series of native histograms: counters that change their resolution and are reset, gauges of floats,
// one with negative observations, one that comes and goes.
import { type BucketSpan, Labels, type NativeHistogram, type Series, setStale } from '@dwcp/core';

import { type Random } from './random.ts';
import { INTERVAL_MS, scrapes, type ScrapeShape } from './scrape-times.ts';

const ZERO_THRESHOLD = 0.001;

interface HistogramShape extends ScrapeShape {
  readonly schema: number;
  readonly hasNegative?: boolean;
  /** Buckets that shrink as well as grow. */
  readonly isGauge?: boolean;
  /** From this scrape on its buckets are twice as wide. */
  readonly widensAt?: number;
  readonly endsStale?: boolean;
}

/** About 12 series over two hours. */
export function histogramSeries(random: Random): Series[] {
  const made: Series[] = [];
  const add = (labels: Record<string, string>, shape: HistogramShape): void => {
    made.push({ labels: Labels.from(labels), ...columns(random, shape) });
  };
  for (const job of ['api', 'web']) {
    for (const instance of ['a:1', 'b:1']) {
      add(
        { __name__: 'native_seconds', job, instance },
        { schema: job === 'api' ? 1 : 2, hasJitter: instance === 'b:1' },
      );
    }
  }
  add({ __name__: 'native_widening', job: 'api' }, { schema: 3, widensAt: 200 });
  add({ __name__: 'native_signed', job: 'api' }, { schema: 0, hasNegative: true });
  add({ __name__: 'native_gaps', job: 'api' }, { schema: 1, hasGaps: true });
  add({ __name__: 'native_gaps', job: 'web' }, { schema: 1, hasGaps: true });
  add({ __name__: 'native_gauge', job: 'api' }, { schema: 1, isGauge: true });
  add({ __name__: 'native_gauge', job: 'web' }, { schema: 1, isGauge: true });
  add({ __name__: 'native_pods', pod: 'web-0' }, { schema: 1, from: 0, to: 170, endsStale: true });
  add({ __name__: 'native_pods', pod: 'web-1' }, { schema: 1, from: 180, to: 400 });
  return made;
}

function columns(random: Random, shape: HistogramShape): Omit<Series, 'labels'> {
  const { indices, timestamps } = scrapes(random, shape);
  const next = histograms(random, shape);
  const size = indices.length + (shape.endsStale === true ? 1 : 0);
  const values = new Float64Array(size).fill(Number.NaN);
  const times = new Float64Array(size);
  times.set(timestamps);
  if (size > indices.length) {
    setStale(values, indices.length);
    times[indices.length] = (timestamps.at(-1) ?? 0) + INTERVAL_MS;
  }
  return { timestamps: times, values, histograms: indices.map(next) };
}

const half = (value: number): number => Math.floor(value / 2);

/** Two runs of buckets with a hole between, so that there are spans to walk. */
const SPANS: readonly BucketSpan[] = [
  { offset: -2, length: 3 },
  { offset: 2, length: 4 },
];
const POSITIONS = [-2, -1, 0, 3, 4, 5, 6];

function histograms(random: Random, shape: HistogramShape): (index: number) => NativeHistogram {
  const { isGauge = false, hasNegative = false, widensAt = Infinity } = shape;
  // High enough that no range reaches back to where the counter was zero: Prometheus 2 and 3
  // extrapolate to it in different ways.
  const start: number = isGauge ? 50 : 1e5;
  const sides = { positive: POSITIONS.map(() => start), negative: POSITIONS.map(() => start) };
  // A quarter keeps the counts of a gauge from being all integers: Prometheus 2.42 loses samples where
  // a series goes from float histograms to integer ones and back.
  let zeroCount = isGauge ? start + 0.25 : start;
  let sum = 1e6;
  const step = (count: number): number => {
    if (isGauge) return Math.abs(count + Math.floor((random() - 0.5) * 10) / 2);
    return count + Math.floor(random() * 9);
  };
  return (index) => {
    if (!isGauge && random() < 0.008) {
      // A reset, yet never near zero.
      sides.positive = sides.positive.map(half);
      sides.negative = sides.negative.map(half);
      [zeroCount, sum] = [half(zeroCount), half(sum)];
    }
    sides.positive = sides.positive.map(step);
    if (hasNegative) sides.negative = sides.negative.map(step);
    zeroCount = step(zeroCount);
    sum += isGauge ? random() - 0.5 : Math.floor(random() * 100) / 8;
    const used = hasNegative ? [...sides.positive, ...sides.negative] : sides.positive;
    return {
      schema: shape.schema - (index >= widensAt ? 1 : 0),
      count: used.reduce((total, count) => total + count, zeroCount),
      sum,
      zeroThreshold: ZERO_THRESHOLD,
      zeroCount,
      positiveSpans: SPANS,
      positiveBuckets: sides.positive,
      negativeSpans: hasNegative ? SPANS : [],
      negativeBuckets: hasNegative ? sides.negative : [],
      counterResetHint: isGauge ? 'gauge' : 'unknown',
    };
  };
}
