import { type Column } from '../../values.ts';
import { type AggregatorOptions } from './aggregator.ts';

/** The floats of a column, with a hint at the histograms that were left out. */
export function withoutHistograms(
  column: Column,
  { annotations, node }: Pick<AggregatorOptions, 'annotations' | 'node'>,
): Column {
  const { histograms } = column;
  if (histograms === undefined) return column;
  if (histograms.some((histogram, i) => histogram !== undefined && column.present[i] === 1)) {
    // Prometheus points at the operator where it ranks, else at what is aggregated.
    const isRanking = node.operator === 'topk' || node.operator === 'bottomk';
    annotations.info(
      `ignored histogram in ${node.operator} aggregation`,
      isRanking ? node : node.of,
    );
  }
  return floatsOf(column, histograms);
}

/** The column without its histograms. */
export function floatsOf(
  { labels, dropName, values, present }: Column,
  histograms: NonNullable<Column['histograms']>,
): Column {
  const floats = present.map((is, i) => (histograms[i] === undefined ? is : 0));
  return { labels, dropName, values, present: floats };
}
