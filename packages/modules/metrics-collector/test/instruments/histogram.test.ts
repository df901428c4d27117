import { type NativeHistogram, SampleBatchBuilder } from '@dwcp/core';
import { InstrumentRegistry } from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { collected } from '../support/collected.ts';

const makeRegistry = (): InstrumentRegistry => new InstrumentRegistry({ clock: new ManualClock() });

describe('a classic histogram', () => {
  test('counts a value at a bound below it, as `le` says', () => {
    const registry = makeRegistry();
    const histogram = registry.histogram({ name: 'h', help: 'H.', buckets: [-1, 0.5, 1] });
    for (const value of [-1, 0.5, 0.500_1, 1, 7]) histogram.observe(value);
    expect(collected(registry)).toEqual({
      'h_bucket{le="-1"}': 1,
      'h_bucket{le="0.5"}': 2,
      'h_bucket{le="1"}': 4,
      'h_bucket{le="+Inf"}': 5,
      h_sum: 8.0001,
      h_count: 5,
    });
  });

  test('writes bounds as Prometheus’ own libraries do', () => {
    const registry = makeRegistry();
    const buckets = [1e-7, 0.000_12, 0.005, 2.5, 10, 100_000, 1_000_000, 12_345_678, Infinity];
    registry.histogram({ name: 'h', help: 'H.', buckets }).observe(1);
    const bounds = Object.keys(collected(registry)).flatMap((s) => /le="(.*)"/.exec(s)?.[1] ?? []);
    // From Go: strconv.FormatFloat(x, 'g', -1, 64).
    expect(bounds).toEqual([
      '1e-07',
      '0.00012',
      '0.005',
      '2.5',
      '10',
      '100000',
      '1e+06',
      '1.2345678e+07',
      '+Inf',
    ]);
  });

  test('refuses what is not a finite number', () => {
    const registry = makeRegistry();
    const histogram = registry.histogram({ name: 'h', help: 'H.', buckets: [1] });
    for (const value of [Number.NaN, Infinity, -Infinity, '1' as unknown as number]) {
      histogram.observe(value);
    }
    expect(collected(registry)).toMatchObject({
      h_count: 0,
      'dwcp_instrument_rejected_total{instrument="h", reason="invalid_value"}': 4,
    });
  });

  test('has buckets that never fall and end in the count', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (values) => {
        const registry = makeRegistry();
        const buckets = [-10, 0, 1e-3, 1, 1e3];
        const histogram = registry.histogram({ name: 'h', help: 'H.', buckets });
        for (const value of values) histogram.observe(value);
        const samples = collected(registry);
        for (const bound of buckets) {
          const expected = values.filter((value) => value <= bound).length;
          expect(samples[`h_bucket{le="${bound}"}`]).toBe(expected);
        }
        expect(samples['h_bucket{le="+Inf"}']).toBe(values.length);
        expect(samples['h_count']).toBe(values.length);
      }),
    );
  });
});

function nativeOf(values: readonly number[], nativeBucketFactor: number): NativeHistogram {
  const registry = makeRegistry();
  const histogram = registry.histogram({ name: 'h', help: 'H.', buckets: [1], nativeBucketFactor });
  for (const value of values) histogram.observe(value);
  const builder = new SampleBatchBuilder();
  registry.collect(builder, 0, {});
  const { histograms = [], labels } = builder.build();
  const at = labels.findIndex((series) => series.toString() === 'h');
  const native = histograms[at];
  if (native === undefined) throw new Error('no native histogram was collected');
  return native;
}

interface Bucket {
  readonly index: number;
  readonly count: number;
}

function expand(side: 'positive' | 'negative', native: NativeHistogram): readonly Bucket[] {
  const spans = side === 'positive' ? native.positiveSpans : native.negativeSpans;
  const counts = side === 'positive' ? native.positiveBuckets : native.negativeBuckets;
  const buckets: Bucket[] = [];
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++)
      buckets.push({ index: index++, count: counts[buckets.length] ?? Number.NaN });
  }
  expect(buckets).toHaveLength(counts.length);
  return buckets;
}

