import { type DurationExpression } from './ast.ts';

/** What a duration expression may ask about the query. */
export interface DurationContext {
  readonly stepMs: number;
  readonly rangeMs: number;
}

/** The longest duration, what Go's 64 bit nanoseconds hold, in seconds. */
const MAX_SECONDS = 2 ** 63 / 1e9;

/** Computes a duration in seconds. @throws RangeError saying what cannot be computed */
function seconds(duration: DurationExpression, context: DurationContext): number {
  switch (duration.kind) {
    case 'number':
      return duration.seconds;
    case 'paren':
      return seconds(duration.of, context);
    case 'unary': {
      const value = seconds(duration.of, context);
      return duration.operator === '-' ? -value : value;
    }
    case 'binary': {
      const left = seconds(duration.left, context);
      const right = seconds(duration.right, context);
      switch (duration.operator) {
        case '+':
          return left + right;
        case '-':
          return left - right;
        case '*':
          return left * right;
        case '/':
          if (right === 0) throw new RangeError('division by zero');
          return left / right;
        case '%':
          if (right === 0) throw new RangeError('modulo by zero');
          return left % right;
        case '^':
          return left ** right;
      }
      break;
    }
    case 'call':
      switch (duration.name) {
        case 'step':
          return context.stepMs / 1000;
        case 'range':
          return context.rangeMs / 1000;
        case 'min_of':
          return Math.min(...duration.args.map((arg) => seconds(arg, context)));
        case 'max_of':
          return Math.max(...duration.args.map((arg) => seconds(arg, context)));
      }
  }
  return Number.NaN;
}

/**
 * A duration in milliseconds.
 * @throws RangeError saying what cannot be computed
 */
export function durationMs(duration: DurationExpression, context: DurationContext): number {
  const value = seconds(duration, context);
  if (Number.isNaN(value) || Math.abs(value) > MAX_SECONDS) {
    throw new RangeError('duration out of range');
  }
  return Math.round(value * 1000);
}

/** The first division by zero in an expression, whether or not the rest is constant. */
export function findProblem(duration: DurationExpression): string | undefined {
  try {
    durationMs(duration, { stepMs: 1000, rangeMs: 1000 });
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
  return undefined;
}
