import { decodeMetricsJson } from '@dwcp/protocol-otlp';
import { describe, expect, test } from 'vitest';

import {
  attributes,
  CUMULATIVE,
  DELTA,
  gauge,
  linesOf,
  nano,
  request,
  rowsOf,
  sum,
  translate,
  translator,
} from './requests.ts';

const at = 1_767_323_045_678;
const timeUnixNano = nano(at);
const point = { timeUnixNano, asInt: '7' };

describe('numbers', () => {
  test('a gauge and a cumulative sum keep value and time', () => {
    const metrics = [
      gauge('temperature', [{ timeUnixNano: nano(at + 0.9), asDouble: -1.5 }], 'Cel'),
      sum('requests', [{ ...point, attributes: attributes({ method: 'GET' }) }]),
    ];
    expect(linesOf(translate(request(metrics)))).toEqual([
      `temperature_celsius -1.5 @${at}`,
      `requests_total{method="GET"} 7 @${at}`,
    ]);
  });

  test('a point without a recorded value is a staleness marker, one of NaN is not', () => {
    const points = [
      { timeUnixNano, flags: 1 },
      { timeUnixNano: nano(at + 1), asDouble: 'NaN' },
    ];
    expect(rowsOf(translate(request([gauge('g', points)]))).map(({ value }) => value)).toEqual([
      'stale',
      Number.NaN,
    ]);
  });

  test('a sum of no temporality, and a delta of what goes up and down, are refused', () => {
    const metrics = [
      sum('a', [point, point], { aggregationTemporality: 0 }),
      sum('b', [point], { aggregationTemporality: DELTA, isMonotonic: false }),
    ];
    const result = translate(request(metrics));
    expect(result).toMatchObject({ pointCount: 0, rejectedCount: 3, metadata: [] });
    expect(result.rejected).toEqual([
      {
        field: 'resourceMetrics[0].scopeMetrics[0].metrics[0].sum.aggregationTemporality',
        problem: 'of "a" must be cumulative or delta',
      },
      {
        field: 'resourceMetrics[0].scopeMetrics[0].metrics[1].sum.aggregationTemporality',
        problem: expect.stringMatching(/of "b" must be cumulative/) as string,
      },
    ]);
  });
});

