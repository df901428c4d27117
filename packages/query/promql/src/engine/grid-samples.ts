import { type NativeHistogram } from '@dwcp/core';

import { type Grid, timeAt } from './grid.ts';
import { type Column, type RangeSeries } from './values.ts';

/** The elements of columns as samples at the times of their grid. */
export class GridSamples {
  readonly #grid: Grid;
  /** Of columns that have an element at every step, all of which share it. */
  #times: Float64Array | undefined;

  constructor(grid: Grid) {
    this.#grid = grid;
  }

  of({ labels, dropName, present, values, histograms }: Column): RangeSeries {
    if (!present.includes(0)) {
      this.#times ??= timesOf(this.#grid, values.length);
      const series = { labels, dropName, timestamps: this.#times, values };
      return histograms === undefined ? series : { ...series, histograms };
    }
    let size = 0;
    for (const is of present) size += is;
    const timestamps = new Float64Array(size);
    const kept = new Float64Array(size);
    const keptHistograms: (NativeHistogram | undefined)[] = [];
    size = 0;
    for (let step = 0; step < present.length; step++) {
      if (present[step] === 0) continue;
      timestamps[size] = timeAt(this.#grid, step);
      kept[size] = values[step] ?? 0;
      if (histograms !== undefined) keptHistograms[size] = histograms[step];
      size++;
    }
    const series = { labels, dropName, timestamps, values: kept };
    return histograms === undefined ? series : { ...series, histograms: keptHistograms };
  }
}

function timesOf(grid: Grid, count: number): Float64Array {
  const times = new Float64Array(count);
  for (let step = 0; step < count; step++) times[step] = timeAt(grid, step);
  return times;
}