describe('a native histogram', () => {
  // Expected values: the tests of client_golang, prometheus/histogram_test.go, TestNativeHistogram.
  test('has the buckets that Prometheus’ Go library gives the same values', () => {
    expect(nativeOf([0, 1, 2, 3], 1.1)).toEqual({
      schema: 3,
      count: 4,
      sum: 6,
      zeroThreshold: 2.938735877055719e-39,
      zeroCount: 1,
      positiveSpans: [
        { offset: 0, length: 1 },
        { offset: 7, length: 1 },
        { offset: 4, length: 1 },
      ],
      positiveBuckets: [1, 1, 1],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
    });
    const mirrored = nativeOf([0, -1, -1.2, -1.4, -1.8, -2], 1.2);
    expect(mirrored).toMatchObject({ schema: 2, count: 6, zeroCount: 1, positiveBuckets: [] });
    expect(expand('negative', mirrored)).toEqual([
      { index: 0, count: 1 },
      { index: 2, count: 2 },
      { index: 4, count: 2 },
    ]);
  });

  test.each([
    [1.001, 8],
    [2 ** (1 / 256), 8],
    [1.1, 3],
    [1.2, 2],
    [2, 0],
    [4, -1],
    [65_536, -4],
    [1e9, -4],
  ])('of growth factor %s has schema %s', (factor, schema) => {
    expect(nativeOf([1], factor).schema).toBe(schema);
  });

  const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 400 });
  const factor = fc.constantFrom(1.001, 1.1, 1.5, 2, 16, 65_536);

  test('loses no value: the buckets add up to the count', () => {
    fc.assert(
      fc.property(values, factor, (seen, growth) => {
        const native = nativeOf(seen, growth);
        const buckets = [...native.positiveBuckets, ...native.negativeBuckets];
        expect(native.count).toBe(seen.length);
        expect(buckets.reduce((a, b) => a + b, native.zeroCount)).toBe(seen.length);
        expect(buckets.every((count) => count > 0)).toBe(true);
        expect(buckets.length).toBeLessThanOrEqual(160);
      }),
    );
  });

  test('holds in each bucket the values between its bounds', () => {
    const within = fc.array(fc.double({ min: 1e-30, max: 1e30, noNaN: true }), { maxLength: 200 });
    fc.assert(
      fc.property(within, factor, (seen, growth) => {
        const native = nativeOf(seen, growth);
        const bound = (index: number): number => 2 ** (index * 2 ** -native.schema);
        for (const { index, count } of expand('positive', native)) {
          const inside = seen.filter((v) => v > bound(index - 1) && v <= bound(index)).length;
          expect(count).toBe(inside);
        }
      }),
    );
  });

  test.each([-127, -100, 0, 1, 52, 1_023])('puts 2^%i into the bucket it bounds', (exponent) => {
    expect(expand('positive', nativeOf([2 ** exponent], 2))).toEqual([
      { index: exponent, count: 1 },
    ]);
  });

  test('puts the greatest number into the last bucket, and subnormal ones into the zero bucket', () => {
    expect(expand('positive', nativeOf([Number.MAX_VALUE], 2))).toEqual([
      { index: 1_024, count: 1 },
    ]);
    expect(nativeOf([2 ** -128, Number.MIN_VALUE, -0], 2).zeroCount).toBe(3);
  });

  test('halves its resolution rather than have more than 160 buckets', () => {
    const seen = Array.from({ length: 1_000 }, (_, i) => 1.01 ** i);
    const native = nativeOf(seen, 1.001);
    expect(native.schema).toBeLessThan(8);
    expect(native.positiveBuckets.length).toBeLessThanOrEqual(160);
    expect(native.positiveBuckets.length).toBeGreaterThan(80);
  });

  test('is not collected where no growth factor was given', () => {
    const registry = makeRegistry();
    registry.histogram({ name: 'h', help: 'H.' }).observe(1);
    const builder = new SampleBatchBuilder();
    registry.collect(builder, 0, {});
    expect(builder.build().histograms).toBeUndefined();
  });
});
