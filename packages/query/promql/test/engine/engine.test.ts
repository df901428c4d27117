import { Labels, QueryError, systemClock } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { elements, engineOver, points } from '../support/series.ts';

const counter = {
  labels: { __name__: 'requests_total', job: 'a' },
  points: [0, 15, 30, 45, 60, 75, 90].map((at) => [at, at * 2] as const),
};

async function failure(work: Promise<unknown>): Promise<QueryError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('selectors', () => {
  test('a sample counts until it is as old as the lookback', async () => {
    const { engine } = engineOver([{ labels: { __name__: 'up' }, points: [[0, 1]] }]);
    const at = async (unixMs: number) =>
      elements(await engine.instant({ expression: 'up', unixMs }));
    expect(await at(299_999)).toEqual({ up: 1 });
    expect(await at(300_000)).toEqual({});
  });

  test('a staleness marker ends a series at once, an ordinary NaN does not', async () => {
    const { engine } = engineOver([
      {
        labels: { __name__: 'gone' },
        points: [
          [0, 1],
          [10, 'stale'],
        ],
      },
      {
        labels: { __name__: 'odd' },
        points: [
          [0, 1],
          [10, Number.NaN],
        ],
      },
    ]);
    const result = await engine.instant({ expression: '{__name__=~"gone|odd"}', unixMs: 20_000 });
    expect(elements(result)).toEqual({ odd: Number.NaN });
  });

  test('a range is open at its start and closed at its end', async () => {
    const { engine } = engineOver([counter]);
    const result = await engine.instant({ expression: 'requests_total[30s]', unixMs: 60_000 });
    expect(points(result)).toEqual({
      'requests_total{job="a"}': [
        [45, 90],
        [60, 120],
      ],
    });
  });

  test('offset and @ move what is looked at', async () => {
    const { engine } = engineOver([counter]);
    const at = async (expression: string) =>
      Object.values(elements(await engine.instant({ expression, unixMs: 60_000 })));
    expect(await at('requests_total offset 30s')).toEqual([60]);
    expect(await at('requests_total offset -30s')).toEqual([180]);
    expect(await at('requests_total @ 15')).toEqual([30]);
    expect(await at('requests_total @ 45 offset 15s')).toEqual([60]);
  });

  test('each selector is read from the store once, however many steps there are', async () => {
    const { engine, store } = engineOver([counter]);
    await engine.range({
      expression: 'rate(requests_total[1m]) / requests_total',
      startUnixMs: 0,
      endUnixMs: 90_000,
      stepMs: 100,
    });
    expect(store.selectCount).toBe(2);
  });

  test('a native histogram passes a selector and a sum as it is', async () => {
    const { engine, store } = engineOver([]);
    const histogram = {
      schema: 0,
      count: 1,
      sum: 1,
      zeroCount: 0,
      zeroThreshold: 0,
      positiveSpans: [{ offset: 0, length: 1 }],
      positiveBuckets: [1],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
    } as const;
    store.put({
      labels: Labels.from({ __name__: 'h' }),
      timestamps: Float64Array.of(0),
      values: Float64Array.of(Number.NaN),
      histograms: [histogram],
    });
    const { value } = await engine.instant({ expression: 'h', unixMs: 0 });
    expect(value).toMatchObject({ samples: [{ histogram }] });
    const sum = await engine.instant({ expression: 'sum(h)', unixMs: 0 });
    expect(sum.value).toMatchObject({ samples: [{ histogram }] });
  });
});