describe('a resource', () => {
  const resource = {
    'service.namespace': 'shop',
    'service.name': 'checkout',
    'service.instance.id': 'pod-1',
    'host.name': 'h1',
    'cloud.region': 'eu-west',
  };

  test('gives job, instance and region, and its other attributes to target_info', () => {
    expect(linesOf(translate(request([gauge('g', [point])], resource)))).toEqual([
      `g{instance="pod-1", job="shop/checkout", region="eu-west"} 7 @${at}`,
      `target_info{cloud_region="eu-west", host_name="h1", instance="pod-1", job="shop/checkout", region="eu-west"} 1 @${at}`,
    ]);
  });

  test('without a namespace is the service alone; without other attributes has no target_info', () => {
    const names = { 'service.name': 'checkout', 'service.instance.id': 'pod-1' };
    expect(linesOf(translate(request([gauge('g', [point])], names)))).toEqual([
      `g{instance="pod-1", job="checkout"} 7 @${at}`,
    ]);
    expect(linesOf(translate(request([gauge('g', [point])], { 'host.name': 'h1' })))).toEqual([
      `g 7 @${at}`,
    ]);
  });

  test('takes the place of attributes called job and instance, but not of one called region', () => {
    const own = attributes({ job: 'x', instance: 'y', region: 'z' });
    const lines = linesOf(
      translate(request([gauge('g', [{ ...point, attributes: own }])], resource), {
        targetInfo: false,
      }),
    );
    expect(lines).toEqual([`g{instance="pod-1", job="shop/checkout", region="z"} 7 @${at}`]);
  });

  test('without a region gets the one that was set, under the label that was set', () => {
    const body = request([gauge('g', [point])], { 'service.name': 's' });
    expect(linesOf(translate(body, { region: 'us-east' }))).toEqual([
      `g{job="s", region="us-east"} 7 @${at}`,
    ]);
    expect(linesOf(translate(body, { region: 'us-east', regionLabel: 'zone' }))).toEqual([
      `g{job="s", zone="us-east"} 7 @${at}`,
    ]);
    expect(linesOf(translate(body, { region: 'us-east', regionLabel: false }))).toEqual([
      `g{job="s"} 7 @${at}`,
    ]);
  });

  test('promotes attributes that were asked for', () => {
    const options = { promoteResourceAttributes: ['host.name', 'k8s.pod'], targetInfo: false };
    expect(linesOf(translate(request([gauge('g', [point])], resource), options))[0]).toContain(
      'g{host_name="h1", instance=',
    );
  });

  test('has target_info every 2.5 minutes of the time its points span', () => {
    const points = [0, 400_000].map((later) => ({ ...point, timeUnixNano: nano(at + later) }));
    const lines = linesOf(translate(request([gauge('g', points)], resource)));
    expect(
      lines.filter((line) => line.startsWith('target_info')).map((l) => l.split('@')[1]),
    ).toEqual([0, 150_000, 300_000, 400_000].map((later) => String(at + later)));
  });

  test('of a point from the year 1970 and one of now has no flood of target_info', () => {
    const points = [{ ...point, timeUnixNano: '1000000' }, point];
    expect(linesOf(translate(request([gauge('g', points)], resource)))).toHaveLength(3);
  });

  test('whose target_info cannot be named costs no point', () => {
    const result = translate(request([gauge('g', [point])], { ...resource, '...': 'x' }));
    expect(result).toMatchObject({ pointCount: 1, rejectedCount: 0 });
    expect(result.rejected).toMatchObject([
      {
        field: 'resourceMetrics[0].resource',
        problem: expect.stringMatching(/no target_info/) as string,
      },
    ]);
  });
});

test('the scope becomes labels where asked for', () => {
  const scope = { name: 'http', version: '1.2', attributes: attributes({ 'short.name': 'x' }) };
  const body = request([gauge('g', [point])], {}, scope);
  expect(linesOf(translate(body))).toEqual([`g 7 @${at}`]);
  expect(linesOf(translate(body, { scopeLabels: true }))).toEqual([
    `g{otel_scope_name="http", otel_scope_short_name="x", otel_scope_version="1.2"} 7 @${at}`,
  ]);
});

