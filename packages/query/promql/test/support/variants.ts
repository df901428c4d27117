import { type Expression } from '@dwcp/promql';

/** Functions whose value depends on the time of evaluation, whatever `@` says. */
const TIME_DEPENDENT =
  /\b(?:days_in_month|day_of_\w+|end|hour|minute|month|predict_linear|range|start|step|time|timestamp|year)\s*\(/i;

/** Whether an expression has one value at a pinned time, wherever it is evaluated. */
export function canBePinned(text: string): boolean {
  return !TIME_DEPENDENT.test(text);
}

/** Writes `@ time` onto every selector and subquery that has none, except inside a pinned one. */
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
      return node.at === undefined ? { ...node, at } : node;
    case 'matrix-selector':
      return node.selector.at === undefined
        ? { ...node, selector: { ...node.selector, at } }
        : node;
    case 'subquery':
      return node.at === undefined ? { ...node, at } : node;
  }
}

/** The times at which a pinned expression is evaluated again. */
export function evaluationTimes(unixMs: number): readonly number[] {
  if (unixMs === 0) return [-1000, 0, 1000];
  return [-10 * unixMs, 0, Math.trunc(unixMs / 5), unixMs, 10 * unixMs];
}
