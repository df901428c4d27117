export { PromqlEngine, type PromqlEngineOptions } from './engine/engine.ts';
export {
  type AggregateExpression,
  type Aggregator,
  type AtModifier,
  type BinaryExpression,
  type BinaryOperator,
  type CallExpression,
  type DurationExpression,
  type Expression,
  type MatrixSelector,
  type NumberLiteral,
  type ParenExpression,
  type Span,
  type StringLiteral,
  type SubqueryExpression,
  type UnaryExpression,
  type ValueType,
  type VectorMatching,
  type VectorSelector,
} from './parser/ast.ts';
export { ParseError, type ParseProblem } from './parser/parse-error.ts';
export { parseExpression, parseSelector } from './parser/parser.ts';
export { printExpression } from './parser/printer.ts';
export { typeOf } from './parser/type-check.ts';
