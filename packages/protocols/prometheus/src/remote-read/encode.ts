// oxlint-disable-next-line typescript/triple-slash-reference -- other packages compile this source too
/// <reference path="../remote-write/snappyjs.d.ts" />
import { type Labels, type Series } from '@dwcp/core';
import { compress } from 'snappyjs';

import { writeSeries } from '../remote-write/encode-v1.ts';
import { WireWriter } from '../remote-write/wire-writer.ts';
import { chunksOf, type ReadChunk, writeChunkedReadResponse } from './chunks.ts';

/** Bytes of chunks in one message, as Prometheus has it by default. */
const MAX_FRAME_BYTES = 1_048_576;
/** How much is packed at a time. Copies in snappy reach no further back. */
const PACK_BYTES = 65_536;

const writer = new WireWriter();

/** One series as a field of prometheus.QueryResult. */
export function encodeReadSeries(series: Series): Uint8Array {
  writer.reset();
  writeSeries(writer, series);
  return writer.written.slice();
}

/**
 * A prometheus.ReadResponse, packed with snappy, as pieces that follow each other.
 * @param results per query the series that `encodeReadSeries` made
 */
export function* encodeReadResponse(
  results: readonly (readonly Uint8Array[])[],
): Generator<Uint8Array, void> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const series of results) {
    const resultBytes = series.reduce((sum, { length }) => sum + length, 0);
    const head = Uint8Array.from([0x0a, ...varint(resultBytes)]);
    parts.push(head, ...series);
    sizeBytes += head.length + resultBytes;
  }
  yield* packSnappy(parts, sizeBytes);
}

/** A snappy block whose parts were packed one by one: only the length in front tells of the whole. */
function* packSnappy(parts: readonly Uint8Array[], sizeBytes: number): Generator<Uint8Array, void> {
  yield Uint8Array.from(varint(sizeBytes));
  const buffer = new Uint8Array(PACK_BYTES);
  let filled = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length;) {
      const taken = Math.min(part.length - from, PACK_BYTES - filled);
      buffer.set(part.subarray(from, from + taken), filled);
      from += taken;
      filled += taken;
      if (filled < PACK_BYTES) continue;
      yield withoutLength(compress(buffer));
      filled = 0;
    }
  }
  if (filled > 0) yield withoutLength(compress(buffer.subarray(0, filled)));
}

function withoutLength(block: Uint8Array): Uint8Array {
  let start = 0;
  while ((block[start] ?? 0) >= 128) start++;
  return block.subarray(start + 1);
}

/** The chunks of a series as messages of the type prometheus.ChunkedReadResponse. */
export function* encodeChunkedReadResponses(
  series: Series,
  queryIndex: number,
): Generator<Uint8Array, void> {
  const { labels } = series;
  let chunks: ReadChunk[] = [];
  let sizeBytes = 0;
  for (const chunk of chunksOf(series)) {
    chunks.push(chunk);
    sizeBytes += chunk.data.length;
    if (sizeBytes < MAX_FRAME_BYTES) continue;
    yield message(labels, chunks, queryIndex);
    chunks = [];
    sizeBytes = 0;
  }
  if (chunks.length > 0) yield message(labels, chunks, queryIndex);
}

function message(labels: Labels, chunks: readonly ReadChunk[], queryIndex: number): Uint8Array {
  writer.reset();
  writeChunkedReadResponse(writer, { labels, chunks, queryIndex });
  return writer.written.slice();
}

/**
 * What stands in front of a message in a stream: its length as a varint, and the CRC-32C of it.
 * @see https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/
 */
export function readFrameHead(message: Uint8Array, crc32c: number): Uint8Array {
  const length = varint(message.length);
  const head = new Uint8Array(length.length + 4);
  head.set(length);
  new DataView(head.buffer).setUint32(length.length, crc32c >>> 0);
  return head;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}
