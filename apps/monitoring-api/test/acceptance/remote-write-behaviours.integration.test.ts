// What prometheus/compliance tests of remote write receivers, sent to the real server: statuses, the
// headers that tell what was written, and what is found afterwards.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { type MatrixElement, promQuery } from './prometheus-answers.ts';
import {
  type Answer,
  HEADERS_1,
  HEADERS_2,
  message1,
  message2,
  pack,
  type Pairs,
  post,
  type WireHistogram,
  type WireSeries,
  write1,
  write2,
} from './remote-write-wire.ts';

const T = Date.now();
const HOUR = 3_600_000;

let server: DwcpServer;
beforeAll(async () => {
  server = await DwcpServer.start('region: eu-test-1\ncollection: { host: false }\n');
});
afterAll(() => server[Symbol.asyncDispose]());

type Record_ = Readonly<Record<string, string>>;
type Written = readonly [samples: number, histograms: number, exemplars: number];

interface Behaviour {
  readonly series: readonly WireSeries[];
  readonly status?: 204 | 400;
  readonly written: Written;
  /** By name of the family. */
  readonly metadata?: Readonly<Record<string, { type: string; help?: string; unit?: string }>>;
}

const of = (name: string, rest: Record_ = {}): Pairs => [
  ['__name__', name],
  ...Object.entries(rest),
];
const trace = (id: string, rest: Record_ = {}): Pairs =>
  Object.entries({ trace_id: id, ...rest }) as Pairs;
const exemplar = (
  labels: Pairs,
  value = 1,
  unixMs = T,
): NonNullable<WireSeries['exemplars']>[number] => ({ labels, value, unixMs });
const one = (name: string, more: Partial<WireSeries> = {}): WireSeries => ({
  labels: of(name),
  samples: [[1, T]],
  ...more,
});
const buckets = { spans: [[0, 3]] as const, deltas: [1, 1, 1] };

interface Sides {
  readonly positive?: boolean;
  readonly negative?: boolean;
  readonly zero?: boolean;
}
const native = (
  name: string,
  { positive = false, negative = false, zero = false }: Sides,
  more: Partial<WireSeries> = {},
): WireSeries => ({
  labels: of(name),
  histograms: [
    {
      count: (positive ? 6 : 0) + (negative ? 6 : 0) + (zero ? 2 : 0),
      sum: 1.5,
      unixMs: T,
      zeroCount: zero ? 2 : 0,
      zeroThreshold: 0.001,
      ...(positive ? { positive: buckets } : {}),
      ...(negative ? { negative: buckets } : {}),
    },
  ],
  ...more,
});
const all = { positive: true, negative: true, zero: true };
const customBuckets: WireHistogram = {
  count: 6,
  sum: 1.5,
  unixMs: T,
  schema: -53,
  positive: buckets,
  customValues: [0.1, 0.5, 1],
};
const withExemplar = (labels: Pairs): Behaviour => ({
  series: [one('with_exemplar', { exemplars: [exemplar(labels)] })],
  written: [1, 0, 1],
});
const TYPES = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const;
const withMetadata = (type: (typeof TYPES)[number], help = '', unit = ''): Behaviour => {
  const name = `meta_${type}${help.length}${unit}`;
  return {
    series: [one(name, { metadata: { type: TYPES.indexOf(type), help, unit } })],
    written: [1, 0, 0],
    // Where nothing is said there is nothing to remember.
    metadata: type === 'unknown' && help === '' ? {} : { [name]: { type, help, unit } },
  };
};
const single = (labels: Pairs, status: 204 | 400 = 204): Behaviour => ({
  series: [1, Number.NaN, Infinity, -Infinity].map((value, i) => ({
    labels: [...labels, ['value', String(i)]],
    samples: [[value, T]],
  })),
  status,
  written: [status === 204 ? 4 : 0, 0, 0],
});
const instances = (unnamed: number): Behaviour => ({
  series: Array.from({ length: 4 }, (_, i) => ({
    labels: i < unnamed ? [['instance', `h${i}`]] : of('up_of_four', { instance: `h${i}` }),
    samples: [[1, T]],
  })),
  status: unnamed === 0 ? 204 : 400,
  written: [4 - unnamed, 0, 0],
});

