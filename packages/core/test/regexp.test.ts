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

test('an expansion has a length it must not exceed', () => {
  const regexp = new AnchoredRegExp('(.*)');
  expect(regexp.expand('abc', '$1$1', 10)).toBe('abcabc');
  expect(() => regexp.expand('abc', '$1$1', 9)).toThrow(
    'replacement: would become longer than 9 characters',
  );
});

test('a pattern that is too large is refused', () => {
  expect(() => new AnchoredRegExp('(a*)*'.repeat(10_000))).toThrow(
    /^regular expression: "\(a\*\)\*.*…" is longer than 32768 characters; a choice of plain texts/,
  );
  expect(() => new AnchoredRegExp('([a-z]{1,10}){100}'.repeat(10))).toThrow(
    /compiles to \d+ instructions, more than 10000; repeat less in it$/,
  );
});

test('a pattern that takes a step per character and instruction is stopped', () => {
  const pattern = '(a{0,10}){0,100}'.repeat(3);
  const texts = Array.from({ length: 1_000 }, (_, i) => `${'a'.repeat(200)}${i}!`);
  const guarded = new AnchoredRegExp(pattern, { maxSlowMs: 20 });
  expect(() => texts.forEach((text) => guarded.test(text))).toThrow(
    /takes too long to match: \d+ ms for \d+ characters; use a simpler one, without repeats inside repeats$/,
  );
  const plain = new AnchoredRegExp('.*a.*[0-9]+!', { maxSlowMs: 0 });
  expect(texts.every((text) => plain.test(text))).toBe(true);
});
