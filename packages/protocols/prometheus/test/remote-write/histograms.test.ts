import { type NativeHistogram } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { collectMessage, STALE_BITS } from './collect.ts';
import { writeRequest1, writeRequest2 } from './oracle.ts';

const T = 1_760_000_000_000;

/** As protobufjs writes it. */
interface WireHistogram {
  readonly [field: string]: unknown;
}

const integers: WireHistogram = {
  count_int: '16',
  sum: 18.5,
  schema: 1,
  zero_threshold: 0.001,
  zero_count_int: '2',
  positive_spans: [
    { offset: -2, length: 2 },
    { offset: 1, length: 2 },
  ],
  positive_deltas: ['1', '1', '-1', '0'],
  negative_spans: [{ offset: 0, length: 3 }],
  negative_deltas: ['4', '-2', '1'],
  reset_hint: 2,
  timestamp: String(T),
};

const floats: WireHistogram = {
  count_float: 7.5,
  sum: -1,
  schema: -4,
  zero_threshold: 0.5,
  zero_count_float: 0.5,
  positive_spans: [{ offset: 3, length: 2 }],
  positive_counts: [2.5, 4.5],
  timestamp: '5',
};

const custom: WireHistogram = {
  count_int: '6',
  sum: 3,
  schema: -53,
  zero_count_int: '0',
  positive_spans: [
    { offset: 0, length: 1 },
    { offset: 1, length: 2 },
  ],
  positive_deltas: ['1', '1', '1'],
  custom_values: [0.1, 1, 10],
  timestamp: '5',
};

function in1(...histograms: readonly WireHistogram[]): Uint8Array {
  const labels = [{ name: '__name__', value: 'h' }];
  return writeRequest1.encode({ timeseries: [{ labels, histograms }] });
}

function in2(...histograms: readonly WireHistogram[]): Uint8Array {
  return writeRequest2.encode({
    symbols: ['', '__name__', 'h'],
    timeseries: [{ labels_refs: [1, 2], histograms }],
  });
}

function read(wire: WireHistogram): NativeHistogram | string | undefined {
  const seen = collectMessage(in1(wire), '1.0');
  return seen.invalid[0] ?? seen.series[0]?.histograms[0]?.[1];
}

test('integer counts: deltas become absolute counts', () => {
  expect(collectMessage(in1(integers), '1.0').series[0]?.histograms).toEqual([
    [
      T,
      {
        schema: 1,
        count: 16,
        sum: 18.5,
        zeroThreshold: 0.001,
        zeroCount: 2,
        positiveSpans: [
          { offset: -2, length: 2 },
          { offset: 1, length: 2 },
        ],
        positiveBuckets: [1, 2, 1, 1],
        negativeSpans: [{ offset: 0, length: 3 }],
        negativeBuckets: [4, 2, 3],
        counterResetHint: 'not_reset',
      },
    ],
  ]);
});

test('float counts are taken as they are', () => {
  expect(read(floats)).toEqual({
    schema: -4,
    count: 7.5,
    sum: -1,
    zeroThreshold: 0.5,
    zeroCount: 0.5,
    positiveSpans: [{ offset: 3, length: 2 }],
    positiveBuckets: [2.5, 4.5],
    negativeSpans: [],
    negativeBuckets: [],
    counterResetHint: 'unknown',
  });
});

test('custom bounds are those of schema -53', () => {
  expect(read(custom)).toMatchObject({
    schema: -53,
    positiveBuckets: [1, 2, 3],
    customValues: [0.1, 1, 10],
  });
});

test('2.0 has the same histograms', () => {
  for (const wire of [integers, floats, custom]) {
    expect(collectMessage(in2(wire), '2.0').series).toEqual(
      collectMessage(in1(wire), '1.0').series,
    );
  }
});

test.each([
  [0, 'unknown'],
  [1, 'reset'],
  [2, 'not_reset'],
  [3, 'gauge'],
  [4, 'unknown'],
])('the reset hint %i means %s', (reset_hint, counterResetHint) => {
  expect(read({ ...integers, reset_hint })).toMatchObject({ counterResetHint });
});

test('a stale marker of a histogram is reported as one of a sample', () => {
  const plain = in1({ count_int: '0', sum: 1, timestamp: String(T) });
  // protobufjs would lose the bits of the marker, so they are put in place of the 1.
  const at = Buffer.from(plain).indexOf(Buffer.from([0x19, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]));
  plain.set([0x19, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f], at);
  const [series] = collectMessage(plain, '1.0').series;
  expect(series?.samples).toEqual([[T, STALE_BITS]]);
  expect(series?.histograms).toEqual([]);
});

test('an empty histogram is a good one', () => {
  expect(read({ count_int: '0', timestamp: '1' })).toMatchObject({ count: 0, positiveBuckets: [] });
});

