import { decodeMetricsJson, decodeMetricsProtobuf, OtlpMetricsCache } from '@dwcp/protocol-otlp';
import { type Type } from 'protobufjs';
import { expect, test } from 'vitest';

import { toProtobuf, typeOf } from '../test/otlp-proto.ts';

/** 50 counters with 200 points each: 10,000 points of three attributes, about 110 bytes a point. */
const body = {
  resourceMetrics: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }] },
      scopeMetrics: [
        {
          scope: { name: 'http', version: '1.2.0' },
          metrics: Array.from({ length: 50 }, (_, metric) => ({
            name: `http.server.requests.${metric}`,
            unit: '{request}',
            sum: {
              aggregationTemporality: 2,
              isMonotonic: true,
              dataPoints: Array.from({ length: 200 }, (__, point) => ({
                attributes: [
                  { key: 'http.request.method', value: { stringValue: 'GET' } },
                  { key: 'http.route', value: { stringValue: `/api/v1/items/${point}` } },
                  { key: 'http.response.status_code', value: { intValue: '200' } },
                ],
                startTimeUnixNano: '1767323000000000000',
                timeUnixNano: '1767323045000000000',
                asInt: String(point * 17),
              })),
            },
          })),
        },
      ],
    },
  ],
};
const bytes = toProtobuf('ExportMetricsServiceRequest', body);
const text = JSON.stringify(body);

test('10,000 points of a counter', async ({ bench }) => {
  expect(decodeMetricsProtobuf(bytes).pointCount).toBe(10_000);
  const cache = new OtlpMetricsCache();
  const type: Type = typeOf('ExportMetricsServiceRequest');
  await bench.compare(
    bench('protobuf, attributes known from the request before', () => {
      decodeMetricsProtobuf(bytes, { cache });
    }),
    bench('protobuf, nothing known', () => {
      decodeMetricsProtobuf(bytes);
    }),
    bench('protobufjs, to messages only', () => {
      type.decode(bytes);
    }),
    bench('JSON', () => {
      decodeMetricsJson(JSON.parse(text));
    }),
  );
});
