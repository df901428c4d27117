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
const PIECE_PARTS = 4_096;
const MAX_TIMES = 20_000;
/** The text of longer series is not kept, and they are given away in pieces. */
const MAX_KEPT_POINTS = 2_000;

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
  const times = new TimeTexts();
  const text = new TextParts();
  text.add('[');
  for (const [i, series] of all.entries()) {
    if (i > 0) text.add(',');
    const known = againWritten.get(series);
    if (known === undefined) yield* piecesOfSeries(text, series, times);
    else text.add(known);
    if (text.isFull) yield text.take();
  }
  text.add(']');
  yield text.take();
}

function* piecesOfSeries(
  text: TextParts,
  series: Series,
  times: TimeTexts,
): Generator<string, void> {
  const { labels, timestamps, values, histograms } = series;
  const mayKeep = histograms === undefined && timestamps.length <= MAX_KEPT_POINTS;
  // Who asks again for what is kept gets the same object, and may ask a third time.
  const own = mayKeep && written.has(series) ? new TextParts() : text;
  if (mayKeep) written.add(series);
  own.add(`{"metric":${encodeLabels(labels)}`);
  let isFirst = true;
  for (let j = 0; j < timestamps.length; j++) {
    if (histograms?.[j] !== undefined) continue;
    const unixMs = timestamps[j] ?? 0;
    own.add(isFirst ? `,"values":[${times.first(unixMs)}` : times.next(unixMs));
    own.add(formatValue(values[j] ?? Number.NaN));
    own.add('"]');
    isFirst = false;
    if (own === text && text.isFull) yield text.take();
  }
  if (!isFirst) own.add(']');
  if (histograms !== undefined) yield* piecesOfHistograms(own, timestamps, histograms);
  own.add('}');
  if (own === text) return;
  const whole = own.take();
  againWritten.set(series, whole);
  text.add(whole);
}

/** Series that were written once, and the text of those that were written again. */
const written = new WeakSet<Series>();
const againWritten = new WeakMap<Series, string>();

function* piecesOfHistograms(
  text: TextParts,
  timestamps: Float64Array,
  histograms: readonly (NativeHistogram | undefined)[],
): Generator<string, void> {
  let separator = ',"histograms":[';
  for (const [j, histogram] of histograms.entries()) {
    if (histogram === undefined) continue;
    text.add(`${separator}[${formatTimestamp(timestamps[j] ?? 0)},${encodeHistogram(histogram)}]`);
    separator = ',';
    if (text.isFull) yield text.take();
  }
  if (separator === ',') text.add(']');
}

/** A piece of text while it is put together, in one go in the end: `+=` makes an object each time. */
class TextParts {
  readonly #parts: string[] = [];
  #count = 0;
  #length = 0;

  get isFull(): boolean {
    // A point adds three parts.
    return this.#length >= PIECE_LENGTH || this.#count > PIECE_PARTS - 8;
  }

  add(text: string): void {
    this.#parts[this.#count++] = text;
    this.#length += text.length;
  }

  take(): string {
    // The array stays as large as it has grown, as far as it was filled.
    this.#parts.length = this.#count;
    this.#count = 0;
    this.#length = 0;
    return this.#parts.join('');
  }
}

/** How points begin. The series of an answer have mostly the same times. */
class TimeTexts {
  readonly #texts = new Map<number, string>();

  /** Of a point behind another: `,[1749513600,"`. */
  next(unixMs: number): string {
    const known = this.#texts.get(unixMs);
    if (known !== undefined) return known;
    const text = `,[${formatTimestamp(unixMs)},"`;
    if (this.#texts.size < MAX_TIMES) this.#texts.set(unixMs, text);
    return text;
  }

  first(unixMs: number): string {
    return this.next(unixMs).slice(1);
  }
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
