import { type TranslationStrategy } from '@dwcp/metrics-collector';
import { describe, expect, test } from 'vitest';

import { attributes, gauge, request, sum, translate } from './requests.ts';

type Kind = 'counter' | 'gauge' | 'updown' | 'histogram';

const point = { timeUnixNano: '1000000000', asInt: '1' };

function metricOf(kind: Kind, name: string, unit: string): object {
  switch (kind) {
    case 'counter':
      return { ...sum(name, [point]), unit };
    case 'updown':
      return { ...sum(name, [point], { isMonotonic: false }), unit };
    case 'gauge':
      return gauge(name, [point], unit);
    case 'histogram':
      return {
        name,
        unit,
        histogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: '1000000000' }] },
      };
  }
}

function familyOf(metric: object, translationStrategy?: TranslationStrategy): string | undefined {
  const options = translationStrategy === undefined ? {} : { translationStrategy };
  return translate(request([metric]), options).metadata[0]?.name;
}

// The rules are in the OpenTelemetry specification, "OTLP Metric points to Prometheus", and
// Prometheus' otlptranslator.
describe('a metric is called', () => {
  test.each<[Kind, name: string, unit: string, expected: string]>([
    ['histogram', 'http.server.request.duration', 's', 'http_server_request_duration_seconds'],
    ['gauge', 'jvm.memory.used', 'By', 'jvm_memory_used_bytes'],
    ['counter', 'requests', '', 'requests_total'],
    ['counter', 'requests.total', '', 'requests_total'],
    ['counter', 'total.requests', '', 'requests_total'],
    ['counter', 'http.requests', '{request}', 'http_requests_total'],
    ['counter', 'disk.io', 'By', 'disk_io_bytes_total'],
    ['updown', 'queue.length', '{item}', 'queue_length'],
    ['updown', 'open.files', '1', 'open_files'],
    ['gauge', 'cpu.utilization', '1', 'cpu_utilization_ratio'],
    ['gauge', 'hit.ratio', '1', 'hit_ratio'],
    ['counter', 'ticks', '1', 'ticks_total'],
    ['gauge', 'memory.bytes', 'By', 'memory_bytes'],
    ['gauge', 'network.speed', 'By/s', 'network_speed_bytes_per_second'],
    ['gauge', 'requests.rate', '{request}/s', 'requests_rate_per_second'],
    ['gauge', 'speed', 'm/m', 'speed_meters_per_minute'],
    ['gauge', 'temperature', 'Cel', 'temperature_celsius'],
    ['gauge', 'load', '%', 'load_percent'],
    ['gauge', 'disk.size', 'TiBy', 'disk_size_tebibytes'],
    ['gauge', 'weight', 'kg/m', 'weight_kg_per_minute'],
    ['gauge', '__many---odd..characters__', '', 'many_odd_characters'],
    ['gauge', '1st.place', '', '_1st_place'],
    ['gauge', 'rule:recorded', '', 'rule:recorded'],
    ['gauge', 'größe', '', 'gr_e'],
  ])('%s %s in %j: %s', (kind, name, unit, expected) => {
    expect(familyOf(metricOf(kind, name, unit))).toBe(expected);
  });

  test.each<[TranslationStrategy, Kind, name: string, unit: string, expected: string]>([
    ['UnderscoreEscapingWithoutSuffixes', 'counter', 'http.requests', 'By', 'http_requests'],
    ['UnderscoreEscapingWithoutSuffixes', 'gauge', '9.lives', '', '_9_lives'],
    ['NoUTF8EscapingWithSuffixes', 'counter', 'http.requests', 'By', 'http.requests_bytes_total'],
    [
      'NoUTF8EscapingWithSuffixes',
      'counter',
      'disk.io.total',
      'By/s',
      'disk.io_bytes_per_second_total',
    ],
    ['NoUTF8EscapingWithSuffixes', 'gauge', 'größe.seconds', 's', 'größe.seconds'],
    ['NoUTF8EscapingWithSuffixes', 'gauge', 'hit.ratio', '1', 'hit_ratio'],
    ['NoTranslation', 'counter', 'http.requests', 'By', 'http.requests'],
    ['NoTranslation', 'gauge', 'größe', '1', 'größe'],
  ])('with %s, %s %s in %j: %s', (strategy, kind, name, unit, expected) => {
    expect(familyOf(metricOf(kind, name, unit), strategy)).toBe(expected);
  });

  test.each(['', '___', '...', 'ü'])(
    'nothing when its name is %j, and its points are refused',
    (name) => {
      const result = translate(request([gauge(name, [point, point])]));
      expect(result).toMatchObject({ pointCount: 0, rejectedCount: 2, metadata: [] });
      expect(result.batch.labels).toHaveLength(0);
      expect(result.rejected[0]).toEqual({
        field: 'resourceMetrics[0].scopeMetrics[0].metrics[0].name',
        problem: expect.stringContaining('must have a letter or digit') as string,
      });
    },
  );
});

