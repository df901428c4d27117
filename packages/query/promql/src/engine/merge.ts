import { type NativeHistogram } from '@dwcp/core';

import { type Span } from '../parser/ast.ts';
import { executionError, SAME_LABELSET } from './errors.ts';
import { type Column, withoutMetadata } from './values.ts';

/**
 * Joins columns with equal labels, which is well as long as no step has two elements.
 * @throws QueryError when one has
 */
export function mergeColumns(columns: readonly Column[], span: Span): Column[] {
  const byLabels = new Map<string, Column>();
  for (const column of columns) {
    const { key } = column.labels;
    const known = byLabels.get(key);
    byLabels.set(key, known === undefined ? column : join(known, column, span));
  }
  return byLabels.size === columns.length ? [...columns] : [...byLabels.values()];
}

function join(a: Column, b: Column, span: Span): Column {
  const values = a.values.slice();
  const present = a.present.slice();
  for (let i = 0; i < values.length; i++) {
    if (b.present[i] === 0) continue;
    if (present[i] === 1) throw executionError(SAME_LABELSET, span);
    values[i] = b.values[i] ?? 0;
    present[i] = 1;
  }
  const joined = { ...a, values, present };
  if (a.histograms === undefined && b.histograms === undefined) return joined;
  const histograms: (NativeHistogram | undefined)[] = Array.from(
    values,
    (_, i) => a.histograms?.[i] ?? b.histograms?.[i],
  );
  return { ...joined, histograms };
}

/** Takes the names away that no longer apply; done last, so that labels can be set from them. */
export function dropNames(columns: readonly Column[], span: Span): Column[] {
  return mergeColumns(
    columns.map((column) =>
      column.dropName
        ? { ...column, dropName: false, labels: withoutMetadata(column.labels) }
        : column,
    ),
    span,
  );
}
