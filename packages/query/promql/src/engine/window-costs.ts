/**
 * What functions take at least for every sample of every window, in nanoseconds: about half of what
 * was measured (docs/guides/query-limits.md), so that a processor twice as quick is not told less
 * than it can. Those that are not here take about the same however wide their windows are.
 */
const LEAST_NS_PER_LOOK: Readonly<Record<string, number>> = {
  avg_over_time: 0.5,
  deriv: 2,
  double_exponential_smoothing: 2.5,
  mad_over_time: 0.4,
  predict_linear: 2,
  quantile_over_time: 0.4,
  stddev_over_time: 1.6,
  stdvar_over_time: 1.6,
  sum_over_time: 0.5,
};
/** Functions whose answer may differ though the window is that of the step before. */
const LOOKS_AT_EVERY_STEP: ReadonlySet<string> = new Set([
  'double_exponential_smoothing',
  'predict_linear',
]);
/** To compute a point of a subquery, at least. */
export const LEAST_NS_PER_POINT = 1;

/** Windows over series whose samples lie about evenly. */
export interface WindowShape {
  /** How many windows. */
  readonly steps: number;
  /** Samples in each. */
  readonly samplesPerWindow: number;
  /** Samples that come into a window between the first step and the last. */
  readonly samplesPassed: number;
}

/** How long a function takes over the windows of a series, at the very least; in nanoseconds. */
export function leastNsOfWindows(
  functionName: string,
  { samplesPassed, samplesPerWindow, steps }: WindowShape,
): number {
  // Where steps lie closer than samples, most windows are those of the step before.
  const different = LOOKS_AT_EVERY_STEP.has(functionName)
    ? steps
    : Math.min(steps, 2 * samplesPassed + 1);
  return different * samplesPerWindow * (LEAST_NS_PER_LOOK[functionName] ?? 0);
}
