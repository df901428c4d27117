import { type Span } from '../parser/ast.ts';
import { unsupported } from './errors.ts';
import { type Column, type RangeSeries } from './values.ts';

/** @throws QueryError naming what cannot handle native histograms, if there are any */
export function refuseHistograms(
  series: readonly (Column | RangeSeries)[],
  what: string,
  span: Span,
): void {
  if (series.some((one) => one.histograms !== undefined)) {
    throw unsupported(`native histograms in ${what} are`, span);
  }
}
