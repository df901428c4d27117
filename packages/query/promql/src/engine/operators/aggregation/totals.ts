import { type AggregateExpression } from '../../../parser/ast.ts';
import { type Annotations } from '../../annotations.ts';
import { HistogramTotal } from '../../histograms/accumulate.ts';
import { HistogramNotes } from '../../histograms/notes.ts';
import { histogramSlots } from '../../native.ts';
import { type Column } from '../../values.ts';
import { type Accumulator, type GroupValues } from './accumulators.ts';
import { floatsOf } from './without-histograms.ts';

/** `sum` and `avg`: of floats, or of histograms; where a group has both there is no result. */
export class Totals implements Accumulator {
  readonly #what: 'sum' | 'mean';
  readonly #floats: Accumulator;
  readonly #notes: HistogramNotes;
  /** By step, made when the first histogram comes. */
  #totals: (HistogramTotal | undefined)[] | undefined;

  constructor(
    what: 'sum' | 'mean',
    floats: Accumulator,
    {
      annotations,
      node,
    }: { readonly annotations: Annotations; readonly node: AggregateExpression },
  ) {
    this.#what = what;
    this.#floats = floats;
    this.#notes = new HistogramNotes(annotations, node.of);
  }

  add(column: Column): void {
    const { histograms } = column;
    if (histograms === undefined) {
      this.#floats.add(column);
      return;
    }
    this.#floats.add(floatsOf(column, histograms));
    const totals = (this.#totals ??= []);
    for (const [step, histogram] of histograms.entries()) {
      if (histogram === undefined || column.present[step] === 0) continue;
      const total = (totals[step] ??= new HistogramTotal(this.#what));
      if (!total.add(histogram)) this.#notes.mixedSchemas(column.labels.metricName);
    }
  }

  finish(): GroupValues {
    const floats = this.#floats.finish();
    const totals = this.#totals;
    if (totals === undefined) return floats;
    const { values, present } = floats;
    const histograms = histogramSlots(values.length);
    for (const [step, total] of totals.entries()) {
      if (total === undefined) continue;
      if (present[step] === 1) {
        present[step] = 0;
        this.#notes.mixedWithFloatsInAggregation();
        continue;
      }
      const { result } = total;
      if (total.findings.boundsReconciled) this.#notes.reconciledBounds('aggregation');
      if (result === undefined) continue;
      if (total.findings.resetsCollide) this.#notes.collidingResets('aggregation');
      histograms[step] = result;
      values[step] = Number.NaN;
      present[step] = 1;
    }
    return { values, present, histograms };
  }
}
