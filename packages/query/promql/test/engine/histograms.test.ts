import { type NativeHistogram } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { engineOverMixed, h, only } from '../support/histograms.ts';

const MINUTE = 60_000;

async function ask(histogram: NativeHistogram, expression: string): Promise<unknown> {
  const engine = engineOverMixed({ labels: { __name__: 'h' }, samples: [histogram] });
  return only(await engine.instant({ expression, unixMs: 0 }));
}

describe('a histogram of two kinds of layout', () => {
  test('a sum has the lower resolution of its parts', async () => {
    const engine = engineOverMixed(
      { labels: { __name__: 'h', of: 'fine' }, samples: [h('schema:1 count:4 buckets:[1 1 1 1]')] },
      { labels: { __name__: 'h', of: 'coarse' }, samples: [h('schema:0 count:2 buckets:[1 1]')] },
    );
    const sum = await engine.instant({ expression: 'sum(h)', unixMs: 0 });
    // Buckets 1 and 2 of schema 1 lie in bucket 1 of schema 0, bucket 3 in bucket 2.
    expect(only(sum)).toMatchObject({
      schema: 0,
      count: 6,
      positiveSpans: [{ offset: 0, length: 3 }],
      positiveBuckets: [2, 3, 1],
    });
  });

  test('a wider zero bucket takes in the buckets that it covers, whole ones only', async () => {
    const engine = engineOverMixed(
      { labels: { __name__: 'h', of: 'wide' }, samples: [h('count:1 z_bucket:1 z_bucket_w:1.5')] },
      { labels: { __name__: 'h', of: 'narrow' }, samples: [h('count:6 buckets:[1 2 3]')] },
    );
    const sum = await engine.instant({ expression: 'sum(h)', unixMs: 0 });
    // 1.5 lies inside the bucket (1, 2], so the zero bucket grows to 2.
    expect(only(sum)).toMatchObject({
      zeroThreshold: 2,
      zeroCount: 4,
      positiveSpans: [{ offset: 2, length: 1 }],
      positiveBuckets: [3],
    });
  });

  test('custom bounds that differ are brought to those that both have', async () => {
    const engine = engineOverMixed(
      {
        labels: { __name__: 'a' },
        samples: [h('schema:-53 count:6 custom_values:[1 2 5] buckets:[1 2 2 1]')],
      },
      {
        labels: { __name__: 'b' },
        samples: [h('schema:-53 count:3 custom_values:[2 3 5] buckets:[1 1 0 1]')],
      },
    );
    const result = await engine.instant({ expression: 'a + b', unixMs: 0 });
    expect(only(result)).toMatchObject({ customValues: [2, 5], positiveBuckets: [4, 3, 2] });
    expect(result.infos).toEqual([
      'PromQL info: mismatched custom buckets were reconciled during addition (1:1)',
    ]);
  });

  test('exponential and custom buckets do not combine', async () => {
    const engine = engineOverMixed(
      { labels: { __name__: 'a' }, samples: [h('count:1 buckets:[1]')] },
      { labels: { __name__: 'b' }, samples: [h('schema:-53 count:1 buckets:[1]')] },
    );
    const result = await engine.instant({ expression: 'a - b', unixMs: 0 });
    expect(only(result)).toBeUndefined();
    expect(result.warnings).toEqual([
      'PromQL warning: incompatible bucket layout encountered for binary operator - (1:1)',
    ]);
  });
});

