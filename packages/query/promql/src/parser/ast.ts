import { type LabelMatcher } from '@dwcp/core';

import { type Aggregator } from './tokens.ts';

export type { Aggregator } from './tokens.ts';

/** What an expression yields. `matrix` is what the language's documents call a range vector. */
export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix';

/** Where a node stands in its expression: character offsets, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type SetOperator = 'and' | 'or' | 'unless';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
/** Cuts native histograms off above or below a value. */
export type TrimOperator = '</' | '>/';
export type BinaryOperator = SetOperator | ComparisonOperator | ArithmeticOperator | TrimOperator;

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

/** Which elements of two vectors belong together. */
export interface VectorMatching {
  readonly cardinality: Cardinality;
  /** With `on` the labels that must agree, else the labels to ignore. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Labels that `group_left` or `group_right` takes over from the "one" side. */
  readonly include: readonly string[];
  /** What stands for an element that one side lacks. */
  readonly fillLeft?: number;
  readonly fillRight?: number;
}

/** The time of an `@` modifier. */
export type AtModifier =
  | { readonly kind: 'time'; readonly unixMs: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' };

/** A range, step or offset: seconds, possibly computed from the query's step and range. */
export type DurationExpression =
  | (Span & { readonly kind: 'number'; readonly seconds: number })
  | (Span & {
      readonly kind: 'unary';
      readonly operator: '+' | '-';
      readonly of: DurationExpression;
    })
  | (Span & {
      readonly kind: 'binary';
      readonly operator: '+' | '-' | '*' | '/' | '%' | '^';
      readonly left: DurationExpression;
      readonly right: DurationExpression;
    })
  | (Span & { readonly kind: 'paren'; readonly of: DurationExpression })
  | (Span & {
      readonly kind: 'call';
      readonly name: 'step' | 'range' | 'min_of' | 'max_of';
      readonly args: readonly DurationExpression[];
    });

export interface NumberLiteral extends Span {
  readonly kind: 'number';
  readonly value: number;
  /** Written with units, such as `5m`; then the value is in seconds. */
  readonly isDuration: boolean;
}

export interface StringLiteral extends Span {
  readonly kind: 'string';
  readonly value: string;
}

export interface ParenExpression extends Span {
  readonly kind: 'paren';
  readonly of: Expression;
}

export interface UnaryExpression extends Span {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly of: Expression;
}

export interface BinaryExpression extends Span {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

export interface CallExpression extends Span {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface AggregateExpression extends Span {
  readonly kind: 'aggregate';
  readonly operator: Aggregator;
  readonly of: Expression;
  readonly parameter?: Expression;
  readonly without: boolean;
  readonly grouping: readonly string[];
}

export interface VectorSelector extends Span {
  readonly kind: 'vector-selector';
  /** The name before the braces, '' when there is none; `matchers` has it too. */
  readonly name: string;
  readonly matchers: readonly LabelMatcher[];
  readonly offset?: DurationExpression;
  readonly at?: AtModifier;
  readonly extension?: 'anchored' | 'smoothed';
}

export interface MatrixSelector extends Span {
  readonly kind: 'matrix-selector';
  readonly selector: VectorSelector;
  readonly range: DurationExpression;
}

export interface SubqueryExpression extends Span {
  readonly kind: 'subquery';
  readonly of: Expression;
  readonly range: DurationExpression;
  readonly step?: DurationExpression;
  readonly offset?: DurationExpression;
  readonly at?: AtModifier;
}

export type Expression =
  | NumberLiteral
  | StringLiteral
  | ParenExpression
  | UnaryExpression
  | BinaryExpression
  | CallExpression
  | AggregateExpression
  | VectorSelector
  | MatrixSelector
  | SubqueryExpression;

export function isSetOperator(operator: BinaryOperator): operator is SetOperator {
  return operator === 'and' || operator === 'or' || operator === 'unless';
}

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return ['==', '!=', '<', '<=', '>', '>='].includes(operator);
}

/** The expression inside any parentheses. */
export function unwrapParens(expression: Expression): Expression {
  return expression.kind === 'paren' ? unwrapParens(expression.of) : expression;
}
