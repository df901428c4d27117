import { compileMatchers, InvalidInputError, Labels, type LabelMatcher } from '@dwcp/core';
import { expect, test } from 'vitest';

const labels = Labels.from({ __name__: 'up', job: 'node', path: 'a\nb' });

test.each<[LabelMatcher, boolean]>([
  [{ name: 'job', operator: '=', value: 'node' }, true],
  [{ name: 'job', operator: '=', value: 'nod' }, false],
  [{ name: 'job', operator: '!=', value: 'node' }, false],
  [{ name: 'job', operator: '=~', value: 'n.*' }, true],
  [{ name: 'job', operator: '=~', value: 'od' }, false],
  [{ name: 'job', operator: '=~', value: 'a|node' }, true],
  [{ name: 'job', operator: '!~', value: 'a|b' }, true],
  [{ name: 'missing', operator: '=', value: '' }, true],
  [{ name: 'missing', operator: '!=', value: 'x' }, true],
  [{ name: 'missing', operator: '=~', value: '.+' }, false],
  [{ name: 'path', operator: '=~', value: 'a.b' }, true],
])('%j', (matcher, expected) => {
  expect(compileMatchers([matcher])(labels)).toBe(expected);
});

test('a pattern that backtracks elsewhere is answered at once', () => {
  const matches = compileMatchers([{ name: 'job', operator: '=~', value: '(a+)+b' }]);
  expect(matches(Labels.from({ job: 'a'.repeat(50_000) }))).toBe(false);
});

test('a broken pattern is named', () => {
  expect(() => compileMatchers([{ name: 'a', operator: '=~', value: '(' }])).toThrow(
    InvalidInputError,
  );
  expect(() => compileMatchers([{ name: 'a', operator: '=~', value: '(' }])).toThrow(/"\("/);
});
