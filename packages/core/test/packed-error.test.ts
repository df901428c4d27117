import { BackendError, InvalidInputError, packError, QueryError, unpackError } from '@dwcp/core';
import { expect, test } from 'vitest';

test.each([
  new QueryError('timeout', 'query timed out', { position: { start: 3, end: 7 } }),
  new QueryError('execution', 'too many samples'),
  new BackendError('metric store', 'is closed', { retryable: true }),
  new InvalidInputError('pattern', 'is no RE2'),
])('an error is the same after a structured clone of its plain form: $message', (error) => {
  const back = unpackError(structuredClone(packError(error)));

  expect(back).toEqual(error);
  expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(error));
});

test('of another error name, message and stack are left, and what is no error becomes one', () => {
  const error = new RangeError('far too long');

  const { name, message, stack } = unpackError(structuredClone(packError(error)));

  expect([name, message, stack]).toEqual(['RangeError', 'far too long', error.stack]);
  expect(unpackError(packError('out of order')).message).toBe('out of order');
});
