import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Labels, type MetricMetadata, SampleBatchBuilder, setStale } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { Harness, type HarnessOptions } from './support/harness.ts';
import { type Behaviour, type ReceivedRequest, writtenHeaders } from './support/receiver.ts';
import { batchOf, labelsOf } from './support/rows.ts';
import { labelValueRefs, symbolsOf } from './support/symbols.ts';

/** The behaviours of senders that Prometheus' compliance tests name, kept beside the repository. */
const list = join(
  import.meta.dirname,
  '../../../../../shared/conformance/remote-write/remote-write-behaviours.json',
);

/** By the name of a test there, with the name of a part where it lists parts. */
type Check = () => Promise<void>;

const answer = (status: number, more: Partial<Behaviour & { kind: 'answer' }> = {}): Behaviour => ({
  kind: 'answer',
  status,
  ...more,
});

/** Sends one sample while the first requests are answered so, then all are accepted. */
async function sendOne(
  behaviours: readonly ((request: ReceivedRequest) => Behaviour)[],
  options: HarnessOptions = {},
): Promise<Harness> {
  const harness = await Harness.open({ timeoutMs: 2_000, ...options });
  const { behave } = harness.receiver;
  harness.receiver.behave = (request, index) =>
    behaviours[index]?.(request) ?? behave(request, index);
  harness.feed.append(batchOf(['up', 1_000, 1]));
  await harness.settled();
  return harness;
}

async function expectDropped(status: number): Promise<void> {
  await using harness = await sendOne([() => answer(status, { body: 'no' })]);
  expect(harness.receiver.requests).toHaveLength(1);
  expect(harness.forwarder.status().droppedByReason).toEqual({ [`http_${status}`]: 1 });
}

async function expectRetried(status: number): Promise<void> {
  await using harness = await sendOne([() => answer(status), () => answer(status)]);
  expect(harness.receiver.requests.map((request) => request.status)).toEqual([status, status, 204]);
  expect(harness.forwarder.status().droppedByReason).toEqual({});
}

/** Goes on after something went wrong once, without losing the sample. */
async function expectSurvived(behaviour: Behaviour): Promise<void> {
  await using harness = await sendOne([() => behaviour]);
  expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual([1]);
}

/** The waits between the tries of one request. */
async function waits(count: number, options: HarnessOptions = {}): Promise<readonly number[]> {
  await using harness = await sendOne(
    Array.from({ length: count }, () => () => answer(503)),
    { batchDelayMs: 0, ...options },
  );
  return harness.beganMs.slice(1).map((ms, index) => ms - (harness.beganMs[index] ?? 0));
}

async function sendBatch(
  fill: (builder: SampleBatchBuilder) => void,
  options: HarnessOptions = {},
): Promise<Harness> {
  const harness = await Harness.open(options);
  const builder = new SampleBatchBuilder();
  fill(builder);
  harness.feed.append(builder.build());
  await harness.settled();
  return harness;
}

const HISTOGRAM = {
  schema: 3,
  count: 6,
  sum: 9.5,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: [2, 3],
  negativeSpans: [],
  negativeBuckets: [],
  counterResetHint: 'unknown',
} as const;

const METADATA: readonly MetricMetadata[] = [
  { name: 'requests', type: 'counter', help: 'Requests served.', unit: '' },
  { name: 'temperature_celsius', type: 'gauge', help: 'How warm it is.', unit: 'celsius' },
  { name: 'latency_seconds', type: 'histogram', help: 'Time to answer.', unit: 'seconds' },
  { name: 'rpc_seconds', type: 'summary', help: 'Time of calls.', unit: 'seconds' },
];

