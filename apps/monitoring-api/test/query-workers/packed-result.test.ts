import { Labels, type NativeHistogram, type QueryResult, type QueryValue } from '@dwcp/core';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';

import { packResult, unpackResult } from '#src/runtime/query-workers/packed-result.ts';

import { countTurns } from '../counted-turns.ts';

afterEach(() => vi.restoreAllMocks());

const histogram: NativeHistogram = {
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 1,
  sum: 1,
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [1],
  negativeSpans: [],
  negativeBuckets: [],
  counterResetHint: 'unknown',
};

const resultOf = (value: QueryValue): QueryResult => ({ value, warnings: ['w'], infos: ['i'] });

/** As the other thread gets it. */
async function sent(result: QueryResult, signal?: AbortSignal): Promise<QueryResult> {
  return unpackResult(structuredClone(packResult(result)), signal);
}

// With the characters that have a meaning in keys, and those beside them.
const text = fc.string({ unit: fc.constantFrom('a', '0', '1', '2', '\xfd', '\xfe', '\xff', '😀') });
const labels = fc.dictionary(text, text, { maxKeys: 3 }).map((record) => Labels.from(record));
const histograms = fc.option(fc.constant(histogram), { nil: undefined });
const sample = fc.record({ labels, unixMs: fc.nat(), value: fc.double(), histogram: histograms });

test('a vector comes out as it went in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sample), fc.integer({ min: 1, max: 700 }), async (some, times) => {
      const samples = Array.from({ length: times }, () => some)
        .flat()
        .map(({ histogram: one, ...rest }) =>
          one === undefined ? rest : { ...rest, histogram: one },
        );
      const { value } = await sent(resultOf({ kind: 'vector', samples }));
      expect(rowsOf(value)).toEqual(samples.map((row) => ({ ...row, labels: row.labels.flat })));
    }),
    { numRuns: 50 },
  );
});

function rowsOf(value: QueryValue): readonly unknown[] {
  if (value.kind !== 'vector') throw new Error(`a ${value.kind}`);
  return value.samples.map((row) => ({ ...row, labels: row.labels.flat }));
}

test('a matrix comes out as it went in, whatever series have histograms', async () => {
  const series = Array.from({ length: 1_100 }, (_, i) => {
    const timestamps = Float64Array.from({ length: i % 4 }, (__, k) => i + k);
    const one = {
      labels: Labels.from({ i: String(i) }),
      timestamps,
      values: timestamps.map((t) => -t),
    };
    const some = Array.from(timestamps, (_t, k) => (k === 1 ? histogram : undefined));
    return i % 8 === 3 ? { ...one, histograms: some } : one;
  });
  const { value, warnings, infos } = await sent(resultOf({ kind: 'matrix', series }));
  if (value.kind !== 'matrix') throw new Error(`a ${value.kind}`);
  expect([warnings, infos]).toEqual([['w'], ['i']]);
  expect(value.series.map(({ labels: { flat }, ...rest }) => ({ ...rest, flat }))).toEqual(
    series.map(({ labels: { flat }, ...rest }) => ({ ...rest, flat })),
  );
});

test('nothing and a scalar come out as they went in', async () => {
  for (const value of [
    { kind: 'vector', samples: [] },
    { kind: 'matrix', series: [] },
    { kind: 'scalar', unixMs: 1, value: 2 },
  ] satisfies QueryValue[]) {
    expect((await sent(resultOf(value))).value).toEqual(value);
  }
});

test('others have their turn while a large result is unpacked', async () => {
  const { turns } = await countTurns(() => sent(resultOf(manySamples())));
  expect(turns).toBeGreaterThan(8);
});

test('a result that nobody waits for any more is not unpacked to its end', async () => {
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 100));
  const gone = new Error('gone');
  const labelSets = vi.spyOn(Labels, 'fromKey');
  const unpacked = sent(resultOf(manySamples()), AbortSignal.abort(gone));
  await expect(unpacked).rejects.toBe(gone);
  expect(labelSets.mock.calls.length).toBeLessThan(1_000);
});

function manySamples(): QueryValue {
  const samples = Array.from({ length: 5_000 }, (_, i) => ({
    labels: Labels.from({ i: String(i) }),
    unixMs: 0,
    value: i,
  }));
  return { kind: 'vector', samples };
}
