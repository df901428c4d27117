import { InvalidInputError } from '@dwcp/core';
import { checkLimit, decodeCursor, encodeCursor } from '@dwcp/sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('a cursor gives back the position it was made from', () => {
  const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const id = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(fc.record({ time, id }), (position) => {
      expect(decodeCursor('logs-newest', encodeCursor('logs-newest', position))).toEqual(position);
    }),
  );
});

const cursorOf = (text: string): string => Buffer.from(text).toString('base64url');

test.each([
  ['of another list', encodeCursor('traces', { time: 1n, id: 1n })],
  ['of another order', encodeCursor('logs-oldest', { time: 1n, id: 1n })],
  ['that is empty', ''],
  ['that is no base64', '%%%'],
  ['without an id', cursorOf('logs-newest:1')],
  ['with more behind it', cursorOf('logs-newest:1:1:1')],
  ['with a time outside 64 bits', cursorOf('logs-newest:9223372036854775808:1')],
  ['with an id outside 64 bits', cursorOf('logs-newest:1:9223372036854775808')],
  ['that is very long', 'A'.repeat(1_000_000)],
])('a cursor %s is refused in a short message', (_, cursor) => {
  const decode = (): unknown => decodeCursor('logs-newest', cursor);
  expect(decode).toThrow(InvalidInputError);
  expect(decode).toThrow(/^cursor.{0,150} is no cursor of this list/);
});

test.each([1, 500, 1_000])('%d is a limit up to 1000', (limit) => {
  expect(() => checkLimit(limit, 1_000)).not.toThrow();
});

test.each([0, -1, 1.5, 1_001, Number.NaN, Number.POSITIVE_INFINITY])(
  '%d is no limit up to 1000',
  (limit) => {
    expect(() => checkLimit(limit, 1_000)).toThrow(InvalidInputError);
    expect(() => checkLimit(limit, 1_000)).toThrow(`from 1 to 1000, got ${limit}`);
  },
);
