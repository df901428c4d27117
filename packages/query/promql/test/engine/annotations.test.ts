import { expect, test } from 'vitest';

import { engineOverMixed, h } from '../support/histograms.ts';

const MONOTONICITY =
  'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "b"';

/** Cumulative counts of one histogram by bound, at 0 and at a minute. */
function buckets(counts: Readonly<Record<string, readonly number[]>>) {
  return Object.entries(counts).map(([le, samples]) => ({
    labels: { __name__: 'b', le },
    samples,
  }));
}

test('counts that had to be raised are told with bounds, difference and times', async () => {
  const engine = engineOverMixed(
    ...buckets({ '0.1': [200, 400], '1': [50, 390], '10': [190, 500], '+Inf': [300, 600] }),
  );
  const { infos } = await engine.range({
    expression: 'histogram_quantile(0.5, b)',
    startUnixMs: 0,
    endUnixMs: 60_000,
    stepMs: 60_000,
  });
  expect(infos).toEqual([
    `${MONOTONICITY}, from buckets 1 to 10, with a max diff of 1.5e+02, over 2 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (1:25)`,
  ]);
});

test('of a message that comes twice the last position is told', async () => {
  const engine = engineOverMixed({ labels: { __name__: 'h' }, samples: [h('count:1'), 1] });
  const { warnings } = await engine.instant({
    expression: 'rate(h[5m]) or rate(h[6m])',
    unixMs: 60_000,
  });
  expect(warnings).toEqual([
    'PromQL warning: encountered a mix of histograms and floats for metric name "h" (1:21)',
  ]);
});

test('a sort over a range is told to be of no use', async () => {
  const engine = engineOverMixed({ labels: { __name__: 'm' }, samples: [1, 2] });
  const range = { startUnixMs: 0, endUnixMs: 60_000, stepMs: 60_000 };
  for (const call of ['sort(m)', 'sort_desc(m)', 'sort_by_label(m, "a")']) {
    const { warnings } = await engine.range({ expression: call, ...range });
    expect(warnings).toEqual([
      'PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)',
    ]);
    expect(await engine.instant({ expression: call, unixMs: 0 })).toMatchObject({ warnings: [] });
  }
});

test.each([
  ['quantile(time() / 30, m)', ['2']],
  ['quantile(-time() / 30, m)', ['-2']],
  ['quantile_over_time(time() / 30, m[5m])', ['1.5', '2']],
  ['limit_ratio(time() / -30, m)', []],
])('%s over a range warns of the steps that Prometheus warns of', async (expression, values) => {
  const engine = engineOverMixed({ labels: { __name__: 'm' }, samples: [1, 2] });
  const range = { startUnixMs: 0, endUnixMs: 60_000, stepMs: 15_000 };
  const { warnings } = await engine.range({ expression, ...range });
  const column = expression.indexOf('(') + 2;
  const wanted = values.map(
    (value) =>
      `PromQL warning: quantile value should be between 0 and 1, got ${value} (1:${column})`,
  );
  const ratio = `PromQL warning: ratio value should be between -1 and 1, got -2, capping to -1 (1:${column})`;
  expect(warnings).toEqual(values.length === 0 ? [ratio] : wanted);
});

test('a quantile over a window of no series warns of nothing', async () => {
  const engine = engineOverMixed();
  const { warnings } = await engine.instant({
    expression: 'quantile_over_time(2, m[5m])',
    unixMs: 0,
  });
  expect(warnings).toEqual([]);
});

test('topk points at itself, other aggregations at what they aggregate', async () => {
  const engine = engineOverMixed({ labels: { __name__: 'h' }, samples: [h('count:1')] });
  const infoOf = async (expression: string) =>
    (await engine.instant({ expression, unixMs: 0 })).infos;
  expect(await infoOf('topk(1, h)')).toEqual([
    'PromQL info: ignored histogram in topk aggregation (1:1)',
  ]);
  expect(await infoOf('max(h)')).toEqual([
    'PromQL info: ignored histogram in max aggregation (1:5)',
  ]);
});
