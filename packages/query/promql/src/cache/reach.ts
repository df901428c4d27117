import {
  type AtModifier,
  type DurationExpression,
  type Expression,
  type VectorSelector,
} from '../parser/ast.ts';
import { durationMs } from '../parser/durations.ts';

/** How far towards the future an expression looks, of any step it is evaluated at. */
export interface Reach {
  /** Samples up to this much after a step decide its value; negative when all offsets go back. */
  readonly aheadMs: number;
  /** The latest moment that every step looks at, whichever it is; -Infinity without `@`. */
  readonly absoluteMs: number;
}

/** Functions whose value depends on where the query begins or ends. */
const GRID_FUNCTIONS: ReadonlySet<string> = new Set(['start', 'end', 'range']);

/** The times of a part's evaluation: those of the steps, moved, or one moment for all. */
interface Moment {
  readonly ms: number;
  readonly isAbsolute: boolean;
}

class DependsOnRange extends Error {}

/**
 * Up to when samples decide the value of an expression at a step. Undefined when the value depends on the
 * range of the query too, as with `@ end()`: such an answer is of use for no other range.
 * @param context what `step()` is, and how far `smoothed` looks beyond its window
 */
export function reachOf(
  expression: Expression,
  context: { readonly stepMs: number; readonly lookbackMs: number },
): Reach | undefined {
  let aheadMs = Number.NEGATIVE_INFINITY;
  let absoluteMs = Number.NEGATIVE_INFINITY;

  const durationOf = (duration: DurationExpression | undefined): number => {
    if (duration === undefined) return 0;
    if (asksForRange(duration)) throw new DependsOnRange();
    return durationMs(duration, { stepMs: context.stepMs, rangeMs: 0 });
  };

  const moved = (
    moment: Moment,
    at: AtModifier | undefined,
    offset: DurationExpression | undefined,
  ): Moment => {
    if (at !== undefined && at.kind !== 'time') throw new DependsOnRange();
    const from: Moment = at === undefined ? moment : { ms: at.unixMs, isAbsolute: true };
    return { ...from, ms: from.ms - durationOf(offset) };
  };

  const readsUpTo = ({ ms, isAbsolute }: Moment): void => {
    if (isAbsolute) absoluteMs = Math.max(absoluteMs, ms);
    else aheadMs = Math.max(aheadMs, ms);
  };

  const visitSelector = (node: VectorSelector, moment: Moment): void => {
    const end = moved(moment, node.at, node.offset);
    readsUpTo(node.extension === 'smoothed' ? { ...end, ms: end.ms + context.lookbackMs } : end);
  };

  const visit = (node: Expression, moment: Moment): void => {
    switch (node.kind) {
      case 'number':
      case 'string':
        return;
      case 'paren':
      case 'unary':
        visit(node.of, moment);
        return;
      case 'binary':
        visit(node.left, moment);
        visit(node.right, moment);
        return;
      case 'call':
        if (GRID_FUNCTIONS.has(node.name)) throw new DependsOnRange();
        // It reads `target_info` by itself.
        if (node.name === 'info') readsUpTo(moment);
        for (const argument of node.args) visit(argument, moment);
        return;
      case 'aggregate':
        if (node.parameter !== undefined) visit(node.parameter, moment);
        visit(node.of, moment);
        return;
      case 'vector-selector':
        visitSelector(node, moment);
        return;
      case 'matrix-selector':
        durationOf(node.range);
        visitSelector(node.selector, moment);
        return;
      case 'subquery':
        durationOf(node.range);
        durationOf(node.step);
        visit(node.of, moved(moment, node.at, node.offset));
    }
  };

  try {
    visit(expression, { ms: 0, isAbsolute: false });
  } catch (error) {
    // A duration that cannot be computed is for the engine to tell.
    if (error instanceof DependsOnRange || error instanceof RangeError) return undefined;
    throw error;
  }
  return { aheadMs, absoluteMs };
}

function asksForRange(duration: DurationExpression): boolean {
  switch (duration.kind) {
    case 'number':
      return false;
    case 'paren':
    case 'unary':
      return asksForRange(duration.of);
    case 'binary':
      return asksForRange(duration.left) || asksForRange(duration.right);
    case 'call':
      return duration.name === 'range' || duration.args.some(asksForRange);
  }
}
