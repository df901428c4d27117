import { Labels, type MetricMetadata, setStale } from '@dwcp/core';
import {
  encodeRemoteWrite,
  type RemoteWriteSeries,
  type RemoteWriteVersion,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { histogramArb, metadataArb, seriesArb } from './arbitraries.ts';
import { bitsOf, collect, collectMessage, type SeenSeries, STALE_BITS } from './collect.ts';
import { writeRequest1, writeRequest2 } from './oracle.ts';

const MAX_BYTES = 1 << 24;
const T = 1_760_000_000_000;
const VERSIONS = ['1.0', '2.0'] as const;

function unpacked(
  series: readonly RemoteWriteSeries[],
  version: RemoteWriteVersion,
  metadata: readonly MetricMetadata[] = [],
): Uint8Array {
  return Uint8Array.from(unpackSnappy(encodeRemoteWrite(series, { version, metadata }), MAX_BYTES));
}

/** What decoding should show of a series. */
function seenOf(series: RemoteWriteSeries): SeenSeries {
  const { labels, timestamps, values, histograms = [], exemplars = [] } = series;
  const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  const rows = [...timestamps].map((unixMs, i) => ({
    unixMs,
    bits: bits[i] ?? 0n,
    histogram: histograms[i],
  }));
  return {
    labels,
    samples: rows
      .filter(({ histogram }) => histogram === undefined)
      .map((row) => [row.unixMs, row.bits.toString(16).padStart(16, '0')]),
    histograms: rows.flatMap(({ unixMs, histogram }) =>
      histogram === undefined ? [] : [[unixMs, histogram] as const],
    ),
    exemplars: [...exemplars],
  };
}

function one(
  labels: Readonly<Record<string, string>>,
  rest: Partial<RemoteWriteSeries> = {},
): RemoteWriteSeries {
  return {
    labels: Labels.from(labels),
    timestamps: Float64Array.of(T),
    values: Float64Array.of(1),
    ...rest,
  };
}

describe.each(VERSIONS)('%s', (version) => {
  test('decoding what was encoded gives the same back', () => {
    fc.assert(
      fc.property(fc.array(seriesArb, { maxLength: 5 }), (series) => {
        const seen = collect(encodeRemoteWrite(series, { version }), version);
        expect(seen).toEqual({ series: series.map(seenOf), metadata: [], invalid: [] });
      }),
      { numRuns: 300 },
    );
  });

  test('an empty request is a body that can be read', () => {
    expect(collect(encodeRemoteWrite([], { version }), version).series).toEqual([]);
  });

  test('a stale marker is sent as one', () => {
    const values = new Float64Array(1);
    setStale(values, 0);
    const body = encodeRemoteWrite([one({ __name__: 'up' }, { values })], { version });
    expect(collect(body, version).series[0]?.samples).toEqual([[T, STALE_BITS]]);
  });

  test('values may lie in the middle of a larger buffer', () => {
    const all = Float64Array.of(1, 2, 3, 4);
    const rows = { timestamps: all.subarray(1, 3), values: all.subarray(2, 4) };
    const body = encodeRemoteWrite([one({ __name__: 'up' }, rows)], { version });
    expect(collect(body, version).series[0]?.samples).toEqual([
      [2, bitsOf(3)],
      [3, bitsOf(4)],
    ]);
  });

  test('columns of different lengths are a bug of the caller', () => {
    const rows = { timestamps: Float64Array.of(1, 2) };
    expect(() => encodeRemoteWrite([one({ __name__: 'up' }, rows)], { version })).toThrow(
      'up: 2 timestamps, but 1 values',
    );
  });

  test('a request of many series outgrows the first buffer', () => {
    const series = Array.from({ length: 3_000 }, (_, i) =>
      one({ __name__: 'up', instance: `host-${i}`, path: '/x'.repeat(20) }),
    );
    expect(collect(encodeRemoteWrite(series, { version }), version).series).toEqual(
      series.map(seenOf),
    );
  });

  test('float counts stay floats, also where integers do not add up', () => {
    const histogram = {
      schema: 0,
      count: 10,
      sum: 1,
      zeroThreshold: 0,
      zeroCount: 1,
      positiveSpans: [{ offset: 0, length: 1 }],
      positiveBuckets: [2],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'gauge',
    } as const;
    const body = encodeRemoteWrite([one({ __name__: 'h' }, { histograms: [histogram] })], {
      version,
    });
    expect(collect(body, version)).toMatchObject({
      invalid: [],
      series: [{ histograms: [[T, histogram]] }],
    });
  });
});

describe('what protobufjs reads of', () => {
  test('1.0 is what was encoded', () => {
    const series = one(
      { __name__: 'latency_seconds_bucket', le: '0.5', größe: 'ü' },
      {
        timestamps: Float64Array.of(-1, 0, T),
        values: Float64Array.of(-0.5, 0, Infinity),
        exemplars: [
          { labels: Labels.from({ trace_id: 'abc' }), value: 0.3, unixMs: T },
          { labels: Labels.empty, value: 0 },
        ],
        metadata: {
          name: 'latency_seconds',
          type: 'histogram',
          help: 'How long.',
          unit: 'seconds',
        },
      },
    );
    const extra = { name: 'up', type: 'gauge', help: '', unit: '' } as const;
    expect(writeRequest1.decode(unpacked([series], '1.0', [extra]))).toMatchObject({
      timeseries: [
        {
          labels: [
            { name: '__name__', value: 'latency_seconds_bucket' },
            { name: 'größe', value: 'ü' },
            { name: 'le', value: '0.5' },
          ],
          samples: [
            { value: -0.5, timestamp: '-1' },
            {},
            { value: Infinity, timestamp: String(T) },
          ],
          exemplars: [
            { labels: [{ name: 'trace_id', value: 'abc' }], value: 0.3, timestamp: String(T) },
            { labels: [] },
          ],
        },
      ],
      metadata: [
        { type: 2, metric_family_name: 'up' },
        { type: 3, metric_family_name: 'latency_seconds', help: 'How long.', unit: 'seconds' },
      ],
    });
  });

  test('2.0 is what was encoded, each string once', () => {
    const metadata = { name: 'up', type: 'gauge', help: 'Is it up?', unit: '' } as const;
    const exemplars = [{ labels: Labels.from({ trace_id: 'abc' }), value: 0.3, unixMs: T }];
    const series = [
      one({ __name__: 'up', job: 'node' }, { metadata, exemplars }),
      one({ __name__: 'up', job: 'up' }, { metadata }),
    ];
    expect(writeRequest2.decode(unpacked(series, '2.0'))).toEqual({
      symbols: ['', '__name__', 'up', 'job', 'node', 'trace_id', 'abc', 'Is it up?'],
      timeseries: [
        {
          labels_refs: [1, 2, 3, 4],
          samples: [{ value: 1, timestamp: String(T) }],
          histograms: [],
          exemplars: [{ labels_refs: [5, 6], value: 0.3, timestamp: String(T) }],
          metadata: { type: 2, help_ref: 7 },
        },
        {
          labels_refs: [1, 2, 3, 2],
          samples: [{ value: 1, timestamp: String(T) }],
          histograms: [],
          exemplars: [],
          metadata: { type: 2, help_ref: 7 },
        },
      ],
    });
  });

  test.each(VERSIONS)('%s, written again by it, decodes alike', (version) => {
    const codec = version === '1.0' ? writeRequest1 : writeRequest2;
    fc.assert(
      fc.property(fc.array(seriesArb, { maxLength: 4 }), (series) => {
        const ours = unpacked(series, version);
        const theirs = codec.encode(codec.decode(ours) as object);
        expect(withQuietNaNs(collectMessage(theirs, version).series)).toEqual(
          withQuietNaNs(collectMessage(ours, version).series),
        );
      }),
    );
  });
});

/** protobufjs passes values on as numbers, which makes one NaN of all. */
function withQuietNaNs(series: readonly SeenSeries[]): unknown {
  const view = new DataView(new ArrayBuffer(8));
  return series.map((one) => ({
    ...one,
    samples: one.samples.map(([unixMs, bits]) => {
      view.setBigUint64(0, BigInt(`0x${bits}`));
      return [unixMs, Object.is(view.getFloat64(0), -0) ? '-0' : String(view.getFloat64(0))];
    }),
  }));
}

describe('histograms', () => {
  test('are sent as integers where their counts are, with an oracle for the deltas', () => {
    const histogram = {
      schema: 3,
      count: 13,
      sum: 4,
      zeroThreshold: 1e-9,
      zeroCount: 2,
      positiveSpans: [{ offset: -3, length: 3 }],
      positiveBuckets: [1, 4, 3],
      negativeSpans: [{ offset: 2, length: 1 }],
      negativeBuckets: [3],
      counterResetHint: 'reset',
    } as const;
    const request = unpacked([one({ __name__: 'h' }, { histograms: [histogram] })], '1.0');
    expect(writeRequest1.decode(request)).toMatchObject({
      timeseries: [
        {
          samples: [],
          histograms: [
            {
              count_int: '13',
              sum: 4,
              schema: 3,
              zero_threshold: 1e-9,
              zero_count_int: '2',
              positive_spans: [{ offset: -3, length: 3 }],
              positive_deltas: ['1', '3', '-1'],
              negative_spans: [{ offset: 2, length: 1 }],
              negative_deltas: ['3'],
              reset_hint: 1,
              timestamp: String(T),
            },
          ],
        },
      ],
    });
  });

  test('of any kind are valid again when they come back', () => {
    fc.assert(
      fc.property(histogramArb, (histogram) => {
        const body = encodeRemoteWrite([one({ __name__: 'h' }, { histograms: [histogram] })], {
          version: '2.0',
        });
        expect(collect(body, '2.0').invalid).toEqual([]);
      }),
    );
  });
});

describe('metadata', () => {
  test('of 1.0 come back by family, the last of a name counting', () => {
    fc.assert(
      fc.property(fc.array(metadataArb, { maxLength: 6 }), (metadata) => {
        const body = encodeRemoteWrite([], { version: '1.0', metadata });
        const byName = new Map(metadata.map((family) => [family.name, family]));
        expect(collect(body, '1.0').metadata).toEqual([...byName.values()]);
      }),
    );
  });

  test.each<[string, MetricMetadata['type'], string]>([
    ['requests', 'counter', 'requests_total'],
    ['requests_total', 'counter', 'requests_total'],
    ['latency', 'histogram', 'latency_bucket'],
    ['latency', 'histogram', 'latency'],
    ['rpc', 'summary', 'rpc_sum'],
    ['sizes', 'gaugehistogram', 'sizes_gcount'],
    ['build', 'info', 'build_info'],
  ])('of 2.0: those of the family %s, a %s, go with the series %s', (name, type, metric) => {
    const metadata = [{ name, type, help: 'Help.', unit: '' }];
    const body = encodeRemoteWrite([one({ __name__: metric })], { version: '2.0', metadata });
    expect(collect(body, '2.0').metadata).toMatchObject([{ type, help: 'Help.' }]);
  });

  test.each<[string, MetricMetadata['type'], string]>([
    ['rpc', 'gauge', 'rpc_sum'],
    ['rpc', 'gauge', 'rpc_total'],
    ['rpc', 'counter', 'rpc_info'],
    ['rpc', 'summary', 'rpc_bucket'],
    ['rpc', 'summary', 'other'],
  ])('of 2.0: those of the family %s, a %s, do not go with the series %s', (name, type, metric) => {
    const metadata = [{ name, type, help: 'Help.', unit: '' }];
    const body = encodeRemoteWrite([one({ __name__: metric })], { version: '2.0', metadata });
    expect(collect(body, '2.0').metadata).toEqual([]);
  });
});
