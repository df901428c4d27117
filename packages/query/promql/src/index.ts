export {
  CachedQuery,
  type CachedQueryOptions,
  type CacheOutcome,
  type QueryCacheStats,
} from './cache/cached-query.ts';
export { MemoryLimitError } from './engine/budget.ts';
export { PromqlEngine, type PromqlEngineOptions } from './engine/engine.ts';
export { type Grid } from './engine/grid.ts';
export { type Grouping, type PlannedRead, type PlannedWork, planWork } from './engine/reads.ts';
export { leastNsOfWindows } from './engine/window-costs.ts';
export {
  bucketCounts,
  readHistogram,
  writeHistogram,
  type WrittenHistogram,
} from './notation/histogram-notation.ts';
export { samplesOfLine } from './notation/line-samples.ts';
export { readNumber } from './notation/read-number.ts';
export { readSeries, type SequenceValue, type SeriesLine } from './notation/series-notation.ts';
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
export { functionSignature, type FunctionSignature } from './parser/functions.ts';
export { formatFloat } from './parser/go-text.ts';
export { ParseError, type ParseProblem } from './parser/parse-error.ts';
export { prettyExpression } from './parser/pretty.ts';
export { parseExpression } from './parser/parsed.ts';
export { parseSelector } from './parser/parser.ts';
export { printExpression } from './parser/printer.ts';
export { typeOf } from './parser/type-check.ts';
