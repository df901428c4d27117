import { Labels, type Series } from '@dwcp/core';

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: Random, of: readonly T[]): T {
  const picked = of[Math.floor(random() * of.length)];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}

export const DATA_START_MS = 1_700_000_000_000;
export const DATA_DURATION_MS = 2 * 3_600_000;
const INTERVAL_MS = 15_000;
/** No query of the run has an edge at such a millisecond, so open and closed ranges are equal. */
const ODD_MS = 125;
const SCRAPE_COUNT = DATA_DURATION_MS / INTERVAL_MS;

type Values = (random: Random) => (index: number) => number;

/** Grows at its own speed and starts again from zero now and then. */
const counter: Values = (random) => {
  const speed = random() * 40;
  let value = 1e6 + Math.floor(random() * 500);
  return () => {
    value = random() < 0.01 ? 0 : value + Math.floor(random() * speed);
    return value;
  };
};

const gauge: Values = (random) => {
  let value = (random() - 0.5) * 200;
  return () => (value += (random() - 0.5) * 20);
};

const odd: Readonly<Record<string, Values>> = {
  nan: () => () => Number.NaN,
  inf: () => () => Infinity,
  'neg-inf': () => () => -Infinity,
  mixed: (random) => () => pick(random, [Number.NaN, Infinity, -Infinity, 0, 1, -1, 2.5]),
  'sometimes-nan': (random) => (i) => (random() < 0.3 ? Number.NaN : i),
  zero: () => () => 0,
  constant: () => () => 42.5,
  few: (random) => () => Math.floor(random() * 4) * 0.7 + 0.1,
  huge: (random) => () => (random() - 0.5) * 1e150,
  tiny: (random) => () => (random() - 0.5) * 1e-150,
};

const BOUNDS = ['0.005', '0.05', '0.1', '0.5', '1', '5', '+Inf'];

/** About 80 series over two hours: counters with resets, gauges, histograms, gaps, odd numbers. */
export function referenceSeries(seed: number): Series[] {
  const random = randomOf(seed);
  const made: Series[] = [];
  const add = (labels: Record<string, string>, values: Values, hasGaps = true): void => {
    const timestamps = scrapeTimes(random, hasGaps);
    const next = values(random);
    made.push({
      labels: Labels.from(labels),
      timestamps,
      values: Float64Array.from(timestamps, (_, i) => next(i)),
    });
  };
  for (const job of ['api', 'web']) {
    for (const instance of ['a:1', 'b:1', 'c:2']) {
      const at = { job, instance };
      for (const method of ['GET', 'POST']) {
        add({ __name__: 'http_requests_total', ...at, method }, counter, false);
      }
      add({ __name__: 'errors_total', ...at, method: 'GET' }, counter, false);
      add({ __name__: 'memory_bytes', ...at }, gauge);
      add({ __name__: 'build_info', ...at, version: instance.at(-1) ?? '' }, () => () => 1);
    }
    histogram(made, random, job);
  }
  for (const room of ['attic', 'cellar', 'salle "é"', 'back\\yard']) {
    add({ __name__: 'temperature', room }, gauge);
  }
  for (const [kind, values] of Object.entries(odd)) add({ __name__: 'odd', kind }, values);
  return made;
}

/** Buckets that grow together, with their sum and count. */
function histogram(made: Series[], random: Random, job: string): void {
  for (const instance of ['a:1', 'b:1']) {
    const counts = BOUNDS.map((_, i) => 1e6 + i * 1e5);
    const rows = Array.from({ length: SCRAPE_COUNT }, () => {
      if (random() < 0.005) counts.fill(0);
      const first = Math.floor(random() * BOUNDS.length);
      for (let i = first; i < BOUNDS.length; i++) {
        counts[i] = (counts[i] ?? 0) + 1 + first;
      }
      return [...counts];
    });
    const steady = scrapeTimes(random, false);
    const put = (labels: Record<string, string>, value: (row: readonly number[]) => number) =>
      made.push({
        labels: Labels.from({ ...labels, job, instance }),
        timestamps: steady,
        values: Float64Array.from(rows, value),
      });
    for (const [i, le] of BOUNDS.entries()) {
      put({ __name__: 'latency_seconds_bucket', le }, (row) => row[i] ?? 0);
    }
    put({ __name__: 'latency_seconds_count' }, (row) => row.at(-1) ?? 0);
    put({ __name__: 'latency_seconds_sum' }, (row) => (row.at(-1) ?? 0) * 0.37);
  }
}

function scrapeTimes(random: Random, hasGaps: boolean): Float64Array {
  const jitterMs = Math.floor(random() * 8) * 250;
  const from = hasGaps && random() < 0.25 ? Math.floor(random() * 200) : 0;
  const to = hasGaps && random() < 0.25 ? 300 + Math.floor(random() * 150) : SCRAPE_COUNT;
  const gap = hasGaps && random() < 0.4 ? from + Math.floor(random() * 150) : Infinity;
  const gapEnd = gap + Math.floor(random() * 60);
  const times: number[] = [];
  for (let i = from; i < to; i++) {
    if (i >= gap && i < gapEnd) continue;
    if (hasGaps && random() < 0.03) continue;
    times.push(DATA_START_MS + i * INTERVAL_MS + jitterMs + ODD_MS);
  }
  return Float64Array.from(times);
}

/** The series as OpenMetrics text with timestamps, as promtool reads it. */
export function toOpenMetrics(series: readonly Series[]): string {
  const lines: string[] = [];
  for (const { labels, timestamps, values } of series) {
    const pairs = [...labels.withoutName()].map(([name, value]) => `${name}=${quoted(value)}`);
    const head = `${labels.metricName}{${pairs.join(',')}}`;
    for (const [i, unixMs] of timestamps.entries()) {
      lines.push(`${head} ${numberText(values[i] ?? 0)} ${(unixMs / 1000).toFixed(3)}`);
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
