import { Labels, type NativeHistogram, type Series, setStale } from '@dwcp/core';
import { encodeChunkedReadResponses } from '@dwcp/protocol-prometheus';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { bitsOf, decodeFloatHistogramChunk, decodeXorChunk, numberOf } from './chunk-decoder.ts';
import { chunkedReadResponse, type ChunkedReadMessage, type ChunkMessage } from './messages.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function seriesOf(
  timestamps: readonly number[],
  values: readonly number[],
  histograms?: Series['histograms'],
): Series {
  return {
    labels: Labels.from({ __name__: 'a' }),
    timestamps: Float64Array.from(timestamps),
    values: Float64Array.from(values),
    ...(histograms === undefined ? {} : { histograms }),
  };
}

function chunksOf(series: Series): readonly ChunkMessage[] {
  return [...encodeChunkedReadResponses(series, 0)].flatMap((message) => {
    const { chunked_series: all } = chunkedReadResponse.decode(message) as ChunkedReadMessage;
    return all.flatMap(({ chunks }) => chunks);
  });
}

/** The one chunk of few samples. */
function chunkOf(timestamps: Float64Array, values: Float64Array): Uint8Array {
  const series = { labels: Labels.empty, timestamps, values };
  const [chunk] = chunksOf(series);
  if (chunk === undefined) throw new Error('no chunk');
  return chunk.data;
}

describe('XOR chunks', () => {
  const intervals = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(1, 1_000, 15_000, 15_001) },
    fc.integer({ min: 1, max: 2 ** 40 }),
  );
  const numbers = fc.oneof(
    fc.double(),
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 0.1),
  );

  test('what was encoded is read back, bit by bit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 45), max: 2 ** 50 }),
        fc.array(fc.tuple(intervals, numbers), { minLength: 1, maxLength: 120 }),
        (startMs, steps) => {
          let unixMs = startMs;
          const timestamps = Float64Array.from(steps, ([interval]) => (unixMs += interval));
          const values = Float64Array.from(steps, ([, value]) => value);
          const decoded = decodeXorChunk(chunkOf(timestamps, values));
          expect(decoded).toEqual(
            steps.map(([, value], i) => ({ unixMs: timestamps[i], bits: bitsOf(value) })),
          );
        },
      ),
    );
  });

  test.each([1, 8_191, 8_192, 65_535, 65_536, 524_287, 524_288, 2 ** 33])(
    'intervals that grow or shrink by %i ms keep their length',
    (change) => {
      const timestamps = Float64Array.from([0, change, 3 * change, 4 * change]);
      const values = new Float64Array(4);
      const decoded = decodeXorChunk(chunkOf(timestamps, values));
      expect(decoded.map(({ unixMs }) => unixMs)).toEqual([...timestamps]);
    },
  );

  test('a stale marker stays one', () => {
    const values = Float64Array.from([1, 0]);
    setStale(values, 1);
    const [, last] = decodeXorChunk(chunkOf(Float64Array.from([1, 2]), values));
    expect(last?.bits).toBe(0x7ff0000000000002n);
  });

  test('three samples take the bytes that Prometheus makes of them', () => {
    // Read from /api/v1/read of Prometheus 2.42, to which the samples were written before.
    const chunk = chunkOf(
      Float64Array.from([1_767_323_045_000, 1_767_323_060_000, 1_767_323_075_001]),
      Float64Array.from([17, 18.5, 18.5]),
    );
    expect(hex(chunk)).toBe('000390b2cccaef6640310000000000009875dc1f800100');
  });

  test('a series is cut after 120 samples', () => {
    const timestamps = Array.from({ length: 250 }, (_, i) => i * 1_000);
    const chunks = chunksOf(seriesOf(timestamps, timestamps));
    expect(chunks.map((chunk) => [chunk.min_time_ms, chunk.max_time_ms])).toEqual([
      [undefined, '119000'],
      ['120000', '239000'],
      ['240000', '249000'],
    ]);
    const samples = chunks.flatMap(({ data }) => decodeXorChunk(data));
    expect(samples.map(({ unixMs, bits }) => [unixMs, numberOf(bits)])).toEqual(
      timestamps.map((unixMs) => [unixMs, unixMs]),
    );
  });
});

