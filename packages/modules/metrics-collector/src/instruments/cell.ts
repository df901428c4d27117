import {
  type Exemplar,
  Labels,
  type LabelValues,
  METRIC_NAME,
  type NativeHistogram,
} from '@dwcp/core';

/** One of the samples an instrument gives: what its name ends in, and the label it adds. */
export interface SampleShape {
  readonly suffix: string;
  /** `le` or `quantile`, its value as Prometheus text and as OpenMetrics write it. */
  readonly label?: { readonly name: string; readonly text: string; readonly openmetrics: string };
}

/** Labels that are added to every stored sample; a new object whenever they change. */
export type ExtraLabels = LabelValues;

/** The values of one instrument under one label set. */
export abstract class Cell {
  readonly labelValues: LabelValues;
  #extra: ExtraLabels | undefined;
  #series: readonly Labels[] = [];
  #nativeSeries: Labels = Labels.empty;

  constructor(labelValues: LabelValues) {
    this.labelValues = labelValues;
  }

  /** Writes the current values, in the order of the instrument's shape. */
  abstract fill(out: Float64Array): void;

  /** The exemplar of the value at a position of the shape. */
  abstract exemplar(index: number): Exemplar | undefined;

  native(): NativeHistogram | undefined {
    return undefined;
  }

  /** The label sets of the samples, in the order of the shape; built once per set of extra labels. */
  series(name: string, shape: readonly SampleShape[], extra: ExtraLabels): readonly Labels[] {
    if (this.#extra !== extra) this.#build(name, shape, extra);
    return this.#series;
  }

  /** The label set of the native histogram: the plain name. Call `series` before. */
  get nativeSeries(): Labels {
    return this.#nativeSeries;
  }

  #build(name: string, shape: readonly SampleShape[], extra: ExtraLabels): void {
    const own = { ...extra, ...this.labelValues };
    this.#series = shape.map(({ suffix, label }) =>
      Labels.from({
        ...own,
        [METRIC_NAME]: name + suffix,
        ...(label === undefined ? {} : { [label.name]: label.text }),
      }),
    );
    this.#nativeSeries = Labels.from({ ...own, [METRIC_NAME]: name });
    this.#extra = extra;
  }
}
