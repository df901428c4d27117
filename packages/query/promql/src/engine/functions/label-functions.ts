import {
  AnchoredRegExp,
  compareUtf8,
  InvalidInputError,
  type Labels,
  METRIC_NAME,
} from '@dwcp/core';

import { type Span } from '../../parser/ast.ts';
import { quote } from '../../parser/go-text.ts';
import { type Budget } from '../budget.ts';
import { executionError } from '../errors.ts';
import { mergeColumns } from '../merge.ts';
import { type Column } from '../values.ts';

export interface LabelReplace {
  readonly target: string;
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
}

/** Longer than any label that a store takes; a value that grows without bounds is a mistake. */
const MAX_VALUE_LENGTH = 16_384;
/** How long a regular expression that is far slower than others may take. */
const MAX_SLOW_MS = 500;

/** What the functions that set labels work with. */
export interface LabelContext {
  readonly budget: Budget;
  /** Where the function stands in the query. */
  readonly span: Span;
}

/**
 * Sets a label of each column to what it is given; undefined leaves the column as it is.
 * @throws QueryError when labels take too much memory, or two columns have the same in the end
 */
async function relabel(
  columns: readonly Column[],
  target: string,
  { budget, span }: LabelContext,
  valueOf: (labels: Labels) => string | undefined,
): Promise<Column[]> {
  const out: Column[] = [];
  for (const column of columns) {
    const value = valueOf(column.labels);
    if (value === undefined) out.push(column);
    else {
      const labels = column.labels.with({ [target]: value });
      budget.chargeLabels(labels);
      const dropName = target === METRIC_NAME ? false : column.dropName;
      out.push({ ...column, labels, dropName });
    }
    if (budget.isDue) await budget.breathe();
  }
  return mergeColumns(out, span);
}

function tooLong(name: string, target: string, span: Span): Error {
  return executionError(
    `${name}() would make a value of more than ${MAX_VALUE_LENGTH} characters for the label ${quote(target)}; make it of less`,
    span,
  );
}

function isLabelName(name: string): boolean {
  return name !== '' && name.isWellFormed();
}

export async function labelReplace(
  columns: readonly Column[],
  { target, replacement, source, pattern }: LabelReplace,
  context: LabelContext,
): Promise<Column[]> {
  const { span } = context;
  let regexp: AnchoredRegExp;
  try {
    regexp = new AnchoredRegExp(pattern, { maxSlowMs: MAX_SLOW_MS });
  } catch {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}`, span);
  }
  if (!isLabelName(target)) {
    throw executionError(`invalid destination label name in label_replace(): ${target}`, span);
  }
  return relabel(columns, target, context, (labels) => {
    try {
      return regexp.expand(labels.get(source), replacement, MAX_VALUE_LENGTH);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      if (error.field === 'replacement') throw tooLong('label_replace', target, span);
      throw executionError(`label_replace(): ${error.message}`, span);
    }
  });
}

export interface LabelJoin {
  readonly target: string;
  readonly separator: string;
  readonly sources: readonly string[];
}

export async function labelJoin(
  columns: readonly Column[],
  { target, separator, sources }: LabelJoin,
  context: LabelContext,
): Promise<Column[]> {
  const { span } = context;
  const bad = sources.find((source) => !isLabelName(source));
  if (bad !== undefined) {
    throw executionError(`invalid source label name in label_join(): ${bad}`, span);
  }
  if (!isLabelName(target)) {
    throw executionError(`invalid destination label name in label_join(): ${target}`, span);
  }
  return relabel(columns, target, context, (labels) => {
    const values = sources.map((source) => labels.get(source));
    const between = separator.length * Math.max(0, values.length - 1);
    const length = values.reduce((sum, value) => sum + value.length, between);
    if (length > MAX_VALUE_LENGTH) throw tooLong('label_join', target, span);
    return values.join(separator);
  });
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
