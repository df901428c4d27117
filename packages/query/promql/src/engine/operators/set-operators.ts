import { type BinaryExpression } from '../../parser/ast.ts';
import { anyPresent, type Column } from '../values.ts';
import { signatureOf } from './signature.ts';

/** Where any of some columns has an element, by signature. */
function presenceBySignature(
  columns: readonly Column[],
  signature: (column: Column) => string,
): Map<string, Uint8Array> {
  const presence = new Map<string, Uint8Array>();
  for (const column of columns) {
    const key = signature(column);
    const known = presence.get(key);
    if (known === undefined) presence.set(key, column.present.slice());
    else
      for (let i = 0; i < known.length; i++) known[i] = (known[i] ?? 0) | (column.present[i] ?? 0);
  }
  return presence;
}

/** The column where another presence is (or is not), undefined where nothing is left. */
function masked(
  column: Column,
  mask: Uint8Array | undefined,
  keepWhere: 0 | 1,
): Column | undefined {
  if (mask === undefined) return keepWhere === 0 ? column : undefined;
  const present = column.present.map((is, i) => (is === 1 && mask[i] === keepWhere ? 1 : 0));
  const out = { ...column, present };
  return anyPresent(out) ? out : undefined;
}

/** `and`, `or` and `unless`: values pass as they are, native histograms too. */
export function setOperation(
  node: BinaryExpression,
  left: readonly Column[],
  right: readonly Column[],
): Column[] {
  const signature = signatureOf(node.matching);
  const filter = (
    columns: readonly Column[],
    by: readonly Column[],
    keepWhere: 0 | 1,
  ): Column[] => {
    const presence = presenceBySignature(by, signature);
    return columns.flatMap((column) => {
      const kept = masked(column, presence.get(signature(column)), keepWhere);
      return kept === undefined ? [] : [kept];
    });
  };
  if (node.operator === 'and') return filter(left, right, 1);
  if (node.operator === 'unless') return filter(left, right, 0);
  return [...left, ...filter(right, left, 0)];
}
