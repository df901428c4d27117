import { type BinaryExpression, isComparison } from '../../parser/ast.ts';
import { refuseHistograms } from '../native.ts';
import { type Column, newColumn } from '../values.ts';
import { arithmetic } from './scalar-operators.ts';

/** `vector op scalar`, or with `scalarOnLeft` the other way round. */
export function vectorWithScalar(
  node: BinaryExpression,
  columns: readonly Column[],
  scalar: Float64Array,
  scalarOnLeft: boolean,
): Column[] {
  const { operator, returnBool } = node;
  const compute = arithmetic(operator);
  const filters = isComparison(operator) && !returnBool;
  refuseHistograms(columns, `operator ${operator}`, node);
  return columns.map((column) => {
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
