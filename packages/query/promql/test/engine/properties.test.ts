import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { elements, engineOver, points } from '../support/series.ts';

const value = fc.integer({ min: -1_000_000, max: 1_000_000 });
/** Up to 20 series in up to three groups, with samples on a grid of 10 s, some missing. */
const vectors = fc
  .array(
    fc.record({
      group: fc.constantFrom('a', 'b', 'c'),
      samples: fc.array(fc.option(value), { minLength: 1, maxLength: 30 }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((rows) =>
    rows.map(({ group, samples }, i) => ({
      labels: { __name__: 'm', group, id: String(i) },
      points: samples.flatMap((sample, k) => (sample === null ? [] : [[k * 10, sample] as const])),
    })),
  );
const expressions = fc.constantFrom(
  'm',
  'sum by (group) (m)',
  'rate(m[1m])',
  'avg_over_time(m[45s])',
  'm > 0',
  'm * on(id) group_left m',
  'm and (m > 10)',
  'max_over_time(m[1m:15s])',
  'quantile(0.3, m)',
  'scalar(sum(m)) + time()',
  'absent(m)',
);

describe('aggregation', () => {
  test('the sums of the groups sum up to the whole', async () => {
    await fc.assert(
      fc.asyncProperty(vectors, async (series) => {
        const { engine } = engineOver(series);
        const at = { unixMs: 100_000 };
        const whole = await engine.instant({ expression: 'sum(m)', ...at });
        const parts = await engine.instant({ expression: 'sum(sum by (group) (m))', ...at });
        expect(elements(parts)).toEqual(elements(whole));
      }),
    );
  });

  test('topk and the elements below it share the vector out', async () => {
    await fc.assert(
      fc.asyncProperty(vectors, fc.integer({ min: 1, max: 25 }), async (series, k) => {
        const { engine } = engineOver(series);
        const query = (expression: string) => engine.instant({ expression, unixMs: 100_000 });
        const top = elements(await query(`topk(${k}, m)`));
        const rest = elements(await query(`m unless topk(${k}, m)`));
        const all = elements(await query('m'));
        expect({ ...top, ...rest }).toEqual(all);
        expect(Object.keys(top)).toHaveLength(Math.min(k, Object.keys(all).length));
        expect(Math.max(...Object.values(rest))).toBeLessThanOrEqual(
          Math.min(...Object.values(top)),
        );
      }),
    );
  });

  test('limit_ratio and its complement share the vector out', async () => {
    await fc.assert(
      fc.asyncProperty(vectors, fc.integer({ min: 1, max: 9 }), async (series, tenths) => {
        const { engine } = engineOver(series);
        const query = (expression: string) => engine.instant({ expression, unixMs: 100_000 });
        const taken = elements(await query(`limit_ratio(${tenths / 10}, m)`));
        const left = elements(await query(`limit_ratio(${tenths / 10 - 1}, m)`));
        expect({ ...taken, ...left }).toEqual(elements(await query('m')));
        expect(Object.keys(taken).filter((key) => key in left)).toEqual([]);
      }),
    );
  });
});

test('each step of a range is what an instant query answers there', async () => {
  await fc.assert(
    fc.asyncProperty(vectors, expressions, async (series, expression) => {
      const { engine } = engineOver(series);
      const range = await engine.range({
        expression,
        startUnixMs: 0,
        endUnixMs: 620_000,
        stepMs: 155_000,
      });
      for (let unixMs = 0; unixMs <= 620_000; unixMs += 155_000) {
        const { value } = await engine.instant({ expression, unixMs });
        const instant =
          value.kind === 'scalar'
            ? { '{}': value.value }
            : elements({ value, warnings: [], infos: [] });
        const step = Object.fromEntries(
          Object.entries(points(range)).flatMap(([labels, all]) =>
            all.filter(([at]) => at * 1000 === unixMs).map(([, v]) => [labels, v]),
          ),
        );
        expect(step).toEqual(instant);
      }
    }),
  );
});

test('the largest over a moving window is that of looking at every window afresh', async () => {
  const samples = fc.array(fc.oneof(value, fc.constant(Number.NaN)), {
    minLength: 1,
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(samples, fc.integer({ min: 1, max: 12 }), async (values, width) => {
      const series = { labels: { __name__: 'm' }, points: values.map((v, i) => [i, v] as const) };
      const { engine } = engineOver([series]);
      const result = await engine.range({
        expression: `max_over_time(m[${width}s])`,
        startUnixMs: 0,
        endUnixMs: (values.length - 1) * 1000,
        stepMs: 1000,
      });
      const wanted = values.map((_, i) => {
        const window = values
          .slice(Math.max(0, i - width + 1), i + 1)
          .filter((v) => !Number.isNaN(v));
        return [i, window.length === 0 ? Number.NaN : Math.max(...window)];
      });
      expect(points(result)).toEqual({ '{}': wanted });
    }),
  );
});