const RECEIVER: Readonly<Record<string, Behaviour>> = {
  TestSamplesWithMetadataAndExemplars: {
    series: [
      one('combined_requests_total', {
        metadata: { type: 1, help: 'Total number of HTTP requests', unit: 'requests' },
        exemplars: [exemplar(trace('request_trace_123', { user_id: 'user789' }))],
      }),
    ],
    written: [1, 0, 1],
    metadata: {
      combined_requests_total: {
        type: 'counter',
        help: 'Total number of HTTP requests',
        unit: 'requests',
      },
    },
  },
  TestHistogramsWithMetadataAndExemplars: {
    series: [
      native('combined_duration_seconds', all, {
        metadata: { type: 3, help: 'Duration', unit: 'seconds' },
        exemplars: [exemplar(trace('slow_request_trace', { endpoint: '/login' }), 0.456)],
      }),
    ],
    written: [0, 1, 1],
    metadata: {
      combined_duration_seconds: { type: 'histogram', help: 'Duration', unit: 'seconds' },
    },
  },
  TestComplexSamplesRequest: {
    series: [
      one('complex_cpu', {
        metadata: { type: 2, help: 'CPU', unit: 'ratio' },
        exemplars: [exemplar(trace('high_cpu_trace'), 0.85)],
      }),
      one('complex_memory', { metadata: { type: 2, help: 'Memory', unit: 'bytes' } }),
    ],
    written: [2, 0, 1],
    metadata: {
      complex_cpu: { type: 'gauge', unit: 'ratio' },
      complex_memory: { type: 'gauge', unit: 'bytes' },
    },
  },
  TestComplexHistogramsRequest: {
    series: [
      native(
        'response_time_hist',
        { positive: true, zero: true },
        { exemplars: [exemplar(trace('fast_response'), 0.125)] },
      ),
      native('request_size_hist', { negative: true, zero: true }),
    ],
    written: [0, 2, 1],
  },
  TestMultipleMetricFamiliesSamples: {
    series: [
      one('family_requests_total', {
        metadata: { type: 1, help: 'Requests' },
        exemplars: [exemplar(trace('successful_request'))],
      }),
      one('family_celsius', { metadata: { type: 2, unit: 'celsius' } }),
    ],
    written: [2, 0, 1],
    metadata: { family_requests_total: { type: 'counter' }, family_celsius: { type: 'gauge' } },
  },
  TestMultipleMetricFamiliesHistograms: {
    series: [
      native('family_duration_seconds', all, { exemplars: [exemplar(trace('t'), 0.003)] }),
      native('family_size_bytes', { zero: true }),
    ],
    written: [0, 2, 1],
  },
  'TestEdgeCaseCombinations/metadata_without_data': {
    series: [{ labels: of('orphan_meta'), metadata: { type: 1, help: 'Orphaned' } }],
    written: [0, 0, 0],
    metadata: { orphan_meta: { type: 'counter', help: 'Orphaned' } },
  },
  'TestEdgeCaseCombinations/exemplars_without_data': {
    series: [{ labels: of('orphan_exemplar'), exemplars: [exemplar(trace('orphan_trace'), 42)] }],
    // Of a series that is not there none is kept; that is told, and no fault.
    written: [0, 0, 0],
  },
  'TestEdgeCaseCombinations/mixed_timestamp_data': {
    series: [
      one('old_metric', {
        samples: [[1, T - HOUR]],
        exemplars: [exemplar(trace('old_trace'), 1, T - HOUR / 2)],
      }),
      one('new_metric'),
    ],
    written: [2, 0, 1],
  },
  TestManySamples: {
    series: Array.from({ length: 50 }, (_, i) =>
      one(`counter_metric_${i}`, {
        metadata: { type: 1, help: `Counter metric number ${i}` },
        exemplars: [exemplar(trace(`trace_${i}`), i)],
      }),
    ),
    written: [50, 0, 50],
  },
  TestManyHistograms: {
    series: Array.from({ length: 50 }, (_, i) =>
      native(
        `histogram_metric_${i}`,
        { ...all, negative: i % 2 === 0 },
        { exemplars: [exemplar(trace(`trace_${i}`), i)] },
      ),
    ),
    written: [0, 50, 50],
  },
  TestSpecialCharactersCombined: {
    series: [
      {
        ...one('special_metric', {
          metadata: { type: 2, help: 'äöü, newlines\nand "quotes"', unit: 'special/units' },
          exemplars: [exemplar(trace('special_trace_äöü-123'), 42)],
        }),
        labels: of('special_metric', { environment: 'test🚀', job: 'test-job_with.special@chars' }),
      },
    ],
    written: [1, 0, 1],
    metadata: {
      special_metric: { type: 'gauge', help: 'äöü, newlines\nand "quotes"', unit: 'special/units' },
    },
  },
  TestCustomBucketsHistogramWithExemplar: {
    series: [
      {
        labels: of('custom_latency_hist'),
        histograms: [customBuckets],
        exemplars: [exemplar(trace('custom_bucket_trace'), 0.05)],
      },
    ],
    written: [0, 1, 1],
  },
  'TestExemplars/basic_exemplar': withExemplar(trace('abc123def456')),
  'TestExemplars/exemplar_with_span_id': withExemplar(trace('xyz789', { span_id: 'span123' })),
  'TestExemplars/exemplar_without_trace_id': withExemplar([['user_id', 'user123']]),
  'TestExemplars/exemplar_with_multiple_labels': withExemplar(
    trace('trace456', { user: 'admin', endpoint: '/login' }),
  ),
  'TestExemplars/exemplar_no_labels': withExemplar([]),
  'TestExemplars/exemplar_with_special_chars': withExemplar(trace('trace-with-dashes_and.123')),
  'TestExemplars/exemplar_with_unicode': withExemplar(trace('unicode_trace_测试')),
  TestExemplarWithCreatedTimestamp: {
    series: [
      one('created_requests_total', {
        startMs: T - 2 * HOUR,
        exemplars: [exemplar(trace('abc123'), 250)],
      }),
    ],
    written: [1, 0, 1],
  },
  TestMultipleExemplars: {
    series: ['GET', 'POST', 'PUT'].map((method, i) => ({
      ...one('request_duration', { exemplars: [exemplar(trace(`trace${i}`), i)] }),
      labels: of('request_duration', { method }),
    })),
    written: [3, 0, 3],
  },
  TestExemplarTimestamps: {
    series: [
      one('latency_hist', {
        samples: [
          [0.1, T - HOUR],
          [0.1, T - 60_000],
          [0.1, T],
        ],
        exemplars: [-HOUR, -60_000, 0].map((ms) => exemplar(trace('t'), 0.1, T + ms)),
      }),
    ],
    written: [3, 0, 3],
  },
  'TestExemplarValidation/exemplar_without_name_label': {
    series: [{ labels: [['job', 'x']], samples: [[1, T]], exemplars: [exemplar(trace('t'))] }],
    status: 400,
    written: [0, 0, 0],
  },
  'TestExemplarValidation/exemplar_with_empty_name': {
    series: [{ labels: of(''), samples: [[1, T]], exemplars: [exemplar(trace('t'))] }],
    status: 400,
    written: [0, 0, 0],
  },
  'TestExemplarValidation/exemplar_with_valid_name': withExemplar(trace('test_trace')),
  TestExemplarSpecialValues: {
    series: [0, -123.456, 1e10, 1e-10, Number.NaN, Infinity, -Infinity].map((value, i) =>
      one(`special_exemplar_${i}`, { exemplars: [exemplar(trace('t'), value)] }),
    ),
    written: [7, 0, 7],
  },
  'TestHistograms/basic_histogram': { series: [native('h_basic', all)], written: [0, 1, 0] },
  'TestHistograms/custom_buckets_histogram': {
    series: [{ labels: of('h_custom'), histograms: [customBuckets] }],
    written: [0, 1, 0],
  },
  'TestHistograms/positive_only_histogram': {
    series: [native('h_positive', { positive: true, zero: true })],
    written: [0, 1, 0],
  },
  'TestHistograms/negative_only_histogram': {
    series: [native('h_negative', { negative: true })],
    written: [0, 1, 0],
  },
  'TestHistograms/minimal_histogram': {
    series: [native('h_minimal', { zero: true })],
    written: [0, 1, 0],
  },
  'TestHistograms/bad_count_histogram': {
    series: [
      {
        labels: of('h_bad_count'),
        histograms: [{ count: 106, sum: 1, unixMs: T, positive: buckets }],
      },
    ],
    status: 400,
    written: [0, 0, 0],
  },
  TestHistogramWithCreatedTimestamp: {
    series: [native('h_created', all, { startMs: T - HOUR })],
    written: [0, 1, 0],
  },
  TestMultipleHistograms: {
    series: [native('hist1', { positive: true, zero: true }), native('hist2', { negative: true })],
    written: [0, 2, 0],
  },
  TestEmptyHistogram: { series: [native('h_empty', {})], written: [0, 1, 0] },
  TestHistogramWithMetadata: {
    series: [native('h_meta_seconds', all, { metadata: { type: 3, help: 'H', unit: 'seconds' } })],
    written: [0, 1, 0],
    metadata: { h_meta_seconds: { type: 'histogram', help: 'H', unit: 'seconds' } },
  },
  TestHistogramWithExemplar: {
    series: [native('h_exemplar', all, { exemplars: [exemplar(trace('abc'), 1.23)] })],
    written: [0, 1, 1],
  },
  TestHistogramWithMetadataAndExemplar: {
    series: [
      native('h_size_bytes', all, {
        metadata: { type: 3, unit: 'bytes' },
        exemplars: [exemplar(trace('large_upload_trace'), 10_485_760)],
      }),
    ],
    written: [0, 1, 1],
    metadata: { h_size_bytes: { type: 'histogram', unit: 'bytes' } },
  },
  TestMultipleHistogramsWithMetadata: {
    series: [
      native('h_cpu', all, { metadata: { type: 3, unit: 'ratio' } }),
      native('h_memory', { negative: true }, { metadata: { type: 3, unit: 'bytes' } }),
    ],
    written: [0, 2, 0],
    metadata: { h_cpu: { type: 'histogram' }, h_memory: { type: 'histogram', unit: 'bytes' } },
  },
  'TestMetadata/counter_metadata': withMetadata('counter', 'Total HTTP requests', 'requests'),
  'TestMetadata/gauge_metadata': withMetadata('gauge', 'Memory', 'bytes'),
  'TestMetadata/histogram_metadata': withMetadata('histogram', 'Latency', 'seconds'),
  'TestMetadata/metadata_no_help_no_unit': withMetadata('gauge'),
  'TestMetadata/metadata_with_special_chars': withMetadata('counter', '"quotes", \\ and\näöü'),
  'TestMetadata/unspecified_metadata_type': withMetadata('unknown', 'Of no type'),
  'TestMetadata/info_metadata_type': withMetadata('info'),
  'TestMetadata/stateset_metadata_type': withMetadata('stateset'),
  'TestMetadata/summary_metadata_type': withMetadata('summary'),
  'TestMetadata/gauge_histogram_metadata_type': withMetadata('gaugehistogram'),
  TestCounterMetadataWithCreatedTimestamp: {
    series: [one('created_total', { startMs: T - 1, metadata: { type: 1, help: 'Help' } })],
    written: [1, 0, 0],
    metadata: { created_total: { type: 'counter', help: 'Help' } },
  },
  TestMetadataWithSamples: withMetadata('gauge', 'CPU usage percentage', 'percent'),
  TestMultipleMetadata: {
    series: ['a', 'b', 'c'].map((name, i) =>
      one(`several_${name}`, { metadata: { type: i + 1, help: name } }),
    ),
    written: [3, 0, 0],
    metadata: {
      several_a: { type: 'counter', help: 'a' },
      several_b: { type: 'gauge', help: 'b' },
      several_c: { type: 'histogram', help: 'c' },
    },
  },
  TestMetadataWithComplexLabels: {
    series: [
      {
        ...one('complex_metric', { metadata: { type: 2, help: 'Help' } }),
        labels: of('complex_metric', {
          env: 'prod',
          instance: 'localhost:9090',
          'label.dots': 'x',
        }),
      },
    ],
    written: [1, 0, 0],
    metadata: { complex_metric: { type: 'gauge', help: 'Help' } },
  },
  'TestMetadataValidation/metadata_without_name_label': {
    series: [{ labels: [['job', 'test']], metadata: { type: 1, help: 'Help' } }],
    status: 400,
    written: [0, 0, 0],
  },
  'TestMetadataValidation/metadata_with_empty_name': {
    series: [{ labels: of(''), metadata: { type: 1, help: 'Help' } }],
    status: 400,
    written: [0, 0, 0],
  },
  'TestMetadataValidation/metadata_with_valid_name': withMetadata('counter', 'Help'),
  'TestSingleMetric/simple metric': single(of('single_up')),
  'TestSingleMetric/simple metric with multiple labels': single(
    of('single_up', { instance: 'localhost:9090', job: 'testjob' }),
  ),
  'TestSingleMetric/simple metric with newlines': single(of('single_up', { job: 'test\njob\n' })),
  'TestSingleMetric/simple metric with dots': single(
    of('resource.cpu.usage', { 'job.name': 'testjob' }),
  ),
  'TestSingleMetric/simple metric with spaces': single(
    of('resource cpu usage', { 'job name': 'testjob' }),
  ),
  'TestSingleMetric/simple metric without name label': single([['job', 'testjob']], 400),
  'TestSingleMetric/empty metric': single([], 400),
  TestCounterWithCreatedTimestamp: {
    series: [one('plain_created_total', { startMs: T - HOUR })],
    written: [1, 0, 0],
  },
  'TestMultipleMetrics/multiple metrics': instances(0),
  'TestMultipleMetrics/multiple metrics, without name label': instances(4),
  'TestMultipleMetrics/multiple metrics, 1 without name label': instances(1),
};

