import { type BinaryExpression } from '../../parser/ast.ts';
import { type Budget } from '../budget.ts';
import { anyPresent, type Column } from '../values.ts';
import { signatureKey, signatureOf } from './signature.ts';

/** Where any of some columns has an element, by signature. */
type Presence = Map<string, { of: Uint8Array; isOwn: boolean }>;

/**
 * Of the result of an `or` that may be the left side of another: a chain of them is gone through once,
 * and not once per operator.
 */
const unions = new WeakMap<readonly Column[], { readonly key: string; readonly of: Presence }>();

/** `and`, `or` and `unless`: values pass as they are, native histograms too. */
export async function setOperation(
  node: BinaryExpression,
  left: readonly Column[],
  right: readonly Column[],
  budget: Budget,
): Promise<Column[]> {
  const { matching, operator } = node;
  const signature = signatureOf(matching);
  if (operator !== 'or') {
    const presence: Presence = new Map();
    for (const column of right) {
      addTo(presence, signature(column), column, budget);
      if (budget.isDue) await budget.breathe();
    }
    const keepWhere = operator === 'and' ? 1 : 0;
    const found: Column[] = [];
    for (const column of left) {
      const kept = masked(column, presence.get(signature(column))?.of, keepWhere);
      if (kept !== undefined) found.push(kept);
      if (budget.isDue) await budget.breathe();
    }
    return found;
  }
  const key = signatureKey(matching);
  const known = unions.get(left);
  const presence: Presence = known?.key === key ? known.of : new Map();
  if (known?.key !== key) {
    for (const column of left) {
      addTo(presence, signature(column), column, budget);
      if (budget.isDue) await budget.breathe();
    }
  }
  const added: (readonly [string, Column])[] = [];
  const out = [...left];
  for (const column of right) {
    const own = signature(column);
    const kept = masked(column, presence.get(own)?.of, 0);
    if (kept !== undefined) {
      out.push(kept);
      added.push([own, kept]);
    }
    if (budget.isDue) await budget.breathe();
  }
  // Only now: columns of one side do not hide each other.
  for (const [own, column] of added) {
    addTo(presence, own, column, budget);
    if (budget.isDue) await budget.breathe();
  }
  unions.delete(left);
  unions.set(out, { key, of: presence });
  return out;
}

function addTo(presence: Presence, key: string, column: Column, budget: Budget): void {
  const known = presence.get(key);
  if (known === undefined) {
    budget.chargeBytes(key.length);
    presence.set(key, { of: column.present, isOwn: false });
    return;
  }
  if (!known.isOwn) {
    budget.chargeBytes(column.present.length);
    known.of = known.of.slice();
    known.isOwn = true;
  }
  const { of } = known;
  for (let i = 0; i < of.length; i++) of[i] = (of[i] ?? 0) | (column.present[i] ?? 0);
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
