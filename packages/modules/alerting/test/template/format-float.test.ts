import { formatFloat } from '@dwcp/alerting';
import fc from 'fast-check';
import { expect, test } from 'vitest';

// As Go's strconv.FormatFloat answers; no Go was run for this. The rows with an exact tie follow from
// its half-to-even rule.
test.each([
  [1, 'e', 5, '1.00000e+00'],
  [1, 'f', 5, '1.00000'],
  [1, 'g', -1, '1'],
  [20, 'g', -1, '20'],
  [1234567.8, 'g', -1, '1.2345678e+06'],
  [200000, 'g', -1, '200000'],
  [2000000, 'g', -1, '2e+06'],
  [1e10, 'g', -1, '1e+10'],
  [400, 'g', 2, '4e+02'],
  [40, 'g', 2, '40'],
  [4, 'g', 2, '4'],
  [0.4, 'g', 2, '0.4'],
  [0, 'e', 5, '0.00000e+00'],
  [0, 'g', -1, '0'],
  [-0, 'g', -1, '-0'],
  [-1, 'e', 5, '-1.00000e+00'],
  [12, 'e', 5, '1.20000e+01'],
  [123456700, 'e', 5, '1.23457e+08'],
  [1.2345e6, 'f', 5, '1234500.00000'],
  [1e23, 'e', 17, '9.99999999999999916e+22'],
  [1e23, 'f', 17, '99999999999999991611392.00000000000000000'],
  [5e-324, 'g', -1, '5e-324'],
  [2.5, 'f', 0, '2'],
  [3.5, 'f', 0, '4'],
  [0.5, 'f', 0, '0'],
  [9.99, 'f', 1, '10.0'],
  [0.00001, 'g', -1, '1e-05'],
  [0.0001, 'g', -1, '0.0001'],
  [NaN, 'g', 4, 'NaN'],
  [Infinity, 'g', 4, '+Inf'],
  [-Infinity, 'f', 4, '-Inf'],
  [20, 'e', -1, '2e+01'],
] as const)('%d as %%%s with precision %d is %s', (value, verb, precision, expected) => {
  expect(formatFloat(value, verb, precision)).toBe(expected);
});

test('the shortest form reads back as the same number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.constantFrom('e', 'f', 'g'), (value, verb) => {
      const text = formatFloat(value, verb, -1).replace('Inf', 'Infinity');
      expect(Number(text)).toBe(value);
    }),
  );
});
