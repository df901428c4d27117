import { ExpositionReader } from '@dwcp/protocol-prometheus';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

function reader(text: string): ExpositionReader {
  return new ExpositionReader(text, { format: 'text' });
}

describe('ExpositionReader', () => {
  test('gives the series as it stands in the text, and labels on demand', () => {
    const it = reader('a{c="1", b="2"} 3\n');
    expect(it.next()).toBe(true);
    expect(it.series).toBe('a{c="1", b="2"}');
    expect(it.labels().toString()).toBe('a{b="2", c="1"}');
    expect(it.next()).toBe(false);
  });

  test('tells which labels stand with an empty value', () => {
    const it = reader('a{b="",c="1",d=""} 1\ne{f="b"} 2\n');
    it.next();
    expect([it.labels().toString(), it.emptyLabels()]).toEqual(['a{c="1"}', ['b', 'd']]);
    it.next();
    expect(it.emptyLabels()).toEqual([]);
  });

  test('knows the expected series again', () => {
    const it = reader('a{b="1"} 2\nc 3\n');
    expect(it.next('a{b="1"}')).toBe(true);
    expect([it.expectedMatched, it.series, it.value]).toEqual([true, 'a{b="1"}', 2]);
    expect(it.labels().toString()).toBe('a{b="1"}');
    it.next('c');
    expect([it.expectedMatched, it.labels().toString(), it.value]).toEqual([true, 'c', 3]);
  });

  test.each([
    ['a longer name', 'ab 1', 'a', 'ab'],
    ['labels after the name', 'a{b="c"} 1', 'a', 'a{b="c"}'],
    ['labels after blanks', 'a  {b="c"} 1', 'a', 'a  {b="c"}'],
    ['other labels', 'a{b="d"} 1', 'a{b="c"}', 'a{b="d"}'],
    ['another metric', 'z 1', 'a', 'z'],
  ])('does not take %s for the expected series', (_, text, expected, series) => {
    const it = reader(text);
    it.next(expected);
    expect([it.expectedMatched, it.series]).toEqual([false, series]);
  });

  test('any expectation gives the same samples as none', () => {
    const series = fc.constantFrom('a', 'ab', 'a{b="c"}', 'a{b="c",}', 'a {b="}"}', '{"a"}');
    fc.assert(
      fc.property(fc.array(fc.tuple(series, series)), (lines) => {
        const body = lines.map(([text], index) => `${text} ${index}\n`).join('');
        const plain = reader(body);
        const expecting = reader(body);
        for (const [, expected] of lines) {
          plain.next();
          expecting.next(expected);
          expect(expecting.labels().equals(plain.labels())).toBe(true);
          expect([expecting.series, expecting.value]).toEqual([plain.series, plain.value]);
        }
      }),
    );
  });

  test('names the line it stands at', () => {
    const it = reader('\n# c\na 1\n\nb 2\n');
    it.next();
    expect(it.line).toBe(3);
    it.next();
    expect(it.line).toBe(5);
  });
});