describe('rates', () => {
  test('a rate is extrapolated to the edges of its window', async () => {
    const { engine } = engineOver([counter]);
    const result = await engine.instant({
      expression: 'increase(requests_total[1m])',
      unixMs: 90_000,
    });
    expect(elements(result)).toEqual({ '{job="a"}': 120 });
  });

  test('a counter reset is not a negative rate', async () => {
    const { engine } = engineOver([
      {
        labels: { __name__: 'c_total' },
        points: [
          [0, 100],
          [15, 110],
          [30, 5],
          [45, 15],
        ],
      },
    ]);
    const at = async (expression: string) =>
      Object.values(elements(await engine.instant({ expression, unixMs: 45_000 })));
    expect(await at('resets(c_total[1m])')).toEqual([1]);
    expect(await at('irate(c_total[1m])')).toEqual([10 / 15]);
    const [increase = 0] = await at('increase(c_total[45s1ms])');
    expect(increase).toBeCloseTo(25, 2);
  });

  test('a rate of what is named like no counter is hinted at', async () => {
    const { engine } = engineOver([{ ...counter, labels: { __name__: 'load' } }]);
    const { infos } = await engine.instant({ expression: 'rate(load[1m])', unixMs: 60_000 });
    expect(infos).toEqual([
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "load" (1:6)',
    ]);
  });

  test('anchored takes the samples at the edges, smoothed the line between', async () => {
    const { engine } = engineOver([counter]);
    const at = async (expression: string) =>
      Object.values(elements(await engine.instant({ expression, unixMs: 50_000 })));
    expect(await at('increase(requests_total[30s] anchored)')).toEqual([60]);
    expect(await at('increase(requests_total[40s] smoothed)')).toEqual([80]);
    expect(await at('requests_total smoothed')).toEqual([100]);
  });

  test('a subquery is evaluated on multiples of its step', async () => {
    const { engine } = engineOver([counter]);
    const result = await engine.instant({ expression: 'requests_total[1m:20s]', unixMs: 70_000 });
    expect(points(result)).toEqual({
      'requests_total{job="a"}': [
        [20, 30],
        [40, 60],
        [60, 120],
      ],
    });
  });
});

describe('operators', () => {
  const limits = [
    { labels: { __name__: 'used', pod: 'x', node: '1' }, points: [[0, 3]] as const },
    { labels: { __name__: 'used', pod: 'y', node: '1' }, points: [[0, 4]] as const },
    { labels: { __name__: 'size', node: '1', zone: 'a' }, points: [[0, 10]] as const },
  ];

  test('group_left takes labels of the one side over', async () => {
    const { engine } = engineOver(limits);
    const expression = 'used / on(node) group_left(zone) size';
    expect(elements(await engine.instant({ expression, unixMs: 0 }))).toEqual({
      '{node="1", pod="x", zone="a"}': 0.3,
      '{node="1", pod="y", zone="a"}': 0.4,
    });
  });

  test('matching that is not unique is refused in Prometheus’ words', async () => {
    const { engine } = engineOver(limits);
    const message = async (expression: string) =>
      (await failure(engine.instant({ expression, unixMs: 0 }))).message;
    expect(await message('used / on(node) size')).toBe(
      'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
    );
    expect(await message('size / on(node) used')).toBe(
      'found duplicate series for the match group {node="1"} on the right hand-side of the operation: ' +
        '[{__name__="used", node="1", pod="x"}, {__name__="used", node="1", pod="y"}]' +
        ';many-to-many matching not allowed: matching labels must be unique on one side',
    );
  });

  test('names that no longer apply go last, and a clash is refused', async () => {
    const { engine } = engineOver(limits);
    const error = await failure(
      engine.instant({ expression: 'label_replace(-used, "pod", "z", "pod", ".*")', unixMs: 0 }),
    );
    expect(error.message).toBe('vector cannot contain metrics with the same labelset');
    const kept = await engine.instant({
      expression: 'label_replace(-size, "was", "$1", "__name__", "(.*)")',
      unixMs: 0,
    });
    expect(elements(kept)).toEqual({ '{node="1", was="size", zone="a"}': -10 });
  });
});

test('a group by a name that no longer applies has no name in the end', async () => {
  const { engine } = engineOver([
    {
      labels: { __name__: 'a_total', x: '1' },
      points: [
        [0, 0],
        [60, 60],
      ],
    },
    {
      labels: { __name__: 'b_total', x: '2' },
      points: [
        [0, 0],
        [60, 120],
      ],
    },
  ]);
  const query = (expression: string) => engine.instant({ expression, unixMs: 60_000 });
  const both = '{__name__=~"[ab]_total"}';
  expect(elements(await query(`sum by (__name__, x) (${both})`))).toEqual({
    'a_total{x="1"}': 60,
    'b_total{x="2"}': 120,
  });
  expect(elements(await query(`sum by (__name__, x) (delta(${both}[61s]))`))).toEqual({
    '{x="1"}': 61,
    '{x="2"}': 122,
  });
  expect((await failure(query(`sum by (__name__) (delta(${both}[61s]))`))).message).toBe(
    'vector cannot contain metrics with the same labelset',
  );
});

