import { Labels, type MetricStore, systemClock } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { MemoryMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

const HOUR_MS = 3_600_000;

/** 1,000 counters in five regions, a sample every 15 s for a day: 5.76 million samples. */
function dayOfCounters(): MetricStore {
  const store = new MemoryMetricStore();
  const count = (24 * HOUR_MS) / 15_000;
  for (let i = 0; i < 1_000; i++) {
    store.put({
      labels: Labels.from({
        __name__: 'http_requests_total',
        instance: `host-${i}`,
        region: `region-${i % 5}`,
        le: i % 10 === 9 ? '+Inf' : String(i % 10),
      }),
      timestamps: Float64Array.from({ length: count }, (_, k) => k * 15_000),
      values: Float64Array.from({ length: count }, (_, k) => k * (1 + (i % 7))),
    });
  }
  return store;
}

const engine = new PromqlEngine({ store: dayOfCounters(), clock: systemClock });
const day = { startUnixMs: 0, endUnixMs: 24 * HOUR_MS };

const expressions = [
  'http_requests_total',
  'sum by (region) (rate(http_requests_total[5m]))',
  'max_over_time(http_requests_total[1h])',
  'rate(http_requests_total[5m]) / (http_requests_total + 1)',
  'histogram_quantile(0.9, sum by (le, region) (rate(http_requests_total[5m])))',
];

test('24 h of 1,000 series at 15 s, step 15 s', async ({ bench }) => {
  const regions = await engine.range({
    expression: 'sum by (region) (http_requests_total)',
    ...day,
    stepMs: 15_000,
  });
  expect(regions.value).toMatchObject({ kind: 'matrix', series: { length: 5 } });
  await bench.compare(
    ...expressions.map((expression) =>
      bench(expression, async () => {
        await engine.range({ expression, ...day, stepMs: 15_000 });
      }),
    ),
    { iterations: 5, time: 0, warmupIterations: 1, warmupTime: 0 },
  );
});
