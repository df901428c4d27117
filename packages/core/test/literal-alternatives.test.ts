import { AnchoredRegExp } from '@dwcp/core';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';

const part = fc.constantFrom(
  'a',
  'b',
  '|',
  '\\.',
  '\\|',
  '.',
  '(',
  ')',
  '(?:',
  '-',
  '\\d',
  '\n',
  '^',
  '[a]',
  '*',
);
const pattern = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
const text = fc
  .array(fc.constantFrom('a', 'b', '.', '|', '-', '1', '\n', '\\'), { maxLength: 4 })
  .map((parts) => parts.join(''));

test('a choice of plain texts matches what the regular expression does', () => {
  fc.assert(
    fc.property(pattern, text, (source, tried) => {
      const answer = (matches: () => boolean): boolean | undefined => {
        try {
          return matches();
        } catch {
          return undefined;
        }
      };
      expect(answer(() => new AnchoredRegExp(source).test(tried))).toBe(
        answer(() => RE2JS.compile(`^(?s:${source})$`).matcher(tried).find()),
      );
    }),
    { numRuns: 3_000 },
  );
});

test('a choice of 50,000 texts is no pattern that is too long', () => {
  const pods = Array.from({ length: 50_000 }, (_, i) => `pod-${i}\\.local`);
  const regexp = new AnchoredRegExp(`(${pods.join('|')})`);
  expect(regexp.test('pod-49999.local')).toBe(true);
  expect(regexp.test('pod-49999xlocal')).toBe(false);
});

test('its groups are those of the pattern', () => {
  expect(new AnchoredRegExp('(a\\.b|c)').expand('a.b', '<$1>')).toBe('<a.b>');
});