const checks: Readonly<Record<string, Check>> = {
  'TestBackoffBehavior/exponential_backoff_on_retries': async () => {
    const found = await waits(5, { random: () => 0 });
    for (let i = 1; i < found.length; i++) {
      expect(found[i]).toBeGreaterThanOrEqual((found[i - 1] ?? 0) * 1.5);
    }
  },
  'TestBackoffBehavior/backoff_required': async () => {
    expect(Math.min(...(await waits(4)))).toBeGreaterThanOrEqual(15);
  },
  'TestBackoffBehavior/backoff_max_delay': async () => {
    const found = await waits(14, { random: () => 0.999 });
    expect(Math.max(...found)).toBeLessThanOrEqual(5_020);
    expect(found.at(-1)).toBeGreaterThan(4_900);
  },
  'TestBackoffBehavior/backoff_with_jitter': async () => {
    const [low = 0, high = 0] = [
      (await waits(8, { random: () => 0 })).at(-1),
      (await waits(8, { random: () => 0.99 })).at(-1),
    ];
    expect(high).toBeGreaterThan(low * 1.8);
  },
  TestBatchingBehavior: async () => {
    await using harness = await Harness.open({ maxSamplesPerSend: 100 });
    for (let entry = 0; entry < 25; entry++) {
      harness.feed.append(
        batchOf(...Array.from({ length: 10 }, (_, i) => [`m${i}`, entry * 1_000 + 1, i] as const)),
      );
    }
    await harness.settled();
    expect(harness.receiver.requests.map(({ rowCount }) => rowCount)).toEqual([100, 100, 50]);
  },
  TestConcurrentRequests: async () => {
    await using harness = await Harness.open({ minShards: 4, timeoutMs: 60_000 });
    const accept = harness.receiver.behave;
    harness.receiver.behave = () => ({ kind: 'hang' });
    harness.feed.append(
      batchOf(...Array.from({ length: 40 }, (_, i) => [`m${i}`, 1_000, i] as const)),
    );
    await harness.until(() => harness.receiver.hanging === 4, 'four requests at once');
    harness.receiver.behave = accept;
    await harness.settled();
    expect(harness.receiver.accepted()).toHaveLength(40);
  },
  TestCombinedFeatures: async () => {
    await using harness = await sendBatch(
      (builder) => {
        builder.add(labelsOf('requests_total{code="200"}'), 1_000, 5);
        builder.addHistogram(labelsOf('latency_seconds'), 1_000, HISTOGRAM);
        builder.addExemplar(labelsOf('requests_total{code="200"}'), {
          labels: Labels.from({ trace_id: 'abc' }),
          value: 1,
          unixMs: 990,
        });
      },
      { metadata: () => METADATA },
    );
    const [request] = harness.receiver.requests;
    expect(request?.series.map(({ labels }) => labels.metricName)).toEqual([
      'requests_total',
      'latency_seconds',
    ]);
    expect(request?.series[0]?.exemplars).toHaveLength(1);
    expect(request?.series[1]?.histograms).toEqual([[1_000, HISTOGRAM]]);
    expect(request?.metadata.map(({ type }) => type)).toEqual(['counter', 'histogram']);
  },
  TestEdgeCases: async () => {
    const long = 'x'.repeat(20_000);
    await using harness = await sendBatch((builder) => {
      builder.add(labelsOf('zero_time'), 0, 1);
      builder.add(labelsOf('future'), 4_102_444_800_000, 1);
      builder.add(
        Labels.from({ __name__: 'unicode', city: 'Zürich 東京 🚀', text: 'a"b\\c\n' }),
        1,
        1,
      );
      builder.add(Labels.from({ __name__: `long_${long}`, value: long }), 1, 1);
      builder.addStale(labelsOf('gone'), 1_000);
    });
    harness.feed.append(batchOf());
    await harness.settled();
    const series = harness.receiver.accepted();
    expect(series.map(({ timestamps }) => timestamps[0])).toEqual([
      0, 4_102_444_800_000, 1, 1, 1_000,
    ]);
    expect(series[2]?.labels.get('city')).toBe('Zürich 東京 🚀');
    expect(series[2]?.labels.get('text')).toBe('a"b\\c\n');
    expect(series[3]?.labels.metricName).toHaveLength(20_005);
    expect(series[4]?.bits).toEqual(['7ff0000000000002']);
    expect(harness.receiver.requests).toHaveLength(1);
  },
  TestRobustnessUnderLoad: async () => {
    await using harness = await Harness.open({ maxShards: 4, minShards: 4 });
    const { behave } = harness.receiver;
    harness.receiver.behave = (request, index) =>
      index % 5 === 4 ? answer(500) : behave(request, index);
    for (let entry = 0; entry < 20; entry++) {
      harness.feed.append(
        batchOf(...Array.from({ length: 2_000 }, (_, i) => [`m${i}`, entry + 1, i] as const)),
      );
    }
    await harness.settled();
    expect(harness.receiver.accepted().reduce((sum, { values }) => sum + values.length, 0)).toBe(
      40_000,
    );
  },
  'TestErrorHandling/handle_connection_refused': async () => {
    await using harness = await Harness.open();
    const { port } = harness.receiver;
    await harness.receiver[Symbol.asyncDispose]();
    harness.feed.append(batchOf(['up', 1_000, 1]));
    await harness.until(() => harness.forwarder.status().retried > 2, 'it tries again');
    expect(harness.forwarder.status().lastError?.message).toContain('ECONNREFUSED');
    expect(harness.forwarder.status()).toMatchObject({ state: 'retrying', pending: 1 });
    expect(port).toBeGreaterThan(0);
  },
  'TestErrorHandling/handle_timeout': async () => await expectSurvived({ kind: 'hang' }),
  'TestErrorHandling/handle_partial_write': async () => await expectSurvived({ kind: 'close' }),
  'TestErrorHandling/handle_malformed_response': async () =>
    await expectSurvived({ kind: 'raw', text: 'HTTP/1.1 what\r\n\r\n' }),
  'TestErrorHandling/sender_continues_after_errors': async () => {
    await using harness = await sendOne([() => answer(500), () => answer(400, { body: 'bad' })]);
    harness.feed.append(batchOf(['up', 2_000, 2]));
    await harness.settled();
    expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual([2]);
  },
  'TestErrorHandling/handle_invalid_status_code': async () =>
    await expectSurvived({ kind: 'raw', text: 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n' }),
  'TestErrorHandling/handle_empty_response': async () =>
    await expectSurvived({ kind: 'raw', text: '' }),
  'TestErrorHandling/handle_large_error_response': async () => {
    await using harness = await sendOne([() => answer(400, { body: 'x'.repeat(5_000_000) })]);
    const [line] = harness.logs.filter(({ level }) => level === 'error');
    expect(String(line?.fields['problem']).length).toBeLessThan(300);
  },
  'TestNetworkErrors/dns_resolution_failure': async () => {
    await using harness = await Harness.open({ url: 'http://does-not-exist.invalid/write' });
    harness.feed.append(batchOf(['up', 1_000, 1]));
    await harness.until(() => harness.forwarder.status().retried > 1, 'it tries again');
    expect(harness.forwarder.status().lastError?.message).toContain('does-not-exist.invalid');
  },
  'TestNetworkErrors/invalid_url_scheme': async () => {
    await expect(Harness.open({ url: 'ftp://host/write' })).rejects.toThrow(
      'remote write "there": url: has the scheme ftp://; use http or https',
    );
  },
  TestExemplarEncoding: async () => {
    const labels = Labels.from({ trace_id: '0af7', span_id: 'b7ad', custom: 'é' });
    await using harness = await sendBatch((builder) => {
      builder.add(labelsOf('hits_total'), 1_000, 5);
      builder.addExemplar(labelsOf('hits_total'), { labels, value: 0.25, unixMs: 980 });
      builder.addExemplar(labelsOf('hits_total'), { labels: Labels.empty, value: 1, unixMs: 990 });
    });
    expect(harness.receiver.accepted()[0]?.exemplars).toEqual([
      { labels, value: 0.25, unixMs: 980 },
      { labels: Labels.empty, value: 1, unixMs: 990 },
    ]);
  },
  'TestFallbackBehavior/fallback_on_415_unsupported_media_type': async () => {
    await using harness = await sendOne([() => answer(415)]);
    expect(versions(harness)).toEqual(['2.0.0', '0.1.0']);
  },
  'TestFallbackBehavior/retry_with_different_version': async () => {
    await using harness = await sendOne([() => answer(415)]);
    expect(versions(harness).at(-1)).toBe('0.1.0');
    expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual([1]);
  },
  'TestFallbackBehavior/fallback_header_changes': async () => {
    await using harness = await sendOne([() => answer(415)]);
    expect(harness.receiver.requests.map(({ headers }) => headers['content-type'])).toEqual([
      'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'application/x-protobuf',
    ]);
  },
  'TestFallbackBehavior/accept_success_after_fallback': async () => {
    // A 1.0 receiver says nothing about what it wrote.
    await using harness = await sendOne([() => answer(415), () => answer(204)]);
    expect(harness.receiver.requests).toHaveLength(2);
    expect(harness.forwarder.status()).toMatchObject({ sent: 1, droppedByReason: {} });
  },
  'TestFallbackBehavior/persistent_fallback_choice': async () => {
    await using harness = await sendOne([() => answer(415)]);
    harness.feed.append(batchOf(['up', 2_000, 2]));
    await harness.settled();
    expect(versions(harness)).toEqual(['2.0.0', '0.1.0', '0.1.0']);
  },
  TestNoFallbackOn2xx: async () => {
    await using harness = await sendOne([]);
    harness.feed.append(batchOf(['up', 2_000, 2]));
    await harness.settled();
    expect(versions(harness)).toEqual(['2.0.0', '2.0.0']);
  },
  TestHistogramEncoding: async () => {
    const gauge = { ...HISTOGRAM, counterResetHint: 'gauge' } as const;
    await using harness = await sendBatch((builder) => {
      builder.addHistogram(labelsOf('native'), 1_000, HISTOGRAM);
      builder.addHistogram(labelsOf('native_gauge'), 1_000, gauge);
      builder.add(labelsOf('classic_bucket{le="+Inf"}'), 1_000, 3);
      // A series that changes its kind is sent as two, in its order.
      builder.add(labelsOf('native'), 2_000, 7);
      builder.addHistogram(labelsOf('native'), 3_000, HISTOGRAM);
    });
    const found = harness.receiver.accepted();
    expect(found.map((one) => [one.labels.metricName, one.timestamps, one.histograms])).toEqual([
      ['native', [], [[1_000, HISTOGRAM]]],
      ['native_gauge', [], [[1_000, gauge]]],
      ['classic_bucket', [1_000], []],
      ['native', [2_000], []],
      ['native', [], [[3_000, HISTOGRAM]]],
    ]);
  },
  TestLabelValidation: async () => {
    await using harness = await sendBatch(
      (builder) => {
        builder.add(Labels.from({ zone: 'z', __name__: 'm', Area: 'A', job: 'j', gone: '' }), 1, 1);
        builder.add(Labels.from({ job: 'without a name' }), 1, 1);
      },
      { externalLabels: Labels.from({ region: 'eu', job: 'not used' }) },
    );
    const [series] = harness.receiver.accepted();
    expect(series?.labels.flat.join(' ')).toBe('Area A __name__ m job j region eu zone z');
    expect(harness.forwarder.status().droppedByReason).toEqual({ no_name: 1 });
  },
  TestMetadataEncoding: async () => {
    await using harness = await sendBatch(
      (builder) => {
        for (const name of ['requests_total', 'temperature_celsius', 'latency_seconds_count']) {
          builder.add(labelsOf(name), 1, 1);
        }
        builder.add(labelsOf('rpc_seconds{quantile="0.5"}'), 1, 1);
      },
      { metadata: () => METADATA },
    );
    expect(
      harness.receiver.requests[0]?.metadata.map(({ type, help, unit }) => [type, help, unit]),
    ).toEqual(METADATA.map(({ type, help, unit }) => [type, help, unit]));
  },
  TestProtocolCompliance: async () => {
    await using harness = await sendOne([]);
    const [request] = harness.receiver.requests;
    expect(request?.method).toBe('POST');
    expect(request?.headers).toMatchObject({
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'x-prometheus-remote-write-version': '2.0.0',
      'user-agent': expect.stringMatching(/^[\w-]+\/[\w.]+$/),
      'content-length': String(request?.body.length),
    });
    // The block format begins with the unpacked length, the framed one with a magic.
    expect(request?.body[0]).toBe(request?.message.length);
    for (const name of ['content-type', 'Content-Encoding', 'X-Prometheus-Remote-Write-Version']) {
      await expect(Harness.open({ headers: { [name]: 'x' } })).rejects.toThrow(
        'is set by the sender itself; remove it',
      );
    }
  },
  TestHTTPMethod: async () => {
    await using harness = await sendOne([]);
    expect(harness.receiver.requests.map(({ method }) => method)).toEqual(['POST']);
  },
  'TestResponseProcessing/ignore_response_body_on_success': async () => {
    await using harness = await sendOne([
      (request) => answer(200, { headers: writtenHeaders(request), body: 'error: '.repeat(9_999) }),
    ]);
    expect(harness.forwarder.status()).toMatchObject({ sent: 1, lastError: undefined });
    expect(harness.receiver.requests).toHaveLength(1);
  },
  'TestResponseProcessing/process_written_count_headers': async () => {
    await using harness = await sendOne([]);
    expect(harness.instruments.values).toMatchObject({
      'dwcp_forward_sent_total{destination="there",kind="sample"}': 1,
    });
  },
  'TestResponseProcessing/handle_partial_write_response': async () => {
    await using harness = await Harness.open();
    harness.receiver.behave = (request) =>
      answer(400, {
        headers: writtenHeaders(request, { 'X-Prometheus-Remote-Write-Samples-Written': '2' }),
        body: 'one is bad',
      });
    harness.feed.append(batchOf(['a', 1, 1], ['b', 1, 1], ['c', 1, 1]));
    await harness.settled();
    expect(harness.receiver.requests).toHaveLength(1);
    expect(harness.forwarder.status()).toMatchObject({ sent: 2, droppedByReason: { http_400: 1 } });
  },
  'TestResponseProcessing/handle_missing_written_headers': async () => {
    await using harness = await sendOne([() => answer(400, { body: 'no' })]);
    expect(harness.forwarder.status()).toMatchObject({ sent: 0, droppedByReason: { http_400: 1 } });
  },
  'TestResponseProcessing/log_error_messages_verbatim': async () => {
    const body = 'series "a" <b> {c="d"}: out of bounds; änderung';
    await using harness = await sendOne([() => answer(400, { body })]);
    const lines = harness.logs.filter(({ level }) => level === 'error');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields['problem']).toBe(`answered 400: ${body}`);
  },
  'TestResponseProcessing/handle_large_error_body': async () => {
    await using harness = await sendOne([() => answer(500, { body: 'y'.repeat(3_000_000) })]);
    expect(harness.forwarder.status()).toMatchObject({ sent: 1 });
    expect(harness.forwarder.status().lastError?.message.length).toBeLessThan(300);
  },
  'TestResponseProcessing/handle_204_no_content': async () => {
    await using harness = await sendOne([]);
    expect(harness.receiver.requests.map(({ status }) => status)).toEqual([204]);
  },
  'TestResponseProcessing/handle_200_ok': async () => {
    await using harness = await sendOne([
      (request) => answer(200, { headers: writtenHeaders(request) }),
    ]);
    expect(harness.receiver.requests.map(({ status }) => status)).toEqual([200]);
    expect(harness.forwarder.status().sent).toBe(1);
  },
  TestContentTypeNegotiation: async () => {
    await using harness = await sendOne([() => answer(415)]);
    expect(harness.forwarder.status()).toMatchObject({ version: '1.0', sent: 1 });
  },
  'TestRetryBehavior/no_retry_on_400': async () => await expectDropped(400),
  'TestRetryBehavior/no_retry_on_401': async () => await expectDropped(401),
  'TestRetryBehavior/no_retry_on_404': async () => await expectDropped(404),
  'TestRetryBehavior/may_retry_on_429': async () => await expectRetried(429),
  'TestRetryBehavior/retry_on_500': async () => await expectRetried(500),
  'TestRetryBehavior/retry_on_503': async () => await expectRetried(503),
  'TestRetryBehavior/retry_on_502': async () => await expectRetried(502),
  'TestRetryBehavior/retry_on_504': async () => await expectRetried(504),
  'TestRetryBehavior/no_retry_on_413': async () => await expectDropped(413),
  TestRemoteWrite1Compatibility: async () => {
    await using harness = await sendBatch(
      (builder) => {
        builder.add(labelsOf('up'), 1_000, 1);
        builder.addHistogram(labelsOf('native'), 1_000, HISTOGRAM);
      },
      { version: '1.0' },
    );
    const [request] = harness.receiver.requests;
    expect(request?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
      'content-encoding': 'snappy',
    });
    // 1.0 has no native histograms, but as an extension.
    expect(request?.series.map(({ labels }) => labels.metricName)).toEqual(['up']);
    expect(harness.forwarder.status().droppedByReason).toEqual({ unsupported_by_version: 1 });
    // Field 4, the symbols of 2.0, does not occur.
    expect(symbolsOf(request?.message ?? new Uint8Array())).toEqual([]);
  },
  TestRemoteWrite1Configuration: async () => {
    await using harness = await sendOne([], { version: '1.0' });
    expect(versions(harness)).toEqual(['0.1.0']);
  },
  TestSampleEncoding: async () => {
    const numbers = [0, -0, 1, -1, 0.1 + 0.2, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 1e-300];
    const values = [...numbers, Number.NaN, Infinity, -Infinity];
    await using harness = await sendBatch((builder) => {
      for (const [index, value] of values.entries()) {
        builder.add(labelsOf(`value_${index}`), 1_700_000_000_123 + index, value);
      }
      builder.addStale(labelsOf('value_stale'), 1_700_000_000_123);
    });
    const series = harness.receiver.accepted();
    expect(series.slice(0, -1).map((one) => one.values[0])).toEqual(values);
    expect(series.slice(0, -1).map((one) => one.timestamps[0])).toEqual(
      values.map((_, index) => 1_700_000_000_123 + index),
    );
    const stale = new Float64Array(1);
    setStale(stale, 0);
    expect(series.at(-1)?.bits[0]).toBe(
      new DataView(stale.buffer).getBigUint64(0, true).toString(16),
    );
  },
  TestSampleOrdering: async () => {
    await using harness = await Harness.open();
    harness.feed.append(batchOf(['a', 3_000, 3], ['a', 4_000, 4], ['a', 1_000, 1]));
    harness.feed.append(batchOf(['a', 5_000, 5], ['a', 2_000, 2]));
    await harness.settled();
    expect(harness.receiver.accepted()).toMatchObject([
      { timestamps: [1_000, 2_000, 3_000, 4_000, 5_000], values: [1, 2, 3, 4, 5] },
    ]);
  },
  TestSymbolTable: async () => {
    await using harness = await sendBatch((builder) => {
      builder.add(labelsOf('a{job="x",zone="x"}'), 1, 1);
      builder.add(labelsOf('b{job="x"}'), 1, 1);
    });
    const message = harness.receiver.requests[0]?.message ?? new Uint8Array();
    const symbols = symbolsOf(message);
    expect(symbols[0]).toBe('');
    expect(new Set(symbols).size).toBe(symbols.length);
    const refs = labelValueRefs(message);
    expect(refs.map((one) => one.map((ref) => symbols[ref]))).toEqual([
      ['__name__', 'a', 'job', 'x', 'zone', 'x'],
      ['__name__', 'b', 'job', 'x'],
    ]);
  },
  TestSymbolTableEfficiency: async () => {
    await using harness = await sendBatch((builder) => {
      for (let i = 0; i < 500; i++) {
        builder.add(labelsOf(`m{instance="host-${i}",job="node",region="eu-central"}`), 1, i);
      }
    });
    const [request] = harness.receiver.requests;
    // Each host once, beside "", three names of labels with __name__, m, node and eu-central.
    expect(symbolsOf(request?.message ?? new Uint8Array())).toHaveLength(500 + 8);
  },
  TestTimestampEncoding: async () => {
    const times = [-1, 0, 1, 1_700_000_000_123, 2 ** 42];
    await using harness = await sendBatch((builder) => {
      for (const unixMs of times) builder.add(labelsOf('m'), unixMs, unixMs);
    });
    expect(harness.receiver.accepted()[0]?.timestamps).toEqual(times);
  },
};

function versions({ receiver }: Harness): readonly unknown[] {
  return receiver.requests.map(({ headers }) => headers['x-prometheus-remote-write-version']);
}

interface Behaviours {
  readonly side: string;
  readonly test: string;
  readonly subtests: readonly { readonly name: string; readonly description: string | null }[];
}

const isThere = existsSync(list);
const named = isThere
  ? (JSON.parse(readFileSync(list, 'utf8')) as readonly Behaviours[])
      .filter(({ side }) => side === 'sender')
      .flatMap(({ test: name, subtests }) =>
        subtests.length === 0 ? [name] : subtests.map((part) => `${name}/${part.name}`),
      )
  : [];

describe('behaviours of remote write senders', () => {
  test.each(Object.entries(checks))('%s', async (_name, check) => {
    await expect(check()).resolves.toBeUndefined();
  });

  test.skipIf(!isThere)(
    `every named behaviour has its test${isThere ? '' : ' (skipped: the list is not here)'}`,
    () => {
      expect(Object.keys(checks).toSorted()).toEqual(named.toSorted());
    },
  );
});
