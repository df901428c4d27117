// The three range queries over the 24 h set: how long they take, and whether the answers agree.
import { cpuSeconds } from './process-stats.ts';
import { type BenchServer } from './server.ts';
import { START_UNIX_MS } from './workload.ts';

export const QUERIES = {
  a: 'rate(bench_single_total[5m])',
  b: 'sum by (region) (rate(bench_requests_total[5m]))',
  c: 'histogram_quantile(0.99, sum by (le) (rate(bench_latency_seconds_bucket[5m])))',
} as const;
export type QueryName = keyof typeof QUERIES;
export const QUERY_NAMES = ['a', 'b', 'c'] as const;

/** After the first, which counts as cold. */
const WARM_RUNS = 7;
const STEP_SECONDS = 60;
const START_SECONDS = START_UNIX_MS / 1_000;
const WHOLE_DAY = {
  startSeconds: START_SECONDS,
  endSeconds: START_SECONDS + 86_400 - STEP_SECONDS,
};
/**
 * Where closed and left-open ranges hold the same samples: on half seconds no sample lies on the edge
 * of a range. And once ranges lie within the data: near the start of a counter, Prometheus 2 and 3
 * extrapolate to its zero in different ways.
 */
const AGREED = {
  startSeconds: WHOLE_DAY.startSeconds + 300.5,
  endSeconds: WHOLE_DAY.endSeconds + 0.5,
};

/** Values by series and moment; a series is named by its labels. */
type Answer = ReadonlyMap<string, ReadonlyMap<number, number>>;

export interface QueryFigures {
  readonly coldMs: number;
  readonly warmP50Ms: number;
  /** A mean over the warm runs; the clock ticks every 10 ms, so it is good to about 1.5 ms. */
  readonly cpuMsPerRun: number;
  /** The sum of all values on whole minutes, where the samples lie too. */
  readonly checksum: number;
  /** Where Prometheus 2 and 3 mean the same. */
  readonly betweenSamples: Answer;
}

export async function measureQuery(server: BenchServer, name: QueryName): Promise<QueryFigures> {
  let startedMs = performance.now();
  let body = await range(server, name, WHOLE_DAY);
  const coldMs = performance.now() - startedMs;
  const warmMs: number[] = [];
  const cpuBefore = cpuSeconds(server.pid);
  for (let run = 0; run < WARM_RUNS; run++) {
    startedMs = performance.now();
    body = await range(server, name, WHOLE_DAY);
    warmMs.push(performance.now() - startedMs);
  }
  const cpuMsPerRun = ((cpuSeconds(server.pid) - cpuBefore) * 1_000) / WARM_RUNS;
  warmMs.sort((x, y) => x - y);
  return {
    coldMs,
    warmP50Ms: warmMs[Math.floor(WARM_RUNS / 2)] ?? Number.NaN,
    cpuMsPerRun,
    checksum: checksumOf(answerOf(body)),
    betweenSamples: answerOf(await range(server, name, AGREED)),
  };
}

async function range(
  server: BenchServer,
  name: QueryName,
  { startSeconds, endSeconds }: typeof WHOLE_DAY,
): Promise<string> {
  const parameters = new URLSearchParams({
    query: QUERIES[name],
    start: String(startSeconds),
    end: String(endSeconds),
    step: String(STEP_SECONDS),
    ...server.queryParameters,
  });
  const response = await fetch(`${server.url}/api/v1/query_range?${parameters.toString()}`);
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`query ${name} was answered with ${response.status}: ${text.slice(0, 300)}`);
  }
  return text;
}

/**
 * How many samples a server has of these metrics. One query each: count_over_time drops the name, so
 * that series of several names would be the same.
 */
export async function countSamples(
  server: BenchServer,
  metricNames: Iterable<string>,
): Promise<number> {
  let count = 0;
  for (const name of metricNames) {
    const parameters = new URLSearchParams({
      query: `sum(count_over_time(${name}[2d]))`,
      time: String(START_SECONDS + 86_400),
      ...server.queryParameters,
    });
    const response = await fetch(`${server.url}/api/v1/query?${parameters.toString()}`);
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`a count was answered with ${response.status}: ${text.slice(0, 300)}`);
    }
    const { data } = JSON.parse(text) as Vector;
    count += Number(data.result[0]?.value[1] ?? 0);
  }
  return count;
}

interface Vector {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

interface Matrix {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [seconds: number, value: string])[];
    }[];
  };
}

function answerOf(body: string): Answer {
  const { data } = JSON.parse(body) as Matrix;
  return new Map(
    data.result.map(({ metric, values }) => [
      JSON.stringify(Object.entries(metric).toSorted(([x], [y]) => (x < y ? -1 : 1))),
      new Map(values.map(([seconds, value]) => [seconds, Number(value)])),
    ]),
  );
}

export function checksumOf(answer: Answer): number {
  let sum = 0;
  for (const values of answer.values()) for (const value of values.values()) sum += value;
  return sum;
}

/**
 * The largest relative difference of any point; Infinity when one of the answers has a series or a
 * point that the other lacks, or when there is none at all.
 */
export function largestDifference(answer: Answer, reference: Answer): number {
  if (reference.size === 0 || answer.size !== reference.size) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [labels, wanted] of reference) {
    const values = answer.get(labels);
    if (values?.size !== wanted.size) return Number.POSITIVE_INFINITY;
    for (const [seconds, value] of wanted) {
      const difference = relativeDifference(values.get(seconds) ?? Number.NaN, value);
      if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
    }
  }
  return largest;
}

export function relativeDifference(value: number, reference: number): number {
  if (Object.is(value, reference) || value === reference) return 0;
  return Math.abs(value - reference) / Math.max(Math.abs(value), Math.abs(reference));
}
