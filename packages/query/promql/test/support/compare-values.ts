import {
  isStale,
  type Labels,
  type NativeHistogram,
  type QueryResult,
  type QueryValue,
  type Series,
} from '@dwcp/core';
import { bucketCounts, type SequenceValue, writeHistogram } from '@dwcp/promql';

import { Mismatch } from './mismatch.ts';
import { almostEqual } from './numbers.ts';
import { type Eval } from './promql-script.ts';

/** One wanted or found point: value and place in time. */
interface Point {
  readonly unixMs: number;
  readonly value: SequenceValue;
}

/** Compares the value of an answer with what an eval expects. @throws Mismatch */
export function checkValue({ value }: Pick<QueryResult, 'value'>, wanted: Eval): void {
  switch (value.kind) {
    case 'string':
      if (value.value !== wanted.text) {
        const expected = wanted.text === undefined ? 'series' : JSON.stringify(wanted.text);
        throw new Mismatch(expected, `string ${JSON.stringify(value.value)}`);
      }
      break;
    case 'scalar':
      if (wanted.scalar === undefined) throw new Mismatch('series', `scalar ${value.value}`);
      if (!almostEqual(value.value, wanted.scalar))
        throw new Mismatch(`scalar ${wanted.scalar}`, `scalar ${value.value}`);
      break;
    case 'vector':
      checkKind(value, wanted);
      checkVector(value.samples, wanted);
      break;
    case 'matrix':
      if (wanted.ordered) throw new Mismatch('series in an order', 'a matrix');
      checkKind(value, wanted);
      checkMatrix(value.series, wanted);
      break;
  }
}

function checkKind({ kind }: QueryValue, { scalar, text }: Eval): void {
  if (scalar !== undefined) throw new Mismatch(`scalar ${scalar}`, `a ${kind}`);
  if (text !== undefined) throw new Mismatch(`string ${JSON.stringify(text)}`, `a ${kind}`);
}

function checkVector(
  samples: readonly { labels: Labels; value: number; histogram?: NativeHistogram }[],
  wanted: Eval,
): void {
  const found = samples.map(({ labels, value, histogram }) => ({
    labels,
    points: [{ unixMs: 0, value: foundValue(value, histogram) }],
  }));
  const expected = wanted.series.map(({ labels, values }) => ({
    labels,
    points: values.slice(0, 1).map((value) => ({ unixMs: 0, value })),
  }));
  checkSeries(found, expected);
  if (!wanted.ordered) return;
  for (const [i, { labels }] of expected.entries()) {
    const other = found[i]?.labels;
    if (other?.key !== labels.key)
      throw new Mismatch(
        `${labels.toString()} at position ${i + 1}`,
        `${other?.toString() ?? 'nothing'} there`,
      );
  }
}

function checkMatrix(series: readonly Series[], wanted: Eval): void {
  const grid = wanted.rangeVector ?? {
    fromMs: wanted.startMs,
    stepMs: wanted.stepMs ?? 0,
    toMs: wanted.endMs,
  };
  const expected = wanted.series.map(({ labels, values }) => {
    const points = values.map((value, i) => ({ unixMs: grid.fromMs + i * grid.stepMs, value }));
    if ((points.at(-1)?.unixMs ?? 0) > grid.toMs)
      throw new Error(`${labels.toString()}: ${points.length} values do not fit into the range`);
    return { labels, points: points.filter(({ value }) => value.kind !== 'missing') };
  });
  const found = series.map(({ labels, timestamps, values, histograms }) => ({
    labels,
    points: Array.from(timestamps, (unixMs, i): Point => {
      if (isStale(values, i)) return { unixMs, value: { kind: 'stale' } };
      return { unixMs, value: foundValue(values[i] ?? Number.NaN, histograms?.[i]) };
    }),
  }));
  checkSeries(found, expected);
  checkSorted(series);
}

/** @throws Mismatch unless the series ascend by their labels */
export function checkSorted(series: readonly { readonly labels: Labels }[]): void {
  for (const [i, { labels }] of series.entries()) {
    const before = series[i - 1]?.labels;
    if (before !== undefined && before.compare(labels) >= 0)
      throw new Mismatch(
        'series sorted by labels',
        `${before.toString()} before ${labels.toString()}`,
      );
  }
}

