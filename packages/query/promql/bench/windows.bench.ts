import { Labels, systemClock } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { MemoryMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

const STEP_MS = 15_000;
const SAMPLES_PER_WINDOW = 1_440;
const STEPS = 2_000;
const SERIES = 2;
const SAMPLES = SAMPLES_PER_WINDOW + STEPS;

/** Values without any order, which is the worst for what is kept from window to window. */
function gauges(): MemoryMetricStore {
  const store = new MemoryMetricStore();
  let value = 123;
  for (let i = 0; i < SERIES; i++) {
    store.put({
      labels: Labels.from({ __name__: 'm', i: String(i) }),
      timestamps: Float64Array.from({ length: SAMPLES }, (_, k) => k * STEP_MS),
      values: Float64Array.from(
        { length: SAMPLES },
        () => (value = (value * 16_807) % 2_147_483_647),
      ),
    });
  }
  return store;
}

const engine = new PromqlEngine({ store: gauges(), clock: systemClock });
const grid = {
  startUnixMs: SAMPLES_PER_WINDOW * STEP_MS,
  endUnixMs: (SAMPLES - 1) * STEP_MS,
  stepMs: STEP_MS,
};
const expressions = [
  'max_over_time(m[6h])',
  'rate(m[6h])',
  'sum_over_time(m[6h])',
  'avg_over_time(m[6h])',
  'stddev_over_time(m[6h])',
  'mad_over_time(m[6h])',
  'quantile_over_time(0.9, m[6h])',
  'deriv(m[6h])',
  'predict_linear(m[6h], 60)',
  'double_exponential_smoothing(m[6h], 0.5, 0.5)',
];

// A millisecond is 0.174 ns per sample that a window looks at.
test('2,000 windows of 1,440 samples over 2 series: 5.76 million samples looked at', async ({
  bench,
}) => {
  const { value } = await engine.range({ expression: 'count_over_time(m[6h])', ...grid });
  if (value.kind !== 'matrix') throw new Error('no matrix');
  expect(value.series.map(({ values }) => [...new Set(values)])).toEqual([
    [SAMPLES_PER_WINDOW],
    [SAMPLES_PER_WINDOW],
  ]);
  await bench.compare(
    ...expressions.map((expression) =>
      bench(expression, async () => {
        await engine.range({ expression, ...grid });
      }),
    ),
    { iterations: 10, time: 0, warmupIterations: 2, warmupTime: 0 },
  );
});
