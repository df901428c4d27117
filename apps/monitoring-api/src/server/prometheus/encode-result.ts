import { type PrometheusStats } from '@dwcp/api-schema';
import {
  type Labels,
  type NativeHistogram,
  type QueryResult,
  type Series,
  type VectorSample,
} from '@dwcp/core';
import { formatFloat } from '@dwcp/promql';

import { bucketsOf } from './native-histogram-buckets.ts';
import { formatTimestamp, formatValue } from './numbers.ts';
import { TRUNCATED } from './route.ts';

/** Text is given away in pieces of about this size, each made within a millisecond or two. */
const PIECE_LENGTH = 32_768;

export interface EncodeOptions {
  /** Most series; 0 for all. Cutting adds a warning, as Prometheus does. */
  readonly limit: number;
  readonly stats?: PrometheusStats | undefined;
}

/**
 * The success envelope around a query's result, as pieces of JSON. Written by hand: a large matrix is
 * mostly numbers, and building objects for JSON.stringify would hold them in memory twice.
 */
export function* piecesOfResult(
  { value, warnings, infos }: QueryResult,
  { limit, stats }: EncodeOptions,
): Generator<string, void> {
  let isCut = false;
  const cut = <Item>(items: readonly Item[]): readonly Item[] => {
    isCut = limit > 0 && items.length > limit;
    return isCut ? items.slice(0, limit) : items;
  };
  yield `{"status":"success","data":{"resultType":"${value.kind}","result":`;
  switch (value.kind) {
    case 'scalar':
      // A scalar has no exponent, unlike the values of a vector.
      yield `[${formatTimestamp(value.unixMs)},"${formatFloat(value.value)}"]`;
      break;
    case 'string':
      yield `[${formatTimestamp(value.unixMs)},${JSON.stringify(value.value)}]`;
      break;
    case 'vector':
      yield* piecesOfVector(cut(value.samples));
      break;
    case 'matrix':
      yield* piecesOfMatrix(cut(value.series));
  }
  let end = stats === undefined ? '}' : `,"stats":${JSON.stringify(stats)}}`;
  const allWarnings = isCut ? [...warnings, TRUNCATED] : warnings;
  if (allWarnings.length > 0) end += `,"warnings":${JSON.stringify(allWarnings)}`;
  if (infos.length > 0) end += `,"infos":${JSON.stringify(infos)}`;
  yield `${end}}`;
}

function* piecesOfVector(samples: readonly VectorSample[]): Generator<string, void> {
  let text = '[';
  for (const [i, { labels, unixMs, value, histogram }] of samples.entries()) {
    const point =
      histogram === undefined
        ? `"value":${pair(unixMs, value)}`
        : `"histogram":[${formatTimestamp(unixMs)},${encodeHistogram(histogram)}]`;
    text += `${i === 0 ? '' : ','}{"metric":${encodeLabels(labels)},${point}}`;
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield `${text}]`;
}

function* piecesOfMatrix(all: readonly Series[]): Generator<string, void> {
  let text = '[';
  for (const [i, { labels, timestamps, values, histograms }] of all.entries()) {
    text += `${i === 0 ? '' : ','}{"metric":${encodeLabels(labels)}`;
    let separator = ',"values":[';
    for (let j = 0; j < timestamps.length; j++) {
      if (histograms?.[j] !== undefined) continue;
      text += separator + pair(timestamps[j] ?? 0, values[j] ?? Number.NaN);
      separator = ',';
      if (text.length < PIECE_LENGTH) continue;
      yield text;
      text = '';
    }
    if (separator === ',') text += ']';
    if (histograms !== undefined) {
      separator = ',"histograms":[';
      for (const [j, histogram] of histograms.entries()) {
        if (histogram === undefined) continue;
        text += `${separator}[${formatTimestamp(timestamps[j] ?? 0)},${encodeHistogram(histogram)}]`;
        separator = ',';
        if (text.length < PIECE_LENGTH) continue;
        yield text;
        text = '';
      }
      if (separator === ',') text += ']';
    }
    text += '}';
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield `${text}]`;
}

function encodeLabels(labels: Labels): string {
  const parts: string[] = [];
  for (const [name, value] of labels)
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${parts.join(',')}}`;
}

function encodeHistogram(histogram: NativeHistogram): string {
  const buckets = bucketsOf(histogram).map(
    ({ rule, lower, upper, count }) =>
      `[${rule},"${formatValue(lower)}","${formatValue(upper)}","${formatValue(count)}"]`,
  );
  const tail = buckets.length === 0 ? '' : `,"buckets":[${buckets.join(',')}]`;
  return `{"count":"${formatValue(histogram.count)}","sum":"${formatValue(histogram.sum)}"${tail}}`;
}

const pair = (unixMs: number, value: number): string =>
  `[${formatTimestamp(unixMs)},"${formatValue(value)}"]`;
