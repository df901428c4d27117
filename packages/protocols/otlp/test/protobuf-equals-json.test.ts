import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  decodeLogsJson,
  decodeLogsProtobuf,
  decodeMetricsJson,
  decodeMetricsProtobuf,
  decodeTracesJson,
  decodeTracesProtobuf,
  OtlpMetricsCache,
} from '@dwcp/protocol-otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { toProtobuf } from './otlp-proto.ts';
import { logsRequest, metricsRequest, tracesRequest } from './requests.ts';

const now = 1_767_323_045_000_000_001n;

describe('what protobufjs wrote reads as the same request in JSON', () => {
  test('spans', () => {
    fc.assert(
      fc.property(tracesRequest, (body) => {
        const bytes = toProtobuf('ExportTraceServiceRequest', body);
        expect(decodeTracesProtobuf(bytes)).toEqual(decodeTracesJson(body));
      }),
    );
  });

  test('log records', () => {
    fc.assert(
      fc.property(logsRequest, (body) => {
        const bytes = toProtobuf('ExportLogsServiceRequest', body);
        expect(decodeLogsProtobuf(bytes, now)).toEqual(decodeLogsJson(body, now));
      }),
    );
  });

  test('metrics, also through a cache that has seen them', () => {
    const cache = new OtlpMetricsCache({ maxAttributeSets: 50 });
    fc.assert(
      fc.property(metricsRequest, (body) => {
        const bytes = toProtobuf('ExportMetricsServiceRequest', body);
        const expected = decodeMetricsJson(body);
        expect(decodeMetricsProtobuf(bytes)).toEqual(expected);
        expect(decodeMetricsProtobuf(bytes, { cache })).toEqual(expected);
        expect(decodeMetricsProtobuf(bytes, { cache })).toEqual(expected);
      }),
      { numRuns: 200 },
    );
    expect(cache.resets).toBeGreaterThan(0);
  });
});

const examples = join(
  import.meta.dirname,
  '../../../../../shared/conformance/tracing/otlp-examples',
);
const parse = (name: string): unknown => JSON.parse(readFileSync(join(examples, name), 'utf8'));

describe.skipIf(!existsSync(examples))(
  "OpenTelemetry's own examples (wants the shared conformance data)",
  () => {
    test('read alike in both encodings, nothing refused', () => {
      const traces = decodeTracesJson(parse('trace.json'));
      expect(traces).toMatchObject({ rejectedCount: 0, spans: [{ kind: 'server' }] });
      expect(
        decodeTracesProtobuf(toProtobuf('ExportTraceServiceRequest', parse('trace.json'))),
      ).toEqual(traces);
      for (const file of ['logs.json', 'events.json']) {
        const logs = decodeLogsJson(parse(file), now);
        expect(logs.rejectedCount).toBe(0);
        expect(logs.records.length).toBeGreaterThan(0);
        const bytes = toProtobuf('ExportLogsServiceRequest', parse(file));
        expect(decodeLogsProtobuf(bytes, now)).toEqual(logs);
      }
      const metrics = decodeMetricsJson(parse('metrics.json'));
      expect(metrics).toMatchObject({ rejectedCount: 0, pointCount: 4 });
      expect(
        decodeMetricsProtobuf(toProtobuf('ExportMetricsServiceRequest', parse('metrics.json'))),
      ).toEqual(metrics);
    });

    test('hold the metrics that the file says', () => {
      const { resourceMetrics } = decodeMetricsJson(parse('metrics.json'));
      expect(resourceMetrics[0]?.resource.attributes).toEqual({ 'service.name': 'my.service' });
      const [group] = resourceMetrics[0]?.scopeMetrics ?? [];
      expect(group?.scope).toEqual({
        name: 'my.library',
        version: '1.0.0',
        attributes: { 'my.scope.attribute': 'some scope attribute' },
      });
      expect(group?.metrics).toMatchObject([
        {
          type: 'sum',
          temporality: 'delta',
          isMonotonic: true,
          points: [{ value: 5, timeUnixMs: 1_544_712_660_300 }],
        },
        { type: 'gauge', points: [{ value: 10, startUnixMs: 0 }] },
        { type: 'histogram', points: [{ count: 2, bucketCounts: Float64Array.of(1, 1) }] },
        {
          type: 'exponentialHistogram',
          points: [{ positive: { offset: 1, counts: Float64Array.of(0, 2) }, zeroCount: 1 }],
        },
      ]);
    });
  },
);

