import {
  Labels,
  type NativeHistogram,
  type QueryValue,
  type Series,
  type VectorSample,
} from '@dwcp/core';

import { numberOf } from './api-number.ts';
import { histogramOf } from './histogram-json.ts';
import { isRecord } from './prometheus-server.ts';

/**
 * What a query evaluated to, from `{"resultType": ..., "result": ...}`. A vector keeps the server's
 * order, which an expression may have asked for; a matrix is sorted by labels.
 * @throws TypeError naming what is not as the API has it
 */
export function queryValueOf(data: unknown): QueryValue {
  const { resultType, result } = record(data, 'data');
  switch (resultType) {
    case 'scalar': {
      const [unixMs, value] = pair(result);
      return { kind: 'scalar', unixMs, value: numberOf(value) };
    }
    case 'string': {
      const [unixMs, value] = pair(result);
      return { kind: 'string', unixMs, value: String(value) };
    }
    case 'vector':
      return { kind: 'vector', samples: list(result).map(vectorSampleOf) };
    case 'matrix':
      return {
        kind: 'matrix',
        series: list(result)
          .map(seriesOf)
          .sort((a, b) => a.labels.compare(b.labels)),
      };
    default:
      throw new TypeError(`resultType is ${JSON.stringify(resultType)}`);
  }
}

function vectorSampleOf(item: unknown): VectorSample {
  const { metric, value, histogram } = record(item, 'an element of the vector');
  const labels = labelsOf(metric);
  if (histogram !== undefined) {
    const [unixMs, content] = pair(histogram);
    return { labels, unixMs, value: Number.NaN, histogram: histogramOf(content) };
  }
  const [unixMs, text] = pair(value);
  return { labels, unixMs, value: numberOf(text) };
}

function seriesOf(item: unknown): Series {
  const { metric, values, histograms } = record(item, 'a series');
  const floats = list(values ?? []).map(pair);
  const labels = labelsOf(metric);
  if (histograms === undefined) {
    return {
      labels,
      timestamps: Float64Array.from(floats, ([unixMs]) => unixMs),
      values: Float64Array.from(floats, ([, text]) => numberOf(text)),
    };
  }
  const points = [
    ...floats.map(([unixMs, text]) => ({ unixMs, value: numberOf(text), histogram: undefined })),
    ...list(histograms)
      .map(pair)
      .map(([unixMs, content]) => ({
        unixMs,
        value: Number.NaN,
        histogram: histogramOf(content) as NativeHistogram | undefined,
      })),
  ].sort((a, b) => a.unixMs - b.unixMs);
  return {
    labels,
    timestamps: Float64Array.from(points, ({ unixMs }) => unixMs),
    values: Float64Array.from(points, ({ value }) => value),
    histograms: points.map(({ histogram }) => histogram),
  };
}

function labelsOf(metric: unknown): Labels {
  return Labels.from(record(metric, 'metric') as Record<string, string>);
}

/** `[Unix seconds, content]`. */
function pair(value: unknown): readonly [number, unknown] {
  if (Array.isArray(value) && value.length === 2 && typeof value[0] === 'number') {
    return [Math.round(value[0] * 1_000), value[1]];
  }
  throw new TypeError(`a point is ${JSON.stringify(value)?.slice(0, 80)}`);
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`a list is ${JSON.stringify(value)?.slice(0, 80)}`);
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw new TypeError(`${name} is ${JSON.stringify(value)?.slice(0, 80)}`);
}