describe('sums', () => {
  test('small numbers survive large ones that cancel out', async () => {
    const samples = ['1', '1e100', '1', '-1e100'].map((sum) => h(`count:1 sum:${sum}`));
    const engine = engineOverMixed({ labels: { __name__: 'h' }, samples });
    for (const expression of ['sum_over_time(h[5m])', 'avg_over_time(h[5m])']) {
      const result = only(await engine.instant({ expression, unixMs: 3 * MINUTE }));
      expect(result).toMatchObject({ sum: expression.startsWith('sum') ? 2 : 0.5 });
    }
  });

  test('a mean does not overflow where the sum would', async () => {
    const samples = [h('count:1.5e308'), h('count:1e308'), h('count:0.5e308')];
    const engine = engineOverMixed({ labels: { __name__: 'h' }, samples });
    const mean = await engine.instant({ expression: 'avg_over_time(h[5m])', unixMs: 2 * MINUTE });
    expect((only(mean) as NativeHistogram).count / 1e308).toBeCloseTo(1, 12);
  });

  test('floats and histograms in one group give nothing and a warning', async () => {
    const engine = engineOverMixed(
      { labels: { __name__: 'm', id: '1' }, samples: [2] },
      { labels: { __name__: 'm', id: '2' }, samples: [h('count:1')] },
    );
    const result = await engine.instant({ expression: 'sum(m)', unixMs: 0 });
    expect(only(result)).toBeUndefined();
    expect(result.warnings).toEqual([
      'PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)',
    ]);
  });

  test('count_values names histograms as Prometheus prints them', async () => {
    const histogram = h('count:7 sum:2.5 z_bucket:1 z_bucket_w:0.5 buckets:[0 2] n_buckets:[4]');
    const engine = engineOverMixed({ labels: { __name__: 'h' }, samples: [histogram] });
    const { value } = await engine.instant({ expression: 'count_values("v", h)', unixMs: 0 });
    expect(value).toMatchObject({
      samples: [{ value: 1, labels: expect.anything() }],
    });
    if (value.kind !== 'vector') throw new Error(`got a ${value.kind}`);
    expect(value.samples[0]?.labels.get('v')).toBe(
      '{count:7, sum:2.5, [-1,-0.5):4, [-0.5,0.5]:1, (1,2]:2}',
    );
  });
});

describe('counters', () => {
  const counter = ['buckets:[1 0] count:1', 'buckets:[2 1] count:3', 'buckets:[1 3] count:4'];

  test('a bucket that falls is a reset though the count rises', async () => {
    const engine = engineOverMixed({ labels: { __name__: 'h' }, samples: counter.map(h) });
    const at = { unixMs: 2 * MINUTE };
    expect(only(await engine.instant({ expression: 'resets(h[5m])', ...at }))).toBe(1);
    // From 1 to 3, and then 4 more from zero; irate looks at the last two samples.
    expect(only(await engine.instant({ expression: 'irate(h[5m]) * 60', ...at }))).toMatchObject({
      count: 4,
      positiveBuckets: [1, 3],
    });
  });

  test('a hint is believed, whatever the counts say', async () => {
    const samples = counter.map((text) => h(`${text} counter_reset_hint:not_reset`));
    const engine = engineOverMixed({ labels: { __name__: 'h' }, samples });
    const resets = await engine.instant({ expression: 'resets(h[5m])', unixMs: 2 * MINUTE });
    expect(only(resets)).toBe(0);
  });

  test('a subquery does not believe hints, since it passes over samples', async () => {
    const samples = [5, 1, 7].map((count) => h(`count:${count} counter_reset_hint:not_reset`));
    samples.push(h('count:3 counter_reset_hint:not_reset'));
    const engine = engineOverMixed({ labels: { __name__: 'h' }, samples });
    const at = { unixMs: 3 * MINUTE };
    expect(only(await engine.instant({ expression: 'resets(h[4m])', ...at }))).toBe(0);
    expect(only(await engine.instant({ expression: 'resets(h[4m:1m])', ...at }))).toBe(2);
  });

  test('a mix of floats and histograms has no rate', async () => {
    const engine = engineOverMixed({
      labels: { __name__: 'h' },
      samples: [1, h('count:2'), h('count:3')],
    });
    const result = await engine.instant({ expression: 'rate(h[5m])', unixMs: 2 * MINUTE });
    expect(only(result)).toBeUndefined();
    expect(result.warnings).toEqual([
      'PromQL warning: encountered a mix of histograms and floats for metric name "h" (1:6)',
    ]);
  });
});

describe('start timestamps', () => {
  const labels = { __name__: 'c_total' };

  test('a start after the last sample is a reset that the values do not show', async () => {
    const samples = [10, 20, 30];
    const starts = [0, 0, 90_000];
    const engine = engineOverMixed({ labels, samples, starts });
    const at = { unixMs: 2 * MINUTE };
    expect(only(await engine.instant({ expression: 'resets(c_total[5m])', ...at }))).toBe(1);
    // Without it the counter rose from 20 to 30.
    expect(only(await engine.instant({ expression: 'irate(c_total[5m]) * 60', ...at }))).toBe(30);
  });

  test('one sample has an increase when it began inside the window', async () => {
    const engine = engineOverMixed({ labels, samples: [1, 12], starts: [0, 30_000] });
    const query = { expression: 'increase(c_total[1m])', unixMs: MINUTE };
    expect(only(await engine.instant(query))).toBe(12);
  });

  test('start_timestamp() tells them in seconds, 0 where they are not known', async () => {
    const engine = engineOverMixed({ labels, samples: [1, 12], starts: [0, 30_000] });
    const ask = async (unixMs: number) =>
      only(await engine.instant({ expression: 'start_timestamp(c_total)', unixMs }));
    expect([await ask(0), await ask(MINUTE)]).toEqual([0, 30]);
  });
});

