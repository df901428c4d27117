import {
  type Labels,
  type NativeHistogram,
  type QueryResult,
  type QueryValue,
  type Series,
  type VectorSample,
} from '@dwcp/core';

import { bucketsOf } from './native-histogram-buckets.ts';

/** A value as the Prometheus API writes it: the shortest text that reads back the same. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Unix seconds with as many of three decimals as it takes. */
export function formatTimestamp(unixMs: number): string {
  const whole = Math.trunc(unixMs / 1_000);
  const rest = Math.abs(unixMs % 1_000);
  if (rest === 0) return String(whole);
  const sign = unixMs < 0 && whole === 0 ? '-' : '';
  return `${sign}${whole}.${String(rest).padStart(3, '0')}`;
}

/**
 * The success envelope around a query's result, as JSON. Written by hand: a large matrix is mostly
 * numbers, and building objects for JSON.stringify would hold them in memory twice.
 * @param limit most series; 0 for all. Cutting adds a warning, as Prometheus does
 */
export function encodeQueryResult(result: QueryResult, limit: number): string {
  const size = sizeOf(result.value);
  const cut = limit > 0 && size > limit;
  const warnings = cut ? [...result.warnings, 'results truncated due to limit'] : result.warnings;
  const data = encodeValue(result.value, cut ? limit : size);
  let text = `{"status":"success","data":${data}`;
  if (warnings.length > 0) text += `,"warnings":${JSON.stringify(warnings)}`;
  if (result.infos.length > 0) text += `,"infos":${JSON.stringify(result.infos)}`;
  return `${text}}`;
}

function sizeOf(value: QueryValue): number {
  if (value.kind === 'vector') return value.samples.length;
  return value.kind === 'matrix' ? value.series.length : 1;
}

function encodeValue(value: QueryValue, limit: number): string {
  switch (value.kind) {
    case 'scalar':
      return `{"resultType":"scalar","result":${pair(value.unixMs, value.value)}}`;
    case 'string':
      return `{"resultType":"string","result":[${formatTimestamp(value.unixMs)},${JSON.stringify(value.value)}]}`;
    case 'vector':
      return `{"resultType":"vector","result":[${value.samples.slice(0, limit).map(encodeSample).join(',')}]}`;
    case 'matrix':
      return `{"resultType":"matrix","result":[${value.series.slice(0, limit).map(encodeSeries).join(',')}]}`;
  }
}

function encodeSample({ labels, unixMs, value, histogram }: VectorSample): string {
  const point =
    histogram === undefined
      ? `"value":${pair(unixMs, value)}`
      : `"histogram":[${formatTimestamp(unixMs)},${encodeHistogram(histogram)}]`;
  return `{"metric":${encodeLabels(labels)},${point}}`;
}

function encodeSeries({ labels, timestamps, values, histograms }: Series): string {
  const floats: string[] = [];
  const natives: string[] = [];
  for (let i = 0; i < timestamps.length; i++) {
    const unixMs = timestamps[i] ?? 0;
    const histogram = histograms?.[i];
    if (histogram === undefined) floats.push(pair(unixMs, values[i] ?? Number.NaN));
    else natives.push(`[${formatTimestamp(unixMs)},${encodeHistogram(histogram)}]`);
  }
  let text = `{"metric":${encodeLabels(labels)}`;
  if (floats.length > 0) text += `,"values":[${floats.join(',')}]`;
  if (natives.length > 0) text += `,"histograms":[${natives.join(',')}]`;
  return `${text}}`;
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
