import { QueryError } from '@dwcp/core';

import { type Span } from '../parser/ast.ts';

/** An expression that is right in itself but failed on the data it met. */
export function executionError(message: string, span?: Span): QueryError {
  return new QueryError(
    'execution',
    message,
    span === undefined ? {} : { position: { start: span.start, end: span.end } },
  );
}

/** A part of PromQL that is parsed, but that this engine does not evaluate. */
export function unsupported(feature: string, span?: Span): QueryError {
  return executionError(`${feature} not supported yet`, span);
}

export const SAME_LABELSET = 'vector cannot contain metrics with the same labelset';
