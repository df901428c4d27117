import { expect, test } from 'vitest';

import { delayToTick } from '../src/app/live-ticker.ts';

test.each([
  [1_000, 1_000, 150],
  [1_149, 1_000, 1],
  [1_150, 1_000, 1_000],
  [1_900, 1_000, 250],
  [14_000, 15_000, 1_150],
])('at %d ms, an interval of %d ms ticks next in %d ms', (serverMs, intervalMs, delayMs) => {
  expect(delayToTick(serverMs, intervalMs)).toBe(delayMs);
});
