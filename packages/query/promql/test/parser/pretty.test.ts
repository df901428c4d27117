import { parseExpression, prettyExpression } from '@dwcp/promql';
import { expect, test } from 'vitest';

const long = 'a'.repeat(60);

// The layouts are those of Prometheus' own printer, whose limit is 100 characters to a line.
test.each([
  ['sum(up)by(a)', 'sum by (a) (up)'],
  [`${long}`, long],
  [`${long} + ${long}`, `  ${long}\n+\n  ${long}`],
  [
    `sum(${long} / on(a) group_left(b) ${long}) by (job)`,
    `sum by (job) (\n    ${long}\n  / on (a) group_left (b)\n    ${long}\n)`,
  ],
  [`topk(5, ${long}{${'b'.repeat(40)}="c"})`, `topk(\n  5,\n  ${long}{${'b'.repeat(40)}="c"}\n)`],
  [
    `histogram_quantile(0.9, sum by (le) (rate(${long}_bucket{a="b"}[5m])))`,
    `histogram_quantile(\n  0.9,\n  sum by (le) (rate(${long}_bucket{a="b"}[5m]))\n)`,
  ],
  [`(${long} > bool ${long})`, `(\n    ${long}\n  > bool\n    ${long}\n)`],
  [`-(${long} + ${long})`, `-(\n    ${long}\n  +\n    ${long}\n)`],
  [
    `max_over_time((${long} - ${long})[1h:5m] offset 1d)`,
    `max_over_time(\n  (\n      ${long}\n    -\n      ${long}\n  )[1h:5m] offset 1d\n)`,
  ],
])('%s is laid out', (input, expected) => {
  const pretty = prettyExpression(parseExpression(input));
  expect(pretty).toBe(expected);
  expect(prettyExpression(parseExpression(pretty))).toBe(expected);
});
