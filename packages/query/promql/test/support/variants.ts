import { type Expression } from '@dwcp/promql';

/** Functions whose value depends on the time of evaluation, whatever `@` says. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set(
  (
    'days_in_month day_of_month day_of_week day_of_year end hour minute month predict_linear ' +
    'range start step time timestamp year'
  ).split(' '),
);

/** Whether an expression has one value at a pinned time, wherever it is evaluated. */
export function canBePinned(node: Expression): boolean {
  switch (node.kind) {
    case 'number':
    case 'string':
    case 'vector-selector':
    case 'matrix-selector':
      return true;
    case 'paren':
    case 'unary':
    case 'subquery':
      return canBePinned(node.of);
    case 'binary':
      return canBePinned(node.left) && canBePinned(node.right);
    case 'call':
      return !TIME_DEPENDENT.has(node.name) && node.args.every(canBePinned);
    case 'aggregate':
      return canBePinned(node.of) && (node.parameter === undefined || canBePinned(node.parameter));
  }
}

/** Whether an expression asks for the bounds or the step of the query that it is part of. */
export function asksForBounds(text: string): boolean {
  return /\b(?:start|end|range|step)\s*\(\s*\)/i.test(text);
}

/**
 * Writes `@ time` onto every selector and subquery that has no time of its own, except inside a
 * subquery: that one is pinned as a whole.
 */
export function pin(node: Expression, unixMs: number): Expression {
  const at = { kind: 'time', unixMs } as const;
  switch (node.kind) {
    case 'number':
    case 'string':
      return node;
    case 'paren':
    case 'unary':
      return { ...node, of: pin(node.of, unixMs) };
    case 'binary':
      return { ...node, left: pin(node.left, unixMs), right: pin(node.right, unixMs) };
    case 'call':
      return { ...node, args: node.args.map((arg) => pin(arg, unixMs)) };
    case 'aggregate': {
      const of = pin(node.of, unixMs);
      if (node.parameter === undefined) return { ...node, of };
      return { ...node, of, parameter: pin(node.parameter, unixMs) };
    }
    case 'vector-selector':
    case 'subquery':
      return node.at?.kind === 'time' ? node : { ...node, at };
    case 'matrix-selector':
      return node.selector.at?.kind === 'time'
        ? node
        : { ...node, selector: { ...node.selector, at } };
  }
}

/** The times at which a pinned expression is evaluated again. */
export function evaluationTimes(unixMs: number): readonly number[] {
  if (unixMs === 0) return [-1000, 0, 1000];
  return [-10 * unixMs, 0, Math.trunc(unixMs / 5), unixMs, 10 * unixMs];
}
