import { parseExpression, printExpression } from '@dwcp/promql';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { vector } from '../support/expressions.ts';

/** The tree without positions. */
function shape(input: string): unknown {
  return JSON.parse(
    JSON.stringify(parseExpression(input), (key, value: unknown) =>
      key === 'start' || key === 'end' ? undefined : value,
    ),
  );
}

test('parsing what was printed gives the expression back', () => {
  fc.assert(
    fc.property(vector, (input) => {
      const printed = printExpression(parseExpression(input));
      expect(shape(printed)).toEqual(shape(input));
      expect(printExpression(parseExpression(printed))).toBe(printed);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['sum(up)by(job)', 'sum by (job) (up)'],
  ['topk(3,up)without()', 'topk without () (3, up)'],
  ['a*on(x)group_left b', 'a * on (x) group_left () b'],
  ['a==bool 1', 'a == bool 1'],
  ['a+fill(0)b', 'a + fill_left (0) fill_right (0) b'],
  ['up{job="a"}[300]offset 1h@start()', 'up{job="a"}[5m] @ start() offset 1h'],
  ['max_over_time(up[1h:30s]@10)', 'max_over_time(up[1h:30s] @ 10.000)'],
  ['{"my.metric"}', '{__name__="my.metric"}'],
  ['foo[5m]smoothed', 'foo[5m] smoothed'],
  ['1e21 + 1e-7', '1000000000000000000000 + 0.0000001'],
])('%s is printed as %s', (input, printed) => {
  expect(printExpression(parseExpression(input))).toBe(printed);
});
