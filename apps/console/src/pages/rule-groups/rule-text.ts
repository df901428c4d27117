import { type ApiError } from '../../api/errors.ts';
import { type RuleProblem } from '../../api/rule-groups.ts';

/** Where a line and a column, both from 1, are in a text; what lies beyond its end is its end. */
export function offsetOf(
  text: string,
  place: { readonly line: number; readonly column: number },
): number {
  let start = 0;
  for (let line = 1; line < place.line; line++) {
    const end = text.indexOf('\n', start);
    if (end === -1) return text.length;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return Math.min(start + Math.max(0, place.column - 1), end === -1 ? text.length : end);
}

/** The line and column of an offset, both from 1. */
export function placeOf(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** What is wrong with rules, as a refusal has it; none for a refusal of another kind. */
export function problemsOf({ faults }: ApiError): readonly RuleProblem[] {
  return faults.flatMap((fault): readonly RuleProblem[] => {
    const { line, column, where, problem, fix } = fault;
    if (typeof line !== 'number' || typeof column !== 'number') return [];
    if (typeof problem !== 'string') return [];
    const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
    return [{ line, column, problem, where: textOf(where), fix: textOf(fix) }];
  });
}
