import { isStale, type Series } from '@dwcp/core';

import { type Annotations } from '../annotations.ts';
import { timeAt } from '../grid.ts';
import { histogramSlots, putElement, tidyHistograms } from '../native.ts';
import { type Selected } from '../select.ts';
import { type Column, newColumn } from '../values.ts';
import { interpolateHistograms } from './extended-rates.ts';
import { FloatHistogram } from './float-histogram.ts';
import { HistogramNotes } from './notes.ts';

/**
 * A series with histograms under a `smoothed` instant selector: at each step what lies on the line
 * between the samples around it, or the newest sample where none follows within the lookback. Where
 * floats and histograms are in sight of a step there is nothing.
 */
export function smoothedColumn(
  series: Series,
  { selector, grid, shift }: Selected,
  { annotations, lookbackMs }: { readonly annotations: Annotations; readonly lookbackMs: number },
): Column | undefined {
  const notes = new HistogramNotes(annotations, selector);
  const { labels, timestamps, values, histograms = [] } = series;
  const column = newColumn(labels, false, grid.count);
  const slots = histogramSlots(grid.count);
  let [from, to] = [0, 0];
  for (let step = 0; step < grid.count; step++) {
    const at = (shift.atMs ?? timeAt(grid, step)) - shift.offsetMs;
    while (to < timestamps.length && (timestamps[to] ?? 0) <= at + lookbackMs) to++;
    while (from < to && (timestamps[from] ?? 0) <= at - lookbackMs) from++;
    const seen: number[] = [];
    for (let i = from; i < to; i++) if (!isStale(values, i)) seen.push(i);
    const areHistograms = seen.filter((i) => histograms[i] !== undefined).length;
    if (areHistograms > 0 && areHistograms < seen.length) {
      notes.mixedWithFloats(labels.metricName);
      continue;
    }
    const next = seen.find((i) => (timestamps[i] ?? 0) > at);
    const before = seen.findLast((i) => (timestamps[i] ?? 0) <= at);
    if (before === undefined) continue;
    const [fromMs, toMs] = [timestamps[before] ?? 0, timestamps[next ?? before] ?? 0];
    const histogram = histograms[before];
    if (histogram === undefined) {
      const [start, end] = [values[before] ?? 0, values[next ?? before] ?? 0];
      const share = next === undefined ? 0 : (at - fromMs) / (toMs - fromMs);
      putElement(column, slots, step, start + (end - start) * share);
      continue;
    }
    const following = next === undefined ? undefined : histograms[next];
    if (fromMs === at || following === undefined) {
      // A value that is carried on says nothing of the one before it.
      const counterResetHint = fromMs === at ? histogram.counterResetHint : 'unknown';
      putElement(column, slots, step, { ...histogram, counterResetHint });
      continue;
    }
    const [left, right] = [FloatHistogram.of(histogram), FloatHistogram.of(following)];
    const isCounter = left.hint !== 'gauge' || right.hint !== 'gauge';
    const between = { from: left, fromMs, to: right, toMs, atMs: at, isCounter };
    if (left.isCustom !== right.isCustom) notes.mixedSchemas(labels.metricName);
    else {
      const result = interpolateHistograms(between, notes, labels.metricName);
      if (result !== undefined) putElement(column, slots, step, result.toNative());
    }
  }
  return column.present.includes(1) ? tidyHistograms(column, slots) : undefined;
}
