import { compareUtf8, Labels } from '@dwcp/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const name = fc.stringMatching(/^[a-z_é😀]{1,4}$/u);
const record = fc.dictionary(name, fc.string({ unit: 'grapheme', maxLength: 4 }), { maxKeys: 5 });

describe('Labels', () => {
  test('an empty value is the same as no label', () => {
    expect(Labels.from({ a: '', b: '1' }).equals(Labels.from({ b: '1' }))).toBe(true);
    expect(Labels.from({ b: '1' }).with({ b: '' })).toBe(Labels.empty);
    expect(Labels.empty.get('missing')).toBe('');
  });

  test('equal sets have equal keys whatever the order they came in', () => {
    fc.assert(
      fc.property(record, (labels) => {
        const there = Labels.from(labels);
        const back = Labels.fromPairs(Object.entries(labels).toReversed());
        expect(there.key).toBe(back.key);
        expect(there.compare(back)).toBe(0);
      }),
    );
  });

  test('a key gives back its set', () => {
    const odd = Labels.from({ a: '\xff', b: '\xfe', c: '\xfe0\xfe1\xff', d: 'ü\u{1f600}' });
    expect(Labels.fromKey(odd.key).flat).toEqual(odd.flat);
    expect(Labels.fromKey('')).toBe(Labels.empty);
    fc.assert(
      fc.property(record, (any) => {
        const labels = Labels.from(any);
        expect(Labels.fromKey(labels.key).flat).toEqual(labels.flat);
      }),
    );
  });

  test('different sets have different keys', () => {
    fc.assert(
      fc.property(record, record, (a, b) => {
        const [left, right] = [Labels.from(a), Labels.from(b)];
        const same = JSON.stringify(left) === JSON.stringify(right);
        expect(left.equals(right)).toBe(same);
        expect(left.compare(right) === 0).toBe(same);
      }),
    );
  });

  test('a name and value that share characters across their border stay apart', () => {
    expect(Labels.from({ ab: 'c' }).equals(Labels.from({ a: 'bc' }))).toBe(false);
    expect(Labels.from({ a: 'b\u00ffc\u00ffd' }).equals(Labels.from({ a: 'b', c: 'd' }))).toBe(
      false,
    );
  });

  test('a string is compared as its UTF-8 bytes are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const bytes = Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(Math.sign(compareUtf8(a, b))).toBe(bytes);
      }),
    );
  });

  test('keep and without part a set into two', () => {
    fc.assert(
      fc.property(record, fc.array(name), (all, some) => {
        const labels = Labels.from(all);
        const both = [...labels.keep(some), ...labels.without(some)];
        expect(Labels.fromPairs(both).equals(labels)).toBe(true);
        expect(labels.keep(some).size + labels.without(some).size).toBe(labels.size);
      }),
    );
  });

  test('what is set takes the place of what was, and an empty value takes it away', () => {
    fc.assert(
      fc.property(record, record, (before, changes) => {
        const expected = Labels.fromPairs(Object.entries({ ...before, ...changes }));
        expect(Labels.from(before).with(changes).flat).toEqual(expected.flat);
      }),
    );
  });

  test('as an object it has every label, whatever its name', () => {
    const labels = Labels.fromPairs([
      ['__proto__', 'a'],
      ['toString', 'b'],
    ]);
    expect(Object.entries(labels.toObject())).toEqual([...labels]);
    fc.assert(
      fc.property(record, (any) => {
        const found = Labels.from(any);
        expect(Labels.fromPairs(Object.entries(found.toObject())).flat).toEqual(found.flat);
      }),
    );
  });

  test('a label set prints as PromQL writes it', () => {
    expect(Labels.from({ __name__: 'up', job: 'no"de' }).toString()).toBe('up{job="no\\"de"}');
    expect(Labels.from({ __name__: 'up' }).toString()).toBe('up');
    expect(Labels.from({ __name__: 'http.requests', 'a.b': '1' }).toString()).toBe(
      '{"http.requests", "a.b"="1"}',
    );
    expect(Labels.empty.toString()).toBe('{}');
  });
});
