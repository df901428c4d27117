import { type NativeHistogram } from '@dwcp/core';

import { detectReset } from './detect-reset.ts';
import { type FloatHistogram } from './float-histogram.ts';
import { type HistogramSamples } from './histogram-samples.ts';
import { type MixedWindow } from './mixed-window.ts';
import { type HistogramNotes } from './notes.ts';
import { type RateOptions } from './rates.ts';

export interface Between {
  readonly from: FloatHistogram;
  readonly fromMs: number;
  readonly to: FloatHistogram;
  readonly toMs: number;
  readonly atMs: number;
  /** A counter that was reset on the way came from zero. */
  readonly isCounter: boolean;
}

/**
 * The histogram on the line between two.
 * @returns undefined when they do not go together
 */
export function interpolateHistograms(
  { from, fromMs, to, toMs, atMs, isCounter }: Between,
  notes: HistogramNotes,
  metricName: string,
): FloatHistogram | undefined {
  if (atMs === fromMs) return from.copy();
  if (atMs === toMs) return to.copy();
  const share = (atMs - fromMs) / (toMs - fromMs);
  const result = to.copy();
  if (isCounter && detectReset(to, from)) return result.multiply(share);
  if (!notes.added(result.add(from, -1), 'subtraction', metricName)) return undefined;
  const outcome = result.multiply(share).add(from);
  return notes.added(outcome, 'addition', metricName) ? result : undefined;
}

/**
 * `rate`, `increase` and `delta` of histograms on a range that is anchored or smoothed: between what
 * the series was at the two edges of the window, without extrapolation.
 */
export function differenceOfEdges(
  window: MixedWindow,
  { isCounter, perSecond, isSmoothed }: RateOptions & { readonly isSmoothed: boolean },
  notes: HistogramNotes,
): NativeHistogram | undefined {
  const { histograms, metricName, startMs, endMs } = window;
  const { from, to, timestamps } = window.points;
  const at = (index: number): number => timestamps[index] ?? 0;
  let first = from;
  while (first + 1 < to && at(first + 1) <= startMs) first++;
  let last = to - 1;
  while (isSmoothed && last > from && at(last - 1) >= endMs) last--;
  if (at(last) <= startMs || (isSmoothed && at(first) > endMs)) return undefined;
  for (let i = first; i <= last; i++) {
    if (histograms.decoded(i).isCustom !== histograms.decoded(first).isCustom) {
      notes.mixedSchemas(metricName);
      return undefined;
    }
    if (isCounter && histograms.at(i).counterResetHint === 'gauge') notes.notCounter(metricName);
  }
  const valueAt = (index: number, atMs: number): FloatHistogram | undefined =>
    interpolateHistograms(
      {
        from: histograms.decoded(index),
        fromMs: at(index),
        to: histograms.decoded(index + 1),
        toMs: at(index + 1),
        atMs,
        isCounter,
      },
      notes,
      metricName,
    );
  const cutsLeft = isSmoothed && at(first) < startMs;
  const cutsRight = isSmoothed && last > from && at(last) > endMs;
  const left = cutsLeft ? valueAt(first, startMs) : histograms.decoded(first).copy();
  const right = cutsRight ? valueAt(last - 1, endMs) : histograms.decoded(last).copy();
  if (left === undefined || right === undefined) return undefined;
  if (!isCounter && (left.hint !== 'gauge' || right.hint !== 'gauge')) notes.notGauge(metricName);
  const result = right.copy();
  if (!notes.added(result.add(left, -1), 'subtraction', metricName)) return undefined;
  if (isCounter) {
    const lost = lostByResets(histograms, { first, last, left, right, cutsLeft });
    for (const histogram of lost) {
      if (!notes.added(result.add(histogram), 'addition', metricName)) return undefined;
    }
  }
  if (perSecond) result.divide((endMs - startMs) / 1000);
  return result.toNative('gauge');
}

/** What a counter had reached before each reset between the edges. */
function lostByResets(
  histograms: HistogramSamples,
  edges: {
    readonly first: number;
    readonly last: number;
    readonly left: FloatHistogram;
    readonly right: FloatHistogram;
    readonly cutsLeft: boolean;
  },
): FloatHistogram[] {
  const { left, right, last } = edges;
  let next = edges.first + 1;
  let previous = left;
  // A reset that the left edge lies in has been taken into account there.
  if (edges.cutsLeft && histograms.isReset(next)) previous = histograms.decoded(next++);
  if (next > last) return [];
  const lost: FloatHistogram[] = [];
  for (; next < last; next++) {
    const current = histograms.decoded(next);
    if (detectReset(current, previous)) lost.push(previous);
    previous = current;
  }
  if (detectReset(right, previous)) lost.push(previous);
  return lost;
}