describe('receiver, by remote write 2.0', () => {
  test.each(Object.entries(RECEIVER))('%s', async (title, behaviour) => {
    const { status = 204, written, metadata = {} } = behaviour;
    // Several behaviours use the same series; a label of their own keeps them apart.
    const all_ = behaviour.series.map((one_) => ({
      ...one_,
      labels: [...one_.labels, ['behaviour', title]] as Pairs,
    }));
    const answer = await write2(server.url, ...all_);
    expect({ status: answer.status, written: writtenOf(answer) }).toEqual({ status, written });
    expect(answer.text).toMatch(status === 204 ? /^$/ : /Samples refused/);
    expect(await heldOf(title)).toEqual(written.slice(0, 2));
    for (const [name, expected] of Object.entries(metadata)) {
      const { data } = await server.get<{ data: Record<string, unknown[]> }>('/api/v1/metadata', {
        metric: name,
      });
      expect(data[name]).toMatchObject([expected]);
    }
  });
});

const good = (name: string): Uint8Array => pack(message2(one(name)));

/** Of requests and not of what is in them. */
const OF_REQUESTS: Readonly<Record<string, () => Promise<void>>> = {
  TestBadContentTypes: async () => {
    for (const type of [
      'text/plain',
      'application/json',
      'application/octet-stream',
      'application/x-protobuf;proto=invalid.Request',
      'application/x-protobuf;proto=io.prometheus.write.v2.WriteRequest',
    ]) {
      const { status, text } = await post(server.url, good('bad_type'), {
        ...HEADERS_2,
        'content-type': type,
      });
      expect({ type, status, text }).toMatchObject({
        status: 415,
        text: expect.stringContaining('io.prometheus.write.v2.Request') as string,
      });
    }
  },
  TestBadContentEncodings: async () => {
    for (const encoding of ['gzip', 'deflate', 'zstd', 'br', 'identity', 'snappy-framed']) {
      const { status, text } = await post(server.url, good('bad_encoding'), {
        ...HEADERS_2,
        'content-encoding': encoding,
      });
      expect({ encoding, status, text }).toMatchObject({
        status: 415,
        text: expect.stringContaining(`packed with snappy, not ${encoding}`) as string,
      });
    }
  },
  TestCorruptRequestBody: async () => {
    const body = good('corrupt');
    body[0] = 0x30;
    expect(await post(server.url, body, HEADERS_2)).toMatchObject({ status: 400 });
    const unpacked = await post(server.url, message2(one('corrupt')), HEADERS_2);
    expect(unpacked).toMatchObject({ status: 400 });
  },
  TestRW1BasicCompatibility: async () => {
    const answer = await write1(server.url, one('rw1_up'), one('rw1_requests_total'));
    expect(answer.status).toBe(204);
    // Senders take the headers as the sign of a receiver that knows 2.0.
    expect(
      ['Samples', 'Histograms', 'Exemplars'].map((kind) => answer.headers.get(headerOf(kind))),
    ).toEqual([null, null, null]);
  },
  TestRW1ErrorHandling: async () => {
    const body = pack(message1(one('rw1_error')));
    body[0] = 0xff;
    const { status, headers } = await post(server.url, body, HEADERS_1);
    expect([400, 413]).toContain(status);
    expect(headers.get(headerOf('Samples'))).toBeNull();
  },
};

