import { wordsOf } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test.each([
  ['', []],
  ['"(*) -- :', []],
  ['Connection REFUSED, connection lost', ['connection', 'refused', 'lost']],
  ['db-7 took 12.5ms', ['db', '7', 'took', '12', '5ms']],
  ['GRÖßE', ['größe']],
  ['接続エラー x', ['接', '続', 'エ', 'ラ', 'ー', 'x']],
  ['ไทย', ['ไ', 'ท', 'ย']],
  ['done🚀now', ['done', '🚀', 'now']],
])('the words of %j are %j', (text, words) => {
  expect([...wordsOf(text)]).toEqual(words);
});

test('composed and decomposed letters, and an emoji with and without its style, are the same', () => {
  expect(wordsOf('cafe\u0301')).toEqual(wordsOf('caf\u00e9'));
  expect(wordsOf('\u26a0\ufe0f')).toEqual(wordsOf('\u26a0'));
});

test('a word counts up to 128 UTF-16 units', () => {
  expect([...wordsOf('x'.repeat(200))]).toEqual(['x'.repeat(128)]);
});

test('a text has all words of each of its parts', () => {
  const partArb = fc.string({ unit: 'grapheme', maxLength: 12 });
  fc.assert(
    fc.property(fc.array(partArb, { maxLength: 5 }), (parts) => {
      const words = wordsOf(parts.join(' '));
      for (const part of parts) expect(wordsOf(part).isSubsetOf(words)).toBe(true);
    }),
  );
});
