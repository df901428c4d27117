import { type Labels } from '@dwcp/core';

import { formatShortFloat, quote } from '../../parser/go-text.ts';
import { mergeColumns } from '../merge.ts';
import { refuseHistograms } from '../native.ts';
import { warnAboutQuantiles } from '../operators/aggregation.ts';
import { type Column } from '../values.ts';
import { argument, type Call, scalarArgument, stringArgument, vectorArgument } from './call.ts';
import {
  bucketFraction,
  bucketQuantile,
  classicHistograms,
  overHistograms,
} from './histogram-quantile.ts';

export async function histogramQuantile(call: Call): Promise<Column[]> {
  const q = await scalarArgument(call, 0);
  const columns = await vectorArgument(call, 1);
  warnAboutQuantiles(q, call.evaluation.annotations, argument(call, 0));
  return quantileOfBuckets(call, columns, 1, (step) => q[step] ?? Number.NaN);
}

function quantileOfBuckets(
  call: Call,
  columns: readonly Column[],
  vectorIndex: number,
  quantileAt: (step: number) => number,
): Column[] {
  const { annotations } = call.evaluation;
  const span = argument(call, vectorIndex);
  refuseHistograms(columns, `${call.node.name}()`, call.node);
  const histograms = classicHistograms(columns, annotations, span);
  return overHistograms(histograms, call.grid.count, (buckets, step, labels) => {
    const { value, wasFixed } = bucketQuantile(quantileAt(step), buckets);
    if (wasFixed) hintAtMonotonicity(call, vectorIndex, labels);
    return value;
  });
}

function hintAtMonotonicity(call: Call, vectorIndex: number, labels: Labels): void {
  call.evaluation.annotations.info(
    `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name ${quote(labels.metricName)}`,
    argument(call, vectorIndex),
  );
}

export async function histogramQuantiles(call: Call): Promise<Column[]> {
  const columns = await vectorArgument(call, 0);
  const label = stringArgument(call, 1);
  const results: Column[] = [];
  for (let index = 2; index < call.node.args.length; index++) {
    const q = await scalarArgument(call, index);
    warnAboutQuantiles(q, call.evaluation.annotations, argument(call, index));
    const found = quantileOfBuckets(call, columns, 0, (step) => q[step] ?? Number.NaN);
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
  refuseHistograms(columns, 'histogram_fraction()', call.node);
  const histograms = classicHistograms(columns, call.evaluation.annotations, argument(call, 2));
  return overHistograms(histograms, call.grid.count, (buckets, step, labels) => {
    const { value, wasFixed } = bucketFraction(
      lower[step] ?? Number.NaN,
      upper[step] ?? Number.NaN,
      buckets,
    );
    if (wasFixed) hintAtMonotonicity(call, 2, labels);
    return value;
  });
}

/** Functions of native histograms: floats give nothing. */
export async function nativeOnly(call: Call): Promise<Column[]> {
  const columns = await vectorArgument(call, 0);
  refuseHistograms(columns, `${call.node.name}()`, call.node);
  return [];
}
