import { Labels, type NativeHistogram, setStale } from '@dwcp/core';
import {
  encodeRemoteWrite,
  remoteWriteHeaders,
  type RemoteWriteSeries,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';
import { expect } from 'vitest';

import { collect, STALE_BITS } from './collect.ts';
import { name, row, T, trace } from './foreign-sender.ts';
import { writeRequest1, writeRequest2 } from './oracle.ts';

interface Request2 {
  readonly symbols: readonly string[];
  readonly timeseries: readonly {
    readonly labels_refs: readonly number[];
    readonly samples: readonly { readonly value?: number; readonly timestamp?: string }[];
    readonly histograms: readonly Readonly<Record<string, unknown>>[];
    readonly exemplars: readonly {
      readonly labels_refs: readonly number[];
      readonly value?: number;
      readonly timestamp?: string;
    }[];
    readonly metadata?: {
      readonly type?: number;
      readonly help_ref?: number;
      readonly unit_ref?: number;
    };
  }[];
}

function sent(...series: readonly RemoteWriteSeries[]): Request2 {
  const body = encodeRemoteWrite(series, { version: '2.0' });
  return writeRequest2.decode(Uint8Array.from(unpackSnappy(body, 1 << 24))) as Request2;
}

function textsOf({ symbols }: Request2, refs: readonly number[] = []): (string | undefined)[] {
  return refs.map((ref) => symbols[ref]);
}

const HISTOGRAM: NativeHistogram = {
  schema: 2,
  count: 9,
  sum: 12.5,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: [3, 2],
  negativeSpans: [{ offset: 1, length: 1 }],
  negativeBuckets: [3],
  counterResetHint: 'not_reset',
};

/** By the name of the test in prometheus/compliance. Requests are read by protobufjs. */
export const SENDER: Readonly<Record<string, () => void>> = {
  TestCombinedFeatures: () => {
    const request = sent(
      row(name('requests_total'), {
        exemplars: [{ labels: Labels.from(trace('abc')), value: 1, unixMs: T }],
        metadata: { name: 'requests_total', type: 'counter', help: 'Requests.', unit: '' },
      }),
      row(name('latency'), {
        histograms: [HISTOGRAM],
        metadata: { name: 'latency', type: 'histogram', help: 'Latency.', unit: 'seconds' },
      }),
    );
    expect(
      request.timeseries.map(({ samples, histograms, exemplars, metadata }) => [
        samples.length,
        histograms.length,
        exemplars.length,
        metadata?.type,
      ]),
    ).toEqual([
      [1, 0, 1, 1],
      [0, 1, 0, 3],
    ]);
  },
  TestEdgeCases: () => {
    expect(sent()).toEqual({ symbols: [''], timeseries: [] });
    const long = 'x'.repeat(10_000);
    const wide = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`label_${i}`, `value_${i}`]),
    );
    const request = sent(
      row(name('long', { long })),
      row(name('wide', wide)),
      row(name('größe', { 日本: '🚀' })),
    );
    expect(request.symbols).toContain(long);
    expect(request.timeseries[1]?.labels_refs).toHaveLength(202);
    expect(textsOf(request, request.timeseries[2]?.labels_refs)).toEqual([
      '__name__',
      'größe',
      '日本',
      '🚀',
    ]);
  },
  TestExemplarEncoding: () => {
    const labels = Labels.from(trace('abc', { span_id: 'def' }));
    const request = sent(
      row(name('up'), {
        exemplars: [
          { labels, value: 0.5, unixMs: T },
          { labels: Labels.empty, value: -1 },
        ],
      }),
    );
    const [first, second] = request.timeseries[0]?.exemplars ?? [];
    expect(textsOf(request, first?.labels_refs)).toEqual(['span_id', 'def', 'trace_id', 'abc']);
    expect(first).toMatchObject({ value: 0.5, timestamp: String(T) });
    expect(second).toEqual({ labels_refs: [], value: -1 });
  },
  TestHistogramEncoding: () => {
    const [series] = sent(row(name('h'), { histograms: [HISTOGRAM] })).timeseries;
    expect(series?.samples).toEqual([]);
    expect(series?.histograms).toEqual([
      {
        count_int: '9',
        sum: 12.5,
        schema: 2,
        zero_threshold: 0.001,
        zero_count_int: '1',
        positive_spans: [{ length: 2 }],
        positive_deltas: ['3', '-1'],
        positive_counts: [],
        negative_spans: [{ offset: 1, length: 1 }],
        negative_deltas: ['3'],
        negative_counts: [],
        reset_hint: 2,
        timestamp: String(T),
        custom_values: [],
      },
    ]);
  },
  TestLabelValidation: () => {
    const request = sent(row({ z: '1', a: '2', __name__: 'up', M: '3', empty: '' }));
    expect(textsOf(request, request.timeseries[0]?.labels_refs)).toEqual([
      'M',
      '3',
      '__name__',
      'up',
      'a',
      '2',
      'z',
      '1',
    ]);
  },
  TestMetadataEncoding: () => {
    const request = sent(
      row(name('up'), {
        metadata: { name: 'up', type: 'gauge', help: 'Is it up?', unit: 'ratio' },
      }),
    );
    const metadata = request.timeseries[0]?.metadata;
    expect(metadata?.type).toBe(2);
    expect(textsOf(request, [metadata?.help_ref ?? 0, metadata?.unit_ref ?? 0])).toEqual([
      'Is it up?',
      'ratio',
    ]);
  },
  TestProtocolCompliance: () => {
    expect(remoteWriteHeaders('2.0')).toEqual({
      'Content-Type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'Content-Encoding': 'snappy',
      'X-Prometheus-Remote-Write-Version': '2.0.0',
    });
    expect(sent(row(name('up'))).timeseries).toHaveLength(1);
  },
  TestRemoteWrite1Compatibility: () => {
    const body = encodeRemoteWrite([row(name('up', { job: 'node' }))], { version: '1.0' });
    expect(writeRequest1.decode(Uint8Array.from(unpackSnappy(body, 1 << 20)))).toEqual({
      timeseries: [
        {
          labels: [
            { name: '__name__', value: 'up' },
            { name: 'job', value: 'node' },
          ],
          samples: [{ value: 1, timestamp: String(T) }],
          exemplars: [],
          histograms: [],
        },
      ],
      metadata: [],
    });
    expect(remoteWriteHeaders('1.0')).toMatchObject({
      'X-Prometheus-Remote-Write-Version': '0.1.0',
    });
  },
  TestSampleEncoding: () => {
    const values = Float64Array.of(1, 0, -1.5, Infinity, -Infinity, 1e300, 5e-324, 123_456_789_012);
    const timestamps = Float64Array.from(values, (_, i) => T + i);
    const [series] = sent(row(name('up'), { values, timestamps })).timeseries;
    expect(series?.samples.map(({ value = 0 }) => value)).toEqual([...values]);
    const stale = new Float64Array(1);
    setStale(stale, 0);
    const body = encodeRemoteWrite([row(name('up'), { values: stale })], { version: '2.0' });
    expect(collect(body, '2.0').series[0]?.samples).toEqual([[T, STALE_BITS]]);
  },
  TestSampleOrdering: () => {
    const timestamps = Float64Array.of(T, T + 1, T + 15_000);
    const [series] = sent(
      row(name('up'), { timestamps, values: Float64Array.of(1, 2, 3) }),
    ).timeseries;
    expect(series?.samples.map(({ timestamp }) => Number(timestamp))).toEqual([...timestamps]);
  },
  TestSymbolTable: () => {
    const request = sent(row(name('up', { a: 'up', b: 'a' })), row(name('up', { a: 'b' })));
    expect(request.symbols[0]).toBe('');
    expect(new Set(request.symbols).size).toBe(request.symbols.length);
    for (const { labels_refs: refs } of request.timeseries) {
      expect(refs.length % 2).toBe(0);
      expect(Math.max(...refs)).toBeLessThan(request.symbols.length);
    }
  },
  TestSymbolTableEfficiency: () => {
    const many = Array.from({ length: 1_000 }, (_, i) =>
      row(name('http_requests_total', { method: 'GET', status: '200', shard: String(i % 10) })),
    );
    expect(sent(...many).symbols).toHaveLength(18);
    expect(encodeRemoteWrite(many, { version: '2.0' }).length).toBeLessThan(
      encodeRemoteWrite(many, { version: '1.0' }).length,
    );
  },
  TestTimestampEncoding: () => {
    const timestamps = Float64Array.of(-62_135_596_800_000, -1, 0, 1, T, 2 ** 53 - 1);
    const [series] = sent(row(name('up'), { timestamps, values: new Float64Array(6) })).timeseries;
    expect(series?.samples.map(({ timestamp = '0' }) => timestamp)).toEqual(
      [...timestamps].map(String),
    );
  },
};
