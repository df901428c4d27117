import { type Exemplar, type ExemplarSeries, Labels } from '@dwcp/core';

import { numberOf } from './api-number.ts';
import { isRecord } from './prometheus-server.ts';

/** The answer of `/api/v1/query_exemplars`, series sorted; undefined when it is another. */
export function exemplarSeriesOf(data: unknown): readonly ExemplarSeries[] | undefined {
  if (!Array.isArray(data) || !data.every(isRecord)) return undefined;
  return data
    .map(({ seriesLabels, exemplars }) => ({
      labels: labelsOf(seriesLabels),
      exemplars: (Array.isArray(exemplars) ? exemplars : [])
        .filter(isRecord)
        .map(toExemplar)
        .sort((a, b) => (a.unixMs ?? 0) - (b.unixMs ?? 0)),
    }))
    .sort((a, b) => a.labels.compare(b.labels));
}

function toExemplar({ labels, value, timestamp }: Readonly<Record<string, unknown>>): Exemplar {
  return {
    labels: labelsOf(labels),
    value: numberOf(value),
    unixMs: Math.round(Number(timestamp) * 1_000),
  };
}

function labelsOf(value: unknown): Labels {
  return Labels.from(isRecord(value) ? (value as Record<string, string>) : {});
}