describe('an explicit histogram', () => {
  const histogram = (change: object): object => ({
    name: 'latency',
    unit: 's',
    histogram: {
      aggregationTemporality: CUMULATIVE,
      dataPoints: [
        {
          timeUnixNano,
          count: '6',
          sum: 20.5,
          explicitBounds: [0.0000005, 1, 5, 1e21],
          bucketCounts: ['0', '1', '2', '2', '1'],
          ...change,
        },
      ],
    },
  });

  test('becomes cumulative buckets, their sum and count', () => {
    expect(linesOf(translate(request([histogram({})])))).toEqual([
      `latency_seconds_bucket{le="0.0000005"} 0 @${at}`,
      `latency_seconds_bucket{le="1"} 1 @${at}`,
      `latency_seconds_bucket{le="5"} 3 @${at}`,
      `latency_seconds_bucket{le="1000000000000000000000"} 5 @${at}`,
      `latency_seconds_bucket{le="+Inf"} 6 @${at}`,
      `latency_seconds_sum 20.5 @${at}`,
      `latency_seconds_count 6 @${at}`,
    ]);
  });

  test('without a sum has none, without buckets has only the last one', () => {
    const change = { sum: undefined, explicitBounds: [], bucketCounts: [] };
    expect(linesOf(translate(request([histogram(change)])))).toEqual([
      `latency_seconds_bucket{le="+Inf"} 6 @${at}`,
      `latency_seconds_count 6 @${at}`,
    ]);
  });

  test('without a recorded value makes all its series stale', () => {
    const rows = rowsOf(translate(request([histogram({ flags: 1 })])));
    expect(rows).toHaveLength(7);
    for (const { value } of rows) expect(value).toBe('stale');
  });

  test('puts an exemplar into the bucket of its value', () => {
    const exemplars = [
      {
        timeUnixNano: nano(at - 5),
        asDouble: 1,
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
        filteredAttributes: attributes({ 'user.id': 'u1' }),
      },
      { timeUnixNano: nano(at - 4), asDouble: 1e22 },
      { filteredAttributes: attributes({ long: 'x'.repeat(200) }), asDouble: 5.5 },
    ];
    const { batch } = translate(request([histogram({ exemplars })]));
    expect(
      batch.exemplars?.map(({ series, exemplar }) => [
        series.get('le'),
        { ...exemplar, labels: exemplar.labels.toObject() },
      ]),
    ).toEqual([
      [
        '1',
        {
          unixMs: at - 5,
          value: 1,
          labels: {
            trace_id: '5b8efff798038103d269b633813fc60c',
            span_id: 'eee19b7ec3c1b174',
            user_id: 'u1',
          },
        },
      ],
      ['+Inf', { unixMs: at - 4, value: 1e22, labels: {} }],
      ['1000000000000000000000', { value: 5.5, labels: {} }],
    ]);
  });

  test('of more buckets than the limit is refused', () => {
    const result = translate(request([histogram({})]), { maxBuckets: 4 });
    expect(result).toMatchObject({ pointCount: 0, rejectedCount: 1 });
    expect(result.rejected[0]?.problem).toMatch(/must be fewer than 4.*got 4; send an exponential/);
  });
});

test('exemplars of a monotonic sum are kept, those of a gauge are not', () => {
  const exemplars = [{ timeUnixNano, asInt: '3', traceId: '5b8efff798038103d269b633813fc60c' }];
  const { batch } = translate(
    request([sum('c', [{ ...point, exemplars }]), gauge('g', [{ ...point, exemplars }])]),
  );
  expect(batch.exemplars).toMatchObject([{ exemplar: { value: 3 } }]);
  expect(batch.exemplars?.[0]?.series.metricName).toBe('c_total');
});

test('a summary becomes quantiles, sum and count', () => {
  const dataPoints = [
    {
      timeUnixNano,
      count: '10',
      sum: 12.5,
      quantileValues: [
        { quantile: 0.5, value: 1 },
        { quantile: 1, value: 3 },
      ],
    },
  ];
  expect(linesOf(translate(request([{ name: 'rpc', summary: { dataPoints } }])))).toEqual([
    `rpc_sum 12.5 @${at}`,
    `rpc_count 10 @${at}`,
    `rpc{quantile="0.5"} 1 @${at}`,
    `rpc{quantile="1"} 3 @${at}`,
  ]);
});

test('what the decoder refused is told along with what the translation refuses', async () => {
  const metrics = [
    gauge('g', [{ timeUnixNano }, point]),
    sum('s', [point], { aggregationTemporality: 0 }),
    { name: 'empty' },
  ];
  const subject = translator();
  const result = subject.translate(decodeMetricsJson(request(metrics)));
  expect(result).toMatchObject({ pointCount: 1, rejectedCount: 2 });
  expect(result.rejected.map(({ field }) => field.replace(/.*metrics/, ''))).toEqual([
    '[0].gauge.dataPoints[0]',
    '[1].sum.aggregationTemporality',
    '[2].data',
  ]);
  const told = await subject.told();
  expect(told).toContain('dwcp_otlp_points_total 1\n');
  expect(told).toContain('dwcp_otlp_rejected_points_total{reason="invalid"} 1\n');
  expect(told).toContain('dwcp_otlp_rejected_points_total{reason="unsupported_temporality"} 1\n');
});
