import { type LabelMatcher } from '@dwcp/core';
import {
  type AtModifier,
  type BinaryExpression,
  type CallExpression,
  type DurationExpression,
  type Expression,
  formatFloat,
  functionSignature,
  typeOf,
  type VectorSelector,
} from '@dwcp/promql';

type Tree = Readonly<Record<string, unknown>>;

/**
 * An expression as Prometheus' user interface reads it. Durations are whole milliseconds; one that is
 * computed when the query runs shows as 0.
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/#parsing-a-promql-expressions-into-a-abstract-syntax-tree-ast
 */
export function expressionTree(node: Expression): Tree {
  switch (node.kind) {
    case 'aggregate':
      return {
        type: 'aggregation',
        op: node.operator,
        expr: expressionTree(node.of),
        param: node.parameter === undefined ? null : expressionTree(node.parameter),
        grouping: node.grouping,
        without: node.without,
      };
    case 'binary':
      return {
        type: 'binaryExpr',
        op: node.operator,
        lhs: expressionTree(node.left),
        rhs: expressionTree(node.right),
        matching: matchingOf(node),
        bool: node.returnBool,
      };
    case 'call':
      return { type: 'call', func: functionOf(node), args: node.args.map(expressionTree) };
    case 'matrix-selector':
      return { ...selectorOf('matrixSelector', node.selector), range: msOf(node.range) };
    case 'subquery':
      return {
        type: 'subquery',
        expr: expressionTree(node.of),
        range: msOf(node.range),
        offset: msOf(node.offset),
        step: msOf(node.step),
        ...momentOf(node.at),
      };
    case 'number':
      return { type: 'numberLiteral', val: formatFloat(node.value) };
    case 'paren':
      return { type: 'parenExpr', expr: expressionTree(node.of) };
    case 'string':
      return { type: 'stringLiteral', val: node.value };
    case 'unary':
      return { type: 'unaryExpr', op: node.operator, expr: expressionTree(node.of) };
    case 'vector-selector':
      return selectorOf('vectorSelector', node);
  }
}

function selectorOf(type: string, node: VectorSelector): Tree {
  return {
    type,
    name: node.name,
    offset: msOf(node.offset),
    matchers: node.matchers.map(matcherOf),
    ...momentOf(node.at),
    anchored: node.extension === 'anchored',
    smoothed: node.extension === 'smoothed',
  };
}

const matcherOf = ({ name, value, operator }: LabelMatcher): Tree => ({
  name,
  value,
  type: operator,
});

function momentOf(at: AtModifier | undefined): Tree {
  return {
    timestamp: at?.kind === 'time' ? at.unixMs : null,
    startOrEnd: at === undefined || at.kind === 'time' ? null : at.kind,
  };
}

/** null between scalars and vectors, which have nothing to match. */
function matchingOf({ left, right, matching }: BinaryExpression): Tree | null {
  if (typeOf(left) !== 'vector' || typeOf(right) !== 'vector') return null;
  return {
    card: matching.cardinality,
    labels: matching.labels,
    on: matching.on,
    include: matching.include,
    fillValues: { lhs: matching.fillLeft ?? null, rhs: matching.fillRight ?? null },
  };
}

function functionOf({ name }: CallExpression): Tree {
  const signature = functionSignature(name);
  return {
    name,
    argTypes: signature?.args ?? [],
    variadic: signature?.variadic ?? 0,
    returnType: signature?.returns ?? 'none',
  };
}

function msOf(duration: DurationExpression | undefined): number {
  switch (duration?.kind) {
    case 'number':
      return Math.trunc(duration.seconds * 1_000);
    case 'unary':
      return (duration.operator === '-' ? -1 : 1) * msOf(duration.of) + 0;
    case 'paren':
      return msOf(duration.of);
    case 'binary':
    case 'call':
    case undefined:
      return 0;
  }
}
