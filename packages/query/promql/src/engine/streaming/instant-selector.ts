import { isStale, type NativeHistogram, type Series } from '@dwcp/core';

import { timeAt } from '../grid.ts';
import { smoothedColumn } from '../histograms/smoothed.ts';
import { eachSeries, momentsOf, type SelectContext, type Selected } from '../select.ts';
import { type ColumnSink } from '../values.ts';
import { ByTimestamps, firstsAfter } from './by-timestamps.ts';
import { type OutColumn, OutColumns } from './out-columns.ts';

/** What of a sample a selector gives: its value, or its time or that of its start, in seconds. */
export type SampleField = 'value' | 'time' | 'start time';

/**
 * An instant selector over the grid: at each step the newest sample that is not older than the
 * lookback, unless that sample is a staleness marker.
 */
export async function streamInstant(
  context: SelectContext,
  selected: Selected,
  what: SampleField,
  sink: ColumnSink,
): Promise<void> {
  const { budget, lookbackMs } = context;
  const { grid, shift } = selected;
  const momentsMs = momentsOf(grid, shift);
  const seen = new ByTimestamps(
    (timestamps) => positionsSeen(timestamps, momentsMs, lookbackMs),
    grid.count * Int32Array.BYTES_PER_ELEMENT,
  );
  const out = new OutColumns(sink, grid.count, budget);
  await eachSeries(context, selected, { backMs: lookbackMs }, (series) => {
    const positions = seen.of(series.timestamps);
    const column = out.next();
    if (!takeSamples(series, positions, what, column)) return;
    out.given();
    const { labels } = series;
    const made = { labels, dropName: what !== 'value', ...column };
    const histograms = what === 'value' ? histogramsAt(series, positions, column) : undefined;
    sink.add(histograms === undefined ? made : { ...made, histograms });
  });
}

/** Which sample each step sees; -1 where there is none. */
function positionsSeen(
  timestamps: Float64Array,
  momentsMs: Float64Array,
  lookbackMs: number,
): Int32Array {
  const positions = firstsAfter(timestamps, momentsMs, 0);
  for (let step = 0; step < positions.length; step++) {
    const last = (positions[step] ?? 0) - 1;
    const isSeen = last >= 0 && (timestamps[last] ?? 0) > (momentsMs[step] ?? 0) - lookbackMs;
    positions[step] = isSeen ? last : -1;
  }
  return positions;
}

/** @returns whether there is any */
function takeSamples(
  { timestamps, values, startTimestamps }: Series,
  positions: Int32Array,
  what: SampleField,
  out: OutColumn,
): boolean {
  let found = false;
  for (let step = 0; step < positions.length; step++) {
    const position = positions[step] ?? -1;
    out.present[step] = 0;
    if (position < 0) continue;
    const value = values[position] ?? 0;
    if (value !== value && isStale(values, position)) continue;
    if (what === 'value') out.values[step] = value;
    else {
      const times = what === 'time' ? timestamps : startTimestamps;
      out.values[step] = (times?.[position] ?? 0) / 1000;
    }
    out.present[step] = 1;
    found = true;
  }
  return found;
}

function histogramsAt(
  { histograms }: Series,
  positions: Int32Array,
  { present }: OutColumn,
): readonly (NativeHistogram | undefined)[] | undefined {
  if (histograms === undefined) return undefined;
  const found = Array.from(positions, (position, step) =>
    present[step] === 1 ? histograms[position] : undefined,
  );
  return found.some((histogram) => histogram !== undefined) ? found : undefined;
}

/**
 * A `smoothed` instant selector: at each step the value on the line between the samples around it,
 * or the newest sample where none follows within the lookback.
 */
export async function streamSmoothed(
  context: SelectContext,
  selected: Selected,
  sink: ColumnSink,
): Promise<void> {
  const { budget, lookbackMs } = context;
  const { grid, shift } = selected;
  const out = new OutColumns(sink, grid.count, budget);
  const sight = { backMs: lookbackMs, aheadMs: lookbackMs };
  await eachSeries(context, selected, sight, (series) => {
    if (series.histograms !== undefined) {
      const made = smoothedColumn(series, selected, context);
      if (made !== undefined) sink.add(made);
      return;
    }
    const column = out.next();
    column.present.fill(0);
    const { timestamps, values } = series;
    let next = 0;
    let found = false;
    for (let step = 0; step < grid.count; step++) {
      const at = (shift.atMs ?? timeAt(grid, step)) - shift.offsetMs;
      while (next < timestamps.length && (timestamps[next] ?? 0) <= at) next++;
      const before = timestamps[next - 1];
      if (before === undefined || before <= at - lookbackMs || isStale(values, next - 1)) continue;
      const value = values[next - 1] ?? 0;
      const after = timestamps[next];
      const isAlone = after === undefined || after > at + lookbackMs || isStale(values, next);
      const rise = isAlone ? 0 : (values[next] ?? 0) - value;
      column.values[step] =
        isAlone || at === before ? value : value + (rise * (at - before)) / (after - before);
      column.present[step] = 1;
      found = true;
    }
    if (!found) return;
    out.given();
    sink.add({ labels: series.labels, dropName: false, ...column });
  });
}