function foundValue(value: number, histogram: NativeHistogram | undefined): SequenceValue {
  if (histogram === undefined) return { kind: 'float', value };
  return { kind: 'histogram', histogram, statesHint: true };
}

interface PointsOf {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

function checkSeries(found: readonly PointsOf[], expected: readonly PointsOf[]): void {
  const wanted = new Map(expected.map((one) => [one.labels.key, one]));
  const seen = new Set<string>();
  for (const { labels, points } of found) {
    if (seen.has(labels.key)) throw new Mismatch('one series', `two of ${labels.toString()}`);
    seen.add(labels.key);
    const other = wanted.get(labels.key);
    if (other === undefined)
      throw new Mismatch('no such series', `${labels.toString()} ${write(points)}`);
    checkPoints(labels, points, other.points);
  }
  for (const { labels, points } of wanted.values())
    if (!seen.has(labels.key))
      throw new Mismatch(`${labels.toString()} ${write(points)}`, 'no such series');
}

function checkPoints(labels: Labels, found: readonly Point[], wanted: readonly Point[]): void {
  const differs = (): Mismatch =>
    new Mismatch(`${labels.toString()} ${write(wanted)}`, `${labels.toString()} ${write(found)}`);
  if (found.length !== wanted.length) throw differs();
  for (const [i, point] of found.entries()) {
    const other = wanted[i];
    if (other === undefined || point.unixMs !== other.unixMs || !same(point.value, other.value))
      throw differs();
  }
}

function same(found: SequenceValue, wanted: SequenceValue): boolean {
  if (found.kind === 'histogram' && wanted.kind === 'histogram') {
    const hintsAgree =
      !wanted.statesHint || found.histogram.counterResetHint === wanted.histogram.counterResetHint;
    return hintsAgree && sameHistogram(found.histogram, wanted.histogram);
  }
  const number = (value: SequenceValue): number | undefined => {
    if (value.kind === 'float') return value.value;
    return value.kind === 'stale' ? Number.NaN : undefined;
  };
  const [a, b] = [number(found), number(wanted)];
  return a !== undefined && b !== undefined && almostEqual(a, b);
}

/** Equal after compaction: empty buckets do not count, and the counter reset hint is left out. */
export function sameHistogram(a: NativeHistogram, b: NativeHistogram): boolean {
  const sameSide = (side: 'positive' | 'negative'): boolean => {
    const [own, other] = [a, b].map((one) =>
      bucketCounts(one[`${side}Spans`], one[`${side}Buckets`]),
    );
    return (
      own?.size === other?.size &&
      [...(own ?? [])].every(([index, count]) => almostEqual(count, other?.get(index) ?? 0))
    );
  };
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    String(a.customValues ?? []) === String(b.customValues ?? []) &&
    almostEqual(a.count, b.count) &&
    almostEqual(a.sum, b.sum) &&
    almostEqual(a.zeroCount, b.zeroCount) &&
    sameSide('positive') &&
    sameSide('negative')
  );
}

const MAX_SERIES = 5;
const MAX_POINTS = 20;

/** What an eval expects, in words. */
export function describeExpected({ scalar, text, series }: Eval): string {
  if (scalar !== undefined) return `scalar ${scalar}`;
  if (text !== undefined) return `string ${JSON.stringify(text)}`;
  if (series.length === 0) return 'no series';
  const lines = series
    .slice(0, MAX_SERIES)
    .map(({ labels, values }) => `${labels.toString()} ${values.map(writeValue).join(' ')}`);
  if (series.length > MAX_SERIES) lines.push(`and ${series.length - MAX_SERIES} more`);
  return lines.join('; ');
}

/** Points as a script writes values, with their times where there are several. */
function write(points: readonly Point[]): string {
  const text = points.slice(0, MAX_POINTS).map(({ unixMs, value }) => {
    const time = points.length > 1 ? `@${unixMs / 1000}s ` : '';
    return time + writeValue(value);
  });
  if (points.length > MAX_POINTS) text.push(`and ${points.length - MAX_POINTS} more`);
  return text.length === 0 ? 'without points' : text.join(', ');
}

function writeValue(value: SequenceValue): string {
  switch (value.kind) {
    case 'missing':
      return '_';
    case 'stale':
      return 'stale';
    case 'float':
      return String(value.value);
    case 'histogram':
      return writeHistogram(value.histogram);
  }
}
