import { eventually } from '@dwcp/testing';
import { diag, DiagLogLevel, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

/** What the SDK has to say; a partial success is a warning of it. */
const warnings: string[] = [];
let server: DwcpServer;
beforeAll(async () => {
  const note = (...words: readonly unknown[]): void => void warnings.push(words.join(' '));
  diag.setLogger(
    { error: note, warn: note, info: () => {}, debug: () => {}, verbose: () => {} },
    DiagLogLevel.WARN,
  );
  server = await DwcpServer.start('region: eu-test-1\ncollection: { host: false }\n');
});
afterAll(async () => {
  diag.disable();
  await server[Symbol.asyncDispose]();
});

const resourceOf = (service: string): ReturnType<typeof resourceFromAttributes> =>
  resourceFromAttributes({
    'service.namespace': 'shop',
    'service.name': service,
    'service.instance.id': 'pod-1',
    'cloud.region': 'eu-west',
  });

type Temporality = 'cumulative' | 'delta';

/** What a service measures: three rounds, each exported. */
async function measure(temporality: Temporality): Promise<void> {
  const exporter = new OTLPMetricExporter({
    url: `${server.url}/v1/metrics`,
    temporalityPreference:
      temporality === 'delta' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
  });
  const provider = new MeterProvider({
    resource: resourceOf(temporality),
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    views: [
      { instrumentName: 'size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
    ],
  });
  const meter = provider.getMeter('test', '1.0');
  const requests = meter.createCounter('http.requests', {
    unit: '{request}',
    description: 'Requests\nin two lines.',
  });
  const traffic = meter.createCounter('net.io', { unit: 'By' });
  const active = meter.createUpDownCounter('http.active');
  const duration = meter.createHistogram('http.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [0.1, 1] },
  });
  const size = meter.createHistogram('size', { unit: 'By' });
  const temperature = meter.createGauge('room.temperature', { unit: 'Cel' });
  let round = 0;
  // When it is shut down the SDK asks once more.
  const observed = (): number => Math.min(round, 3);
  meter
    .createObservableGauge('cpu.utilization', { unit: '1' })
    .addCallback((result) => result.observe(0.25 * observed()));
  meter
    .createObservableCounter('cpu.time', { unit: 'ms' })
    .addCallback((result) => result.observe(100 * observed(), { 'cpu.mode': 'user' }));
  meter
    .createObservableUpDownCounter('queue.length')
    .addCallback((result) => result.observe(10 - observed(), { 'queue/name': 'α "β"\\' }));
  for (round = 1; round <= 3; round++) {
    requests.add(round, { 'http.route': '/cart', 'http.status_code': 200 });
    requests.add(10 * round, { 'http.route': '/', 'http.status_code': 404 });
    traffic.add(0.1 * round);
    active.add(round === 2 ? -5 : 3, { pool: 'a' });
    for (const seconds of [0.05, 0.5, 5]) duration.record(seconds, { 'http.route': '/cart' });
    for (const bytes of [0, 100, 1_000]) size.record(bytes * round);
    temperature.record(20.5 + round, { room: 'a' });
    // A sequence needs a moment between its start and its first point.
    const measuredMs = performance.now();
    await eventually(() => performance.now() > measuredMs + 10 || undefined, {
      timeoutMs: 1_000,
      everyMs: 5,
      what: '10 ms go by',
    });
    await provider.forceFlush();
  }
  await provider.shutdown();
}

interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly histogram?: readonly [
    number,
    { readonly count: string; readonly sum: string; readonly buckets: readonly unknown[] },
  ];
}

async function query(expression: string): Promise<readonly Found[]> {
  const { data } = await server.get<{ readonly data: { readonly result: readonly Found[] } }>(
    '/api/v1/query',
    { query: expression },
  );
  return data.result;
}

