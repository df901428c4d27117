import { type NativeHistogram } from '@dwcp/core';

import { FloatHistogram } from './float-histogram.ts';
import { type MixedSample, type MixedWindow } from './mixed-window.ts';
import { type HistogramNotes } from './notes.ts';
import { isRestart, overlaps } from './start-time.ts';

export interface RateOptions {
  readonly isCounter: boolean;
  readonly perSecond: boolean;
}

/**
 * `rate`, `increase` and `delta` of a window of floats only or of histograms only: the difference
 * of the ends, extrapolated as `rate` of plain floats does it. Where the first sample's counter began
 * inside the window, it was zero then and nothing is extrapolated to the left.
 */
export function extrapolatedDifference(
  window: MixedWindow,
  options: RateOptions,
  notes: HistogramNotes,
): number | NativeHistogram | undefined {
  const isHistogram = window.points.size > 0;
  const { from, to, startMs, endMs, timestamps } = isHistogram ? window.points : window.floats;
  const firstMs = timestamps[from] ?? 0;
  const lastMs = timestamps[to - 1] ?? 0;
  const first = isHistogram ? window.point(from) : window.float(from);
  const beganInside =
    options.isCounter && first.startMs !== 0 && first.startMs > startMs && first.startMs < firstMs;
  if (to - from < 2 && !beganInside) return undefined;
  let difference: number | FloatHistogram | undefined;
  if (!isHistogram) {
    difference = floatDifference(window, options.isCounter, notes);
    if (beganInside) difference += first.value;
  } else if (to - from < 2) {
    difference = FloatHistogram.of(window.histograms.at(from));
  } else {
    difference = histogramDifference(window, options.isCounter, notes);
    if (difference === undefined) return undefined;
    if (beganInside) {
      const outcome = difference.add(window.histograms.decoded(from));
      if (!notes.added(outcome, 'addition', window.metricName)) return undefined;
    }
  }
  let factor = extrapolation({
    sampled: (lastMs - (beganInside ? first.startMs : firstMs)) / 1000,
    average: to - from < 2 ? 0 : (lastMs - firstMs) / 1000 / (to - from - 1),
    toStart: beganInside ? 0 : (firstMs - startMs) / 1000,
    toEnd: (endMs - lastMs) / 1000,
    toZero: options.isCounter && !beganInside ? shareBeforeStart(first, difference) : undefined,
  });
  if (options.perSecond) factor /= (endMs - startMs) / 1000;
  return typeof difference === 'number'
    ? difference * factor
    : difference.multiply(factor).toNative();
}

/** How long before the first sample a counter was zero, in terms of the time that was sampled. */
function shareBeforeStart(
  first: MixedSample,
  difference: number | FloatHistogram,
): number | undefined {
  const start = first.histogram?.count ?? first.value;
  const growth = typeof difference === 'number' ? difference : difference.count;
  return growth > 0 && start >= 0 ? start / growth : undefined;
}

/** By how much a difference grows when it is stretched to the window; all times in seconds. */
function extrapolation(times: {
  readonly sampled: number;
  readonly average: number;
  readonly toStart: number;
  readonly toEnd: number;
  readonly toZero: number | undefined;
}): number {
  const { sampled, average, toZero } = times;
  // A gap much wider than usual means the series begins or ends inside the window.
  const threshold = average * 1.1;
  let { toStart, toEnd } = times;
  if (toStart >= threshold) toStart = average / 2;
  if (toZero !== undefined) toStart = Math.min(toStart, sampled * toZero);
  if (toEnd >= threshold) toEnd = average / 2;
  return sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
}

function floatDifference(window: MixedWindow, isCounter: boolean, notes: HistogramNotes): number {
  const { from, to, values } = window.floats;
  let difference = (values[to - 1] ?? 0) - (values[from] ?? 0);
  if (!isCounter) return difference;
  let previous = window.float(from);
  for (let i = from + 1; i < to; i++) {
    const current = window.float(i);
    if (overlaps(previous, current)) notes.startOverlaps(window.metricName);
    if (current.value < previous.value || isRestart(previous, current)) {
      difference += previous.value;
    }
    previous = current;
  }
  return difference;
}

