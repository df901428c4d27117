// The data sets. Each is a pure function of its name, so that every server, today and in a year, is
// sent the same samples, bit for bit.

/** 2025-06-10T00:00:00Z: a multiple of 24 h, so that blocks and partitions are cut at the same places. */
export const START_UNIX_MS = 1_749_513_600_000;

const SAMPLES_PER_REQUEST = 2_000;
const REGIONS = ['eu-west-1', 'eu-central-1', 'us-east-1', 'us-west-2', 'ap-south-1'] as const;

export type LabelPair = readonly [name: string, value: string];

/** The samples of one request, as columns; samples of a series that follow each other belong together. */
export interface Batch {
  /** A series always travels in the same lane, so that its samples stay in order. */
  readonly lane: number;
  readonly series: readonly number[];
  readonly unixMs: readonly number[];
  readonly values: readonly number[];
}

export interface Workload {
  readonly name: string;
  /** The labels of each series, sorted by name, as remote write wants them. */
  readonly series: readonly (readonly LabelPair[])[];
  readonly sampleCount: number;
  readonly batches: () => Generator<Batch>;
}

/**
 * @param name `ingest-<series>x<seconds>`, the same with `-jitter<ms>`, or `query-<hours>h`
 * @throws Error for any other name
 */
export function workload(name: string): Workload {
  const ingest = /^ingest-(\d+)x(\d+)(?:-jitter(\d+))?$/.exec(name);
  if (ingest !== null) {
    const [, seriesCount, seconds, jitterMs = '0'] = ingest;
    return ingestMix(name, {
      seriesCount: Number(seriesCount),
      seconds: Number(seconds),
      jitterMs: Number(jitterMs),
    });
  }
  const query = /^query-(\d+)h$/.exec(name);
  if (query !== null) return querySet(name, Number(query[1]));
  throw new Error(
    `unknown workload ${JSON.stringify(name)}: use ingest-<series>x<seconds>[-jitter<ms>] or query-<hours>h`,
  );
}

/** xorshift32 (Marsaglia 2003): the same numbers everywhere, each in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4_294_967_296;
  };
}

/**
 * What a series does, by its number modulo 10; the mix decides the bytes per sample. 0 to 4: integer
 * counter; 5, 6: gauge of two decimals that walks; 7: constant; 8: integers below 100; 9: full entropy.
 */
function nextValue(kind: number, value: number, random: () => number): number {
  if (kind <= 4) return value + Math.floor(random() * 20);
  if (kind <= 6) return Math.round((value + (random() - 0.5) * 2) * 100) / 100;
  if (kind === 7) return value;
  return kind === 8 ? Math.floor(random() * 100) : random();
}

function firstValue(kind: number, random: () => number): number {
  if (kind <= 4) return Math.floor(random() * 1e6);
  if (kind <= 6) return Math.round(random() * 1e4) / 100;
  return kind === 7 ? 42 : 0;
}

const padded = (value: number, width: number): string => String(value).padStart(width, '0');
export const instanceName = (index: number): string =>
  `node-${padded(index, 5)}.dwcp.internal:9100`;
export const regionOf = (index: number): string => REGIONS[index % REGIONS.length] ?? '';

function ingestLabels(index: number): readonly LabelPair[] {
  const metric = index % 50;
  const instance = Math.floor(index / 50);
  return [
    ['__name__', `dwcp_bench_metric_${padded(metric, 2)}${metric % 10 <= 4 ? '_total' : ''}`],
    ['cluster', `cluster-${padded(instance % 8, 2)}`],
    ['env', 'production'],
    ['instance', instanceName(instance)],
    ['job', 'dwcp-node'],
    ['region', regionOf(instance)],
    ['service', `service-${padded(instance % 40, 2)}`],
  ];
}

interface IngestMix {
  readonly seriesCount: number;
  readonly seconds: number;
  /** Each sample is off its second by a whole number of milliseconds, at most this. */
  readonly jitterMs: number;
}

