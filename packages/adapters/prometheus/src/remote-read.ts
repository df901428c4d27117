import { type LabelMatcher, Labels, type NativeHistogram, type Series } from '@dwcp/core';
import { decodeRemoteWrite, type RemoteWriteVisitor } from '@dwcp/protocol-prometheus';

import { fieldsOf, findBytes, MessageWriter, packLiterally } from './protobuf.ts';

export const REMOTE_READ_HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-read-version': '0.1.0',
} as const;

export interface RemoteReadQuery {
  readonly matchers: readonly LabelMatcher[];
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  /** Asks for label sets without samples, of the series with a chunk that touches the range. */
  readonly labelsOnly?: boolean;
}

const MATCHER_TYPE = { '=': 0, '!=': 1, '=~': 2, '!~': 3 } as const;
const EVERYTHING: LabelMatcher = { name: '__name__', operator: '=~', value: '.*' };

/**
 * A prompb.ReadRequest with one query, packed, asking for raw samples.
 * @see https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/
 */
export function encodeReadRequest(query: RemoteReadQuery): Uint8Array {
  const [startUnixMs, endUnixMs] = [whole(query.startUnixMs), whole(query.endUnixMs)];
  const message = new MessageWriter().varint(1, startUnixMs).varint(2, endUnixMs);
  // Without a matcher Prometheus finds nothing.
  for (const matcher of query.matchers.length === 0 ? [EVERYTHING] : query.matchers) {
    const written = new MessageWriter()
      .varint(1, MATCHER_TYPE[matcher.operator])
      .bytes(2, matcher.name)
      .bytes(3, matcher.value);
    message.bytes(3, written.finish());
  }
  if (query.labelsOnly === true) {
    const hints = new MessageWriter().bytes(2, 'series').varint(3, startUnixMs);
    message.bytes(4, hints.varint(4, endUnixMs).finish());
  }
  return packLiterally(new MessageWriter().bytes(1, message.finish()).finish());
}

/**
 * The series of an unpacked prompb.ReadResponse to one query, in the server's order, also those
 * without samples. A QueryResult has the fields of a WriteRequest, so remote write's decoder reads it.
 * @throws RangeError, RemoteWriteError when it is malformed
 */
export function decodeReadResponse(message: Uint8Array): readonly Series[] {
  const result = findBytes(message, 1);
  if (result === undefined) return [];
  const collector = new SeriesCollector();
  decodeRemoteWrite(message.subarray(result.start, result.end), '1.0', collector);
  return collector.finish();
}

class SeriesCollector implements RemoteWriteVisitor {
  readonly #series: Series[] = [];
  #labels: Labels | undefined;
  #size = 0;
  #timestamps = new Float64Array(256);
  #values = new Float64Array(256);
  #words = new Uint32Array(this.#values.buffer);
  #histograms: (NativeHistogram | undefined)[] | undefined;

  series(bytes: Uint8Array, start: number, end: number): boolean {
    this.#flush();
    this.#labels = labelsIn(bytes, start, end);
    return true;
  }

  sample(unixMs: number, low: number, high: number): void {
    const at = this.#add(unixMs);
    this.#words[at * 2] = low;
    this.#words[at * 2 + 1] = high;
  }

  histogram(unixMs: number, histogram: NativeHistogram): void {
    const at = this.#add(unixMs);
    this.#values[at] = Number.NaN;
    this.#histograms ??= [];
    this.#histograms[at] = histogram;
  }

  exemplar(): void {}

  metadata(): void {}

  finish(): readonly Series[] {
    this.#flush();
    return this.#series;
  }

  #add(unixMs: number): number {
    const at = this.#size++;
    if (at === this.#timestamps.length) {
      const [timestamps, values] = [new Float64Array(at * 2), new Float64Array(at * 2)];
      timestamps.set(this.#timestamps);
      values.set(this.#values);
      this.#timestamps = timestamps;
      this.#values = values;
      this.#words = new Uint32Array(values.buffer);
    }
    this.#timestamps[at] = unixMs;
    return at;
  }

  #flush(): void {
    const [labels, size, histograms] = [this.#labels, this.#size, this.#histograms];
    this.#labels = undefined;
    this.#size = 0;
    this.#histograms = undefined;
    if (labels === undefined) return;
    const timestamps = this.#timestamps.slice(0, size);
    const values = this.#values.slice(0, size);
    this.#series.push(
      histograms === undefined
        ? { labels, timestamps, values }
        : inOrder({
            labels,
            timestamps,
            values,
            histograms: Array.from({ length: size }, (_, i) => histograms[i]),
          }),
    );
  }
}

/** A series on the wire has its floats first, then its histograms. */
function inOrder({
  labels,
  timestamps,
  values,
  histograms,
}: Series & Required<Pick<Series, 'histograms'>>): Series {
  const order = Uint32Array.from(timestamps.keys()).sort(
    (a, b) => (timestamps[a] ?? 0) - (timestamps[b] ?? 0),
  );
  const ordered = new Float64Array(order.length);
  // By subarrays, since a staleness marker may lose its bits in a plain variable.
  for (const [to, from] of order.entries()) ordered.set(values.subarray(from, from + 1), to);
  const sorted = { labels, timestamps: timestamps.toSorted(), values: ordered };
  const moved = Array.from(order, (from) => histograms[from]);
  return moved.some((histogram) => histogram !== undefined)
    ? { ...sorted, histograms: moved }
    : sorted;
}

/** Label messages as they stand in a prompb.TimeSeries; a series without a name is one too. */
function labelsIn(bytes: Uint8Array, start: number, end: number): Labels {
  const pairs: (readonly [string, string])[] = [];
  const text = (from: number, to: number): string => utf8.decode(bytes.subarray(from, to));
  for (const label of fieldsOf(bytes, start, end)) {
    let [name, value] = ['', ''];
    for (const part of fieldsOf(bytes, label.start, label.end)) {
      if (part.field === 1) name = text(part.start, part.end);
      if (part.field === 2) value = text(part.start, part.end);
    }
    pairs.push([name, value]);
  }
  return Labels.fromPairs(pairs);
}

const utf8 = new TextDecoder();

/** Milliseconds that are whole and exact, for any bound including the infinite ones. */
function whole(unixMs: number): number {
  return Math.trunc(Math.max(-(2 ** 53), Math.min(2 ** 53, unixMs)));
}
