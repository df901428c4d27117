import { compileMatcher } from '@dwcp/core';

import {
  type AggregateExpression,
  type BinaryExpression,
  type CallExpression,
  type Expression,
  isComparison,
  isSetOperator,
  type Span,
  type ValueType,
  type VectorSelector,
} from './ast.ts';
import { documentedType, functionSignature } from './functions.ts';
import { quote } from './go-text.ts';
import { type ParseProblem } from './parse-error.ts';

/** The type of an expression. */
export function typeOf(expression: Expression): ValueType {
  switch (expression.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'paren':
    case 'unary':
      return typeOf(expression.of);
    case 'binary':
      return typeOf(expression.left) === 'scalar' && typeOf(expression.right) === 'scalar'
        ? 'scalar'
        : 'vector';
    case 'call':
      return functionSignature(expression.name)?.returns ?? 'vector';
    case 'aggregate':
    case 'vector-selector':
      return 'vector';
    case 'matrix-selector':
    case 'subquery':
      return 'matrix';
  }
}

/** Every fault of an expression that is grammatical but means nothing, in Prometheus' order. */
export function typeCheck(expression: Expression, input: string): ParseProblem[] {
  const checker = new TypeChecker(input);
  checker.check(expression);
  return checker.problems;
}

class TypeChecker {
  readonly problems: ParseProblem[] = [];
  readonly #input: string;

  constructor(input: string) {
    this.#input = input;
  }

  check(expression: Expression): ValueType {
    switch (expression.kind) {
      case 'number':
      case 'string':
        break;
      case 'paren':
        this.check(expression.of);
        break;
      case 'unary': {
        const type = this.check(expression.of);
        if (type !== 'scalar' && type !== 'vector') {
          this.#report(
            expression,
            `unary expression only allowed on expressions of type scalar or instant vector, got ${quote(documentedType(type))}`,
          );
        }
        break;
      }
      case 'binary':
        this.#checkBinary(expression);
        break;
      case 'call':
        this.#checkCall(expression);
        break;
      case 'aggregate':
        this.#checkAggregate(expression);
        break;
      case 'vector-selector':
        this.#checkSelector(expression);
        break;
      case 'matrix-selector':
        this.check(expression.selector);
        break;
      case 'subquery': {
        const type = this.check(expression.of);
        if (type !== 'vector') {
          this.#report(
            expression,
            `subquery is only allowed on instant vector, got ${type} instead`,
          );
        }
        break;
      }
    }
    return typeOf(expression);
  }

  #checkBinary(node: BinaryExpression): void {
    const left = this.check(node.left);
    const right = this.check(node.right);
    const { operator, matching } = node;
    const isSet = isSetOperator(operator);
    const between = this.#operatorSpan(node);
    if (node.returnBool && !isComparison(operator)) {
      this.#report(between, 'bool modifier can only be used on comparison operators');
    }
    if (isComparison(operator) && !node.returnBool && left === 'scalar' && right === 'scalar') {
      this.#report(between, 'comparisons between scalars must use BOOL modifier');
    }
    for (const label of matching.on ? matching.labels : []) {
      if (matching.include.includes(label)) {
        this.#report(
          between,
          `label ${quote(label)} must not occur in ON and GROUP clause at once`,
        );
      }
    }
    for (const [side, type] of [
      [node.left, left],
      [node.right, right],
    ] as const) {
      if (type !== 'scalar' && type !== 'vector') {
        this.#report(side, 'binary expression must contain only scalar and instant vector types');
      }
    }
    const fills = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    if (left !== 'vector' || right !== 'vector') {
      if (matching.labels.length > 0) {
        this.#report(node, 'vector matching only allowed between instant vectors');
      }
      if (fills) {
        this.#report(node, 'filling in missing series only allowed between instant vectors');
      }
    } else if (isSet) {
      if (matching.cardinality !== 'many-to-many') {
        this.#report(node, `no grouping allowed for ${quote(operator)} operation`);
        this.#report(node, 'set operations must always be many-to-many');
      }
      if (fills) this.#report(node, 'filling in missing series not allowed for set operators');
    }
    if (isSet && (left === 'scalar' || right === 'scalar')) {
      this.#report(node, `set operator ${quote(operator)} not allowed in binary scalar expression`);
    }
  }

  #checkCall(node: CallExpression): void {
    const signature = functionSignature(node.name);
    if (signature === undefined) return;
    const { args, name, variadic } = signature;
    const given = node.args.length;
    const call = `argument(s) in call to ${quote(name)}, got ${given}`;
    const least = args.length - 1;
    if (variadic === 0) {
      if (given !== args.length) this.#report(node, `expected ${args.length} ${call}`);
    } else if (given < least) {
      this.#report(node, `expected at least ${least} ${call}`);
    } else if (variadic > 0 && given > least + variadic) {
      this.#report(node, `expected at most ${least + variadic} ${call}`);
    }
    const [, second] = node.args;
    if (name === 'info' && second !== undefined) this.#checkInfoSelector(node, second);
    for (const [index, arg] of node.args.entries()) {
      if (index >= args.length && variadic === 0) break;
      const wanted = args[Math.min(index, args.length - 1)];
      if (wanted === undefined) break;
      const bypass = name === 'info' && index === 1 && arg.kind === 'vector-selector';
      const found = bypass ? 'vector' : this.check(arg);
      if (found !== wanted) this.#expected(arg, wanted, `call to function ${quote(name)}`, found);
    }
  }

  #checkInfoSelector(node: CallExpression, selector: Expression): void {
    const type = typeOf(selector);
    if (type !== 'vector') this.#expected(node, 'vector', 'call to function "info"', type);
    if (selector.kind !== 'vector-selector') {
      this.#report(selector, 'expected label selectors only');
    } else if (selector.name !== '') {
      this.#report(selector, 'expected label selectors only, got vector selector instead');
    }
  }

  #checkAggregate(node: AggregateExpression): void {
    this.#expect(node.of, 'vector', 'aggregation expression');
    if (node.parameter !== undefined) {
      const wanted = node.operator === 'count_values' ? 'string' : 'scalar';
      this.#expect(node.parameter, wanted, 'aggregation parameter');
    }
  }

  #checkSelector(node: VectorSelector): void {
    if (node.name !== '') {
      // The last matcher is the name before the braces.
      for (const matcher of node.matchers.slice(0, -1)) {
        if (matcher.name === '__name__') {
          this.#report(
            node,
            `metric name must not be set twice: ${quote(node.name)} or ${quote(matcher.value)}`,
          );
        }
      }
      return;
    }
    // Else a typo would select every series there is.
    if (node.matchers.every((matcher) => compileMatcher(matcher)(''))) {
      this.#report(node, 'vector selector must contain at least one non-empty matcher');
    }
  }

  #expect(node: Expression, wanted: ValueType, context: string): void {
    const found = this.check(node);
    if (found !== wanted) this.#expected(node, wanted, context, found);
  }

  #expected(span: Span, wanted: ValueType, context: string, found: ValueType): void {
    this.#report(
      span,
      `expected type ${documentedType(wanted)} in ${context}, got ${documentedType(found)}`,
    );
  }

  #operatorSpan(node: BinaryExpression): Span {
    const between = this.#input.slice(node.left.end, node.right.start);
    const start = node.left.end + (between.length - between.trimStart().length);
    return { start, end: Math.max(start, node.right.start) };
  }

  #report(span: Span, message: string): void {
    this.problems.push({ message, start: span.start, end: span.end });
  }
}
