import {
  type Exemplar,
  Labels,
  type MetricMetadata,
  type MetricType,
  type NativeHistogram,
} from '@dwcp/core';
import { type RemoteWriteSeries } from '@dwcp/protocol-prometheus';
import fc from 'fast-check';

const nameArb = fc.oneof(
  fc.constantFrom('job', 'instance', 'le', 'größe', 'a.b', '\u{1f600}', '\uffff'),
  fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
);
const valueArb = fc.oneof(
  fc.constantFrom('node', 'x'.repeat(127), 'y'.repeat(128), 'z'.repeat(20_000)),
  fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }),
);

export const labelsArb: fc.Arbitrary<Labels> = fc
  .tuple(
    fc.constantFrom('up', 'http_requests_total', 'my metric'),
    fc.dictionary(nameArb, valueArb, { maxKeys: 6 }),
  )
  .map(([name, labels]) => Labels.from({ ...labels, __name__: name }));

const exemplarArb: fc.Arbitrary<Exemplar> = fc
  .record({
    labels: fc.dictionary(nameArb, valueArb, { maxKeys: 2 }).map((record) => Labels.from(record)),
    value: fc.double({ noNaN: true }),
    unixMs: fc.option(
      fc.maxSafeInteger().filter((unixMs) => unixMs !== 0),
      { nil: undefined },
    ),
  })
  .map(({ labels, value, unixMs }) =>
    unixMs === undefined ? { labels, value } : { labels, value, unixMs },
  );

const TYPES: readonly MetricType[] = [
  'counter',
  'gauge',
  'gaugehistogram',
  'histogram',
  'info',
  'stateset',
  'summary',
  'unknown',
];

export const metadataArb: fc.Arbitrary<MetricMetadata> = fc.record({
  name: nameArb,
  type: fc.constantFrom(...TYPES),
  help: fc.string({ unit: 'binary' }),
  unit: fc.constantFrom('', 'seconds', 'bytes'),
});

const spansArb = fc.array(fc.record({ offset: fc.nat(1_000), length: fc.nat(5) }), {
  maxLength: 4,
});

function sidesArb(
  countArb: fc.Arbitrary<number>,
): fc.Arbitrary<Pick<NativeHistogram, 'positiveSpans' | 'positiveBuckets'>> {
  return spansArb.chain((positiveSpans) => {
    const length = positiveSpans.reduce((sum, span) => sum + span.length, 0);
    const positiveBuckets = fc.array(countArb, { minLength: length, maxLength: length });
    return fc.record({ positiveSpans: fc.constant(positiveSpans), positiveBuckets });
  });
}

/** Valid by construction: the count is the sum of the buckets. */
function exponentialArb(countArb: fc.Arbitrary<number>): fc.Arbitrary<NativeHistogram> {
  return fc
    .record({
      schema: fc.integer({ min: -4, max: 8 }),
      sum: fc.double(),
      zeroThreshold: fc.double({ min: 0, noNaN: true }),
      zeroCount: countArb,
      positive: sidesArb(countArb),
      negative: sidesArb(countArb),
      counterResetHint: fc.constantFrom(
        'unknown' as const,
        'reset' as const,
        'not_reset' as const,
        'gauge' as const,
      ),
    })
    .map(({ positive, negative, ...rest }) => ({
      ...rest,
      count: [...positive.positiveBuckets, ...negative.positiveBuckets].reduce(
        (sum, count) => sum + count,
        rest.zeroCount,
      ),
      ...positive,
      negativeSpans: negative.positiveSpans,
      negativeBuckets: negative.positiveBuckets,
    }));
}

const customArb: fc.Arbitrary<NativeHistogram> = fc
  .uniqueArray(fc.integer({ min: -1_000, max: 1_000 }), { maxLength: 8 })
  .chain((bounds) =>
    fc
      .array(fc.nat(1_000_000), { minLength: bounds.length + 1, maxLength: bounds.length + 1 })
      .map((buckets) => ({
        schema: -53,
        count: buckets.reduce((sum, count) => sum + count, 0),
        sum: 1.5,
        zeroThreshold: 0,
        zeroCount: 0,
        positiveSpans: [{ offset: 0, length: buckets.length }],
        positiveBuckets: buckets,
        negativeSpans: [],
        negativeBuckets: [],
        customValues: bounds.map((bound) => bound / 4).sort((a, b) => a - b),
        counterResetHint: 'unknown' as const,
      })),
  );

export const histogramArb: fc.Arbitrary<NativeHistogram> = fc.oneof(
  exponentialArb(fc.oneof(fc.nat(20), fc.nat(2 ** 31), fc.integer({ min: 0, max: 2 ** 48 }))),
  exponentialArb(fc.double({ min: 0, max: 1e9, noNaN: true })),
  customArb,
);

/** Any bits are a value: signalling NaNs among them. */
const bitsArb = fc.oneof(
  fc.double().map((value) => new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n),
  fc.constantFrom(0x7ff0000000000002n, 0n, 0x8000000000000000n, 0x7ff8000000000001n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

const timestampArb = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
  fc.constant(0),
);

/** A row's place is taken by its histogram where it has one. */
export const seriesArb: fc.Arbitrary<RemoteWriteSeries> = fc
  .record({
    labels: labelsArb,
    rows: fc.array(
      fc.tuple(timestampArb, bitsArb, fc.option(histogramArb, { nil: undefined, freq: 4 })),
      { maxLength: 8 },
    ),
    exemplars: fc.array(exemplarArb, { maxLength: 3 }),
  })
  .map(({ labels, rows, exemplars }) => {
    // Bits go in through integers, since a Float64Array of them would not keep every NaN.
    const bits = BigUint64Array.from(rows.map(([, value]) => value));
    return {
      labels,
      timestamps: Float64Array.from(rows.map(([unixMs]) => unixMs)),
      values: new Float64Array(bits.buffer),
      histograms: rows.map(([, , histogram]) => histogram),
      exemplars,
    };
  });
