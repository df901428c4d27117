import { InstrumentRegistry } from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { collected } from '../support/collected.ts';

/** What the README states. */
const STATED_ERROR = 0.01;
const quantiles = [0.5, 0.9, 0.95, 0.99, 0.999];

function summaryOf(values: Iterable<number>): Record<string, number> {
  const registry = new InstrumentRegistry({ clock: new ManualClock() });
  const summary = registry.summary({ name: 's', help: 'S.', quantiles });
  for (const value of values) summary.observe(value);
  return collected(registry);
}

describe('a summary', () => {
  const COUNT = 100_000;
  const ranks = Array.from({ length: COUNT }, (_, i) => (i + 0.5) / COUNT);
  // The inverse distribution functions in closed form, so that every quantile is known.
  const distributions = {
    uniform: (p: number) => p,
    exponential: (p: number) => -Math.log(1 - p),
    pareto: (p: number) => (1 - p) ** (-1 / 1.5),
    'log-logistic of milliseconds': (p: number) => 0.02 * (p / (1 - p)) ** (1 / 3),
    'mirrored exponential': (p: number) => Math.log(p),
  };

  test.each(Object.entries(distributions))(
    'gives P50, P90, P95, P99 and P99.9 of a %s distribution within 1 %%',
    (_, inverse) => {
      const samples = summaryOf(ranks.map(inverse));
      for (const q of quantiles) {
        const exact = inverse(q);
        const found = samples[`s{quantile="${q}"}`] ?? Number.NaN;
        // A thousandth more, for the distance between neighbours in the sample.
        expect(Math.abs(found / exact - 1)).toBeLessThan(STATED_ERROR * 1.1);
      }
      expect(samples['s_count']).toBe(COUNT);
    },
  );

  test('is within 1 % of the sorted values whatever they are, and in whatever order', () => {
    const value = fc.oneof(
      fc.double({ min: 1e-9, max: 1e6, noNaN: true }),
      fc.double({ min: -1e6, max: -1e-9, noNaN: true }),
      fc.constant(0),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
        const samples = summaryOf(values);
        const sorted = values.toSorted((a, b) => a - b);
        for (const q of quantiles) {
          const exact = sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
          const found = samples[`s{quantile="${q}"}`] ?? Number.NaN;
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(
            Math.abs(exact) * STATED_ERROR * 1.000_1,
          );
        }
      }),
    );
  });

  test('keeps the high quantiles right where values span more than it has buckets for', () => {
    const samples = summaryOf(
      Array.from({ length: 1_000 }, (_, i) => 10 ** ((i / 1_000) * 30 - 10)),
    );
    expect(Math.abs((samples['s{quantile="0.99"}'] ?? 0) / 10 ** 19.67 - 1)).toBeLessThan(0.05);
  });

  test('forgets what is older than its window, but sum and count go on', async () => {
    const clock = new ManualClock();
    const registry = new InstrumentRegistry({ clock });
    const summary = registry.summary({
      name: 's',
      help: 'S.',
      quantiles: [0.5],
      maxAgeSeconds: 60,
    });
    for (let i = 0; i < 10; i++) summary.observe(100);
    await clock.advance(40_000);
    summary.observe(1);
    expect(collected(registry)['s{quantile="0.5"}']).toBeCloseTo(100, -1);
    await clock.advance(25_000);
    expect(collected(registry)['s{quantile="0.5"}']).toBeCloseTo(1, 1);
    await clock.advance(600_000);
    const samples = collected(registry);
    expect(samples['s{quantile="0.5"}']).toBeNaN();
    expect(samples).toMatchObject({ s_sum: 1_001, s_count: 11 });
  });

  test('stays exact while values of every size come and go', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.double({ min: -14, max: 14, noNaN: true }), fc.nat(8_000)), {
          maxLength: 60,
        }),
        async (steps) => {
          const clock = new ManualClock();
          const registry = new InstrumentRegistry({ clock });
          const summary = registry.summary({
            name: 's',
            help: 'S.',
            quantiles: [0.999],
            maxAgeSeconds: 50,
          });
          const seen: { readonly slot: number; readonly value: number }[] = [];
          for (const [exponent, pauseMs] of steps) {
            await clock.advance(pauseMs);
            summary.observe(10 ** exponent);
            seen.push({ slot: Math.floor(clock.monotonicMs() / 10_000), value: 10 ** exponent });
          }
          const now = Math.floor(clock.monotonicMs() / 10_000);
          const kept = seen.filter(({ slot }) => slot > now - 5).map(({ value }) => value);
          const found = collected(registry)['s{quantile="0.999"}'] ?? Number.NaN;
          const exact = kept.toSorted((a, b) => a - b)[Math.floor(0.999 * (kept.length - 1))];
          // Below a span of 17 powers of ten sizes are folded together, and below 1e-12 are zero.
          const folded = Math.max(1e-12, ...seen.map(({ value }) => value * 1e-16));
          const wanted = exact ?? Number.NaN;
          expect(Number.isNaN(found)).toBe(exact === undefined);
          expect(Math.abs(found - wanted) > Math.max(folded, wanted * STATED_ERROR * 1.001)).toBe(
            false,
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('refuses what is not a finite number', () => {
    expect(summaryOf([Number.NaN, Infinity, 2])).toMatchObject({
      s_count: 1,
      'dwcp_instrument_rejected_total{instrument="s", reason="invalid_value"}': 2,
    });
  });
});
