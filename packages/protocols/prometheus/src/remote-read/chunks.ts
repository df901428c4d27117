import { type Labels, type NativeHistogram, type Series } from '@dwcp/core';

import { writeLabels } from '../remote-write/encode-v1.ts';
import { BYTES, VARINT } from '../remote-write/wire-reader.ts';
import { type WireWriter } from '../remote-write/wire-writer.ts';
import {
  canFollow,
  encodeFloatHistogramChunk,
  type HistogramSample,
} from './float-histogram-chunk.ts';
import { encodeXorChunk } from './xor-chunk.ts';

/** As many samples as Prometheus puts into a chunk. */
const CHUNK_SAMPLES = 120;

const XOR = 1;
const FLOAT_HISTOGRAM = 3;

/** Encoded samples of one series that follow each other. */
export interface ReadChunk {
  readonly startUnixMs: number;
  /** Of the last sample. */
  readonly endUnixMs: number;
  /** As numbered in prometheus.Chunk. */
  readonly encoding: typeof XOR | typeof FLOAT_HISTOGRAM;
  readonly data: Uint8Array;
}

/** The samples of a series in chunks, oldest first. Native histograms come as float histograms. */
export function* chunksOf({ timestamps, values, histograms }: Series): Generator<ReadChunk, void> {
  let previous: NativeHistogram | undefined;
  for (let from = 0; from < timestamps.length;) {
    const first = histograms?.[from];
    const bounds = (to: number): Pick<ReadChunk, 'startUnixMs' | 'endUnixMs'> => ({
      startUnixMs: timestamps[from] ?? 0,
      endUnixMs: timestamps[to - 1] ?? 0,
    });
    const end = Math.min(timestamps.length, from + CHUNK_SAMPLES);
    let to = from + 1;
    if (first === undefined) {
      while (to < end && histograms?.[to] === undefined) to++;
      yield { ...bounds(to), encoding: XOR, data: encodeXorChunk(timestamps, values, from, to) };
    } else {
      const samples: HistogramSample[] = [{ unixMs: timestamps[from] ?? 0, histogram: first }];
      let last = first;
      for (let next = histograms?.[to]; to < end && next !== undefined; next = histograms?.[to]) {
        if (!canFollow(last, next)) break;
        samples.push({ unixMs: timestamps[to] ?? 0, histogram: next });
        last = next;
        to++;
      }
      const data = encodeFloatHistogramChunk(samples, previous);
      yield { ...bounds(to), encoding: FLOAT_HISTOGRAM, data };
      previous = last;
    }
    from = to;
  }
}

const tagOf = (field: number, type: number): number => (field << 3) | type;

/** Writes a prometheus.ChunkedReadResponse with chunks of one series. */
export function writeChunkedReadResponse(
  writer: WireWriter,
  {
    labels,
    chunks,
    queryIndex,
  }: {
    readonly labels: Labels;
    readonly chunks: readonly ReadChunk[];
    readonly queryIndex: number;
  },
): void {
  const series = writer.open(tagOf(1, BYTES));
  writeLabels(writer, labels);
  for (const { startUnixMs, endUnixMs, encoding, data } of chunks) {
    const chunk = writer.open(tagOf(2, BYTES));
    writer.int64(tagOf(1, VARINT), startUnixMs);
    writer.int64(tagOf(2, VARINT), endUnixMs);
    writer.uint(tagOf(3, VARINT), encoding);
    const bytes = writer.open(tagOf(4, BYTES));
    writer.append(data);
    writer.close(bytes);
    writer.close(chunk);
  }
  writer.close(series);
  writer.uint(tagOf(2, VARINT), queryIndex);
}
