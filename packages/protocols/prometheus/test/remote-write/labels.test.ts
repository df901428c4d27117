import { type Labels } from '@dwcp/core';
import { readLabels } from '@dwcp/protocol-prometheus';
import { expect, test } from 'vitest';

import { failure } from './collect.ts';
import { bytes, int, label, message } from './wire.ts';

function read(...parts: readonly number[][]): Labels {
  const encoded = message(...parts);
  return readLabels(encoded, 0, encoded.length);
}

test('labels of a series are read from the middle of a message', () => {
  const encoded = message([9, 9, 9], label('__name__', 'up'), label('job', 'node'), [9, 9]);
  expect(readLabels(encoded, 3, encoded.length - 2).toString()).toBe('up{job="node"}');
});

test('any UTF-8 is a good name and value, a byte order mark included', () => {
  const labels = read(
    label('__name__', 'my.metric\n'),
    label('größe', '\ufeff𝄞'),
    label('日本', '語'),
  );
  expect(labels.flat).toEqual(['__name__', 'my.metric\n', 'größe', '\ufeff𝄞', '日本', '語']);
});

test('the order is that of UTF-8 bytes', () => {
  expect(read(label('__name__', 'a'), label('\uffff', '1'), label('\u{10000}', '2')).size).toBe(3);
});

test('fields in any order, repeated or unknown do not matter', () => {
  const odd = bytes(1, bytes(2, 'first'), int(7, 3), bytes(1, '__name__'), bytes(2, 'last'));
  expect(read(odd, int(9, 1)).toString()).toBe('last');
});

test.each([
  [
    'unsorted',
    [label('__name__', 'a'), label('z', '1'), label('b', '1')],
    'the label "b" comes after "z": labels must be sorted by name',
  ],
  [
    'repeated',
    [label('__name__', 'a'), label('b', '1'), label('b', '2')],
    'the label "b" occurs twice',
  ],
  [
    'an empty name',
    [label('', 'x'), label('__name__', 'a')],
    'a label with the value "x" has an empty name',
  ],
  [
    'an empty value',
    [label('__name__', 'a'), label('b', '')],
    'the label "b" has an empty value: leave it out instead',
  ],
  [
    'an empty metric name',
    [label('__name__', '')],
    'the label "__name__" has an empty value: leave it out instead',
  ],
  [
    'no metric name',
    [label('a', 'b')],
    'labels "{a=\\"b\\"}": there is no __name__, which every series must have',
  ],
  ['no labels', [], 'labels "{}": there is no __name__, which every series must have'],
  [
    'a value that is not UTF-8',
    [bytes(1, bytes(1, 'job'), bytes(2, [0x61, 0xff]))],
    'the value of the label "job" is not UTF-8: "a\ufffd"',
  ],
  ['a surrogate', [bytes(1, bytes(1, [0xed, 0xa0, 0x80]))], 'the name of a label is not UTF-8'],
  [
    'a label cut off',
    [[0x0a, 5, 0x0a]],
    'byte 1: a length of 5 runs past the end of its message, which has 1 bytes left',
  ],
])('%s is refused, naming the label', (_, parts, problem) => {
  expect(failure(() => read(...parts))).toContain(`malformed: ${problem}`);
});

test('a long value is cut in the error', () => {
  expect(failure(() => read(label('', 'x'.repeat(5_000)))).length).toBeLessThan(200);
});

test('on request labels in any order are sorted, and still checked', () => {
  const any = (...parts: readonly number[][]): Labels => {
    const encoded = message(...parts);
    return readLabels(encoded, 0, encoded.length, { sort: true });
  };
  expect(any(label('z', '1'), label('__name__', 'up'), label('a', '2')).toString()).toBe(
    'up{a="2", z="1"}',
  );
  expect(failure(() => any(label('b', '1'), label('__name__', 'up'), label('b', '2')))).toBe(
    'malformed: the label "b" occurs twice',
  );
});
