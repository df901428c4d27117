import { type Labels, type NativeHistogram } from '@dwcp/core';

import { formatShortFloat, quote } from '../../parser/go-text.ts';
import { timeAt } from '../grid.ts';
import { nativeFraction, nativeQuantile, nativeVariance } from '../histograms/estimates.ts';
import { HistogramNotes } from '../histograms/notes.ts';
import { mergeColumns } from '../merge.ts';
import { warnAboutQuantiles } from '../operators/aggregation/quantiles.ts';
import { anyPresent, type Column, newColumn } from '../values.ts';
import {
  argument,
  type Call,
  type Implementation,
  scalarArgument,
  stringArgument,
  vectorArgument,
} from './call.ts';
import {
  type Bucket,
  bucketFraction,
  bucketQuantile,
  type ClassicHistogram,
  classicHistograms,
  overHistograms,
} from './histogram-quantile.ts';

/** What a function makes of a histogram of either kind. */
interface Estimate {
  readonly ofClassic: (buckets: Bucket[], step: number, labels: Labels) => number;
  readonly ofNative: (histogram: NativeHistogram, step: number, labels: Labels) => number;
}

/** Where a classic and a native histogram have the same labels there is no result. */
function estimate(
  { evaluation, grid }: Call,
  columns: readonly Column[],
  notes: HistogramNotes,
  span: { readonly start: number; readonly end: number },
  { ofClassic, ofNative }: Estimate,
): Column[] {
  const classic = classicHistograms(columns, evaluation.annotations, span);
  const conflicts = new Map<ClassicHistogram, Set<number>>();
  const results: Column[] = [];
  for (const { labels, histograms, present } of columns) {
    if (histograms === undefined) continue;
    const rival = classic.get(labels.key);
    const out = newColumn(labels, true, grid.count);
    for (const [step, histogram] of histograms.entries()) {
      if (histogram === undefined || present[step] === 0) continue;
      if (rival !== undefined && hasBuckets(rival, step)) {
        notes.mixedWithClassic(labels.metricName);
        const steps = conflicts.get(rival) ?? new Set();
        conflicts.set(rival, steps.add(step));
        continue;
      }
      out.values[step] = ofNative(histogram, step, labels);
      out.present[step] = 1;
    }
    if (anyPresent(out)) results.push(out);
  }
  for (const histogram of classic.values()) {
    const without = conflicts.get(histogram);
    results.push(
      ...overHistograms([histogram], grid.count, (buckets, step, labels) =>
        without?.has(step) === true ? undefined : ofClassic(buckets, step, labels),
      ),
    );
  }
  return results;
}

function hasBuckets({ buckets }: ClassicHistogram, step: number): boolean {
  return buckets.some(
    ({ column }) => column.present[step] === 1 && column.histograms?.[step] === undefined,
  );
}

export async function histogramQuantile(call: Call): Promise<Column[]> {
  const q = await scalarArgument(call, 0);
  const columns = await vectorArgument(call, 1);
  warnAboutQuantiles(q, call.evaluation.annotations, argument(call, 0));
  return quantileOfHistograms(call, columns, 1, q);
}

function quantileOfHistograms(
  call: Call,
  columns: readonly Column[],
  vectorIndex: number,
  q: Float64Array,
): Column[] {
  const span = argument(call, vectorIndex);
  const notes = new HistogramNotes(call.evaluation.annotations, span);
  return estimate(call, columns, notes, span, {
    ofClassic: (buckets, step, labels) => {
      const { value, raised } = bucketQuantile(q[step] ?? Number.NaN, buckets);
      if (raised !== undefined) {
        const unixMs = timeAt(call.grid, step);
        call.evaluation.annotations.raised(raisedMessage(labels), span, raised, unixMs);
      }
      return value;
    },
    ofNative: (histogram, step, labels) => {
      const { value, nan } = nativeQuantile(q[step] ?? Number.NaN, histogram);
      if (nan !== 'none') notes.nanInQuantile(nan, labels.metricName);
      return value;
    },
  });
}

function raisedMessage({ metricName }: Labels): string {
  const of = metricName === '' ? '' : ` for metric name ${quote(metricName)}`;
  return `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${of}`;
}

export async function histogramQuantiles(call: Call): Promise<Column[]> {
  const columns = await vectorArgument(call, 0);
  const label = stringArgument(call, 1);
  const results: Column[] = [];
  for (let index = 2; index < call.node.args.length; index++) {
    const q = await scalarArgument(call, index);
    warnAboutQuantiles(q, call.evaluation.annotations, argument(call, index));
    const found = quantileOfHistograms(call, columns, 0, q);
    const name = quantileLabel(q[0] ?? Number.NaN);
    results.push(
      ...found.map((column) => ({ ...column, labels: column.labels.with({ [label]: name }) })),
    );
  }
  return mergeColumns(results, call.node);
}

/** A quantile as a label's value, written as OpenMetrics writes floats: `1.0`. */
function quantileLabel(q: number): string {
  const text = formatShortFloat(q);
  return /[.eNI]/.test(text) ? text : `${text}.0`;
}

export async function histogramFraction(call: Call): Promise<Column[]> {
  const lower = await scalarArgument(call, 0);
  const upper = await scalarArgument(call, 1);
  const columns = await vectorArgument(call, 2);
  const span = argument(call, 2);
  const notes = new HistogramNotes(call.evaluation.annotations, span);
  const bounds = (step: number) => [lower[step] ?? Number.NaN, upper[step] ?? Number.NaN] as const;
  return estimate(call, columns, notes, span, {
    ofClassic: (buckets, step) => bucketFraction(...bounds(step), buckets),
    ofNative: (histogram, step, labels) => {
      const { value, hasNan } = nativeFraction(...bounds(step), histogram);
      if (hasNan) notes.nanInFraction(labels.metricName);
      return value;
    },
  });
}

/** A number of each native histogram; floats give nothing. */
function ofNative(compute: (histogram: NativeHistogram) => number): Implementation {
  return async (call) => {
    const columns = await vectorArgument(call, 0);
    return columns.flatMap(({ labels, present, histograms }) => {
      if (histograms === undefined) return [];
      const out = newColumn(labels, true, call.grid.count);
      for (const [step, histogram] of histograms.entries()) {
        if (histogram === undefined || present[step] === 0) continue;
        out.values[step] = compute(histogram);
        out.present[step] = 1;
      }
      return anyPresent(out) ? [out] : [];
    });
  };
}

/** Functions of native histograms alone. */
export const nativeFunctions: Readonly<Record<string, Implementation>> = {
  histogram_avg: ofNative(({ count, sum }) => sum / count),
  histogram_count: ofNative(({ count }) => count),
  histogram_stddev: ofNative((histogram) => Math.sqrt(nativeVariance(histogram))),
  histogram_stdvar: ofNative(nativeVariance),
  histogram_sum: ofNative(({ sum }) => sum),
};