function ingestMix(name: string, { seriesCount, seconds, jitterMs }: IngestMix): Workload {
  return {
    name,
    series: Array.from({ length: seriesCount }, (_, index) => ingestLabels(index)),
    sampleCount: seriesCount * seconds,
    *batches() {
      const random = randomNumbers(12_345 + seriesCount);
      // A source of its own: the values are the same with and without jitter.
      const randomJitter = randomNumbers(54_321 + seriesCount);
      const kindOf = (index: number): number => (index % 50) % 10;
      const values = Float64Array.from({ length: seriesCount }, (_, index) =>
        firstValue(kindOf(index), random),
      );
      for (let second = 0; second < seconds; second++) {
        for (const [index, value] of values.entries()) {
          values[index] = nextValue(kindOf(index), value, random);
        }
        const tickUnixMs = START_UNIX_MS + second * 1_000;
        for (let from = 0, lane = 0; from < seriesCount; from += SAMPLES_PER_REQUEST, lane++) {
          const slice = values.subarray(from, from + SAMPLES_PER_REQUEST);
          yield {
            lane,
            series: Array.from(slice, (_, offset) => from + offset),
            unixMs: Array.from(slice, () =>
              jitterMs === 0
                ? tickUnixMs
                : tickUnixMs + Math.floor(randomJitter() * (2 * jitterMs + 1)) - jitterMs,
            ),
            values: Array.from(slice),
          };
        }
      }
    },
  };
}

const COUNTERS = 1_000;
const HISTOGRAMS = 200;
const BOUNDS = '0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf'.split(' ');
/** Observations per 15 s in each bucket, on average. */
const SHAPE = [2, 5, 12, 20, 30, 20, 10, 5, 1, 0.2, 0.05, 0];

/**
 * (a) `bench_single_total`: 1 series, a sample a second; (b) `bench_requests_total`: 1,000 series in 5
 * regions, every 15 s; (c) `bench_latency_seconds_bucket`: 200 histograms of 12 buckets, every 15 s.
 */
function querySet(name: string, hours: number): Workload {
  const labels = (metric: string, instance: number, le?: string): readonly LabelPair[] => [
    ['__name__', metric],
    ['env', 'production'],
    ['instance', instanceName(instance)],
    ['job', 'dwcp-node'],
    ...(le === undefined ? [] : [['le', le] as const]),
    ['region', regionOf(instance)],
  ];
  const series = [labels('bench_single_total', 0)];
  for (let i = 0; i < COUNTERS; i++) series.push(labels('bench_requests_total', i));
  for (let i = 0; i < HISTOGRAMS; i++) {
    for (const le of BOUNDS) series.push(labels('bench_latency_seconds_bucket', i, le));
  }
  const ticks = hours * 240;

  return {
    name,
    series,
    sampleCount: ticks * (15 + COUNTERS + HISTOGRAMS * BOUNDS.length),
    *batches() {
      const random = randomNumbers(777);
      const totals = new Float64Array(series.length);
      for (let tick = 0; tick < ticks; tick++) {
        const tickUnixMs = START_UNIX_MS + tick * 15_000;
        const batch = {
          lane: 0,
          series: [] as number[],
          unixMs: [] as number[],
          values: [] as number[],
        };
        const add = (index: number, increase: number, unixMs = tickUnixMs): void => {
          const total = (totals[index] ?? 0) + increase;
          totals[index] = total;
          batch.series.push(index);
          batch.unixMs.push(unixMs);
          batch.values.push(total);
        };
        for (let s = 0; s < 15; s++) add(0, Math.floor(random() * 20), tickUnixMs + s * 1_000);
        let index = 1;
        for (let i = 0; i < COUNTERS; i++) add(index++, Math.floor(random() * 300));
        for (let i = 0; i < HISTOGRAMS; i++) {
          // Buckets are cumulative. The slow ones swell with the hour of the day, so that the 0.99
          // quantile moves inside finite buckets.
          let increase = 0;
          for (const [bucket, mean] of SHAPE.entries()) {
            const weight = mean * (bucket >= 8 ? 1 + 0.5 * Math.sin(tick / 600) : 1);
            increase += Math.floor(random() * 2 * weight + random());
            add(index++, increase);
          }
        }
        yield batch;
      }
    },
  };
}
