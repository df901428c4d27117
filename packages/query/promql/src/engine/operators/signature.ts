import { type Labels, METRIC_NAME } from '@dwcp/core';

import { type VectorMatching } from '../../parser/ast.ts';
import { type Column } from '../values.ts';

/** The labels by which elements of two vectors find each other. */
export function matchedLabels(labels: Labels, matching: VectorMatching): Labels {
  if (matching.on) return labels.keep(matching.labels);
  return labels.without([METRIC_NAME, ...matching.labels]);
}

/** A string that is equal for matchings by the same labels. */
export function signatureKey({ on, labels }: VectorMatching): string {
  return JSON.stringify([on, [...new Set(labels)].sort()]);
}

/** A string that is equal for columns that belong together. */
export function signatureOf(matching: VectorMatching): (column: Column) => string {
  const names = new Set(matching.on ? matching.labels : [METRIC_NAME, ...matching.labels]);
  return (column) => (matching.on ? column.labels.keep(names) : column.labels.without(names)).key;
}
