import { type CallExpression, type Expression, unwrapParens } from '../../parser/ast.ts';
import { type Evaluator } from '../evaluator.ts';
import { type Grid } from '../grid.ts';
import { type Column, type ColumnSink } from '../values.ts';

/** One call at work. */
export interface Call {
  readonly evaluation: Evaluator;
  readonly node: CallExpression;
  readonly grid: Grid;
}

/** A function at work: a vector, or a scalar by step. */
export type Implementation = (call: Call) => Promise<readonly Column[] | Float64Array>;

/** A function that gives the columns of its vector one by one. */
export type StreamingImplementation = (call: Call, sink: ColumnSink) => Promise<void>;

export function argument(call: Call, index: number): Expression {
  const arg = call.node.args[index];
  if (arg === undefined) throw new Error(`${call.node.name} lacks argument ${index}`);
  return arg;
}

export function vectorArgument(call: Call, index: number): Promise<readonly Column[]> {
  return call.evaluation.vector(argument(call, index), call.grid);
}

export function scalarArgument(call: Call, index: number): Promise<Float64Array> {
  return call.evaluation.scalar(argument(call, index), call.grid);
}

export function stringArgument(call: Call, index: number): string {
  const arg = unwrapParens(argument(call, index));
  if (arg.kind !== 'string') throw new Error(`${call.node.name} wants a string literal`);
  return arg.value;
}