describe('float histogram chunks', () => {
  const histogram = (change: Partial<NativeHistogram> = {}): NativeHistogram => ({
    schema: 3,
    count: 12.5,
    sum: -0.25,
    zeroThreshold: 2 ** -128,
    zeroCount: 0.5,
    positiveSpans: [
      { offset: -2, length: 2 },
      { offset: 300, length: 1 },
    ],
    positiveBuckets: [3, 4, 1],
    negativeSpans: [{ offset: 1, length: 1 }],
    negativeBuckets: [4],
    counterResetHint: 'unknown',
    ...change,
  });
  const encoded = (all: readonly NativeHistogram[]) => {
    const timestamps = all.map((_, i) => 1_767_323_045_000 + i * 15_000);
    const values = all.map(() => Number.NaN);
    return chunksOf(seriesOf(timestamps, values, all)).map(({ data }) =>
      decodeFloatHistogramChunk(data),
    );
  };

  test('what was encoded is read back', () => {
    const grown = histogram({ count: 14.5, sum: 3, positiveBuckets: [4, 5, 1] });
    expect(encoded([histogram(), grown])).toEqual([
      [
        { unixMs: 1_767_323_045_000, histogram: histogram() },
        { unixMs: 1_767_323_060_000, histogram: { ...grown, counterResetHint: 'not_reset' } },
      ],
    ]);
  });

  test.each([
    ['another schema', { schema: 2 }, 'unknown'],
    ['another zero threshold', { zeroThreshold: 0.001 }, 'unknown'],
    ['other buckets', { positiveSpans: [{ offset: 5, length: 3 }] }, 'unknown'],
    ['a count that went back', { count: 12 }, 'reset'],
    ['a bucket that went back', { positiveBuckets: [3, 3, 2] }, 'reset'],
    ['a reset that is told', { counterResetHint: 'reset' }, 'reset'],
    ['a gauge behind a counter', { counterResetHint: 'gauge' }, 'gauge'],
  ] as const)('%s begins a chunk of its own', (_, change, hint) => {
    const chunks = encoded([histogram(), histogram(change)]);
    expect(chunks.map((samples) => samples.length)).toEqual([1, 1]);
    expect(chunks[1]?.[0]?.histogram).toEqual(histogram({ ...change, counterResetHint: hint }));
  });

  test('gauges stay together whichever way they go', () => {
    const gauges = [5, 3, 9].map((count) => histogram({ count, counterResetHint: 'gauge' }));
    expect(encoded(gauges)).toHaveLength(1);
  });

  test.each([
    [0, 1, 0],
    [2 ** -243, 1, 2 ** -243],
    [1_024, 1, 1_024],
    [2_048, 9, 2_048],
    [0.3, 9, 0.3],
  ])('a zero threshold of %f is kept', (threshold, _, kept) => {
    const [[first] = []] = encoded([histogram({ zeroThreshold: threshold })]);
    expect(first?.histogram.zeroThreshold).toBe(kept);
  });

  test('custom bounds are kept, thousandths and others', () => {
    const customValues = [-1, 0, 0.005, 0.0001, 33_554.43, 33_554.431, 1e9];
    const custom = histogram({
      schema: -53,
      zeroThreshold: 0,
      zeroCount: 0,
      customValues,
      positiveSpans: [{ offset: 0, length: 3 }],
      negativeSpans: [],
      negativeBuckets: [],
    });
    expect(encoded([custom])).toEqual([[{ unixMs: 1_767_323_045_000, histogram: custom }]]);
  });

  test('floats and histograms of one series come in chunks of their own, in order', () => {
    const series = seriesOf(
      [1, 2, 3, 4],
      [1, 2, Number.NaN, 4],
      [undefined, undefined, histogram(), undefined],
    );
    expect(chunksOf(series).map((chunk) => [chunk.type, chunk.max_time_ms])).toEqual([
      [1, '2'],
      [3, '3'],
      [1, '4'],
    ]);
  });
});
