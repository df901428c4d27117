import { type Labels } from '@dwcp/core';

import { type Span } from '../../parser/ast.ts';
import { quote } from '../../parser/go-text.ts';
import { type Annotations, type Raised } from '../annotations.ts';
import { anyPresent, type Column, newColumn } from '../values.ts';

export interface QuantileEstimate {
  readonly value: number;
  /** What had to be raised so that counts do not fall. */
  readonly raised: Raised | undefined;
}

/** A bucket of a classic histogram: how many observations were at or below the bound. */
export interface Bucket {
  readonly upperBound: number;
  count: number;
}

/** Relative differences below this come from floating point, not from a real decrease. */
const SMALL_DELTA = 1e-12;
const MIN_NORMAL = 2 ** -1022;

/** The classic histograms of a vector, their `le` columns ascending. */
export interface ClassicHistogram {
  readonly labels: Labels;
  readonly buckets: readonly { readonly upperBound: number; readonly column: Column }[];
}

/**
 * Gathers the `le` columns of each histogram, warning of those that are no bucket. They keep their
 * key: labels without `le`.
 */
export function classicHistograms(
  columns: readonly Column[],
  annotations: Annotations,
  span: Span,
): Map<string, ClassicHistogram> {
  const found = new Map<
    string,
    { labels: Labels; buckets: { upperBound: number; column: Column }[] }
  >();
  for (const column of columns) {
    if (column.histograms !== undefined && !hasFloats(column)) continue;
    const le = column.labels.get('le');
    const upperBound = parseBound(le);
    if (upperBound === undefined) {
      annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${quote(le)} for metric name ${quote(column.labels.metricName)}`,
        span,
      );
      continue;
    }
    const labels = column.labels.without(['le']);
    let histogram = found.get(labels.key);
    if (histogram === undefined) found.set(labels.key, (histogram = { labels, buckets: [] }));
    histogram.buckets.push({ upperBound, column });
  }
  for (const { buckets } of found.values()) buckets.sort((a, b) => a.upperBound - b.upperBound);
  return found;
}

function hasFloats({ present, histograms }: Column): boolean {
  return present.some((is, step) => is === 1 && histograms?.[step] === undefined);
}

function parseBound(text: string): number | undefined {
  const special = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (special !== null) return special[1] === '-' ? -Infinity : Infinity;
  const value = text.trim() === text && text !== '' ? Number(text) : Number.NaN;
  return Number.isNaN(value) ? undefined : value;
}

/**
 * Computes one number per step from the buckets that are there.
 * @param compute its buckets are others at the next step
 */
export function overHistograms(
  histograms: Iterable<ClassicHistogram>,
  count: number,
  compute: (buckets: Bucket[], step: number, labels: Labels) => number | undefined,
): Column[] {
  const columns: Column[] = [];
  for (const { labels, buckets } of histograms) {
    const out = newColumn(labels, true, count);
    const sources = buckets.map(({ upperBound, column }) => ({
      column,
      bucket: { upperBound, count: 0 },
    }));
    const present: Bucket[] = [];
    for (let step = 0; step < count; step++) {
      present.length = 0;
      for (const { bucket, column } of sources) {
        if (column.present[step] === 1 && column.histograms?.[step] === undefined) {
          bucket.count = column.values[step] ?? 0;
          present.push(bucket);
        }
      }
      if (present.length === 0) continue;
      const value = compute(present, step, labels);
      if (value === undefined) continue;
      out.values[step] = value;
      out.present[step] = 1;
    }
    if (anyPresent(out)) columns.push(out);
  }
  return columns;
}

/**
 * Estimates a quantile by linear interpolation inside the bucket.
 * @param q in [0, 1]; below gives -Infinity, above gives +Infinity
 * @param buckets cumulative, by ascending upper bound; changed where they are not monotonic
 * @returns in the unit of the bounds, NaN when nothing was observed or the +Inf bucket is missing
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function bucketQuantile(q: number, buckets: Bucket[]): QuantileEstimate {
  const only = (value: number) => ({ value, raised: undefined });
  if (Number.isNaN(q)) return only(Number.NaN);
  if (q < 0) return only(-Infinity);
  if (q > 1) return only(Infinity);
  const merged = coalesce(buckets);
  const last = merged.at(-1);
  if (last?.upperBound !== Infinity) return only(Number.NaN);
  const raised = makeMonotonic(merged);
  if (merged.length < 2) return { value: Number.NaN, raised };
  if (last.count === 0 || Number.isNaN(last.count)) return { value: Number.NaN, raised };
  const rank = q * last.count;
  let index = merged.findIndex((bucket) => bucket.count >= rank);
  if (index === -1) index = merged.length - 1;
  const bucket = merged[index] ?? last;
  const before = merged[index - 1];
  if (index === merged.length - 1) return { value: before?.upperBound ?? Number.NaN, raised };
  if (before === undefined) {
    if (bucket.upperBound <= 0) return { value: bucket.upperBound, raised };
    return { value: bucket.upperBound * (rank / bucket.count), raised };
  }
  const width = bucket.upperBound - before.upperBound;
  const share = (rank - before.count) / (bucket.count - before.count);
  return { value: before.upperBound + width * share, raised };
}

/**
 * Estimates which share of the observations lies between two bounds.
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_fraction
 */
export function bucketFraction(lower: number, upper: number, buckets: Bucket[]): number {
  const merged = coalesce(buckets);
  const last = merged.at(-1);
  if (last?.upperBound !== Infinity) return Number.NaN;
  if (last.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, merged, last.count) - rankOf(lower, merged, last.count)) / last.count;
}

/** How many observations are estimated to lie below a value. */
function rankOf(value: number, buckets: readonly Bucket[], count: number): number {
  let rank = 0;
  for (const [index, bucket] of buckets.entries()) {
    const first = bucket.upperBound > 0 ? 0 : -Infinity;
    const lowerBound = index === 0 ? first : (buckets[index - 1]?.upperBound ?? 0);
    if (lowerBound >= value) return Math.min(rank, count);
    if (bucket.upperBound > value) {
      if (lowerBound === -Infinity) return Math.min(bucket.count, count);
      const width = bucket.upperBound - lowerBound;
      return Math.min(rank + ((bucket.count - rank) * (value - lowerBound)) / width, count);
    }
    rank = bucket.count;
  }
  return count;
}

/** Joins buckets of the same bound, which come from `le` written in two ways. */
function coalesce(buckets: Bucket[]): Bucket[] {
  if (areDistinct(buckets)) return buckets;
  const merged: Bucket[] = [];
  for (const { upperBound, count } of buckets) {
    const last = merged.at(-1);
    if (last !== undefined && last.upperBound === upperBound) last.count += count;
    else merged.push({ upperBound, count });
  }
  return merged;
}

function areDistinct(buckets: readonly Bucket[]): boolean {
  for (let i = 1; i < buckets.length; i++) {
    if (buckets[i]?.upperBound === buckets[i - 1]?.upperBound) return false;
  }
  return true;
}

/**
 * Raises counts that are below the one before. They come from scrapes that saw the buckets at
 * slightly different times, or from rounding; only the former is told.
 */
function makeMonotonic(buckets: readonly Bucket[]): Raised | undefined {
  let raised: Raised | undefined;
  let highest = buckets[0]?.count ?? 0;
  for (const bucket of buckets) {
    if (bucket.count === highest) continue;
    if (almostEqual(highest, bucket.count)) bucket.count = highest;
    else if (bucket.count < highest) {
      raised = {
        lowest: raised?.lowest ?? bucket.upperBound,
        highest: bucket.upperBound,
        most: Math.max(raised?.most ?? 0, highest - bucket.count),
      };
      bucket.count = highest;
    } else highest = bucket.count;
  }
  return raised;
}

function almostEqual(a: number, b: number): boolean {
  if (a === b) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < MIN_NORMAL) return difference < SMALL_DELTA * MIN_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < SMALL_DELTA;
}
