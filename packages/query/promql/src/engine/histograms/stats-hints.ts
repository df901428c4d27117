import { isStale, type NativeHistogram } from '@dwcp/core';

import { type Expression, type VectorSelector } from '../../parser/ast.ts';
import { detectReset } from './detect-reset.ts';
import { FloatHistogram } from './float-histogram.ts';

/** Functions that look at count and sum of a histogram only. */
const STATISTICS: ReadonlySet<string> = new Set([
  'histogram_avg',
  'histogram_count',
  'histogram_sum',
]);
const WHOLE: ReadonlySet<string> = new Set([
  'histogram_fraction',
  'histogram_quantile',
  'histogram_quantiles',
]);

/** Functions that add histograms up, which takes note of their hints. */
const SUMS: ReadonlySet<string> = new Set(['avg', 'avg_over_time', 'sum', 'sum_over_time']);

/**
 * The selectors that are summed up and of which only count and sum are looked at in the end.
 * Prometheus reads those without buckets, and so that resets in buckets are not missed it notes on
 * every histogram whether the counter was reset; sums then tell of histograms that contradict each
 * other.
 */
export function statisticsSelectors(expression: Expression): ReadonlySet<VectorSelector> {
  const found = new Set<VectorSelector>();
  collect(expression, 'nothing', found);
  return found;
}

/**
 * What the parts around an expression look at: count and sum, of histograms as they are or summed
 * up; once it is whole histograms it stays so.
 */
type Interest = 'nothing' | 'statistics' | 'statistics of sums' | 'buckets';

function collect(node: Expression, interest: Interest, found: Set<VectorSelector>): void {
  switch (node.kind) {
    case 'number':
    case 'string':
      return;
    case 'vector-selector':
      if (interest === 'statistics of sums') found.add(node);
      return;
    case 'matrix-selector':
      collect(node.selector, interest, found);
      return;
    case 'subquery':
      // Its steps skip samples, so only buckets can tell of resets.
      collect(node.of, 'buckets', found);
      return;
    case 'paren':
    case 'unary':
      collect(node.of, interest, found);
      return;
    case 'aggregate':
      if (node.parameter !== undefined) collect(node.parameter, interest, found);
      collect(node.of, ofParts(interest, SUMS.has(node.operator)), found);
      return;
    case 'binary': {
      const isTrim = node.operator === '</' || node.operator === '>/';
      const isSum = node.operator === '+' || node.operator === '-';
      const within = isTrim ? 'buckets' : ofParts(interest, isSum);
      collect(node.left, within, found);
      collect(node.right, within, found);
      return;
    }
    case 'call': {
      let within = interest;
      if (WHOLE.has(node.name)) within = 'buckets';
      else if (STATISTICS.has(node.name) && interest === 'nothing') within = 'statistics';
      within = ofParts(within, SUMS.has(node.name));
      for (const arg of node.args) collect(arg, within, found);
    }
  }
}

function ofParts(interest: Interest, isSum: boolean): Interest {
  return isSum && interest === 'statistics' ? 'statistics of sums' : interest;
}

/** Notes on each histogram whose counter is not known to be reset or not what the buckets tell. */
export function withDetectedHints<
  S extends {
    readonly values: Float64Array;
    readonly histograms?: readonly (NativeHistogram | undefined)[];
  },
>(series: S): S {
  const { histograms, values } = series;
  if (histograms === undefined) return series;
  let previous: FloatHistogram | undefined;
  const hinted = histograms.map((histogram, i) => {
    if (histogram === undefined || isStale(values, i)) return histogram;
    const current = FloatHistogram.of(histogram);
    const before = previous;
    previous = current;
    if (histogram.counterResetHint !== 'unknown' || before === undefined) return histogram;
    const counterResetHint = detectReset(current, before) ? 'reset' : 'not_reset';
    return { ...histogram, counterResetHint } as const;
  });
  return { ...series, histograms: hinted };
}

/**
 * Forgets what histograms say of the one before them: a subquery passes over samples, or gives one
 * several times.
 */
export function withoutHints<
  S extends { readonly histograms?: readonly (NativeHistogram | undefined)[] },
>(series: S): S {
  const { histograms } = series;
  if (histograms === undefined) return series;
  const forgotten = histograms.map((histogram) =>
    histogram === undefined || histogram.counterResetHint === 'gauge'
      ? histogram
      : { ...histogram, counterResetHint: 'unknown' as const },
  );
  return { ...series, histograms: forgotten };
}