describe('a wrong item is refused with the words and the path of the JSON encoding', () => {
  const good = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    startTimeUnixNano: '5',
    endTimeUnixNano: '6',
  };
  const deep = (depth: number): object =>
    depth === 0 ? { intValue: '1' } : { arrayValue: { values: [deep(depth - 1)] } };

  test.each<[string, object]>([
    ['traceId', { traceId: 'abcd' }],
    ['traceId', { traceId: '00000000000000000000000000000000' }],
    ['spanId', { spanId: '' }],
    ['parentSpanId', { parentSpanId: '12' }],
    ['startTimeUnixNano', { startTimeUnixNano: '0' }],
    ['startTimeUnixNano', { startTimeUnixNano: '18446744073709551615' }],
    ['endTimeUnixNano', { endTimeUnixNano: '4' }],
    ['links[1].spanId', { links: [{ ...good }, { traceId: good.traceId, spanId: '77' }] }],
    ['attributes[0].value', { attributes: [{ key: 'a', value: deep(40) }] }],
    [
      'events[0].attributes[1].value',
      {
        events: [
          {
            timeUnixNano: '1',
            attributes: [
              { key: 'a', value: {} },
              { key: 'b', value: deep(34) },
            ],
          },
        ],
      },
    ],
  ])('%s', (field, change) => {
    const spans = [good, { ...good, ...change }, good];
    const body = { resourceSpans: [{ scopeSpans: [{}, { spans }] }] };
    const result = decodeTracesProtobuf(toProtobuf('ExportTraceServiceRequest', body));
    expect(result).toEqual(decodeTracesJson(body));
    expect(result.spans).toHaveLength(2);
    expect(result.rejected[0]?.field).toContain(`resourceSpans[0].scopeSpans[1].spans[1].${field}`);
  });

  test.each<[string, object, RegExp]>([
    ['', { gauge: { dataPoints: [{ timeUnixNano: '1000000' }] } }, /neither asDouble nor asInt/],
    ['.timeUnixNano', { gauge: { dataPoints: [{ asInt: '1' }] } }, /above 0/],
    [
      '.bucketCounts',
      {
        histogram: {
          dataPoints: [{ timeUnixNano: '1000000', explicitBounds: [1], bucketCounts: ['1'] }],
        },
      },
      /one more than the 1 bounds, got 1/,
    ],
    [
      '.explicitBounds[1]',
      {
        histogram: {
          dataPoints: [
            { timeUnixNano: '1000000', explicitBounds: [2, 2], bucketCounts: ['1', '1', '1'] },
          ],
        },
      },
      /finite and above the bound before it, got 2/,
    ],
    [
      '.exemplars[0].spanId',
      {
        sum: {
          dataPoints: [{ timeUnixNano: '1000000', asInt: '1', exemplars: [{ spanId: 'ff' }] }],
        },
      },
      /16 hex digits/,
    ],
  ])('a point: %s', (field, metric, problem) => {
    const [type] = Object.keys(metric);
    const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] };
    const result = decodeMetricsProtobuf(toProtobuf('ExportMetricsServiceRequest', body));
    expect(result).toEqual(decodeMetricsJson(body));
    expect(result).toMatchObject({ pointCount: 0, rejectedCount: 1 });
    expect(result.rejected).toEqual([
      {
        field: `resourceMetrics[0].scopeMetrics[0].metrics[0].${type}.dataPoints[0]${field}`,
        problem: expect.stringMatching(problem) as string,
      },
    ]);
  });
});

test('items beyond the limit are counted, the first hundred named', () => {
  const dataPoints = Array.from({ length: 300 }, () => ({ timeUnixNano: '1000000', asInt: '1' }));
  const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints } }] }] }] };
  const bytes = toProtobuf('ExportMetricsServiceRequest', body);
  const result = decodeMetricsProtobuf(bytes, { maxItems: 10 });
  expect(result).toEqual(decodeMetricsJson(body, { maxItems: 10 }));
  expect(result).toMatchObject({ pointCount: 10, rejectedCount: 290 });
  expect(result.rejected).toHaveLength(100);
  expect(result.rejected[0]).toEqual({
    field: 'resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[10]',
    problem: 'is one too many: a request may hold 10 items',
  });
});
