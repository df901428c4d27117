import { QueryError } from '@dwcp/core';
import { type Expression, parseExpression, parseSelector, typeOf } from '@dwcp/promql';
import { describe, expect, test } from 'vitest';

function failure(input: string): QueryError {
  try {
    parseExpression(input);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`${input} parsed`);
}

function textOf(input: string, node: Expression): string {
  return input.slice(node.start, node.end);
}

describe('messages', () => {
  test.each([
    ['sum(', '1:5: parse error: unclosed left parenthesis'],
    ['up +', '1:5: parse error: unexpected end of input'],
    ['sum(a b)', '1:7: parse error: unexpected identifier "b" in aggregation'],
    [
      'foo{a="b" c="d"}',
      '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"',
    ],
    [
      'rate(up)',
      '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    ],
    ['up\n  + * 2', '2:5: parse error: unexpected <op:*>'],
    ['{a="ü"} +', '1:11: parse error: unexpected end of input'],
  ])('%j fails with line, column and Prometheus’ words', (input, message) => {
    const error = failure(input);
    expect(error.message).toBe(message);
    expect(error.errorType).toBe('bad_data');
  });

  test('the position of an error is in characters', () => {
    expect(failure('rate(up)').position).toEqual({ start: 5, end: 7 });
  });

  test('a pattern that is no RE2 is refused', () => {
    expect(failure('up{job=~"("}').message).toBe(
      '1:4: parse error: error parsing regexp: missing closing ): `^(?s:()$`',
    );
  });

  test('nesting without end is refused, not a crash', () => {
    expect(failure('('.repeat(10_000)).message).toContain('nested too deeply');
    expect(failure('-'.repeat(10_000)).message).toContain('nested too deeply');
    expect(failure(`1${'+1'.repeat(10_000)}`).message).toContain('nested too deeply');
    expect(failure(`a${'[1m:]'.repeat(10_000)}`).message).toContain('nested too deeply');
    expect(failure(`a[${'('.repeat(10_000)}`).message).toContain('nested too deeply');
  });
});

describe('trees', () => {
  test('every node says where it stands', () => {
    const input = ' sum by (job) (rate(up[5m] offset 1h)) / 2';
    const root = parseExpression(input);
    if (root.kind !== 'binary' || root.left.kind !== 'aggregate') throw new Error(root.kind);
    expect(textOf(input, root)).toBe(input.trim());
    expect(textOf(input, root.left)).toBe('sum by (job) (rate(up[5m] offset 1h))');
    expect(textOf(input, root.left.of)).toBe('rate(up[5m] offset 1h)');
    expect(textOf(input, root.right)).toBe('2');
  });

  test('a power binds to the right and tighter than a sign', () => {
    expect(parseExpression('2 ^ 3 ^ 2')).toMatchObject({ right: { operator: '^' } });
    expect(parseExpression('-1 ^ 2')).toMatchObject({ kind: 'unary', of: { operator: '^' } });
  });

  test('operators of one strength bind to the left', () => {
    expect(parseExpression('a - b - c')).toMatchObject({ left: { operator: '-' } });
    expect(parseExpression('a or b and c')).toMatchObject({ operator: 'or' });
  });

  test.each([
    ['0x1F', 31],
    ['0755', 493],
    ['1_000', 1000],
    ['5m', 300],
    ['1h30m', 5400],
    ['.5e-1', 0.05],
    ['-Inf', -Infinity],
  ])('%s is the number %d', (input, value) => {
    expect(parseExpression(input)).toMatchObject({ kind: 'number', value });
  });

  test('strings know the escapes of Go', () => {
    expect(parseExpression(String.raw`"a\tA\x42\103\u00fc\U0001F600\""`)).toMatchObject({
      value: 'a\tABCü😀"',
    });
    expect(parseExpression(String.raw`'\xc3\xbc'`)).toMatchObject({ value: 'ü' });
    expect(parseExpression('`\\n`')).toMatchObject({ value: '\\n' });
  });

  test('metric and label names may be any UTF-8 in quotes', () => {
    expect(parseSelector('{"my.metric", "ö"=~"x.*"}')).toEqual([
      { name: '__name__', operator: '=', value: 'my.metric' },
      { name: 'ö', operator: '=~', value: 'x.*' },
    ]);
  });

  test('comments and keywords in any case are read', () => {
    expect(parseExpression('SUM(up) # all\n BY (job)')).toMatchObject({
      operator: 'sum',
      grouping: ['job'],
    });
  });

  test('types follow from the parts', () => {
    expect(typeOf(parseExpression('1 + 2'))).toBe('scalar');
    expect(typeOf(parseExpression('1 + up'))).toBe('vector');
    expect(typeOf(parseExpression('up[5m]'))).toBe('matrix');
    expect(typeOf(parseExpression('"x"'))).toBe('string');
  });
});

test('a selector is nothing but a selector', () => {
  expect(() => parseSelector('rate(up[5m])')).toThrow('1:5: parse error: unexpected "("');
  expect(() => parseSelector('up offset 5m')).toThrow('1:4: parse error: unexpected <offset>');
  expect(() => parseSelector('up{} + 1')).toThrow('1:6: parse error: unexpected <op:+>');
  expect(() => parseSelector('1')).toThrow('1:1: parse error: unexpected number "1"');
  expect(parseSelector('sum{a="b"}')).toEqual([
    { name: 'a', operator: '=', value: 'b' },
    { name: '__name__', operator: '=', value: 'sum' },
  ]);
});
