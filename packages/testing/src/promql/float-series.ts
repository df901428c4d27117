// Series of floats: counters with resets, gauges, classic histograms, odd numbers; with gaps, jitter,
// stale markers, and pods that come and go.
import { Labels, type Series, setStale } from '@dwcp/core';

import { pick, type Random } from './random.ts';
import { INTERVAL_MS, SCRAPE_COUNT, scrapes, type ScrapeShape } from './scrape-times.ts';

/** The value of a scrape. */
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

/** About 110 series over two hours. */
export function floatSeries(random: Random): Series[] {
  const made: Series[] = [];
  const add = (labels: Record<string, string>, values: Values, shape: ScrapeShape = {}): void => {
    const { indices, timestamps } = scrapes(random, shape);
    const next = values(random);
    made.push({
      labels: Labels.from(labels),
      timestamps,
      values: Float64Array.from(indices, next),
    });
  };
  for (const job of ['api', 'web']) {
    for (const instance of ['a:1', 'b:1', 'c:2']) {
      const at = { job, instance };
      for (const method of ['GET', 'POST']) {
        add({ __name__: 'http_requests_total', ...at, method }, counter);
      }
      add({ __name__: 'errors_total', ...at, method: 'GET' }, counter, { hasJitter: true });
      add({ __name__: 'memory_bytes', ...at }, gauge, { hasGaps: true });
      const version = instance.at(-1) ?? '';
      add({ __name__: 'build_info', ...at, version }, () => () => 1, { hasGaps: true });
    }
    classicHistogram(made, random, job);
  }
  for (const room of ['attic', 'cellar', 'salle "é"', 'back\\yard']) {
    add({ __name__: 'temperature', room }, gauge, { hasGaps: true, hasJitter: room === 'attic' });
  }
  for (const [kind, values] of Object.entries(odd)) {
    add({ __name__: 'odd', kind }, values, { hasGaps: true });
  }
  pods(made, random);
  return made;
}

/** Buckets that grow together, with their sum and count. */
function classicHistogram(made: Series[], random: Random, job: string): void {
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
    const { timestamps } = scrapes(random, {});
    const put = (labels: Record<string, string>, value: (row: readonly number[]) => number) =>
      made.push({
        labels: Labels.from({ ...labels, job, instance }),
        timestamps,
        values: Float64Array.from(rows, value),
      });
    for (const [i, le] of BOUNDS.entries()) {
      put({ __name__: 'latency_seconds_bucket', le }, (row) => row[i] ?? 0);
    }
    put({ __name__: 'latency_seconds_count' }, (row) => row.at(-1) ?? 0);
    put({ __name__: 'latency_seconds_sum' }, (row) => (row.at(-1) ?? 0) * 0.37);
  }
}

/**
 * A deployment that replaces its three pods every half hour or so. The series of a pod that went end
 * with a stale marker, as a scraper writes it; those of every third just end.
 */
function pods(made: Series[], random: Random): void {
  for (let slot = 0, id = 0; slot < 3; slot++) {
    for (let from = 0; from < SCRAPE_COUNT; id++) {
      const to = Math.min(SCRAPE_COUNT, from + 60 + Math.floor(random() * 120));
      const pod = `web-${id}`;
      const { indices, timestamps } = scrapes(random, { from, to, hasJitter: slot === 2 });
      const put = (name: string, values: Values): void => {
        const next = values(random);
        const isMarked = id % 3 !== 0 && to < SCRAPE_COUNT;
        const column = new Float64Array(indices.length + (isMarked ? 1 : 0));
        column.set(indices.map(next));
        if (isMarked) setStale(column, indices.length);
        const times = new Float64Array(column.length);
        times.set(timestamps);
        if (isMarked) times[indices.length] = (timestamps.at(-1) ?? 0) + INTERVAL_MS;
        made.push({
          labels: Labels.from({ __name__: name, job: 'web', pod, slot: String(slot) }),
          timestamps: times,
          values: column,
        });
      };
      put('pod_requests_total', counter);
      put('pod_memory_bytes', gauge);
      from = to + Math.floor(random() * 8);
    }
  }
}
