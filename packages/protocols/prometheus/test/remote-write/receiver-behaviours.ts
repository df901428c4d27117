import { encodeRemoteWrite } from '@dwcp/protocol-prometheus';
import { compress } from 'snappyjs';
import { expect } from 'vitest';

import { bitsOf, collect, collectMessage, failure } from './collect.ts';
import {
  counts,
  exemplarIsRead,
  histogram,
  histogramIsRead,
  isRefused,
  metadataIs,
  name,
  row,
  sampleIsRead,
  send,
  T,
  trace,
} from './foreign-sender.ts';
import { writeRequest1, writeRequest2 } from './oracle.ts';

/** By the name of the test in prometheus/compliance. Requests are written by protobufjs. */
export const RECEIVER: Readonly<Record<string, () => void>> = {
  TestSamplesWithMetadataAndExemplars: () => {
    const labels = name('http_requests_total', { job: 'api', method: 'POST' });
    const metadata = { type: 1, help: 'Total number of HTTP requests', unit: 'requests' };
    const exemplars = [{ labels: trace('request_trace_123', { user_id: 'user789' }), value: 1 }];
    expect(counts(send({ labels, samples: [[1]], metadata, exemplars }))).toEqual([1, 0, 1, 1]);
  },
  TestHistogramsWithMetadataAndExemplars: () => {
    const labels = name('request_duration_seconds', { service: 'auth' });
    const histograms = [histogram(0.456, { positive: true, negative: true, zero: true })];
    const metadata = { type: 3, help: 'HTTP request duration distribution', unit: 'seconds' };
    const exemplars = [
      { labels: trace('slow_request_trace', { endpoint: '/login' }), value: 0.456 },
    ];
    expect(counts(send({ labels, histograms, metadata, exemplars }))).toEqual([0, 1, 1, 1]);
  },
  TestComplexSamplesRequest: () => {
    const seen = send(
      {
        labels: name('cpu_usage', { instance: 'server1' }),
        samples: [[0.85]],
        metadata: { type: 2, help: 'CPU usage ratio', unit: 'ratio' },
        exemplars: [{ labels: trace('high_cpu_trace'), value: 0.85 }],
      },
      {
        labels: name('memory_usage', { instance: 'server1' }),
        samples: [[8_589_934_592]],
        metadata: { type: 2, help: 'Memory usage in bytes', unit: 'bytes' },
      },
    );
    expect(counts(seen)).toEqual([2, 0, 1, 2]);
    expect(seen.metadata.map(({ unit }) => unit)).toEqual(['ratio', 'bytes']);
  },
  TestComplexHistogramsRequest: () => {
    const seen = send(
      {
        labels: name('response_time_hist'),
        histograms: [histogram(0.125, { positive: true, zero: true })],
        metadata: { type: 3 },
        exemplars: [{ labels: trace('fast_response'), value: 0.125 }],
      },
      {
        labels: name('request_size_hist'),
        histograms: [histogram(1_024, { negative: true, zero: true })],
        metadata: { type: 3 },
      },
    );
    expect(counts(seen)).toEqual([0, 2, 1, 2]);
  },
  TestMultipleMetricFamiliesSamples: () => {
    const seen = send(
      {
        labels: name('http_requests_total', { status: '200' }),
        samples: [[1_000]],
        metadata: { type: 1, help: 'Total HTTP requests' },
        exemplars: [{ labels: trace('successful_request'), value: 1_000 }],
      },
      {
        labels: name('temperature_celsius', { location: 'datacenter1' }),
        samples: [[23.5]],
        metadata: { type: 2, unit: 'celsius' },
      },
    );
    expect(counts(seen)).toEqual([2, 0, 1, 2]);
    expect(seen.metadata.map((one) => [one.name, one.type])).toEqual([
      ['http_requests_total', 'counter'],
      ['temperature_celsius', 'gauge'],
    ]);
  },
  TestMultipleMetricFamiliesHistograms: () => {
    const seen = send({
      labels: name('request_duration_seconds', { handler: '/metrics' }),
      histograms: [histogram(0.003, { positive: true, zero: true })],
      metadata: { type: 3, unit: 'seconds' },
      exemplars: [{ labels: trace('metrics_scrape'), value: 0.003 }],
    });
    expect(counts(seen)).toEqual([0, 1, 1, 1]);
  },
  'TestEdgeCaseCombinations/metadata_without_data': () => {
    const seen = send({
      labels: name('orphan_metric'),
      metadata: { type: 1, help: 'Orphaned metric metadata' },
    });
    expect(counts(seen)).toEqual([0, 0, 0, 1]);
    expect(seen.metadata[0]?.name).toBe('orphan_metric');
  },
  'TestEdgeCaseCombinations/exemplars_without_data': () => {
    const seen = send({
      labels: name('orphan_metric'),
      exemplars: [{ labels: trace('orphan_trace'), value: 42 }],
    });
    expect(counts(seen)).toEqual([0, 0, 1, 0]);
  },
  'TestEdgeCaseCombinations/mixed_timestamp_data': () => {
    const seen = send(
      {
        labels: name('old_metric'),
        samples: [[1, -3_600_000]],
        exemplars: [{ labels: trace('old_trace'), value: 1, offsetMs: -1_800_000 }],
      },
      { labels: name('new_metric'), samples: [[2]] },
    );
    expect(counts(seen)).toEqual([2, 0, 1, 0]);
    expect(seen.series[0]?.samples[0]?.[0]).toBe(T - 3_600_000);
    expect(seen.series[0]?.exemplars[0]?.unixMs).toBe(T - 1_800_000);
  },
  TestManySamples: () => {
    const many = Array.from({ length: 50 }, (_, i) => ({
      labels: name(`counter_metric_${i}`),
      samples: [[i * 100] as const],
      metadata: { type: 1, help: `Counter metric number ${i}` },
      exemplars: [{ labels: trace(`trace_${i}`), value: i }],
    }));
    expect(counts(send(...many))).toEqual([50, 0, 50, 50]);
  },
  TestManyHistograms: () => {
    const many = Array.from({ length: 50 }, (_, i) => ({
      labels: name(`histogram_metric_${i}`),
      histograms: [histogram(i / 10, { positive: true, negative: i % 2 === 0, zero: true })],
      metadata: { type: 3, help: `Histogram ${i}` },
      exemplars: [{ labels: trace(`trace_${i}`), value: i }],
    }));
    expect(counts(send(...many))).toEqual([0, 50, 50, 50]);
  },
  TestSpecialCharactersCombined: () => {
    const labels = name('test_metric', {
      job: 'test-job_with.special@chars',
      environment: 'test🚀',
    });
    const metadata = {
      type: 2,
      help: 'special characters: äöü, newlines\nand "quotes"',
      unit: 'special/units',
    };
    const seen = send({
      labels,
      samples: [[42]],
      metadata,
      exemplars: [{ labels: trace('special_trace_äöü-123'), value: 42 }],
    });
    expect(counts(seen)).toEqual([1, 0, 1, 1]);
    expect(seen.series[0]?.labels.toObject()).toEqual(labels);
    expect(seen.metadata[0]).toMatchObject({ help: metadata.help, unit: metadata.unit });
  },
  TestCustomBucketsHistogramWithExemplar: () => {
    const seen = send({
      labels: name('custom_latency_hist'),
      histograms: [histogram(0.05, { custom: true })],
      exemplars: [{ labels: trace('custom_bucket_trace'), value: 0.05 }],
    });
    expect(counts(seen)).toEqual([0, 1, 1, 0]);
  },
  'TestExemplars/basic_exemplar': () =>
    exemplarIsRead(name('http_requests_total'), trace('abc123def456'), 1),
  'TestExemplars/exemplar_with_span_id': () =>
    exemplarIsRead(
      name('request_duration_seconds'),
      trace('xyz789', { span_id: 'span123' }),
      0.125,
    ),
  'TestExemplars/exemplar_without_trace_id': () =>
    exemplarIsRead(name('cpu_usage'), { user_id: 'user123' }, 0.85),
  'TestExemplars/exemplar_with_multiple_labels': () =>
    exemplarIsRead(
      name('request_latency'),
      trace('trace456', { user: 'admin', endpoint: '/login' }),
      0.05,
    ),
  'TestExemplars/exemplar_no_labels': () => exemplarIsRead(name('simple_counter'), {}, 1),
  'TestExemplars/exemplar_with_special_chars': () =>
    exemplarIsRead(name('test_metric'), trace('trace-with-dashes_and_underscores.123'), 42),
  'TestExemplars/exemplar_with_unicode': () =>
    exemplarIsRead(name('unicode_test', { region: '🌍' }), trace('unicode_trace_测试'), 100),
  TestExemplarWithCreatedTimestamp: () => {
    const seen = send({
      labels: name('http_requests_total'),
      samples: [[250]],
      startMs: T - 7_200_000,
      exemplars: [{ labels: trace('abc123'), value: 250 }],
    });
    expect(counts(seen)).toEqual([1, 0, 1, 0]);
    expect(seen.series[0]?.samples).toEqual([[T, bitsOf(250)]]);
  },
  TestMultipleExemplars: () => {
    const seen = send(
      ...['GET', 'POST', 'PUT'].map((method, i) => ({
        labels: name('request_duration', { method }),
        samples: [[i] as const],
        exemplars: [{ labels: trace(`trace${i}`), value: i }],
      })),
    );
    expect(counts(seen)).toEqual([3, 0, 3, 0]);
  },
  TestExemplarTimestamps: () => {
    const offsets = [-3_600_000, -60_000, 0];
    const seen = send({
      labels: name('latency_hist'),
      samples: offsets.map((ms) => [0.1, ms] as const),
      exemplars: offsets.map((offsetMs) => ({ labels: trace('t'), value: 0.1, offsetMs })),
    });
    expect(seen.series[0]?.exemplars.map(({ unixMs }) => unixMs)).toEqual(
      offsets.map((ms) => T + ms),
    );
  },
  'TestExemplarValidation/exemplar_without_name_label': () =>
    isRefused(
      { job: 'test' },
      { samples: [[1]], exemplars: [{ labels: trace('t'), value: 1 }] },
      'there is no __name__',
    ),
  'TestExemplarValidation/exemplar_with_empty_name': () =>
    isRefused(
      { __name__: '' },
      { samples: [[1]], exemplars: [{ labels: trace('t'), value: 1 }] },
      'the label "__name__" has an empty value',
    ),
  'TestExemplarValidation/exemplar_with_valid_name': () =>
    exemplarIsRead(name('valid_metric'), trace('test_trace'), 1),
  TestExemplarSpecialValues: () => {
    for (const value of [0, -123.456, 1e10, 1e-10, Number.NaN, Infinity, -Infinity])
      exemplarIsRead(name('test_metric'), trace('t'), value);
  },
  'TestHistograms/basic_histogram': () =>
    histogramIsRead(
      { positive: true, negative: true, zero: true },
      { count: 14, zeroCount: 2, positiveBuckets: [1, 2, 3], negativeBuckets: [1, 2, 3] },
    ),
  'TestHistograms/custom_buckets_histogram': () =>
    histogramIsRead(
      { custom: true },
      { schema: -53, customValues: [0.1, 0.5, 1], positiveBuckets: [1, 2, 3] },
    ),
  'TestHistograms/positive_only_histogram': () =>
    histogramIsRead({ positive: true, zero: true }, { count: 8, negativeBuckets: [] }),
  'TestHistograms/negative_only_histogram': () =>
    histogramIsRead({ negative: true }, { count: 6, positiveBuckets: [] }),
  'TestHistograms/minimal_histogram': () =>
    histogramIsRead(
      { zero: true },
      { count: 2, zeroCount: 2, positiveBuckets: [], negativeBuckets: [] },
    ),
  'TestHistograms/bad_count_histogram': () => {
    const seen = send({
      labels: name('minimal_hist'),
      histograms: [histogram(1, { positive: true, badCount: true })],
    });
    expect(seen.series[0]?.histograms).toEqual([]);
    expect(seen.invalid.join()).toContain('its count is 106, but its buckets hold 6 observations');
  },
  TestHistogramWithCreatedTimestamp: () => {
    // Field 17, which the schema of the tests does not know, is put at the end of the histogram by hand.
    const withStart = Buffer.from([0x88, 0x01, 5]);
    const plain = histogram(1.5, { positive: true, negative: true, zero: true });
    const message = writeRequest2.encode({
      symbols: ['', '__name__', 'h'],
      timeseries: [{ labels_refs: [1, 2], histograms: [plain] }],
    });
    const seriesAt = Buffer.from(message).indexOf(0x2a);
    const histogramAt = Buffer.from(message).indexOf(Buffer.from([0x0a, 2, 1, 2, 0x1a])) + 4;
    const longer = Uint8Array.from([...message, ...withStart]);
    for (const at of [seriesAt, histogramAt])
      longer[at + 1] = (longer[at + 1] ?? 0) + withStart.length;
    expect(collectMessage(longer, '2.0')).toEqual(collectMessage(message, '2.0'));
    expect(counts(collectMessage(longer, '2.0'))).toEqual([0, 1, 0, 0]);
  },
  TestMultipleHistograms: () => {
    const seen = send(
      { labels: name('hist1'), histograms: [histogram(10.5, { positive: true, zero: true })] },
      { labels: name('hist2'), histograms: [histogram(5.2, { negative: true })] },
    );
    expect(counts(seen)).toEqual([0, 2, 0, 0]);
  },
  TestEmptyHistogram: () => histogramIsRead({}, { count: 0, positiveSpans: [], negativeSpans: [] }),
  TestHistogramWithMetadata: () => {
    const seen = send({
      labels: name('request_duration_seconds'),
      histograms: [histogram(2.5, { positive: true })],
      metadata: { type: 3, help: 'HTTP request duration in seconds', unit: 'seconds' },
    });
    expect(counts(seen)).toEqual([0, 1, 0, 1]);
    expect(seen.metadata).toEqual([
      {
        name: 'request_duration_seconds',
        type: 'histogram',
        help: 'HTTP request duration in seconds',
        unit: 'seconds',
      },
    ]);
  },
  TestHistogramWithExemplar: () => {
    const seen = send({
      labels: name('http_request_duration_seconds'),
      histograms: [histogram(1.23, { positive: true, zero: true })],
      exemplars: [{ labels: trace('abc123def456'), value: 1.23 }],
    });
    expect(counts(seen)).toEqual([0, 1, 1, 0]);
  },
  TestHistogramWithMetadataAndExemplar: () => {
    const seen = send({
      labels: name('response_size_bytes'),
      histograms: [histogram(10_485_760, { positive: true, negative: true, zero: true })],
      metadata: { type: 3, unit: 'bytes' },
      exemplars: [{ labels: trace('large_upload_trace'), value: 10_485_760 }],
    });
    expect(counts(seen)).toEqual([0, 1, 1, 1]);
  },
  TestMultipleHistogramsWithMetadata: () => {
    const seen = send(
      {
        labels: name('cpu_usage_histogram'),
        histograms: [histogram(0.75, { positive: true, zero: true })],
        metadata: { type: 3, unit: 'ratio' },
      },
      {
        labels: name('memory_usage_histogram'),
        histograms: [histogram(8_589_934_592, { positive: true, negative: true })],
        metadata: { type: 3, unit: 'bytes' },
      },
    );
    expect(counts(seen)).toEqual([0, 2, 0, 2]);
  },
  'TestMetadata/counter_metadata': () =>
    metadataIs(
      'http_requests_total',
      1,
      { type: 'counter' },
      { help: 'Total HTTP requests', unit: 'requests' },
    ),
  'TestMetadata/gauge_metadata': () =>
    metadataIs('memory_bytes', 2, { type: 'gauge' }, { help: 'Memory', unit: 'bytes' }),
  'TestMetadata/histogram_metadata': () =>
    metadataIs('latency_seconds', 3, { type: 'histogram' }, { unit: 'seconds' }),
  'TestMetadata/metadata_no_help_no_unit': () => metadataIs('simple_metric', 2, { type: 'gauge' }),
  'TestMetadata/metadata_with_special_chars': () =>
    metadataIs('metric', 1, { type: 'counter' }, { help: 'with "quotes", \\ and\nnewlines äöü' }),
  'TestMetadata/unspecified_metadata_type': () =>
    metadataIs('metric', 0, { type: 'unknown' }, { help: 'Of no type' }),
  'TestMetadata/info_metadata_type': () => metadataIs('build_info', 6, { type: 'info' }),
  'TestMetadata/stateset_metadata_type': () => metadataIs('states', 7, { type: 'stateset' }),
  'TestMetadata/summary_metadata_type': () => metadataIs('rpc_seconds', 5, { type: 'summary' }),
  'TestMetadata/gauge_histogram_metadata_type': () =>
    metadataIs('sizes', 4, { type: 'gaugehistogram' }),
  TestCounterMetadataWithCreatedTimestamp: () => {
    const seen = send({
      labels: name('http_requests_total'),
      samples: [[150]],
      startMs: T - 1,
      metadata: { type: 1, help: 'Help' },
    });
    expect(counts(seen)).toEqual([1, 0, 0, 1]);
  },
  TestMetadataWithSamples: () => {
    const seen = send({
      labels: name('cpu_usage_percent'),
      samples: [[75.5]],
      metadata: { type: 2, help: 'CPU usage percentage', unit: 'percent' },
    });
    expect(counts(seen)).toEqual([1, 0, 0, 1]);
  },
  TestMultipleMetadata: () => {
    const seen = send(
      ...['a', 'b', 'c'].map((metric, i) => ({
        labels: name(metric),
        samples: [[i] as const],
        metadata: { type: i + 1, help: metric },
      })),
    );
    expect(seen.metadata.map(({ type, help }) => [type, help])).toEqual([
      ['counter', 'a'],
      ['gauge', 'b'],
      ['histogram', 'c'],
    ]);
  },
  TestMetadataWithComplexLabels: () => {
    const labels = name('complex_metric', {
      instance: 'localhost:9090',
      env: 'prod',
      'label.dots': 'x',
    });
    const seen = send({ labels, samples: [[1]], metadata: { type: 2, help: 'Help' } });
    expect(seen.metadata).toEqual([
      { name: 'complex_metric', type: 'gauge', help: 'Help', unit: '' },
    ]);
  },
  'TestMetadataValidation/metadata_without_name_label': () =>
    isRefused({ job: 'test' }, { metadata: { type: 1, help: 'Help' } }, 'there is no __name__'),
  'TestMetadataValidation/metadata_with_empty_name': () =>
    isRefused(
      { __name__: '' },
      { metadata: { type: 1, help: 'Help' } },
      'the label "__name__" has an empty value',
    ),
  'TestMetadataValidation/metadata_with_valid_name': () =>
    metadataIs('valid_metric', 1, { type: 'counter' }, { help: 'Help' }),
  'TestSingleMetric/simple metric': () => sampleIsRead(name('up')),
  'TestSingleMetric/simple metric with multiple labels': () =>
    sampleIsRead(name('up', { job: 'testjob', instance: 'localhost:9090' })),
  'TestSingleMetric/simple metric with newlines': () =>
    sampleIsRead(name('up', { job: 'test\njob\n' })),
  'TestSingleMetric/simple metric with dots': () =>
    sampleIsRead(name('resource.cpu.usage', { 'job.name': 'testjob' })),
  'TestSingleMetric/simple metric with spaces': () =>
    sampleIsRead(name('resource cpu usage', { 'job name': 'testjob' })),
  'TestSingleMetric/simple metric without name label': () =>
    isRefused({ job: 'testjob' }, { samples: [[1]] }, 'there is no __name__'),
  'TestSingleMetric/empty metric': () => isRefused({}, { samples: [[1]] }, 'there is no __name__'),
  TestCounterWithCreatedTimestamp: () => {
    const seen = send({
      labels: name('http_requests_total'),
      samples: [[100]],
      startMs: T - 3_600_000,
    });
    expect(seen.series[0]?.samples).toEqual([[T, bitsOf(100)]]);
  },
  'TestMultipleMetrics/multiple metrics': () => {
    const seen = send(
      ...[0, 1, 2, 3].map((i) => ({
        labels: name('up', { instance: `localhost:909${i}` }),
        samples: [[1] as const],
      })),
    );
    expect(counts(seen)).toEqual([4, 0, 0, 0]);
  },
  'TestMultipleMetrics/multiple metrics, without name label': () => {
    const seen = send(
      ...[0, 1, 2, 3].map((i) => ({
        labels: { instance: `localhost:909${i}` },
        samples: [[1] as const],
      })),
    );
    expect([seen.series.length, seen.invalid.length]).toEqual([0, 4]);
  },
  'TestMultipleMetrics/multiple metrics, 1 without name label': () => {
    const seen = send(
      ...[0, 1, 2, 3].map((i) => ({
        labels: i === 0 ? { job: 'testjob' } : name('up', { instance: `localhost:909${i}` }),
        samples: [[1] as const],
      })),
    );
    expect([seen.series.length, seen.invalid.length]).toEqual([3, 1]);
  },
  TestCorruptRequestBody: () => {
    const body = encodeRemoteWrite([row({ __name__: 'up' })], { version: '2.0' });
    body[0] = 0x30;
    expect(failure(() => collect(body, '2.0'))).toMatch(/^malformed: snappy: /);
  },
  TestRW1BasicCompatibility: () => {
    const label = (key: string, value: string): object => ({ name: key, value });
    const message = writeRequest1.encode({
      timeseries: [
        {
          labels: [label('__name__', 'up'), label('job', 'testjob')],
          samples: [{ value: 1, timestamp: T }],
        },
        {
          labels: [label('__name__', 'http_requests_total')],
          samples: [{ value: 100, timestamp: T }],
        },
      ],
    });
    expect(counts(collect(compress(message), '1.0'))).toEqual([2, 0, 0, 0]);
  },
  TestRW1ErrorHandling: () => {
    const body = encodeRemoteWrite([row({ __name__: 'error_test' })], { version: '1.0' });
    body[0] = 0xff;
    expect(failure(() => collect(body, '1.0'))).toMatch(/^(?:malformed|too-large): snappy: /);
  },
};