describe('the label of an attribute', () => {
  test.each<[attribute: string, label: string]>([
    ['http.request.method', 'http_request_method'],
    ['a-b c', 'a_b_c'],
    ['a..b', 'a__b'],
    ['0day', 'key_0day'],
    ['_private', 'key_private'],
    ['__reserved__', '__reserved__'],
    ['straße', 'stra_e'],
  ])('%s is %s', (attribute, label) => {
    const metric = gauge('g', [{ ...point, attributes: attributes({ [attribute]: 'v' }) }]);
    expect(translate(request([metric])).batch.labels[0]?.toObject()).toEqual({
      __name__: 'g',
      [label]: 'v',
    });
  });

  test('stays as it is where names are not translated', () => {
    const metric = gauge('g.h', [{ ...point, attributes: attributes({ 'a.b': 'v' }) }]);
    const { batch } = translate(request([metric]), { translationStrategy: 'NoTranslation' });
    expect(batch.labels[0]?.toString()).toBe('{"g.h", "a.b"="v"}');
  });

  test('is shared by names that become alike, values in the order of the names', () => {
    const metric = gauge('g', [
      { ...point, attributes: attributes({ 'b.c': '2', a: '0', b_c: '3', 'b-c': '1' }) },
    ]);
    expect(translate(request([metric])).batch.labels[0]?.toObject()).toEqual({
      __name__: 'g',
      a: '0',
      b_c: '1;2;3',
    });
  });

  test.each(['', '.', '___'])('cannot be made of %j: the point is refused', (name) => {
    const bad = { ...point, attributes: attributes({ [name]: 'v' }) };
    const result = translate(request([gauge('g', [bad, point])]));
    expect(result).toMatchObject({ pointCount: 1, rejectedCount: 1 });
    expect(result.rejected[0]?.field).toBe(
      'resourceMetrics[0].scopeMetrics[0].metrics[0].attributes',
    );
  });

  test('has values of every kind as text', () => {
    const values = {
      bool: { boolValue: true },
      int: { intValue: '-7' },
      big: { intValue: '9007199254740993' },
      double: { doubleValue: 0.5 },
      list: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
      map: { kvlistValue: { values: [{ key: 'k', value: { intValue: '1' } }] } },
      empty: { stringValue: '' },
      nothing: {},
    };
    const metric = gauge('g', [{ ...point, attributes: attributes(values) }]);
    expect(translate(request([metric])).batch.labels[0]?.toObject()).toEqual({
      __name__: 'g',
      bool: 'true',
      int: '-7',
      big: '9007199254740993',
      double: '0.5',
      list: '["a","b"]',
      map: '{"k":1}',
    });
  });
});

test('metadata has type, help and unit in words', () => {
  const metrics = [
    { ...sum('disk.io', [point]), unit: 'By/s', description: 'What was read.' },
    { ...sum('up.down', [point], { isMonotonic: false }), unit: '{thing}' },
    { ...gauge('u', [point]), metadata: attributes({ 'prometheus.type': 'unknown' }) },
    {
      ...sum('build', [point], { isMonotonic: false }),
      metadata: attributes({ 'prometheus.type': 'info' }),
    },
    { name: 's', summary: { dataPoints: [{ timeUnixNano: '1000000000' }] } },
    metricOf('histogram', 'h', 'ms'),
    gauge('no.points', []),
  ];
  expect(translate(request(metrics)).metadata).toEqual([
    {
      name: 'disk_io_bytes_per_second_total',
      type: 'counter',
      help: 'What was read.',
      unit: 'bytes_per_second',
    },
    { name: 'up_down', type: 'gauge', help: '', unit: '' },
    { name: 'u', type: 'unknown', help: '', unit: '' },
    { name: 'build', type: 'info', help: '', unit: '' },
    { name: 's', type: 'summary', help: '', unit: '' },
    { name: 'h_milliseconds', type: 'histogram', help: '', unit: 'milliseconds' },
  ]);
});
