import { Labels, type NativeHistogram, type Series, setStale, systemClock } from '@dwcp/core';
import {
  encodeChunkedReadResponses,
  encodeRemoteWrite,
  remoteWriteHeaders,
} from '@dwcp/protocol-prometheus';
import { findProgram, startPrometheus, wants } from '@dwcp/testing';
import { compress } from 'snappyjs';
import { expect, test } from 'vitest';

import { bitsOf, decodeFloatHistogramChunk, decodeXorChunk } from './chunk-decoder.ts';
import {
  chunkedReadResponse,
  type ChunkedReadMessage,
  type ChunkMessage,
  framesOf,
  readRequest,
} from './messages.ts';

const program = findProgram('prometheus');
/** Of the machine, as the real server goes by it; at the start of a chunk's time. */
const startMs = Math.floor(systemClock.nowUnixMs() / 7_200_000) * 7_200_000;

/** Values and times of several shapes: even, uneven, with gaps, stale. */
function floats(): Series {
  const count = 300;
  const timestamps = new Float64Array(count);
  const values = new Float64Array(count);
  let unixMs = startMs;
  for (let i = 0; i < count; i++) {
    unixMs += i % 7 === 0 ? 1_013 : i % 50 === 0 ? 17_000 : 1_000;
    timestamps[i] = unixMs;
    values[i] = i % 3 === 0 ? i : Math.sin(i) * 10 ** (i % 40);
  }
  setStale(values, 140);
  return { labels: Labels.from({ __name__: 'read_floats' }), timestamps, values };
}

function histograms(): Series {
  const all = Array.from({ length: 20 }, (_, i): NativeHistogram => ({
    schema: 2,
    count: 4.5 + i,
    sum: 0.1 * i,
    zeroThreshold: i < 10 ? 0.001 : 2 ** -128,
    zeroCount: 0.5,
    positiveSpans: [{ offset: 1, length: 2 }],
    positiveBuckets: [1 + i, 2],
    negativeSpans: [{ offset: -3, length: 1 }],
    negativeBuckets: [1],
    counterResetHint: 'unknown',
  }));
  return {
    labels: Labels.from({ __name__: 'read_histograms' }),
    timestamps: Float64Array.from(all, (_, i) => startMs + i * 1_000),
    values: new Float64Array(all.length).fill(Number.NaN),
    histograms: all,
  };
}

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

async function readChunks(url: string, name: string): Promise<readonly ChunkMessage[]> {
  const request = readRequest.encode({
    queries: [
      {
        start_timestamp_ms: startMs,
        end_timestamp_ms: startMs + 7_200_000,
        matchers: [{ type: 0, name: '__name__', value: name }],
      },
    ],
    accepted_response_types: [1],
  });
  const response = await fetch(`${url}/api/v1/read`, { method: 'POST', body: compress(request) });
  expect(response.headers.get('content-type')).toBe(
    'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse',
  );
  const frames = [...framesOf(new Uint8Array(await response.arrayBuffer()))];
  expect(frames.map((frame) => frame.crc32c)).toEqual(frames.map(({ message }) => crc32c(message)));
  return frames.flatMap(({ message }) => {
    const { chunked_series: all } = chunkedReadResponse.decode(message) as ChunkedReadMessage;
    return all.flatMap(({ chunks }) => chunks);
  });
}

function ourChunks(series: Series): readonly ChunkMessage[] {
  return [...encodeChunkedReadResponses(series, 0)].flatMap((message) => {
    const { chunked_series: all } = chunkedReadResponse.decode(message) as ChunkedReadMessage;
    return all.flatMap(({ chunks }) => chunks);
  });
}

const hexOf = ({ data }: ChunkMessage): string => Buffer.from(data).toString('hex');

test.skipIf(program === undefined)(
  `samples take the same bytes as in the chunks of a real Prometheus (${wants('prometheus')})`,
  async () => {
    await using prometheus = await startPrometheus(program ?? '', 'global: {}\n', {
      args: ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'],
    });
    const [floatSeries, histogramSeries] = [floats(), histograms()];
    const written = await fetch(`${prometheus.url}/api/v1/write`, {
      method: 'POST',
      headers: remoteWriteHeaders('1.0'),
      body: encodeRemoteWrite([floatSeries, histogramSeries], { version: '1.0' }),
    });
    expect([written.status, await written.text()]).toEqual([204, '']);

    const theirs = await readChunks(prometheus.url, 'read_floats');
    const samples = theirs.flatMap(({ data }) => decodeXorChunk(data));
    expect(samples.map(({ unixMs, bits }) => [unixMs, bits])).toEqual(
      Array.from(floatSeries.timestamps, (unixMs, i) => [
        unixMs,
        i === 140 ? 0x7ff0000000000002n : bitsOf(floatSeries.values[i] ?? 0),
      ]),
    );
    // Where they cut is their own affair: each of their chunks is encoded anew.
    for (const chunk of theirs) {
      const own = decodeXorChunk(chunk.data);
      expect(own.length).toBeLessThanOrEqual(120);
      const again = ourChunks({
        labels: floatSeries.labels,
        timestamps: Float64Array.from(own, ({ unixMs }) => unixMs),
        values: new Float64Array(BigUint64Array.from(own, ({ bits }) => bits).buffer),
      });
      expect(again.map(hexOf)).toEqual([hexOf(chunk)]);
    }

    const theirHistograms = await readChunks(prometheus.url, 'read_histograms');
    expect(theirHistograms.map(({ type }) => type)).toEqual([3, 3]);
    const decoded = theirHistograms.flatMap(({ data }) => decodeFloatHistogramChunk(data));
    expect(decoded.map(({ histogram }) => histogram.count)).toEqual(
      histogramSeries.histograms?.map((histogram) => histogram?.count),
    );
    expect(ourChunks(histogramSeries).map(hexOf)).toEqual(theirHistograms.map(hexOf));
  },
);
