// What the child of the crash test appends in which round, and what the parent expects: both compute
// it from the number of the round alone.
import { Labels, type NativeHistogram, setStale } from '@dwcp/core';

/** The clock of the child moves on by this much with each round. */
export const STEP_MS = 60_000;
const HOUR_MS = 3_600_000;
const FIRST_UNIX_MS = Date.parse('2026-01-02T00:00:00Z');
/** Late rows are up to so many rounds late. */
const MAX_LAG = 32;
/** Everything in flight is younger than this, late rows included. */
export const SETTLED_ROUNDS = 96;

/** Short times and small heads, so that everything that is ever done to blocks is done all the time. */
export const storeOptions = {
  maxHeadSamples: 1_000,
  outOfOrderMs: 64 * STEP_MS,
  retentionMs: 10 * HOUR_MS,
  downsampledRetention: { fiveMinutesMs: 12 * HOUR_MS, hourMs: 14 * HOUR_MS },
  maxExemplars: 300,
};

const GAUGES = 12;
const COUNTERS = 4;
const HISTOGRAMS = 2;
const SCRATCH = 3;
const FLOATS = GAUGES + COUNTERS;
/** Series that the deletions write to themselves stand behind the others. */
export const FIRST_SCRATCH = FLOATS + HISTOGRAMS;

function named(name: string, count: number): Labels[] {
  return Array.from({ length: count }, (_, i) => Labels.from({ __name__: name, i: String(i) }));
}

/** The labels of the series by number. */
export const seriesLabels: readonly Labels[] = [
  ...named('crash_gauge', GAUGES),
  ...named('crash_total', COUNTERS),
  ...named('crash_seconds', HISTOGRAMS),
  ...named('crash_scratch', SCRATCH),
];

export function labelsOf(series: number): Labels {
  const labels = seriesLabels[series];
  if (labels === undefined) throw new Error(`there is no series ${series}`);
  return labels;
}

export interface Row {
  readonly series: number;
  readonly unixMs: number;
  /** With the bits of a stale marker, or a NaN in place of a histogram. */
  readonly value: number;
  readonly isStale?: boolean;
  readonly histogram?: NativeHistogram;
}

export interface PlannedExemplar {
  readonly series: number;
  readonly unixMs: number;
  readonly value: number;
}

/** The rows of a round; main and late ones are a log record each. */
export interface Round {
  readonly main: readonly Row[];
  readonly late: readonly Row[];
  readonly exemplars: readonly PlannedExemplar[];
}

export function timeOf(round: number): number {
  return FIRST_UNIX_MS + round * STEP_MS;
}

/** A number in [0, 2^32) that looks random: the finalizer of MurmurHash3. */
export function scatter(number: number): number {
  let hash = number | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export function planOf(round: number): Round {
  const unixMs = timeOf(round);
  const main: Row[] = [];
  for (let series = 0; series < FLOATS; series++) main.push(floatRow(series, round, unixMs));
  for (let i = 0; i < HISTOGRAMS; i++) {
    if (round % (i + 1) === 0) main.push(histogramRow(FLOATS + i, round, unixMs));
  }
  return { main, late: lateRows(round), exemplars: exemplarsOf(round, unixMs) };
}

/** Each has a time of its own, which no other round has. */
function lateRows(round: number): readonly Row[] {
  if (round % 3 !== 0 || round < MAX_LAG) return [];
  return [0, 1, 2, 3].map((i) => {
    const random = scatter(round * 4 + i);
    const unixMs = timeOf(round - 1 - (random % (MAX_LAG - 1))) + 1 + (round % 4_096);
    // Every fourth series, so that no two rows of a round are of one.
    const series = ((random >>> 8) % 4) * 4 + i;
    return i === 3 && round % 9 === 0
      ? histogramRow(FLOATS, round, unixMs)
      : floatRow(series, round, unixMs);
  });
}

/** Values of every kind the chunks know. */
function floatRow(series: number, round: number, unixMs: number): Row {
  if (series >= GAUGES) return { series, unixMs, value: (round % 97) * (series + 1) };
  if (series < 4) return { series, unixMs, value: round * 10 + series };
  if (series < 8) return { series, unixMs, value: (round * 100 + series) / 100 };
  if (series < 11) return { series, unixMs, value: scatter(round * 16 + series) / 2 ** 31 };
  if (round % 5 !== 0) return { series, unixMs, value: 42 };
  const values = new Float64Array(1);
  setStale(values, 0);
  return { series, unixMs, value: Number.NaN, isStale: true };
}

function histogramRow(series: number, round: number, unixMs: number): Row {
  const histogram: NativeHistogram = {
    schema: 3,
    count: round + 7,
    sum: round / 4,
    zeroThreshold: 0.001,
    zeroCount: 2,
    positiveSpans: [
      { offset: round % 5, length: 2 },
      { offset: 3, length: 1 },
    ],
    positiveBuckets: [round, 1, 2],
    negativeSpans: [{ offset: 0, length: 1 }],
    negativeBuckets: [2],
    counterResetHint: 'unknown',
  };
  return { series, unixMs, value: Number.NaN, histogram };
}

function exemplarsOf(round: number, unixMs: number): readonly PlannedExemplar[] {
  if (round % 5 !== 0) return [];
  const series = GAUGES + ((round / 5) % COUNTERS);
  // Some of one moment, of which none may be taken for the other.
  const values = round % 4 === 0 ? [round, round + 0.5] : [round];
  return values.map((value) => ({ series, unixMs, value }));
}

/** What identifies an exemplar. */
export function exemplarKey({ series, unixMs, value }: PlannedExemplar): string {
  return `${series}/${unixMs}/${value}`;
}
