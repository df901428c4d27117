import { PrometheusMetricStore, PrometheusServer, type Product } from '@dwcp/adapter-prometheus';
import { isStale, Labels, type NativeHistogram, type Series, setStale } from '@dwcp/core';
import { encodeRemoteWrite, type RemoteWriteSeries, unpackSnappy } from '@dwcp/protocol-prometheus';
import { describe, expect, test } from 'vitest';

import { answering, json, success } from './answering-server.ts';

const all = {
  matchers: [],
  startUnixMs: Number.NEGATIVE_INFINITY,
  endUnixMs: Number.POSITIVE_INFINITY,
};

async function selected(
  product: Product,
  body: string | Uint8Array,
  options: { readonly maxAnswerBytes?: number; readonly status?: number } = {},
): Promise<readonly Series[]> {
  const { status = 200, ...more } = options;
  await using server = await answering((_, response) => response.writeHead(status).end(body));
  using prometheus = new PrometheusServer({ url: server.url, product, ...more });
  return await new PrometheusMetricStore(prometheus).select(all);
}

const histogram: NativeHistogram = {
  schema: 0,
  count: 3,
  sum: 4,
  zeroThreshold: 0.5,
  zeroCount: 1,
  positiveSpans: [{ offset: 1, length: 1 }],
  positiveBuckets: [2],
  negativeSpans: [],
  negativeBuckets: [],
  counterResetHint: 'unknown',
};

/** A snappy block of one literal, of up to 60 bytes' length in the tag or more after it. */
function packed(content: Uint8Array): Uint8Array {
  const size = content.length;
  const length = [(size & 127) | 128, (size >> 7) & 127];
  return Buffer.concat([
    Uint8Array.from([...length, 61 << 2, (size - 1) & 255, (size - 1) >> 8]),
    content,
  ]);
}

/** A ReadResponse with one result, whose fields are those of a write request. */
function readResponse(series: readonly RemoteWriteSeries[]): Uint8Array {
  const result = unpackSnappy(encodeRemoteWrite(series, { version: '1.0' }), 10_000);
  const header = [0x0a, (result.length & 127) | 128, result.length >> 7];
  return packed(Buffer.concat([Uint8Array.from(header), result]));
}

describe('remote read', () => {
  test('floats and histograms of a series are put in their order of time', async () => {
    const values = Float64Array.of(1, Number.NaN, 0, 4);
    setStale(values, 2);
    const mixed = {
      labels: Labels.from({ __name__: 'm' }),
      timestamps: Float64Array.of(1_000, 2_000, 3_000, 4_000),
      values,
      histograms: [undefined, histogram, undefined, undefined],
    };
    const plain = {
      labels: Labels.from({ __name__: 'l', a: 'ü' }),
      timestamps: Float64Array.of(-5),
      values: Float64Array.of(2),
    };
    const [l, m] = await selected('prometheus', readResponse([mixed, plain]));
    expect(l).toEqual(plain);
    expect(m).toMatchObject({ timestamps: mixed.timestamps, histograms: mixed.histograms });
    expect(m?.values[0]).toBe(1);
    expect(m !== undefined && isStale(m.values, 1)).toBe(false);
    expect(m !== undefined && isStale(m.values, 2)).toBe(true);
  });

  test('a long series comes whole', async () => {
    const timestamps = Float64Array.from({ length: 700 }, (_, i) => i);
    const long = { labels: Labels.from({ __name__: 'm' }), timestamps, values: timestamps };
    expect(await selected('prometheus', readResponse([long]))).toEqual([long]);
  });

  test('a series without samples in the range is left out', async () => {
    const none = { timestamps: new Float64Array(), values: new Float64Array() };
    const body = readResponse([{ labels: Labels.from({ __name__: 'm'.repeat(200) }), ...none }]);
    expect(await selected('prometheus', body)).toEqual([]);
  });

  test('what unpacks to more than the limit is not unpacked', async () => {
    const zeros = { timestamps: new Float64Array(700).fill(1), values: new Float64Array(700) };
    const body = encodeRemoteWrite([{ labels: Labels.from({ a: 'b' }), ...zeros }], {
      version: '1.0',
    });
    const asked = selected('prometheus', body, { maxAnswerBytes: body.length });
    await expect(asked).rejects.toThrow(/over maxAnswerBytes/);
  });

  test.each([
    ['no snappy', Uint8Array.of(255, 255, 255, 255, 255, 255), /is no snappy block/],
    ['no message', packed(Uint8Array.of(0x0a, 0x7f, 1)), /is no ReadResponse/],
    ['a number for a message', packed(Uint8Array.of(0x08, 1)), /is no ReadResponse/],
  ])('%s is an error that says so', async (_, body, message) => {
    const asked = selected('prometheus', body);
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toMatchObject({ retryable: false });
  });

  test('a refusal is passed on', async () => {
    const refused = selected('prometheus', 'exceeded sample limit (50)\n', { status: 400 });
    await expect(refused).rejects.toThrow(/answered 400: exceeded sample limit \(50\)$/);
  });
});

