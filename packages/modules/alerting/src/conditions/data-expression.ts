import { type Expression, parseExpression, printExpression, typeOf } from '@dwcp/promql';

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/**
 * The series that an expression judges: the same expression without its outermost comparison. It has
 * elements as long as there is data, whether the comparison holds or not.
 *
 * - `a > 5`: `a`
 * - `a > on (x) b`: `a - on (x) b`, which has the same elements whatever their values are
 * - `x and y`: elements for which both sides have data; a side without a comparison does not count
 * - `x or y`: the data of either side
 * - `x unless y`: the data of `x`, or `x` itself where it has no comparison
 *
 * @param expression PromQL that parses
 * @returns undefined when nothing is compared, such as in `absent(up)`: then "not breaching" and "no
 *   data" are the same answer
 */
export function dataExpression(expression: string): string | undefined {
  const data = dataOf(parseExpression(expression));
  return data === undefined ? undefined : printExpression(data);
}

function dataOf(node: Expression): Expression | undefined {
  if (node.kind === 'paren') {
    const inner = dataOf(node.of);
    return inner === undefined || inner.kind === 'paren' ? inner : { ...node, of: inner };
  }
  if (node.kind !== 'binary') return undefined;
  const { left, operator, right } = node;
  if (COMPARISONS.has(operator)) {
    if (node.returnBool) return undefined;
    if (typeOf(right) === 'scalar') return left;
    if (typeOf(left) === 'scalar') return right;
    return { ...node, operator: '-' };
  }
  if (operator === 'unless') return dataOf(left) ?? left;
  if (operator !== 'and' && operator !== 'or') return undefined;
  const [dataLeft, dataRight] = [dataOf(left), dataOf(right)];
  if (dataLeft === undefined || dataRight === undefined) return dataLeft ?? dataRight;
  return { ...node, left: wrapped(dataLeft), right: wrapped(dataRight) };
}

function wrapped(node: Expression): Expression {
  if (node.kind !== 'binary') return node;
  return { kind: 'paren', of: node, start: node.start, end: node.end };
}
