import { systemClock } from '@dwcp/core';
import { InstrumentRegistry, OtlpMetricsTranslator } from '@dwcp/metrics-collector';
import { decodeMetricsJson } from '@dwcp/protocol-otlp';
import { expect, test } from 'vitest';

import { attributes, CUMULATIVE, DELTA, nano, request, sum } from '../test/otlp/requests.ts';

const t0 = 1_767_323_000_000;

/** 50 counters with 200 points each, as one collection of an exporter: 10,000 series. */
const metricsAt = (aggregationTemporality: number, step: number): object =>
  decodeMetricsJson(
    request(
      Array.from({ length: 50 }, (_, metric) =>
        sum(
          `http.server.requests.${metric}`,
          Array.from({ length: 200 }, (__, point) => ({
            attributes: attributes({
              'http.request.method': 'GET',
              'http.route': `/api/v1/items/${point}`,
              'http.response.status_code': { intValue: '200' },
            }),
            startTimeUnixNano: nano(t0 + step * 1000),
            timeUnixNano: nano(t0 + (step + 1) * 1000),
            asInt: String(point * 17),
          })),
          { aggregationTemporality },
        ),
      ),
      { 'service.name': 'checkout', 'service.instance.id': 'pod-1' },
    ),
  );
type Metrics = ReturnType<typeof decodeMetricsJson>;

const translator = (): OtlpMetricsTranslator =>
  new OtlpMetricsTranslator({
    clock: systemClock,
    instruments: new InstrumentRegistry({ clock: systemClock }),
  });

test('translate 10,000 points of counters', async ({ bench }) => {
  const cumulative = metricsAt(CUMULATIVE, 0) as Metrics;
  const delta = metricsAt(DELTA, 0) as Metrics;
  const warm = translator();
  expect(warm.translate(cumulative).pointCount).toBe(10_000);
  await bench.compare(
    bench('cumulative, series known', () => {
      warm.translate(cumulative);
    }),
    bench('cumulative, every series new', () => {
      translator().translate(cumulative);
    }),
    bench('delta, every series new', () => {
      translator().translate(delta);
    }),
  );
});
