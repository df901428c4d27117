import { parseExpression } from '@dwcp/promql';
import { expect, test } from 'vitest';

import { expressionTree } from '#src/server/prometheus/expression-tree.ts';

const tree = (text: string): unknown => expressionTree(parseExpression(text));

const up = {
  type: 'vectorSelector',
  name: 'up',
  offset: 0,
  matchers: [{ name: '__name__', value: 'up', type: '=' }],
  timestamp: null,
  startOrEnd: null,
  anchored: false,
  smoothed: false,
};

test('a selector tells its matchers, the name last, and where in time it looks', () => {
  expect(tree('up{a!="b",c=~"d",e!~"f"} offset -90s @ 1.5')).toEqual({
    ...up,
    offset: -90_000,
    timestamp: 1_500,
    matchers: [
      { name: 'a', value: 'b', type: '!=' },
      { name: 'c', value: 'd', type: '=~' },
      { name: 'e', value: 'f', type: '!~' },
      { name: '__name__', value: 'up', type: '=' },
    ],
  });
  expect(tree('up @ end()')).toEqual({ ...up, startOrEnd: 'end' });
  expect(tree('up[5m] offset 1m')).toEqual({
    ...up,
    type: 'matrixSelector',
    range: 300_000,
    offset: 60_000,
  });
});

test('an aggregation tells its parameter and its labels', () => {
  expect(tree('topk by (a, b) (5, up)')).toEqual({
    type: 'aggregation',
    op: 'topk',
    expr: up,
    param: { type: 'numberLiteral', val: '5' },
    grouping: ['a', 'b'],
    without: false,
  });
  expect(tree('sum without () (up)')).toMatchObject({ param: null, grouping: [], without: true });
});

test('a call tells the signature of its function', () => {
  expect(tree('round(up)')).toEqual({
    type: 'call',
    func: {
      name: 'round',
      argTypes: ['vector', 'scalar'],
      variadic: 1,
      returnType: 'vector',
    },
    args: [up],
  });
});

test('vectors are matched, scalars are not', () => {
  expect(tree('up / on (a) group_left (b) up')).toEqual({
    type: 'binaryExpr',
    op: '/',
    lhs: up,
    rhs: up,
    bool: false,
    matching: {
      card: 'many-to-one',
      labels: ['a'],
      on: true,
      include: ['b'],
      fillValues: { lhs: null, rhs: null },
    },
  });
  expect(tree('up and up')).toMatchObject({ matching: { card: 'many-to-many', on: false } });
  expect(tree('up > bool 1')).toMatchObject({ op: '>', bool: true, matching: null });
});

test('a subquery tells its step, 0 for the default one', () => {
  expect(tree('up[1h:5m] offset 1d')).toEqual({
    type: 'subquery',
    expr: up,
    range: 3_600_000,
    step: 300_000,
    offset: 86_400_000,
    timestamp: null,
    startOrEnd: null,
  });
  expect(tree('up[1h:]')).toMatchObject({ step: 0 });
});

test('literals, signs and parentheses', () => {
  expect(tree('-(1e-7)')).toEqual({
    type: 'unaryExpr',
    op: '-',
    expr: { type: 'parenExpr', expr: { type: 'numberLiteral', val: '0.0000001' } },
  });
  expect(tree('-Inf')).toEqual({ type: 'numberLiteral', val: '-Inf' });
  expect(tree('"text"')).toEqual({ type: 'stringLiteral', val: 'text' });
});
