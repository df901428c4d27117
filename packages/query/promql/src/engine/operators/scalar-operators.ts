import { type BinaryOperator, type TrimOperator } from '../../parser/ast.ts';

/** Go's math.Pow, which knows that 1 to any power is 1, where JavaScript answers NaN. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && (exponent === Infinity || exponent === -Infinity)) return 1;
  return base ** exponent;
}

/** Go's math.Max, for which infinity wins over NaN; JavaScript answers NaN. */
export function larger(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

/** Go's math.Min, for which negative infinity wins over NaN. */
export function smaller(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** The arithmetic of an operator; a comparison answers 1 or 0. */
export function arithmetic(operator: BinaryOperator): (left: number, right: number) => number {
  switch (operator) {
    case '+':
      return (left, right) => left + right;
    case '-':
      return (left, right) => left - right;
    case '*':
      return (left, right) => left * right;
    case '/':
      return (left, right) => left / right;
    case '%':
      return (left, right) => left % right;
    case '^':
      return power;
    case 'atan2':
      return Math.atan2;
    case '==':
      return (left, right) => (left === right ? 1 : 0);
    case '!=':
      return (left, right) => (left === right ? 0 : 1);
    case '<':
      return (left, right) => (left < right ? 1 : 0);
    case '<=':
      return (left, right) => (left <= right ? 1 : 0);
    case '>':
      return (left, right) => (left > right ? 1 : 0);
    case '>=':
      return (left, right) => (left >= right ? 1 : 0);
    case '</':
    case '>/':
    case 'and':
    case 'or':
    case 'unless':
      throw new Error(`${operator} has no arithmetic`);
  }
}

/** Whether an operator cuts histograms, which leaves them what they are. */
export function isTrim(operator: BinaryOperator): operator is TrimOperator {
  return operator === '</' || operator === '>/';
}
