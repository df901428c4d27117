import { type NativeHistogram } from '@dwcp/core';

import { type BinaryOperator } from '../../parser/ast.ts';
import { type Column } from '../values.ts';
import { equalHistograms } from './equality.ts';
import { FloatHistogram } from './float-histogram.ts';
import { type HistogramNotes } from './notes.ts';
import { trimHistogram } from './trim.ts';

/** An operand: a float, or a histogram in its place. */
export type Element = number | NativeHistogram;

export function elementAt(column: Column, step: number): Element {
  return column.histograms?.[step] ?? column.values[step] ?? Number.NaN;
}

/**
 * Combines two elements of which at least one is a histogram, or any two with a trim operator. A
 * comparison answers 1 or 0, arithmetic a histogram.
 * @returns undefined, and a note says why, where the operator is not for such elements
 */
export function combineElements(
  operator: BinaryOperator,
  left: Element,
  right: Element,
  notes: HistogramNotes,
): Element | undefined {
  if (typeof left !== 'number') {
    const result =
      typeof right === 'number'
        ? histogramWithFloat(operator, left, right)
        : histogramWithHistogram(operator, left, right, notes);
    if (result !== NOT_FOR_SUCH) return result;
  } else if (typeof right !== 'number' && operator === '*') {
    return FloatHistogram.of(right).multiply(left).toNative();
  }
  const kind = (element: Element): string => (typeof element === 'number' ? 'float' : 'histogram');
  notes.incompatibleTypes(operator, kind(left), kind(right));
  return undefined;
}

/** The operator is not for such operands. */
const NOT_FOR_SUCH = Symbol('not for such operands');

function histogramWithFloat(
  operator: BinaryOperator,
  left: NativeHistogram,
  right: number,
): Element | typeof NOT_FOR_SUCH {
  if (operator === '*') return FloatHistogram.of(left).multiply(right).toNative();
  if (operator === '/') return FloatHistogram.of(left).divide(right).toNative();
  if (operator === '</') return trimHistogram(left, right, 'below');
  return operator === '>/' ? trimHistogram(left, right, 'above') : NOT_FOR_SUCH;
}

function histogramWithHistogram(
  operator: BinaryOperator,
  left: NativeHistogram,
  right: NativeHistogram,
  notes: HistogramNotes,
): Element | undefined | typeof NOT_FOR_SUCH {
  if (operator === '==') return equalHistograms(left, right) ? 1 : 0;
  if (operator === '!=') return equalHistograms(left, right) ? 0 : 1;
  if (operator !== '+' && operator !== '-') return NOT_FOR_SUCH;
  return combineHistograms(operator, left, right, notes);
}

function combineHistograms(
  operator: '+' | '-',
  left: NativeHistogram,
  right: NativeHistogram,
  notes: HistogramNotes,
): NativeHistogram | undefined {
  const result = FloatHistogram.of(left);
  const outcome = result.add(FloatHistogram.of(right), operator === '+' ? 1 : -1);
  if (outcome === undefined) {
    notes.incompatibleLayouts(operator);
    return undefined;
  }
  const operation = operator === '+' ? 'addition' : 'subtraction';
  if (outcome.boundsReconciled) notes.reconciledBounds(operation);
  if (outcome.resetsCollide) {
    notes.collidingResets(operation);
    return undefined;
  }
  // A difference may fall, whatever its operands were.
  return operator === '+' ? result.toNative() : result.toNative('gauge');
}
