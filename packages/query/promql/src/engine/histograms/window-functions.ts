import { type NativeHistogram } from '@dwcp/core';

import { type WindowFunction } from '../window.ts';
import { HistogramTotal } from './accumulate.ts';
import { equalHistograms } from './equality.ts';
import { differenceOfEdges } from './extended-rates.ts';
import { type MixedSample, type MixedWindow } from './mixed-window.ts';
import { type HistogramNotes } from './notes.ts';
import { extrapolatedDifference, instantDifference, type RateOptions } from './rates.ts';
import { isRestart } from './start-time.ts';

/** The answer for a window with at least one sample of either kind; undefined means none. */
export type MixedFunction = (
  window: MixedWindow,
  notes: HistogramNotes,
) => number | NativeHistogram | undefined;

export type Extension = 'anchored' | 'smoothed';

const RATES: Readonly<Record<string, RateOptions>> = {
  rate: { isCounter: true, perSecond: true },
  increase: { isCounter: true, perSecond: false },
  delta: { isCounter: false, perSecond: false },
};

/**
 * What a function of windows does on series with histograms or start times.
 * @param plain what it does on floats alone
 */
export function mixedFunction(
  name: string,
  plain: WindowFunction,
  extension: Extension | undefined,
): MixedFunction {
  const rate = RATES[name];
  if (rate !== undefined) return difference(rate, plain, extension);
  switch (name) {
    case 'irate':
      return (window, notes) =>
        instantDifference(window, { isCounter: true, perSecond: true }, notes);
    case 'idelta':
      return (window, notes) =>
        instantDifference(window, { isCounter: false, perSecond: false }, notes);
    case 'sum_over_time':
      return total('sum', plain);
    case 'avg_over_time':
      return total('mean', plain);
    case 'count_over_time':
      return (window) => window.size;
    case 'present_over_time':
      return () => 1;
    case 'first_over_time':
      return (window) => valueOf(window.first());
    case 'last_over_time':
      return (window) => valueOf(window.last());
    case 'ts_of_first_over_time':
      return (window) => (window.first()?.atMs ?? 0) / 1000;
    case 'ts_of_last_over_time':
      return (window) => (window.last()?.atMs ?? 0) / 1000;
    case 'resets':
      return countSteps(isResetBetween, extension);
    case 'changes':
      return countSteps(isChangeBetween, extension);
    default:
      return floatsOnly(plain);
  }
}

function valueOf(sample: MixedSample | undefined): number | NativeHistogram | undefined {
  return sample?.histogram ?? sample?.value;
}

/** Functions that know floats only pass over histograms, and say so where there are both. */
function floatsOnly(plain: WindowFunction): MixedFunction {
  return (window, notes) => {
    if (window.floats.size === 0) return undefined;
    if (window.points.size > 0) notes.ignoredInRange(window.metricName);
    return plain(window.floats) ? window.floats.result : undefined;
  };
}

/** For functions that take floats or histograms but not both at a time. */
function oneKind(
  plain: WindowFunction,
  ofHistograms: MixedFunction,
  takesFloats: (window: MixedWindow) => boolean = () => true,
): MixedFunction {
  return (window, notes) => {
    if (window.isMixed) {
      notes.mixedWithFloats(window.metricName);
      return undefined;
    }
    if (window.points.size > 0 || !takesFloats(window)) return ofHistograms(window, notes);
    return plain(window.floats) ? window.floats.result : undefined;
  };
}

function difference(
  options: RateOptions,
  plain: WindowFunction,
  extension: Extension | undefined,
): MixedFunction {
  if (extension === undefined) {
    return oneKind(
      plain,
      (window, notes) => extrapolatedDifference(window, options, notes),
      (window) => !window.hasStarts,
    );
  }
  const isSmoothed = extension === 'smoothed';
  return oneKind(plain, (window, notes) =>
    differenceOfEdges(window, { ...options, isSmoothed }, notes),
  );
}

function total(what: 'sum' | 'mean', plain: WindowFunction): MixedFunction {
  return oneKind(plain, (window, notes) => {
    const sum = new HistogramTotal(what);
    const { from, to } = window.points;
    for (let i = from; i < to; i++) {
      if (!sum.add(window.histograms.at(i))) {
        notes.mixedSchemas(window.metricName);
        return undefined;
      }
    }
    const { resetsCollide, boundsReconciled } = sum.findings;
    if (resetsCollide) notes.collidingResets('aggregation');
    if (boundsReconciled) notes.reconciledBounds('aggregation');
    return sum.result;
  });
}

type IsStep = (previous: MixedSample, current: MixedSample, window: MixedWindow) => boolean;

/** Counts the steps along the window that are of a kind. */
function countSteps(isStep: IsStep, extension: Extension | undefined): MixedFunction {
  return (window) => {
    let samples = window.samples();
    if (extension === 'anchored') {
      // The newest sample at the window's start is what the first step begins at.
      const inside = samples.findIndex(({ atMs }) => atMs > window.startMs);
      if (inside === -1) return undefined;
      samples = samples.slice(Math.max(0, inside - 1));
    }
    let count = 0;
    for (const [i, current] of samples.entries()) {
      const previous = samples[i - 1];
      if (previous !== undefined && isStep(previous, current, window)) count++;
    }
    return count;
  };
}

function isResetBetween(
  previous: MixedSample,
  current: MixedSample,
  { histograms }: MixedWindow,
): boolean {
  const kinds = [previous.histogram, current.histogram].filter((one) => one !== undefined).length;
  if (kinds === 1 || isRestart(previous, current)) return true;
  return kinds === 0 ? current.value < previous.value : histograms.isReset(current.index);
}

function isChangeBetween(previous: MixedSample, current: MixedSample): boolean {
  const { histogram } = current;
  if (histogram === undefined || previous.histogram === undefined) {
    if (histogram !== previous.histogram) return true;
    const bothNan = Number.isNaN(current.value) && Number.isNaN(previous.value);
    return current.value !== previous.value && !bothNan;
  }
  return !equalHistograms(histogram, previous.histogram);
}
