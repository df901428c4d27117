import { type NativeHistogram } from '@dwcp/core';

import { type Grid } from '../grid.ts';
import { type RangeSeries, type RangeShape } from '../values.ts';
import { moveTo, Window } from '../window.ts';
import { HistogramSamples } from './histogram-samples.ts';

/** A sample of either kind. */
export interface MixedSample {
  readonly atMs: number;
  /** When its counter began, 0 where that is not known. */
  readonly startMs: number;
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
  /** The histogram's place among the histograms of the series. */
  readonly index: number;
}

/**
 * A window over a series with histograms or start times: floats and histograms apart, as functions
 * treat them.
 */
export class MixedWindow {
  readonly metricName: string;
  readonly floats: Window = new Window();
  /** Where the histograms are in time; its values mean nothing. */
  readonly points: Window = new Window();
  readonly histograms: HistogramSamples;
  readonly #floatStarts: Float64Array | undefined;
  readonly #pointStarts: Float64Array | undefined;

  constructor(series: RangeSeries) {
    const { labels, timestamps, values, histograms = [], startTimestamps } = series;
    this.metricName = labels.metricName;
    const pick = (column: Float64Array, wantsHistograms: boolean): Float64Array =>
      column.filter((_, i) => (histograms[i] !== undefined) === wantsHistograms);
    this.floats.open({
      ...series,
      timestamps: pick(timestamps, false),
      values: pick(values, false),
    });
    this.points.open({ ...series, timestamps: pick(timestamps, true), values: pick(values, true) });
    this.histograms = new HistogramSamples(histograms.filter((one) => one !== undefined));
    this.#floatStarts = startTimestamps === undefined ? undefined : pick(startTimestamps, false);
    this.#pointStarts = startTimestamps === undefined ? undefined : pick(startTimestamps, true);
  }

  get hasStarts(): boolean {
    return this.#floatStarts !== undefined;
  }

  get startMs(): number {
    return this.floats.startMs;
  }

  get endMs(): number {
    return this.floats.endMs;
  }

  get isMixed(): boolean {
    return this.floats.size > 0 && this.points.size > 0;
  }

  get size(): number {
    return this.floats.size + this.points.size;
  }

  move(shape: RangeShape, grid: Grid, step: number): void {
    moveTo(this.floats, shape, grid, step);
    moveTo(this.points, shape, grid, step);
  }

  float(index: number): MixedSample {
    return {
      atMs: this.floats.timestamps[index] ?? 0,
      startMs: this.#floatStarts?.[index] ?? 0,
      value: this.floats.values[index] ?? 0,
      histogram: undefined,
      index,
    };
  }

  point(index: number): MixedSample {
    return {
      atMs: this.points.timestamps[index] ?? 0,
      startMs: this.#pointStarts?.[index] ?? 0,
      value: Number.NaN,
      histogram: this.histograms.at(index),
      index,
    };
  }

  first(): MixedSample | undefined {
    const { floats, points } = this;
    const [float, point] = [floats.timestamps[floats.from], points.timestamps[points.from]];
    if (floats.size === 0) return points.size === 0 ? undefined : this.point(points.from);
    if (points.size > 0 && (point ?? 0) <= (float ?? 0)) return this.point(points.from);
    return this.float(floats.from);
  }

  last(): MixedSample | undefined {
    const { floats, points } = this;
    const [float, point] = [floats.timestamps[floats.to - 1], points.timestamps[points.to - 1]];
    if (floats.size === 0) return points.size === 0 ? undefined : this.point(points.to - 1);
    if (points.size > 0 && (point ?? 0) >= (float ?? 0)) return this.point(points.to - 1);
    return this.float(floats.to - 1);
  }

  /** All samples in the order of time. */
  samples(): MixedSample[] {
    const merged: MixedSample[] = [];
    let float = this.floats.from;
    let point = this.points.from;
    while (float < this.floats.to || point < this.points.to) {
      const isFloat =
        point === this.points.to ||
        (float < this.floats.to &&
          (this.floats.timestamps[float] ?? 0) < (this.points.timestamps[point] ?? 0));
      merged.push(isFloat ? this.float(float++) : this.point(point++));
    }
    return merged;
  }
}
