import { AnchoredRegExp } from '@dwcp/core';
import { expect, test } from 'vitest';

test.each([
  ['(.*);(.*)', 'a;b', '$2-$1', 'b-a'],
  ['(.*)', 'x', '${1}y', 'xy'],
  ['(.*)', 'x', '$1y', ''],
  ['(?P<part>a+)b', 'aab', '<${part}>', '<aa>'],
  ['(.*)', 'x', '$$1', '$1'],
  ['a(b)?', 'a', '[$1]', '[]'],
  ['a', 'a', '$9', ''],
])('%s on %s expands %s to %s', (pattern, text, template, expected) => {
  expect(new AnchoredRegExp(pattern).expand(text, template)).toBe(expected);
});

test('a text that does not match as a whole expands to nothing', () => {
  expect(new AnchoredRegExp('a').expand('ab', '$0')).toBeUndefined();
});
