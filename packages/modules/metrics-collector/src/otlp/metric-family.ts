import { type Attributes, InvalidInputError, type Labels } from '@dwcp/core';
import { type OtlpMetric } from '@dwcp/protocol-otlp';

import { HistogramSeries, SummarySeries } from './histogram-series.ts';
import { metricNameOf, type TranslationStrategy } from './names.ts';
import { labelsOf } from './point-labels.ts';

/** A metric of one resource and scope, and its series by the attributes of their points. */
export class MetricFamily {
  /** The translated name, or why there is none. */
  readonly name: string | InvalidInputError;
  readonly #draftOf: (attributes: Attributes) => ReadonlyMap<string, string>;
  readonly #series = new WeakMap<Attributes, Labels>();
  readonly #histograms = new WeakMap<Attributes, HistogramSeries>();
  readonly #summaries = new WeakMap<Attributes, SummarySeries>();

  /** @param draftOf the labels of a point without the name; throws InvalidInputError */
  constructor(
    metric: OtlpMetric,
    strategy: TranslationStrategy,
    draftOf: (attributes: Attributes) => ReadonlyMap<string, string>,
  ) {
    this.#draftOf = draftOf;
    this.name = nameOf(metric, strategy);
  }

  /** The one series of a point: of a number or a native histogram. */
  series(attributes: Attributes): Labels {
    let labels = this.#series.get(attributes);
    if (labels === undefined) {
      labels = labelsOf(this.#draftOf(attributes), this.#usableName());
      this.#series.set(attributes, labels);
    }
    return labels;
  }

  histogram(attributes: Attributes): HistogramSeries {
    let series = this.#histograms.get(attributes);
    if (series === undefined) {
      series = new HistogramSeries(this.#usableName(), this.#draftOf(attributes));
      this.#histograms.set(attributes, series);
    }
    return series;
  }

  summary(attributes: Attributes): SummarySeries {
    let series = this.#summaries.get(attributes);
    if (series === undefined) {
      series = new SummarySeries(this.#usableName(), this.#draftOf(attributes));
      this.#summaries.set(attributes, series);
    }
    return series;
  }

  #usableName(): string {
    if (typeof this.name === 'string') return this.name;
    throw this.name;
  }
}

function nameOf(metric: OtlpMetric, strategy: TranslationStrategy): string | InvalidInputError {
  try {
    return metricNameOf({ ...metric, name: metric.name.toWellFormed() }, strategy);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
}