describe('receiver, of requests', () => {
  test.each(Object.entries(OF_REQUESTS))('%s', async (_, run) => {
    await run();
    expect.hasAssertions();
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });

  test('a request without headers is 1.0, as in Prometheus', async () => {
    const answer = await post(server.url, pack(message1(one('no_headers'))), {});
    expect(answer.status).toBe(204);
  });
});

const path = join(
  import.meta.dirname,
  '../../../../../shared/conformance/remote-write/remote-write-behaviours.json',
);
const isHere = existsSync(path);

test.skipIf(!isHere)(
  `every behaviour of the suite's receivers is here${isHere ? '' : ' (skipped: ../shared/conformance is not here)'}`,
  () => {
    const behaviours = JSON.parse(readFileSync(path, 'utf8')) as readonly {
      readonly side: string;
      readonly test: string;
      readonly subtests: readonly { readonly name: string }[];
    }[];
    const names = behaviours
      .filter(({ side }) => side === 'receiver')
      .flatMap((item) =>
        item.subtests.length === 0
          ? [item.test]
          : item.subtests.map(({ name }) => `${item.test}/${name}`),
      );
    expect([...Object.keys(RECEIVER), ...Object.keys(OF_REQUESTS)].toSorted()).toEqual(
      names.toSorted(),
    );
  },
);

const headerOf = (kind: string): string => `X-Prometheus-Remote-Write-${kind}-Written`;

function writtenOf({ headers }: Answer): readonly number[] {
  return ['Samples', 'Histograms', 'Exemplars'].map((kind) =>
    Number(headers.get(headerOf(kind)) ?? Number.NaN),
  );
}

/** How many samples and native histograms there are of a behaviour. */
async function heldOf(behaviour: string): Promise<readonly number[]> {
  const { result } = await promQuery(server.url, 'query', {
    query: `{behaviour=${JSON.stringify(behaviour)}}[3h]`,
    time: String(T / 1_000 + 1),
  });
  const found = result as readonly Partial<
    MatrixElement & { readonly histograms: readonly unknown[] }
  >[];
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  return [
    sum(found.map(({ values }) => values?.length ?? 0)),
    sum(found.map(({ histograms }) => histograms?.length ?? 0)),
  ];
}