describe('export', () => {
  test('lines become series, sorted, with infinities and staleness markers', async () => {
    const lines = [
      '{"metric":{"__name__":"m","x":"],\\"values\\":[1],\\"timestamps\\":[2]}"},"values":[NaN,1.5,null,+Inf,-Inf],"timestamps":[1,2,3,4,5]}',
      '{"metric":{"__name__":"l"},"values":[1e-7],"timestamps":[7]}',
    ];
    const [l, m] = await selected('victoria-metrics', `${lines.join('\n')}\n`);
    expect(l).toEqual({
      labels: Labels.from({ __name__: 'l' }),
      timestamps: Float64Array.of(7),
      values: Float64Array.of(1e-7),
    });
    expect(m?.labels.get('x')).toBe('],"values":[1],"timestamps":[2]}');
    expect(m?.timestamps).toEqual(Float64Array.of(1, 2, 3, 4, 5));
    expect([0, 2].map((i) => m !== undefined && isStale(m.values, i))).toEqual([true, true]);
    expect([1, 3, 4].map((i) => m?.values[i])).toEqual([1.5, Infinity, -Infinity]);
  });

  test('of samples at one time the last counts, and times ascend', async () => {
    const line = '{"metric":{"a":"b"},"values":[1,2,3,4],"timestamps":[5,3,5,4]}';
    expect(await selected('victoria-metrics', line)).toMatchObject([
      { timestamps: Float64Array.of(3, 4, 5), values: Float64Array.of(2, 4, 3) },
    ]);
  });

  test.each([
    '{"metric":{}}',
    '<html>',
    '{"metric":{},"values":[1,2],"timestamps":[1]}',
    '{"metric":{},"values":[one],"timestamps":[1]}',
    '{"metric":{,"values":[1],"timestamps":[1]}',
  ])('%j is no line of an export', async (line) => {
    await expect(selected('victoria-metrics', line)).rejects.toThrow(/the answer is no export/);
  });
});

describe('refresh', () => {
  const exposition = [
    'prometheus_tsdb_head_series 7',
    'prometheus_tsdb_blocks_loaded 2',
    'prometheus_tsdb_storage_blocks_bytes 4096',
    'prometheus_tsdb_lowest_timestamp 9.223372036854776e+18',
    'prometheus_tsdb_head_max_time 1.795262897893e+12',
    'vm_data_size_bytes{type="indexdb"} 100',
    'vm_data_size_bytes{type="storage/small"} 23',
    '',
  ].join('\n');

  async function refreshed(
    product: Product,
    metricsStatus = 200,
  ): Promise<Pick<PrometheusMetricStore, 'metadata' | 'stats'>> {
    await using server = await answering(({ path }, response) => {
      if (path === '/metrics') response.writeHead(metricsStatus).end(exposition);
      else if (path === '/api/v1/series/count') success(response, [9]);
      else {
        success(response, {
          b: [{ type: 'summary', help: 'B.', unit: '' }, { type: 'gauge' }],
          a: [{ type: 'unheard', help: 'A.' }],
        });
      }
    });
    using prometheus = new PrometheusServer({ url: server.url, product });
    const store = new PrometheusMetricStore(prometheus);
    store.putMetadata([{ name: 'b', type: 'counter', help: 'Mine.', unit: 's' }]);
    await store.refresh();
    return store;
  }

  test('metadata are those of the server, and over them those put here', async () => {
    expect((await refreshed('prometheus')).metadata()).toEqual([
      { name: 'a', type: 'unknown', help: 'A.', unit: '' },
      { name: 'b', type: 'counter', help: 'Mine.', unit: 's' },
    ]);
  });

  test('figures come from the metrics of the server, NaN where they are not told', async () => {
    const unknown = {
      seriesCount: Number.NaN,
      headSampleCount: Number.NaN,
      blockCount: Number.NaN,
      sizeBytes: Number.NaN,
      oldestUnixMs: undefined,
      newestUnixMs: undefined,
    };
    expect((await refreshed('prometheus')).stats()).toEqual({
      ...unknown,
      seriesCount: 7,
      blockCount: 2,
      sizeBytes: 4_096,
      newestUnixMs: 1_795_262_897_893,
    });
    expect((await refreshed('victoria-metrics')).stats()).toEqual({
      ...unknown,
      seriesCount: 9,
      sizeBytes: 123,
    });
    expect((await refreshed('prometheus', 404)).stats()).toEqual(unknown);
  });

  test('a server that fails is an error, and what was known stays', async () => {
    await using server = await answering((_, response) => json(response, 503, {}));
    using prometheus = new PrometheusServer({ url: server.url, product: 'prometheus' });
    const store = new PrometheusMetricStore(prometheus);
    await expect(store.refresh()).rejects.toMatchObject({ retryable: true });
    expect(store.metadata()).toEqual([]);
  });
});
