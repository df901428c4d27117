import { createHash } from 'node:crypto';

import { isTraceSampled } from '@dwcp/tracing';
import { expect, test } from 'vitest';

const ids = Array.from({ length: 20_000 }, (_, i) =>
  createHash('md5').update(`trace ${i}`).digest('hex'),
);

test.each([0.01, 0.1, 0.5, 0.9])('a ratio of %d keeps that share of traces', (ratio) => {
  const kept = ids.filter((id) => isTraceSampled(id, ratio)).length;
  const deviation = Math.sqrt(ids.length * ratio * (1 - ratio));
  expect(Math.abs(kept - ids.length * ratio)).toBeLessThan(4 * deviation);
});

test('what a lower ratio keeps, a higher one keeps too', () => {
  const lost = ids.filter((id) => isTraceSampled(id, 0.1) && !isTraceSampled(id, 0.2));
  expect(lost).toEqual([]);
});

test('the ends keep everything and nothing', () => {
  expect(ids.every((id) => isTraceSampled(id, 1))).toBe(true);
  expect(ids.some((id) => isTraceSampled(id, 0))).toBe(false);
});
