import fc from 'fast-check';
import { expect, test } from 'vitest';

import { alignWindow, chooseStepMs, rateWindow } from '../src/charts/step.ts';

test.each([
  [5 * 60_000, 360, 1_000],
  [15 * 60_000, 360, 5_000],
  [3_600_000, 360, 10_000],
  [86_400_000, 360, 300_000],
  [366 * 86_400_000, 360, 2 * 86_400_000],
])('a window of %i ms in %i points has a step of %i ms', (windowMs, points, stepMs) => {
  expect(chooseStepMs(windowMs, points)).toBe(stepMs);
});

test('no window gets more points than wanted', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e11 }),
      fc.integer({ min: 10, max: 5_000 }),
      (ms, points) => {
        expect(ms / chooseStepMs(ms, points)).toBeLessThanOrEqual(points);
      },
    ),
  );
});

test('a rate looks at five seconds of a one-second series, and never at less than the step', () => {
  expect(rateWindow(1_000)).toBe('5s');
  expect(rateWindow(60_000)).toBe('60s');
  expect(rateWindow(1_000, 15_000)).toBe('75s');
});

test('an aligned window lies on the grid and inside the window', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2e12 }),
      fc.integer({ min: 0, max: 1e9 }),
      fc.constantFrom(1_000, 15_000, 300_000),
      (startMs, width, stepMs) => {
        const aligned = alignWindow({ startMs, endMs: startMs + width }, stepMs);
        expect(aligned.endMs % stepMs).toBe(0);
        expect(aligned.startMs % stepMs).toBe(0);
        expect(aligned.endMs).toBeLessThanOrEqual(startMs + width);
        expect(aligned.startMs).toBeLessThanOrEqual(aligned.endMs);
      },
    ),
  );
});
