import { type MatrixSeries } from '../api/types.ts';
import { seriesKey } from '../format/labels.ts';

export interface FrameSeries {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  /** One value per time of the frame; null where nothing is known, which is drawn as a gap. */
  readonly values: readonly (number | null)[];
}

/** Series on one common grid of times: what a chart draws. */
export interface Frame {
  /** Unix ms of the first and last grid point. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly series: readonly FrameSeries[];
}

export const EMPTY_FRAME: Frame = { startMs: 0, endMs: 0, stepMs: 1_000, series: [] };

/** How many points the grid has. */
export function frameLength(frame: Frame): number {
  return Math.floor((frame.endMs - frame.startMs) / frame.stepMs) + 1;
}

/** The grid in Unix seconds, as uPlot wants it. */
export function frameTimes(frame: Frame): number[] {
  return Array.from(
    { length: frameLength(frame) },
    (_, i) => (frame.startMs + i * frame.stepMs) / 1_000,
  );
}

/** Reads a sample value of the Prometheus API. NaN and infinities cannot be drawn: null. */
export function parseSampleValue(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/**
 * Puts the answer of a range query on its grid. Grid points the answer leaves out become null, so
 * an outage stays a gap; points off the grid (none from a correct server) go to the nearest one.
 */
export function alignMatrix(
  matrix: readonly MatrixSeries[],
  grid: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
): Frame {
  const { startMs, endMs, stepMs } = grid;
  const length = Math.floor((endMs - startMs) / stepMs) + 1;
  const series = matrix.map(({ metric, values: points = [] }) => {
    const values: (number | null)[] = Array.from({ length }, () => null);
    for (const [seconds, text] of points) {
      const index = Math.round((seconds * 1_000 - startMs) / stepMs);
      if (index >= 0 && index < length) values[index] = parseSampleValue(text);
    }
    return { key: seriesKey(metric), labels: metric, values };
  });
  return { startMs, endMs, stepMs, series };
}

/**
 * What was known, moved on to a new window, with a fresh tail laid over its end. Both must lie on
 * the same grid. A series missing from the tail ends in a gap; one that is new begins with one;
 * one with nothing left in the window is dropped.
 *
 * @param startMs first grid point wanted of the result; its last one is the tail's
 */
export function mergeFrames(known: Frame, tail: Frame, startMs: number): Frame {
  const { stepMs, endMs } = tail;
  const length = Math.floor((endMs - startMs) / stepMs) + 1;
  const tailOffset = Math.round((tail.startMs - startMs) / stepMs);
  const knownOffset = Math.round((known.startMs - startMs) / stepMs);
  const keys = new Map<string, Readonly<Record<string, string>>>();
  for (const one of known.series) keys.set(one.key, one.labels);
  for (const one of tail.series) keys.set(one.key, one.labels);
  const knownByKey = new Map(known.series.map((one) => [one.key, one.values]));
  const tailByKey = new Map(tail.series.map((one) => [one.key, one.values]));

  const series: FrameSeries[] = [];
  for (const [key, labels] of keys) {
    const values: (number | null)[] = Array.from({ length }, () => null);
    const older = knownByKey.get(key) ?? [];
    const newer = tailByKey.get(key) ?? [];
    for (let i = Math.max(0, knownOffset); i < Math.min(length, tailOffset); i += 1) {
      values[i] = older[i - knownOffset] ?? null;
    }
    for (let i = Math.max(0, tailOffset); i < length; i += 1) {
      values[i] = newer[i - tailOffset] ?? null;
    }
    if (values.some((value) => value !== null)) series.push({ key, labels, values });
  }
  return { startMs, endMs, stepMs, series };
}

/** The last known value, looking back at most `withinPoints` points from the end. */
export function lastValue(
  values: readonly (number | null)[],
  withinPoints = Number.POSITIVE_INFINITY,
): number | null {
  const stop = Math.max(0, values.length - withinPoints);
  for (let i = values.length - 1; i >= stop; i -= 1) {
    const value = values[i];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
