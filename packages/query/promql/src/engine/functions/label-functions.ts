import { AnchoredRegExp, compareUtf8, type Labels, METRIC_NAME } from '@dwcp/core';

import { type Span } from '../../parser/ast.ts';
import { executionError } from '../errors.ts';
import { mergeColumns } from '../merge.ts';
import { type Column } from '../values.ts';

export interface LabelReplace {
  readonly target: string;
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
}

function relabelled(column: Column, labels: Labels, target: string): Column {
  return { ...column, labels, dropName: target === METRIC_NAME ? false : column.dropName };
}

function isLabelName(name: string): boolean {
  return name !== '' && name.isWellFormed();
}

export function labelReplace(
  columns: readonly Column[],
  { target, replacement, source, pattern }: LabelReplace,
  span: Span,
): Column[] {
  let regexp: AnchoredRegExp;
  try {
    regexp = new AnchoredRegExp(pattern);
  } catch {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}`, span);
  }
  if (!isLabelName(target)) {
    throw executionError(`invalid destination label name in label_replace(): ${target}`, span);
  }
  const replaced = columns.map((column) => {
    const value = regexp.expand(column.labels.get(source), replacement);
    if (value === undefined) return column;
    return relabelled(column, column.labels.with({ [target]: value }), target);
  });
  return mergeColumns(replaced, span);
}

export interface LabelJoin {
  readonly target: string;
  readonly separator: string;
  readonly sources: readonly string[];
}

export function labelJoin(
  columns: readonly Column[],
  { target, separator, sources }: LabelJoin,
  span: Span,
): Column[] {
  const bad = sources.find((source) => !isLabelName(source));
  if (bad !== undefined) {
    throw executionError(`invalid source label name in label_join(): ${bad}`, span);
  }
  if (!isLabelName(target)) {
    throw executionError(`invalid destination label name in label_join(): ${target}`, span);
  }
  const joined = columns.map((column) => {
    const value = sources.map((source) => column.labels.get(source)).join(separator);
    return relabelled(column, column.labels.with({ [target]: value }), target);
  });
  return mergeColumns(joined, span);
}

/** Orders by the named labels, numbers inside them by size, and then by all labels. */
export function sortByLabel(
  columns: readonly Column[],
  names: readonly string[],
  order: 1 | -1,
): Column[] {
  return columns.toSorted((a, b) => {
    for (const name of names) {
      const difference = compareNatural(a.labels.get(name), b.labels.get(name));
      if (difference !== 0) return difference * order;
    }
    return a.labels.compare(b.labels) * order;
  });
}

/** Compares texts by turns of digits and other characters: `node9` before `node10`. */
export function compareNatural(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = '', y = ''] = [left[i], right[i]];
    const bothDigits = /^\d/.test(x) && /^\d/.test(y);
    const difference = bothDigits ? compareDigits(x, y) : compareUtf8(x, y);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return x.length - y.length || compareUtf8(x, y) || a.length - b.length;
}
