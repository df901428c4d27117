import { type BinaryExpression, isComparison } from '../../parser/ast.ts';
import { type Annotations } from '../annotations.ts';
import { combineElements, elementAt } from '../histograms/elements.ts';
import { HistogramNotes } from '../histograms/notes.ts';
import { histogramSlots, putElement, tidyHistograms } from '../native.ts';
import { type Column, newColumn } from '../values.ts';
import { arithmetic, isTrim } from './scalar-operators.ts';

export interface VectorWithScalar {
  readonly node: BinaryExpression;
  readonly columns: readonly Column[];
  readonly scalar: Float64Array;
  /** The scalar is the left operand. */
  readonly scalarOnLeft: boolean;
  readonly annotations: Annotations;
}

/** `vector op scalar` or `scalar op vector`. */
export function vectorWithScalar(operation: VectorWithScalar): Column[] {
  const { node, columns, scalar, scalarOnLeft } = operation;
  const { operator, returnBool } = node;
  if (isTrim(operator)) return columns.map((column) => withHistograms(operation, column));
  const compute = arithmetic(operator);
  const filters = isComparison(operator) && !returnBool;
  return columns.map((column) => {
    if (column.histograms !== undefined) return withHistograms(operation, column);
    const { values, present, labels } = column;
    const out = newColumn(labels, column.dropName || !filters, values.length);
    for (let i = 0; i < values.length; i++) {
      if (present[i] === 0) continue;
      const value = values[i] ?? 0;
      const other = scalar[i] ?? 0;
      const result = scalarOnLeft ? compute(other, value) : compute(value, other);
      if (filters && result === 0) continue;
      out.values[i] = filters ? value : result;
      out.present[i] = 1;
    }
    return out;
  });
}

/** The same for a column with histograms, element by element. */
function withHistograms(
  { node, scalar, scalarOnLeft, annotations }: VectorWithScalar,
  column: Column,
): Column {
  const { operator, returnBool } = node;
  const notes = new HistogramNotes(annotations, node);
  const filters = isComparison(operator) && !returnBool;
  const keepsName = filters || isTrim(operator);
  const count = column.values.length;
  const out = newColumn(column.labels, column.dropName || !keepsName, count);
  const histograms = histogramSlots(count);
  for (let i = 0; i < count; i++) {
    if (column.present[i] === 0) continue;
    const element = elementAt(column, i);
    const other = scalar[i] ?? 0;
    const [left, right] = scalarOnLeft ? [other, element] : [element, other];
    const result = combineElements(operator, left, right, notes);
    if (result === undefined || (filters && result === 0)) continue;
    putElement(out, histograms, i, filters ? element : result);
  }
  return tidyHistograms(out, histograms);
}