describe('counts', () => {
  test('observations of NaN are in no bucket', () => {
    expect(read({ ...integers, count_int: '17', sum: Number.NaN })).toMatchObject({ count: 17 });
  });

  test('of floats need not add up', () => {
    expect(read({ ...floats, count_float: 100 })).toMatchObject({ count: 100 });
  });

  test('beyond 2^53 are not compared, as a double cannot tell', () => {
    const wire = {
      ...integers,
      count_int: '18446744073709551615',
      zero_count_int: '18446744073709551600',
    };
    expect(read(wire)).toMatchObject({ count: 2 ** 64 });
  });
});

test.each<[string, WireHistogram, string]>([
  [
    'a count above its buckets',
    { ...integers, count_int: '17' },
    'its count is 17, but its buckets hold 16 observations',
  ],
  [
    'a count below its buckets',
    { ...integers, count_int: '15', sum: Number.NaN },
    'its count is 15, but its buckets hold 16 observations',
  ],
  [
    'too few buckets',
    { ...integers, positive_deltas: ['1', '1', '-1'] },
    'its positive spans name 4 buckets, but there are 3',
  ],
  [
    'too many buckets',
    { ...integers, negative_deltas: ['4', '-2', '1', '0'] },
    'its negative spans name 3 buckets, but there are 4',
  ],
  [
    'spans of billions of buckets',
    { ...integers, positive_spans: [{ offset: 0, length: 4_294_967_295 }] },
    'its positive spans name 4294967295 buckets, but there are 4',
  ],
  [
    'float buckets with an integer count',
    { ...integers, positive_deltas: [], positive_counts: [1, 2, 1, 1] },
    'its positive spans name 4 buckets, but there are 0',
  ],
  [
    'a negative bucket',
    { ...integers, negative_deltas: ['4', '-6', '5'] },
    'the negative bucket 1 has a negative count: -2',
  ],
  [
    'a negative float bucket',
    { ...floats, positive_counts: [2.5, -4.5] },
    'the positive bucket 1 has a negative count: -4.5',
  ],
  ['a negative count', { ...floats, count_float: -1 }, 'its count is negative: -1'],
  ['a negative zero bucket', { ...floats, zero_count_float: -1 }, 'its zero bucket counts -1'],
  [
    'spans that go back',
    {
      ...integers,
      positive_spans: [
        { offset: 5, length: 2 },
        { offset: -1, length: 2 },
      ],
    },
    'the positive span 1 has a negative offset: -1',
  ],
  ['a schema too fine', { ...integers, schema: 9 }, 'its schema is 9: it must be -4 to 8, or -53'],
  [
    'a schema too coarse',
    { ...integers, schema: -5 },
    'its schema is -5: it must be -4 to 8, or -53',
  ],
  [
    'custom bounds without their schema',
    { ...integers, custom_values: [1] },
    'it has custom bounds, which only the schema -53 may have, but the schema 1',
  ],
  [
    'custom bounds out of order',
    { ...custom, custom_values: [0.1, 10, 10] },
    'the custom bound 2 is 10, after 10: they must ascend',
  ],
  [
    'an infinite custom bound',
    { ...custom, custom_values: [0.1, 1, Infinity] },
    'the custom bound 2 is Infinity: it must be finite',
  ],
  [
    'a custom bound that is NaN',
    { ...custom, custom_values: [Number.NaN, 1, 2] },
    'the custom bound 0 is NaN: it must be finite',
  ],
  [
    'too few custom bounds',
    { ...custom, custom_values: [0.1, 1] },
    'its spans reach bucket 3, but 2 custom bounds make the last 2',
  ],
  [
    'custom buckets that start before 0',
    { ...custom, positive_spans: [{ offset: -1, length: 3 }] },
    'its buckets start at -1: with custom bounds the first is 0',
  ],
  [
    'a zero bucket beside custom ones',
    { ...custom, count_int: '7', zero_count_int: '1' },
    'its zero bucket counts 1: with custom bounds there is none',
  ],
  [
    'a zero threshold beside custom buckets',
    { ...custom, zero_threshold: 0.1 },
    'its zero threshold is 0.1: with custom bounds it must be 0',
  ],
  [
    'negative custom buckets',
    { ...custom, negative_spans: [{ offset: 0, length: 0 }] },
    'it has negative buckets: with custom bounds all are positive',
  ],
])('%s is told of, and the rest is read', (_, wire, problem) => {
  const expected = `timeseries[0]: a histogram at ${String(wire['timestamp'])}: ${problem}`;
  for (const seen of [
    collectMessage(in1(wire, floats), '1.0'),
    collectMessage(in2(wire, floats), '2.0'),
  ]) {
    expect(seen.invalid).toEqual([expected]);
    expect(seen.series[0]?.histograms.map(([unixMs]) => unixMs)).toEqual([5]);
  }
});