/** The latest values, as `name{labels}`, without the labels that all have. */
async function values(temporality: Temporality): Promise<Readonly<Record<string, number>>> {
  const found = await query(`{job="shop/${temporality}"}`);
  return Object.fromEntries(
    found.flatMap(({ metric, value }) => {
      const { __name__: name, job, instance, region, ...rest } = metric;
      expect({ job, instance, region }).toEqual({
        job: `shop/${temporality}`,
        instance: 'pod-1',
        region: 'eu-west',
      });
      const labels = Object.entries(rest).map(([key, text]) => `${key}=${text}`);
      return value === undefined ? [] : [[`${name}{${labels.join()}}`, Number(value[1])]];
    }),
  );
}

describe.each<Temporality>(['cumulative', 'delta'])('metrics of the SDK, %s', (temporality) => {
  beforeAll(() => measure(temporality));

  test('every value is found again under the name that Prometheus gives it', async () => {
    const found = await values(temporality);
    const seconds = found['http_duration_seconds_sum{http_route=/cart}'];
    const bytes = found['net_io_bytes_total{}'];
    expect(seconds).toBeCloseTo(3 * 5.55, 12);
    expect(bytes).toBeCloseTo(0.6, 12);
    expect(found).toEqual({
      'http_requests_total{http_route=/cart,http_status_code=200}': 6,
      'http_requests_total{http_route=/,http_status_code=404}': 60,
      'net_io_bytes_total{}': bytes,
      'http_active{pool=a}': 1,
      'http_duration_seconds_bucket{http_route=/cart,le=0.1}': 3,
      'http_duration_seconds_bucket{http_route=/cart,le=1}': 6,
      'http_duration_seconds_bucket{http_route=/cart,le=+Inf}': 9,
      'http_duration_seconds_count{http_route=/cart}': 9,
      'http_duration_seconds_sum{http_route=/cart}': seconds,
      'room_temperature_celsius{room=a}': 23.5,
      'cpu_utilization_ratio{}': 0.75,
      'cpu_time_milliseconds_total{cpu_mode=user}': 300,
      'queue_length{queue_name=α "β"\\}': 7,
      'target_info{cloud_region=eu-west}': 1,
    });
  });

  test('an exponential histogram is a native one', async () => {
    const [found] = await query(`size_bytes{job="shop/${temporality}"}`);
    const { count, sum, buckets = [] } = found?.histogram?.[1] ?? {};
    expect({ count, sum }).toEqual({ count: '9', sum: '6600' });
    // Three zeros, and six values in buckets of their own at the finest resolution.
    const rows = buckets as readonly (readonly [number, string, string, string])[];
    expect(rows.reduce((total, [, , , n]) => total + Number(n), 0)).toBe(9);
    expect(rows.find(([, lower, upper]) => Number(lower) <= 0 && Number(upper) >= 0)?.[3]).toBe(
      '3',
    );
    for (const value of [100, 200, 300, 1_000, 2_000, 3_000]) {
      const inside = rows.filter(
        ([, lower, upper]) => Number(lower) < value && value <= Number(upper),
      );
      expect({ value, counts: inside.map(([, , , n]) => n) }).toEqual({ value, counts: ['1'] });
    }
  });

  test('increase is what was counted', async () => {
    const [last] = await query(
      `max_over_time(http_requests_total{job="shop/${temporality}",http_route="/"}[5m]) - min_over_time(http_requests_total{job="shop/${temporality}",http_route="/"}[5m])`,
    );
    // Delta points begin with a zero where their first sequence starts; cumulative ones do not.
    expect(Number(last?.value?.[1])).toBe(temporality === 'delta' ? 60 : 50);
  });

  test('type, help and unit are known', async () => {
    const { data } = await server.get<{ readonly data: Readonly<Record<string, unknown>> }>(
      '/api/v1/metadata',
    );
    expect(data).toMatchObject({
      http_requests_total: [{ type: 'counter', help: 'Requests\nin two lines.', unit: '' }],
      http_active: [{ type: 'gauge' }],
      http_duration_seconds: [{ type: 'histogram', unit: 'seconds' }],
      size_bytes: [{ type: 'histogram', unit: 'bytes' }],
      room_temperature_celsius: [{ type: 'gauge', unit: 'celsius' }],
    });
  });
});

