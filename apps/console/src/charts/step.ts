/** Steps a person can read off an axis, in ms. */
const niceStepsMs = [
  1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
] as const;

/**
 * The smallest readable step that keeps a window within `maxPoints` points; never under a second.
 * Prometheus refuses more than 11,000 points per series, so `maxPoints` must stay below that.
 */
export function chooseStepMs(windowMs: number, maxPoints = 360): number {
  for (const step of niceStepsMs) if (windowMs / step <= maxPoints) return step;
  return Math.ceil(windowMs / maxPoints / 86_400_000) * 86_400_000;
}

/**
 * The window for `rate()` at a step: wide enough for four samples of a one-second series, and
 * never narrower than the step itself, so that no sample falls between two points.
 */
export function rateWindow(stepMs: number, sampleIntervalMs = 1_000): string {
  const ms = Math.max(stepMs, sampleIntervalMs * 5);
  return `${Math.ceil(ms / 1_000)}s`;
}

/** A window on the step's grid: the end goes down, the start up, so points of two answers meet. */
export function alignWindow(
  window: { readonly startMs: number; readonly endMs: number },
  stepMs: number,
): { readonly startMs: number; readonly endMs: number } {
  const endMs = Math.floor(window.endMs / stepMs) * stepMs;
  const startMs = Math.min(Math.ceil(window.startMs / stepMs) * stepMs, endMs);
  return { startMs, endMs };
}
