import { QueryError } from '@dwcp/core';

import { type Span } from './ast.ts';

/** One thing that is wrong with an expression, in Prometheus' words. */
export interface ParseProblem extends Span {
  readonly message: string;
}

/**
 * An expression that is not PromQL. The message is that of the first problem, with line and column
 * as Prometheus prints them: `1:5: parse error: unexpected end of input`.
 */
export class ParseError extends QueryError {
  /** Every problem found, at least one. */
  readonly problems: readonly ParseProblem[];

  constructor(input: string, first: ParseProblem, problems: readonly ParseProblem[]) {
    super('bad_data', `${lineAndColumn(input, first.start)}: parse error: ${first.message}`, {
      position: { start: first.start, end: first.end },
    });
    this.problems = problems;
  }
}

/** A position as `line:column`, both from 1; the column counts bytes of UTF-8, as Go does. */
export function lineAndColumn(input: string, offset: number): string {
  const before = input.slice(0, offset);
  const line = before.split('\n').length;
  const onLine = before.slice(before.lastIndexOf('\n') + 1);
  return `${line}:${new TextEncoder().encode(onLine).length + 1}`;
}
