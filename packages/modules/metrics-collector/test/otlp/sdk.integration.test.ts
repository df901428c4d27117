import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

import { type NativeHistogram } from '@dwcp/core';
import { type OtlpTranslation } from '@dwcp/metrics-collector';
import {
  decodeLogsProtobuf,
  decodeMetricsProtobuf,
  decodeTracesProtobuf,
  encodeExportResponseProtobuf,
  OtlpMetricsCache,
} from '@dwcp/protocol-otlp';
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
import { describe, expect, test } from 'vitest';

import { rowsOf, translator } from './requests.ts';

const resource = resourceFromAttributes({
  'service.name': 'checkout',
  'service.instance.id': 'pod-1',
  'cloud.region': 'eu-west',
});

interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly bodies: readonly Uint8Array[];
}

/** Takes bodies as an OTLP/HTTP receiver does. */
async function receiver(answer: Uint8Array = encodeExportResponseProtobuf()): Promise<Receiver> {
  const bodies: Uint8Array[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      expect(request.headers['content-type']).toBe('application/x-protobuf');
      bodies.push(body);
      response.setHeader('content-type', 'application/x-protobuf').end(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a service measures: two rounds, each exported. */
async function measureTwice(url: string, temporality: AggregationTemporality): Promise<void> {
  const exporter = new OTLPMetricExporter({ url, temporalityPreference: temporality });
  const provider = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    views: [
      {
        instrumentName: 'size',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
      },
    ],
  });
  const meter = provider.getMeter('test', '1.0');
  const requests = meter.createCounter('http.requests', { unit: '{request}' });
  const active = meter.createUpDownCounter('http.active');
  const duration = meter.createHistogram('http.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [0.1, 1] },
  });
  const size = meter.createHistogram('size', { unit: 'By' });
  meter
    .createObservableGauge('cpu.utilization', { unit: '1' })
    .addCallback((result) => result.observe(0.25));
  for (const count of [3, 4]) {
    requests.add(count, { 'http.route': '/cart' });
    active.add(1);
    for (const seconds of [0.05, 0.5, 5]) duration.record(seconds);
    for (const bytes of [0, 100, 1_000]) size.record(bytes);
    await provider.forceFlush();
  }
  await provider.shutdown();
}

/** The last value of each series, without the labels that all have. */
function lastValues(translations: readonly OtlpTranslation[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    translations
      .flatMap(rowsOf)
      .map(({ labels, value }) => [
        labels.without(['job', 'instance', 'region']).toString(),
        value,
      ]),
  );
}

describe.each([
  ['cumulative', AggregationTemporality.CUMULATIVE],
  ['delta', AggregationTemporality.DELTA],
])('metrics of the real SDK, %s', (_, temporality) => {
  test('become series', async () => {
    await using server = await receiver();
    await measureTwice(server.url, temporality);
    const subject = translator();
    const cache = new OtlpMetricsCache();
    const decoded = server.bodies.map((body) => decodeMetricsProtobuf(body, { cache }));
    const translations = decoded.map((metrics) => subject.translate(metrics));
    expect(translations.flatMap(({ rejected }) => rejected)).toEqual([]);
    const values = lastValues(translations.slice(0, 2));
    expect(values).toMatchObject({
      'http_requests_total{http_route="/cart"}': 7,
      http_active: 2,
      'http_duration_seconds_bucket{le="0.1"}': 2,
      'http_duration_seconds_bucket{le="1"}': 4,
      'http_duration_seconds_bucket{le="+Inf"}': 6,
      http_duration_seconds_count: 6,
      cpu_utilization_ratio: 0.25,
      'target_info{cloud_region="eu-west"}': 1,
    });
    expect(values['http_duration_seconds_sum']).toBeCloseTo(11.1, 9);
    const sizes = values['size_bytes'] as NativeHistogram;
    expect(sizes).toMatchObject({ count: 6, sum: 2_200, zeroCount: 2, positiveBuckets: [2, 2] });
    const [row] = rowsOf(translations[0] as OtlpTranslation);
    expect(row?.labels.toObject()).toMatchObject({
      job: 'checkout',
      instance: 'pod-1',
      region: 'eu-west',
    });
  });
});

test('the SDK understands a partial success', async () => {
  await using server = await receiver(
    encodeExportResponseProtobuf({ rejectedCount: 2, errorMessage: 'two points too many' }),
  );
  const warnings: string[] = [];
  const note = (...words: readonly unknown[]): void => {
    warnings.push(words.join(' '));
  };
  diag.setLogger(
    { error: note, warn: note, info: () => {}, debug: () => {}, verbose: () => {} },
    DiagLogLevel.WARN,
  );
  await measureTwice(server.url, AggregationTemporality.CUMULATIVE);
  diag.disable();
  expect(warnings.join('\n')).toContain('two points too many');
});

test('spans and log records of the real SDK are read', async () => {
  await using server = await receiver();
  const tracers = new TracerProvider({
    resource,
    spanProcessors: [
      new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url: server.url }) }),
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
  expect(decodeTracesProtobuf(server.bodies[0] ?? new Uint8Array())).toMatchObject({
    rejectedCount: 0,
    spans: [
      {
        traceId,
        spanId,
        name: 'GET /cart',
        kind: 'server',
        attributes: { 'http.route': '/cart', retries: 2, ratio: 0.5, ok: true, list: ['a', 'b'] },
        events: [{ name: 'retry', attributes: { attempt: 1 } }],
        status: { code: 'error', message: 'late' },
        resource: { attributes: { 'service.name': 'checkout' } },
        scope: { name: 'test', version: '1.0' },
      },
    ],
  });
  const loggers = new LoggerProvider({
    resource,
    processors: [
      new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: server.url }) }),
    ],
  });
  loggers
    .getLogger('test')
    .emit({ severityNumber: 13, body: { a: [1, 'x'] }, attributes: { user: 'u1' } });
  await loggers.shutdown();
  expect(decodeLogsProtobuf(server.bodies[1] ?? new Uint8Array(), 1n)).toMatchObject({
    rejectedCount: 0,
    records: [{ severityNumber: 13, body: '{"a":[1,"x"]}', attributes: { user: 'u1' } }],
  });
});
