import { type Labels } from '@dwcp/core';
import { type BinaryExpression, type Expression, printExpression } from '@dwcp/promql';

import { type ComparedSeries, type ComparisonExplanation } from './explanation.ts';
import { type Ask, isCompatible, numberText, valueOf } from './rule-query.ts';

const MAX_SERIES = 20;
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** The comparisons that decide which elements are left: those under and, or, unless. */
export function comparisonsOf(expression: Expression): readonly BinaryExpression[] {
  if (expression.kind === 'paren') return comparisonsOf(expression.of);
  if (expression.kind !== 'binary') return [];
  const { operator, left, right, returnBool } = expression;
  if (COMPARISONS.has(operator)) return returnBool ? [] : [expression];
  if (operator !== 'and' && operator !== 'or' && operator !== 'unless') return [];
  return [...comparisonsOf(left), ...comparisonsOf(right)];
}

/** Of a comparison each series, the value beside the threshold. */
export async function explainComparison(
  comparison: BinaryExpression,
  ask: Ask,
): Promise<ComparisonExplanation> {
  const { operator, left, right } = comparison;
  const [leftValue, rightValue] = [
    await valueOf(ask, printExpression(left)),
    await valueOf(ask, printExpression(right)),
  ];
  const compared = (labels: Labels, a: number, b: number): ComparedSeries => ({
    labels: labels.toObject(),
    value: numberText(a),
    threshold: numberText(b),
    holds: holds(operator, a, b),
    distance: numberText(rounded(Math.abs(a - b), Math.max(Math.abs(a), Math.abs(b)))),
  });
  let series: readonly ComparedSeries[] = [];
  if (leftValue.kind === 'vector' && rightValue.kind === 'scalar') {
    series = leftValue.samples.map(({ labels, value }) =>
      compared(labels, value, rightValue.value),
    );
  } else if (leftValue.kind === 'scalar' && rightValue.kind === 'vector') {
    series = rightValue.samples.map(({ labels, value }) =>
      compared(labels, leftValue.value, value),
    );
  } else if (leftValue.kind === 'vector' && rightValue.kind === 'vector') {
    // What belongs together, the engine knows; from the difference and one side follows the other.
    const difference = { ...comparison, operator: '-', left: grouped(left), right: grouped(right) };
    const answer = await valueOf(ask, printExpression(difference as BinaryExpression));
    const samples = answer.kind === 'vector' ? answer.samples : [];
    const valueFor = leftValues(leftValue.samples, samples[0]?.labels);
    series = samples.map(({ labels, value }) => {
      const a = valueFor(labels);
      return compared(labels, a, rounded(a - value, Math.abs(a)));
    });
  }
  const asked = series.filter(({ labels }) => isCompatible(labels, ask.labels));
  return {
    expression: printExpression(comparison),
    operator,
    series: asked
      .toSorted(
        (a, b) => Number(b.holds) - Number(a.holds) || Number(a.distance) - Number(b.distance),
      )
      .slice(0, MAX_SERIES),
    seriesCount: asked.length,
    holdingCount: asked.filter((one) => one.holds).length,
  };
}

/** The left side's value for a result, which may have kept fewer labels; NaN where several fit. */
function leftValues(
  left: readonly { readonly labels: Labels; readonly value: number }[],
  first: Labels | undefined,
): (result: Labels) => number {
  const names = Array.from(first ?? [], ([name]) => name);
  const values = new Map<string, number>();
  for (const { labels, value } of left) {
    const { key } = labels.keep(names);
    values.set(key, values.has(key) ? Number.NaN : value);
  }
  return (result) => values.get(result.keep(names).key) ?? Number.NaN;
}

function holds(operator: string, a: number, b: number): boolean {
  switch (operator) {
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '==':
      return a === b;
    default:
      return a !== b;
  }
}

function grouped(expression: Expression): Expression {
  const { start, end } = expression;
  return expression.kind === 'paren' ? expression : { kind: 'paren', of: expression, start, end };
}

/** Takes out the noise of subtracting: 0.95 - 0.93 is 0.02 to a reader. */
function rounded(difference: number, scale: number): number {
  if (!Number.isFinite(difference) || scale === 0) return difference;
  const digits = Math.max(0, Math.min(100, 14 - Math.ceil(Math.log10(scale))));
  return Number(difference.toFixed(digits));
}