test('nothing of it was refused', async () => {
  const { rejectedSamples } = await server.get<{ readonly rejectedSamples: object }>(
    '/api/v1/status',
  );
  expect(rejectedSamples).toEqual({});
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).not.toMatch(/^dwcp_otlp_rejected_points_total\{.*\} [1-9]/m);
});

test('an exemplar that is refused is a warning: its point is there', async () => {
  const nowUnixMs = Date.now();
  const nano = (unixMs: number): string => `${BigInt(unixMs) * 1_000_000n}`;
  const send = async (value: number, exemplarUnixMs: number): Promise<unknown> => {
    const exemplar = { asInt: '1', timeUnixNano: nano(exemplarUnixMs) };
    const point = {
      asInt: String(value),
      startTimeUnixNano: nano(nowUnixMs - 60_000),
      timeUnixNano: nano(nowUnixMs - 10_000 + value),
      exemplars: [exemplar],
    };
    const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] };
    const response = await fetch(`${server.url}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'with.exemplar', sum }] }] }],
      }),
    });
    return await response.json();
  };
  expect(await send(7, nowUnixMs)).toEqual({});
  expect(await send(8, nowUnixMs - 1_000)).toEqual({
    partialSuccess: {
      rejectedDataPoints: '0',
      errorMessage: 'samples: the store refused exemplar=1',
    },
  });
  expect(await query('with_exemplar_total')).toMatchObject([{ value: [expect.any(Number), '8'] }]);
});

test('spans and log records of the SDK are found again, joined by the trace', async () => {
  const resource = resourceOf('checkout');
  const tracers = new TracerProvider({
    resource,
    spanProcessors: [
      new SimpleSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${server.url}/v1/traces` }),
      }),
    ],
  });
  const span = tracers.getTracer('test', '1.0').startSpan('GET /cart', {
    kind: SpanKind.SERVER,
    attributes: { 'http.route': '/cart', retries: 2, ratio: 0.5, ok: true, list: ['a', 'b'] },
  });
  span.addEvent('retry', { attempt: 1 });
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'late' });
  span.end();
  await tracers.shutdown();
  const { traceId, spanId } = span.spanContext();
  const trace = await server.get<{ readonly spans: readonly unknown[] }>(
    `/api/v1/traces/${traceId}`,
  );
  expect(trace.spans).toMatchObject([
    {
      traceId,
      spanId,
      name: 'GET /cart',
      kind: 'server',
      attributes: { 'http.route': '/cart', retries: 2, ratio: 0.5, ok: true, list: ['a', 'b'] },
      events: [{ name: 'retry', attributes: { attempt: 1 } }],
      status: { code: 'error', message: 'late' },
      resource: { attributes: { 'service.name': 'checkout', 'cloud.region': 'eu-west' } },
    },
  ]);

  const loggers = new LoggerProvider({
    resource,
    processors: [
      new SimpleLogRecordProcessor({
        exporter: new OTLPLogExporter({ url: `${server.url}/v1/logs` }),
      }),
    ],
  });
  loggers.getLogger('test').emit({
    severityNumber: 17,
    severityText: 'ERROR',
    body: 'the cart of 日本 is gone',
    attributes: { user: 'u1', attempt: 3 },
  });
  await loggers.shutdown();
  const { items } = await server.get<{ readonly items: readonly unknown[] }>('/api/v1/logs', {
    service: 'checkout',
  });
  expect(items).toMatchObject([
    {
      severityNumber: 17,
      severityText: 'ERROR',
      body: 'the cart of 日本 is gone',
      attributes: { user: 'u1', attempt: 3 },
    },
  ]);
});

test('the SDK had no warning to give', () => {
  expect(warnings).toEqual([]);
});