/** The difference of two or more histograms; undefined when they do not go together. */
function histogramDifference(
  window: MixedWindow,
  isCounter: boolean,
  notes: HistogramNotes,
): FloatHistogram | undefined {
  const { histograms, metricName } = window;
  const { from, to } = window.points;
  const isReset = (index: number): boolean =>
    isRestart(window.point(index - 1), window.point(index)) || histograms.isReset(index);
  // What lies before a reset of the second sample has no part in the result, whatever it is.
  const skipsFirst = isCounter && isReset(from + 1);
  const first = skipsFirst
    ? FloatHistogram.emptyLike(histograms.decoded(from + 1))
    : histograms.decoded(from);
  let { schema } = first;
  for (let i = from; i < to; i++) {
    if (isCounter && histograms.at(i).counterResetHint === 'gauge') notes.notCounter(metricName);
    // What a gauge was on the way does not matter.
    if (i === from || (!isCounter && i < to - 1)) continue;
    if (histograms.decoded(i).isCustom !== first.isCustom) {
      notes.mixedSchemas(metricName);
      return undefined;
    }
    schema = Math.min(schema, histograms.decoded(i).schema);
  }
  const difference = histograms.decoded(to - 1).copy();
  difference.reduceTo(schema);
  if (!notes.added(difference.add(first, -1), 'subtraction', metricName)) return undefined;
  if (!isCounter) {
    const ends = [histograms.at(from), histograms.at(to - 1)];
    if (ends.some(({ counterResetHint }) => counterResetHint !== 'gauge')) {
      notes.notGauge(metricName);
    }
  }
  for (let i = from + 1; isCounter && i < to; i++) {
    if (overlaps(window.point(i - 1), window.point(i))) notes.startOverlaps(metricName);
    if (!isReset(i) || (i === from + 1 && skipsFirst)) continue;
    const outcome = difference.add(histograms.decoded(i - 1));
    if (!notes.added(outcome, 'addition', metricName)) return undefined;
  }
  difference.hint = 'gauge';
  return difference;
}

/** `irate` and `idelta`: from the last two samples alone. */
export function instantDifference(
  window: MixedWindow,
  options: RateOptions,
  notes: HistogramNotes,
): number | NativeHistogram | undefined {
  const [previous, last] = window.samples().slice(-2);
  if (previous === undefined || last === undefined) return undefined;
  const seconds = (last.atMs - previous.atMs) / 1000;
  if (seconds === 0) return undefined;
  const restarted = options.isCounter && isRestart(previous, last);
  if (last.histogram === undefined && previous.histogram === undefined) {
    const isReset = options.isCounter && (last.value < previous.value || restarted);
    const difference = isReset ? last.value : last.value - previous.value;
    return options.perSecond ? difference / seconds : difference;
  }
  const { metricName, histograms } = window;
  if (last.histogram === undefined || previous.histogram === undefined) {
    notes.mixedWithFloats(metricName);
    return undefined;
  }
  const hints = [previous.histogram.counterResetHint, last.histogram.counterResetHint];
  if (options.isCounter && hints.includes('gauge')) notes.notCounter(metricName);
  if (!options.isCounter && hints.some((hint) => hint !== 'gauge')) notes.notGauge(metricName);
  const difference = histograms.decoded(last.index).copy();
  if (!options.isCounter || (!restarted && !histograms.isReset(last.index))) {
    const outcome = difference.add(histograms.decoded(previous.index), -1);
    if (!notes.added(outcome, 'subtraction', metricName)) return undefined;
  }
  difference.hint = 'gauge';
  return (options.perSecond ? difference.divide(seconds) : difference).toNative();
}
