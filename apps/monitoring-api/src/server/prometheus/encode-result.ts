import { type PrometheusStats } from '@dwcp/api-schema';
import {
  type Labels,
  type NativeHistogram,
  type QueryResult,
  type Series,
  type VectorSample,
} from '@dwcp/core';
import { formatFloat } from '@dwcp/promql';

import { JsonBytes } from './json-bytes.ts';
import { bucketsOf } from './native-histogram-buckets.ts';
import { formatTimestamp, formatValue } from './numbers.ts';
import { TRUNCATED } from './route.ts';

/** Of each kind, as many as Prometheus gives. */
const MAX_ANNOTATIONS = 10;

export interface EncodeOptions {
  /** Most series; 0 for all. Cutting adds a warning, as Prometheus does. */
  readonly limit: number;
  readonly stats?: PrometheusStats | undefined;
}

/**
 * The success envelope around a query's result, as pieces of JSON. Written by hand: building objects for
 * JSON.stringify would hold a large matrix in memory twice.
 */
export function* piecesOfResult(
  { value, warnings, infos }: QueryResult,
  { limit, stats }: EncodeOptions,
): Generator<Uint8Array, void> {
  const json = new JsonBytes();
  let isCut = false;
  const cut = <Item>(items: readonly Item[]): readonly Item[] => {
    isCut = limit > 0 && items.length > limit;
    return isCut ? items.slice(0, limit) : items;
  };
  json.text(`{"status":"success","data":{"resultType":"${value.kind}","result":`);
  switch (value.kind) {
    case 'scalar':
      // A scalar has no exponent, unlike the values of a vector.
      json.text(`[${formatTimestamp(value.unixMs)},"${formatFloat(value.value)}"]`);
      break;
    case 'string':
      json.text(`[${formatTimestamp(value.unixMs)},${JSON.stringify(value.value)}]`);
      break;
    case 'vector':
      yield* piecesOfVector(json, cut(value.samples));
      break;
    case 'matrix':
      yield* piecesOfMatrix(json, cut(value.series));
  }
  let end = stats === undefined ? '}' : `,"stats":${JSON.stringify(stats)}}`;
  const allWarnings = [...someOf(warnings, 'warning'), ...(isCut ? [TRUNCATED] : [])];
  if (allWarnings.length > 0) end += `,"warnings":${JSON.stringify(allWarnings)}`;
  if (infos.length > 0) end += `,"infos":${JSON.stringify(someOf(infos, 'info'))}`;
  json.text(`${end}}`);
  yield json.take();
}

function someOf(annotations: readonly string[], kind: 'warning' | 'info'): readonly string[] {
  const omitted = annotations.length - MAX_ANNOTATIONS;
  return omitted > 0
    ? [...annotations.slice(0, MAX_ANNOTATIONS), `${omitted} more ${kind} annotations omitted`]
    : annotations;
}

function* piecesOfVector(
  json: JsonBytes,
  samples: readonly VectorSample[],
): Generator<Uint8Array, void> {
  json.text('[');
  for (const [i, { labels, unixMs, value, histogram }] of samples.entries()) {
    const point =
      histogram === undefined
        ? `"value":[${formatTimestamp(unixMs)},"${formatValue(value)}"]`
        : `"histogram":${histogramPoint(unixMs, histogram)}`;
    json.text(`${i === 0 ? '' : ','}{"metric":${encodeLabels(labels)},${point}}`);
    if (json.isFull) yield json.take();
  }
  json.text(']');
}

function* piecesOfMatrix(json: JsonBytes, all: readonly Series[]): Generator<Uint8Array, void> {
  json.text('[');
  for (const [i, series] of all.entries()) {
    json.text(`${i === 0 ? '' : ','}{"metric":${encodeLabels(series.labels)}`);
    if (series.histograms === undefined) yield* piecesOfFloats(json, series);
    else yield* piecesOfBoth(json, series, series.histograms);
    json.text('}');
    if (json.isFull) yield json.take();
  }
  json.text(']');
}

function* piecesOfFloats(
  json: JsonBytes,
  { timestamps, values }: Pick<Series, 'timestamps' | 'values'>,
): Generator<Uint8Array, void> {
  const count = timestamps.length;
  if (count === 0) return;
  json.text(',"values":[');
  for (let done = 0; done < count;) {
    if (done > 0) json.text(',');
    done = json.points(timestamps, values, done, count);
    if (json.isFull) yield json.take();
  }
  json.text(']');
}

/** A series of floats and native histograms has a list of each. */
function* piecesOfBoth(
  json: JsonBytes,
  { timestamps, values }: Series,
  histograms: NonNullable<Series['histograms']>,
): Generator<Uint8Array, void> {
  const isFloat = (_: number, i: number): boolean => histograms[i] === undefined;
  yield* piecesOfFloats(json, {
    timestamps: timestamps.filter(isFloat),
    values: values.filter(isFloat),
  });
  let separator = ',"histograms":[';
  for (const [i, histogram] of histograms.entries()) {
    if (histogram === undefined) continue;
    json.text(separator + histogramPoint(timestamps[i] ?? 0, histogram));
    separator = ',';
    if (json.isFull) yield json.take();
  }
  if (separator === ',') json.text(']');
}

function encodeLabels(labels: Labels): string {
  const parts: string[] = [];
  for (const [name, value] of labels)
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${parts.join(',')}}`;
}

function histogramPoint(unixMs: number, histogram: NativeHistogram): string {
  return `[${formatTimestamp(unixMs)},${encodeHistogram(histogram)}]`;
}

function encodeHistogram(histogram: NativeHistogram): string {
  const buckets = bucketsOf(histogram).map(
    ({ rule, lower, upper, count }) =>
      `[${rule},"${formatValue(lower)}","${formatValue(upper)}","${formatValue(count)}"]`,
  );
  const tail = buckets.length === 0 ? '' : `,"buckets":[${buckets.join(',')}]`;
  return `{"count":"${formatValue(histogram.count)}","sum":"${formatValue(histogram.sum)}"${tail}}`;
}