describe('estimates', () => {
  test('a quantile in an exponential bucket lies on a logarithmic scale', async () => {
    expect(await ask(h('count:4 buckets:[0 4]'), 'histogram_quantile(0.5, h)')).toBeCloseTo(
      Math.SQRT2,
      14,
    );
  });

  test('only the bucket behind the largest float has no end', async () => {
    // Bucket 1024 of schema 0 ends at the largest float, the next one at infinity.
    const below = `histogram_fraction(-Inf, ${Number.MAX_VALUE}, h)`;
    expect(await ask(h('count:2 offset:1024 buckets:[1 1]'), below)).toBe(0.5);
    expect(await ask(h('schema:8 count:2 offset:262144 buckets:[1 1]'), below)).toBe(0.5);
    expect(await ask(h('schema:-4 count:2 offset:64 buckets:[1 1]'), below)).toBe(0.5);
  });

  test('the spread of observations in one bucket is that of its middle', async () => {
    const histogram = h('count:3 sum:6 buckets:[0 3]');
    expect(await ask(histogram, 'histogram_stdvar(h)')).toBeCloseTo((Math.SQRT2 - 2) ** 2, 14);
    expect(await ask(histogram, 'histogram_avg(h)')).toBe(2);
  });

  test('a histogram beside classic buckets of its name has no quantile', async () => {
    const engine = engineOverMixed(
      { labels: { __name__: 'm', le: '1' }, samples: [1] },
      { labels: { __name__: 'm', le: '+Inf' }, samples: [2] },
      { labels: { __name__: 'm' }, samples: [h('count:1 buckets:[1]')] },
    );
    const result = await engine.instant({ expression: 'histogram_quantile(0.5, m)', unixMs: 0 });
    expect(only(result)).toBeUndefined();
    expect(result.warnings).toEqual([
      'PromQL warning: vector contains a mix of classic and native histograms for metric name "m" (1:25)',
    ]);
  });
});

describe('operators that are not for histograms', () => {
  test.each([
    ['h > 1', 'histogram > float'],
    ['1 / h', 'float / histogram'],
    ['h * h', 'histogram * histogram'],
    ['h </ h', 'histogram </ histogram'],
    ['vector(1) </ 2', 'float </ float'],
  ])('%s gives nothing and says why', async (expression, kinds) => {
    const engine = engineOverMixed({ labels: { __name__: 'h' }, samples: [h('count:1')] });
    const result = await engine.instant({ expression, unixMs: 0 });
    expect(only(result)).toBeUndefined();
    const [, operator = ''] = kinds.split(' ');
    expect(result.infos).toEqual([
      `PromQL info: incompatible sample types encountered for binary operator "${operator}": ${kinds} (1:1)`,
    ]);
  });

  test('two scalars cannot be trimmed', async () => {
    const engine = engineOverMixed();
    await expect(engine.instant({ expression: '1 </ 2', unixMs: 0 })).rejects.toMatchObject({
      errorType: 'execution',
      message: 'operator "</" not allowed for Scalar operations',
    });
  });
});

describe('ranges with modifiers', () => {
  const samples = [10, 20, 40].map((value) => value);
  const series = { labels: { __name__: 'm' }, samples };

  test('by themselves they show the edges of the window', async () => {
    const engine = engineOverMixed(series);
    const shown = async (expression: string) => {
      const { value } = await engine.instant({ expression, unixMs: 90_000 });
      if (value.kind !== 'matrix') throw new Error(`got a ${value.kind}`);
      return value.series.map(({ timestamps, values }) => [[...timestamps], [...values]]);
    };
    expect(await shown('m[1m] anchored')).toEqual([
      [
        [30_000, 60_000, 90_000],
        [10, 20, 20],
      ],
    ]);
    expect(await shown('m[1m] smoothed')).toEqual([
      [
        [30_000, 60_000, 90_000],
        [15, 20, 30],
      ],
    ]);
  });

  test('an instant selector has no edges to anchor', async () => {
    const engine = engineOverMixed(series);
    const at = { unixMs: 90_000 };
    expect(only(await engine.instant({ expression: 'm anchored', ...at }))).toBe(20);
    expect(only(await engine.instant({ expression: 'm smoothed', ...at }))).toBe(30);
    expect(only(await engine.instant({ expression: 'timestamp(m smoothed)', ...at }))).toBe(60);
  });
});