describe('limits', () => {
  test('a range has at most 11,000 steps', async () => {
    const { engine } = engineOver([counter]);
    const range = { expression: 'up', startUnixMs: 0, stepMs: 1000 };
    const error = await failure(engine.range({ ...range, endUnixMs: 11_001_000 }));
    expect(error.errorType).toBe('bad_data');
    expect(error.message).toContain('exceeded maximum resolution of 11,000 points per timeseries');
    await expect(engine.range({ ...range, endUnixMs: 11_000_000 })).resolves.toBeDefined();
  });

  test('a range runs forwards in positive steps', async () => {
    const { engine } = engineOver([]);
    const range = { expression: 'up', startUnixMs: 1000, endUnixMs: 0, stepMs: 1000 };
    expect((await failure(engine.range(range))).message).toBe(
      'end timestamp must not be before start time',
    );
    expect((await failure(engine.range({ ...range, stepMs: 0 }))).message).toContain(
      'zero or negative query resolution step widths are not accepted',
    );
  });

  test('a range query of a range vector is refused', async () => {
    const { engine } = engineOver([]);
    const range = { expression: 'up[5m]', startUnixMs: 0, endUnixMs: 0, stepMs: 1000 };
    expect(await failure(engine.range(range))).toMatchObject({
      errorType: 'bad_data',
      message:
        'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    });
  });

  test('too many samples end the query', async () => {
    const { engine } = engineOver([counter], { maxSamples: 5 });
    const error = await failure(
      engine.instant({ expression: 'requests_total[5m]', unixMs: 90_000 }),
    );
    expect(error).toMatchObject({
      errorType: 'execution',
      message:
        'query processing would load too many samples into memory in query execution: more than 5 at ' +
        'a time; narrow it by labels, a shorter range or a longer step',
    });
  });

  test('a query that takes too long ends with a timeout', async () => {
    const clock = new ManualClock();
    const store = new MemoryMetricStore();
    store.select = async () => {
      await clock.advance(1500);
      return [];
    };
    const engine = new PromqlEngine({ store, clock, timeoutMs: 1000 });
    const error = await failure(engine.instant({ expression: 'up + up', unixMs: 0 }));
    expect(error).toMatchObject({
      errorType: 'timeout',
      message:
        'query timed out in expression evaluation: it took more than 1000 ms; narrow it by labels, ' +
        'a shorter range or a longer step',
    });
  });

  test('a caller who gives up ends the query', async () => {
    const { engine } = engineOver([counter]);
    const controller = new AbortController();
    controller.abort();
    const query = { expression: 'requests_total', unixMs: 0 };
    const error = await failure(engine.instant(query, { signal: controller.signal }));
    expect(error).toMatchObject({
      errorType: 'canceled',
      message: 'query was canceled in expression evaluation',
    });
  });

  test('one series with wide windows does not hold the event loop either', async () => {
    const { store } = engineOver([]);
    const labels = Labels.from({ __name__: 'm' });
    const timestamps = Float64Array.from({ length: 30_000 }, (_, i) => i * 1_000);
    store.put({ labels, timestamps, values: new Float64Array(timestamps.length).fill(1) });
    const engine = new PromqlEngine({ store, clock: systemClock });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await engine.range({
      expression: 'stddev_over_time(m[8h])',
      startUnixMs: 22_500_000,
      endUnixMs: 30_000_000,
      stepMs: 1_000,
    });
    clearInterval(timer);
    // Two hundred million values in all: at least half a dozen stretches of 20 ms.
    expect(turns).toBeGreaterThan(5);
  });
});
