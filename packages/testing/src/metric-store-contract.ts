import {
  isStale,
  type LabelMatcher,
  Labels,
  type MetricStore,
  type NativeHistogram,
  type SampleBatch,
  SampleBatchBuilder,
  type Series,
  type SeriesQuery,
} from '@dwcp/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type Deviations, expectDeviations } from './deviations.ts';

/** What the contract needs of an adapter: an empty store and its present moment. */
export interface MetricStoreUnderTest {
  readonly store: MetricStore;
  /** Samples are written within the hour before this moment. */
  readonly nowUnixMs: number;
}

const MINUTE = 60_000;
const always = { startUnixMs: Number.NEGATIVE_INFINITY, endUnixMs: Number.POSITIVE_INFINITY };

function named(name: string, labels: Readonly<Record<string, string>> = {}): Labels {
  return Labels.from({ __name__: name, ...labels });
}

function equal(name: string, value: string): LabelMatcher {
  return { name, operator: '=', value };
}

/** A batch of rows; a value `stale` is the staleness marker. */
export function batchOf(
  rows: readonly (readonly [Labels, number, number | 'stale' | NativeHistogram])[],
): SampleBatch {
  const builder = new SampleBatchBuilder();
  for (const [labels, unixMs, value] of rows) {
    if (value === 'stale') builder.addStale(labels, unixMs);
    else if (typeof value === 'number') builder.add(labels, unixMs, value);
    else builder.addHistogram(labels, unixMs, value);
  }
  return builder.build();
}

/** A series as plain rows, values by their bits, so that NaN, -0 and staleness compare exactly. */
export function rowsOf(series: Series): {
  readonly labels: Record<string, string>;
  readonly samples: readonly (readonly [number, string])[];
} {
  const words = new BigUint64Array(
    series.values.buffer,
    series.values.byteOffset,
    series.values.length,
  );
  const samples = Array.from(
    series.timestamps,
    (unixMs, i) => [unixMs, words[i]?.toString(16) ?? ''] as const,
  );
  return { labels: series.labels.toObject(), samples };
}

const exponential: NativeHistogram = {
  schema: 3,
  count: 17,
  sum: -12.5,
  zeroThreshold: 2.938735877055719e-39,
  zeroCount: 2,
  positiveSpans: [
    { offset: -3, length: 2 },
    { offset: 4, length: 1 },
  ],
  positiveBuckets: [1, 5, 2],
  negativeSpans: [{ offset: 0, length: 2 }],
  negativeBuckets: [3, 4],
  counterResetHint: 'not_reset',
};
const custom: NativeHistogram = {
  schema: -53,
  count: 4.5,
  sum: 0.25,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 3 }],
  positiveBuckets: [0.5, 1.75, 2.25],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [-1, 0.005, 2.5],
  counterResetHint: 'gauge',
};

/**
 * What every MetricStore does. Registers its tests with Vitest.
 * @param open gives an empty store of its own each time; the suite disposes it
 * @param deviations tests that a real server behind the adapter cannot pass
 */
export function metricStoreContract(
  name: string,
  open: () => Promise<MetricStoreUnderTest>,
  deviations: Deviations = {},
): void {
  describe(`${name} as a MetricStore`, () => {
    expectDeviations(deviations);

    let store: MetricStore;
    /** The moment that test times count from; all lie before the store's present. */
    let t0: number;

    beforeEach(async () => {
      const opened = await open();
      store = opened.store;
      t0 = opened.nowUnixMs - 30 * MINUTE;
    });

    afterEach(async () => {
      await store[Symbol.asyncDispose]();
    });

    const select = async (query: Partial<SeriesQuery>): Promise<readonly Series[]> =>
      store.select({ matchers: [], ...always, ...query });
    const selectRows = async (query: Partial<SeriesQuery>): Promise<ReturnType<typeof rowsOf>[]> =>
      (await select(query)).map(rowsOf);

    describe('append and select', () => {
      test('what was appended comes back, sorted by labels and time', async () => {
        const [b, a, c] = [named('m', { x: 'b' }), named('m', { x: 'a' }), named('l')];
        const first = batchOf([
          [b, t0, 1],
          [a, t0, 2],
          [b, t0 + 1_000, 3],
        ]);
        expect(await store.append(first)).toEqual({ appended: 3, rejected: {} });
        await store.append(batchOf([[c, t0 - 5_000, 0.1]]));
        const found = await select({});
        expect(found.map(({ labels }) => labels.toString())).toEqual(['l', 'm{x="a"}', 'm{x="b"}']);
        expect(found.map(({ timestamps }) => [...timestamps])).toEqual([
          [t0 - 5_000],
          [t0],
          [t0, t0 + 1_000],
        ]);
        expect(found.map(({ values }) => [...values])).toEqual([[0.1], [2], [1, 3]]);
      });

      test('an empty batch and an empty store are nothing special', async () => {
        expect(await store.append(batchOf([]))).toEqual({ appended: 0, rejected: {} });
        expect(await select({})).toEqual([]);
        expect(await store.series({ matchers: [], ...always })).toEqual([]);
        expect(await store.labelNames({ matchers: [], ...always })).toEqual([]);
        expect(await store.labelValues('x', { matchers: [], ...always })).toEqual([]);
        expect(store.metadata()).toEqual([]);
      });

      test('start and end of the range are both inclusive', async () => {
        const rows = [0, 1, 2, 3].map((i) => [named('m'), t0 + i * 1_000, i] as const);
        await store.append(batchOf(rows));
        const values = async (start: number, end: number): Promise<number[]> => {
          const found = await select({ startUnixMs: t0 + start, endUnixMs: t0 + end });
          return found.flatMap((series) => [...series.values]);
        };
        expect(await values(1_000, 2_000)).toEqual([1, 2]);
        expect(await values(1_000, 1_000)).toEqual([1]);
        expect(await values(1_001, 1_999)).toEqual([]);
        expect(await values(-1, 0)).toEqual([0]);
        expect(await values(3_000, 9_000)).toEqual([3]);
        expect(await values(3_001, 9_000)).toEqual([]);
        expect(await values(2_000, 1_000)).toEqual([]);
      });

      test('a select sees what was acknowledged before it', async () => {
        for (let i = 0; i < 20; i++) {
          await store.append(batchOf([[named('m'), t0 + i, i]]));
          expect((await select({}))[0]?.values).toHaveLength(i + 1);
        }
      });

      test('concurrent appends all arrive, each once', async () => {
        const writers = Array.from({ length: 20 }, async (_, w) => {
          for (let i = 0; i < 10; i++) {
            await store.append(batchOf([[named('m', { writer: `${w}` }), t0 + i, w * 100 + i]]));
          }
        });
        await Promise.all(writers);
        const found = await select({});
        expect(found).toHaveLength(20);
        for (const { labels, timestamps, values } of found) {
          const w = Number(labels.get('writer'));
          expect([...timestamps]).toEqual(Array.from({ length: 10 }, (_, i) => t0 + i));
          expect([...values]).toEqual(Array.from({ length: 10 }, (_, i) => w * 100 + i));
        }
      });

      test('overlapping appends to one series keep their order', async () => {
        const appends = Array.from({ length: 50 }, (_, i) =>
          store.append(batchOf([[named('m'), t0 + i, i]])),
        );
        for (const result of await Promise.all(appends)) expect(result.appended).toBe(1);
        expect((await select({}))[0]?.timestamps).toEqual(
          Float64Array.from({ length: 50 }, (_, i) => t0 + i),
        );
      });

      test('the caller may reuse the arrays of a batch after the append', async () => {
        const timestamps = new Float64Array([t0]);
        const values = new Float64Array([1]);
        const append = async (): Promise<unknown> =>
          store.append({ labels: [named('m')], timestamps, values });
        await append();
        timestamps[0] = t0 + 1;
        values[0] = 2;
        await append();
        expect((await select({}))[0]?.values).toEqual(new Float64Array([1, 2]));
      });

      test('values and times given as a part of a larger array are read from that part', async () => {
        const timestamps = new Float64Array([0, t0, t0 + 1]).subarray(1);
        const values = new Float64Array([9, 8, 1, 2]).subarray(2);
        await store.append({ labels: [named('m'), named('m')], timestamps, values });
        expect((await select({}))[0]?.values).toEqual(new Float64Array([1, 2]));
      });
    });

    describe('values', () => {
      test('every kind of double comes back with its bits', async () => {
        const values = [
          0,
          -0,
          1,
          -1,
          0.1,
          1 / 3,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          Number.MIN_VALUE,
          -Number.MAX_VALUE,
          Number.EPSILON,
          2 ** 53,
          2 ** 53 + 2,
          -(2 ** 60),
          123_456.789_012,
          1e-7,
          1e22,
        ];
        const rows = values.map((value, i) => [named('m'), t0 + i, value] as const);
        await store.append(batchOf(rows));
        const expected = values.map((value) => {
          const bits = new BigUint64Array(new Float64Array([value]).buffer);
          return bits[0]?.toString(16);
        });
        const [found] = await selectRows({});
        expect(found?.samples.map(([, bits]) => bits)).toEqual(expected);
      });

      test('the staleness marker keeps its bits and is no ordinary NaN', async () => {
        await store.append(
          batchOf([
            [named('m'), t0, 1],
            [named('m'), t0 + 1, 'stale'],
            [named('m'), t0 + 2, Number.NaN],
            [named('m'), t0 + 3, 2],
            [named('only'), t0, 'stale'],
          ]),
        );
        const [m, only] = await select({});
        const stale = [0, 1, 2, 3].map((i) => m !== undefined && isStale(m.values, i));
        expect(stale).toEqual([false, true, false, false]);
        expect(m?.values[2]).toBeNaN();
        expect(only !== undefined && isStale(only.values, 0)).toBe(true);
      });

      test('labels of any script come back as they were and sort by their bytes', async () => {
        const names = ['z', 'é', '日本', '😀', '\uffee', ' ', '"\\\n', 'a\u0000b', 'x'.repeat(500)];
        const rows = names.map((x) => [named('m', { x }), t0, 1] as const);
        await store.append(batchOf([...rows, [Labels.from({ 'näme.x': 'ü' }), t0, 2]]));
        const found = (await select({ matchers: [equal('__name__', 'm')] })).map(({ labels }) =>
          labels.get('x'),
        );
        const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(found).toEqual(byBytes);
        expect(await selectRows({ matchers: [equal('näme.x', 'ü')] })).toHaveLength(1);
        expect(await selectRows({ matchers: [equal('x', '😀')] })).toHaveLength(1);
      });

      test('native histograms come back whole, between floats of other series', async () => {
        const result = await store.append(
          batchOf([
            [named('h'), t0, exponential],
            [named('f'), t0, 1],
            [named('h'), t0 + 1, custom],
            [named('f'), t0 + 1, 2],
          ]),
        );
        expect({ appendedHistograms: 2, ...result }).toEqual({
          appended: 4,
          appendedHistograms: 2,
          rejected: {},
        });
        const [f, h] = await select({});
        expect(f?.histograms).toBeUndefined();
        expect(h?.histograms).toEqual([exponential, custom]);
        expect([...(h?.values ?? [])]).toEqual([Number.NaN, Number.NaN]);
        expect(h !== undefined && isStale(h.values, 0)).toBe(false);
        const later = await select({ startUnixMs: t0 + 1 });
        expect(later[1]?.histograms).toEqual([custom]);
      });

      test('a series may change between floats and histograms', async () => {
        await store.append(
          batchOf([
            [named('m'), t0, 1],
            [named('m'), t0 + 1, exponential],
            [named('m'), t0 + 2, 'stale'],
          ]),
        );
        const [m] = await select({});
        expect(m?.histograms).toEqual([undefined, exponential, undefined]);
        expect(m?.values[0]).toBe(1);
        expect(m !== undefined && isStale(m.values, 2)).toBe(true);
      });
    });

    describe('order and repeats', () => {
      test('an older sample, another value at the same time: refused and counted, the rest kept', async () => {
        await store.append(batchOf([[named('m'), t0 + 1_000, 1]]));
        const result = await store.append(
          batchOf([
            [named('m'), t0, 0],
            [named('m'), t0 + 1_000, 2],
            [named('m'), t0 + 2_000, 3],
            [named('other'), t0, 4],
          ]),
        );
        expect(result).toEqual({ appended: 2, rejected: { 'out-of-order': 1, duplicate: 1 } });
        const [m] = await select({ matchers: [equal('__name__', 'm')] });
        expect([...(m?.values ?? [])]).toEqual([1, 3]);
      });

      test('the newest sample again is accepted, and is there once', async () => {
        const batch = batchOf([
          [named('m'), t0, 5],
          [named('h'), t0, exponential],
          [named('s'), t0, 'stale'],
          [named('n'), t0, Number.NaN],
        ]);
        const [first, second] = await Promise.all([store.append(batch), store.append(batch)]);
        // A store may leave out how many were histograms.
        const all = { appended: 4, appendedHistograms: 1, rejected: {} };
        for (const result of [first, second, await store.append(batch)]) {
          expect({ appendedHistograms: 1, ...result }).toEqual(all);
        }
        for (const { timestamps } of await select({})) expect([...timestamps]).toEqual([t0]);
      });

      test('repeats are told apart by bits: 0 and -0, NaN and stale, one histogram and another', async () => {
        await store.append(
          batchOf([
            [named('zero'), t0, 0],
            [named('nan'), t0, Number.NaN],
            [named('h'), t0, exponential],
          ]),
        );
        const result = await store.append(
          batchOf([
            [named('zero'), t0, -0],
            [named('nan'), t0, 'stale'],
            [named('h'), t0, { ...exponential, sum: 1 }],
            [named('h'), t0, 1],
          ]),
        );
        expect(result).toEqual({ appended: 0, rejected: { duplicate: 4 } });
      });

      test('repeats and disorder inside one batch count the same', async () => {
        const result = await store.append(
          batchOf([
            [named('m'), t0 + 1, 1],
            [named('m'), t0 + 1, 1],
            [named('m'), t0 + 1, 2],
            [named('m'), t0, 1],
          ]),
        );
        expect(result).toEqual({ appended: 2, rejected: { duplicate: 1, 'out-of-order': 1 } });
        expect((await select({}))[0]?.timestamps).toHaveLength(1);
      });
    });

    describe('matchers', () => {
      const match = async (...matchers: LabelMatcher[]): Promise<string[]> =>
        (await select({ matchers })).map(({ labels }) => labels.get('id')).toSorted();

      beforeEach(async () => {
        await store.append(
          batchOf([
            [named('m', { id: '1', env: 'prod', host: 'a' }), t0, 1],
            [named('m', { id: '2', env: 'prod' }), t0, 1],
            [named('m', { id: '3', env: 'dev', host: 'b' }), t0, 1],
            [named('n', { id: '4', host: 'ab' }), t0, 1],
          ]),
        );
      });

      test.each<[string, LabelMatcher[], string[]]>([
        ['no matcher is every series', [], ['1', '2', '3', '4']],
        ['= is equality', [{ name: 'env', operator: '=', value: 'prod' }], ['1', '2']],
        ['= of an unknown value', [{ name: 'env', operator: '=', value: 'x' }], []],
        ['= of an unknown name', [{ name: 'x', operator: '=', value: 'x' }], []],
        ["= '' is the label's absence", [{ name: 'host', operator: '=', value: '' }], ['2']],
        ["!= '' is its presence", [{ name: 'host', operator: '!=', value: '' }], ['1', '3', '4']],
        [
          '!= holds for an absent label',
          [{ name: 'env', operator: '!=', value: 'prod' }],
          ['3', '4'],
        ],
        ['=~ matches the whole value', [{ name: 'host', operator: '=~', value: 'a' }], ['1']],
        ['=~ with alternatives', [{ name: 'host', operator: '=~', value: 'a|b' }], ['1', '3']],
        [
          '=~ that matches nothing holds for an absent label',
          [{ name: 'host', operator: '=~', value: 'a|' }],
          ['1', '2'],
        ],
        [
          '=~ .* is every series',
          [{ name: 'host', operator: '=~', value: '.*' }],
          ['1', '2', '3', '4'],
        ],
        ['=~ .+ is presence', [{ name: 'host', operator: '=~', value: '.+' }], ['1', '3', '4']],
        ['!~ of a pattern', [{ name: 'host', operator: '!~', value: 'a.*' }], ['2', '3']],
        ['!~ .+ is absence', [{ name: 'host', operator: '!~', value: '.+' }], ['2']],
        [
          'several matchers all hold',
          [
            { name: '__name__', operator: '=', value: 'm' },
            { name: 'env', operator: '=~', value: 'p.*|d.*' },
            { name: 'host', operator: '!=', value: 'b' },
          ],
          ['1', '2'],
        ],
        [
          'two on the same label',
          [
            { name: 'host', operator: '=~', value: 'a.*' },
            { name: 'host', operator: '!=', value: 'a' },
          ],
          ['4'],
        ],
      ])('%s', async (_, matchers, ids) => {
        expect(await match(...matchers)).toEqual(ids);
      });

      test('a pattern that is no RE2 is refused', async () => {
        const query = match({ name: 'host', operator: '=~', value: '(' });
        await expect(query).rejects.toMatchObject({ code: 'DWCP_INPUT_INVALID' });
      });
    });

    describe('series, label names and values', () => {
      beforeEach(async () => {
        await store.append(
          batchOf([
            [named('m', { host: 'b', env: 'prod' }), t0, 1],
            [named('m', { host: 'b', env: 'prod' }), t0 + 2_000, 1],
            [named('m', { host: 'a' }), t0, 1],
            [named('n', { zone: 'z' }), t0 + 1_000, 1],
          ]),
        );
      });

      test('the label sets of series with samples in the range, sorted', async () => {
        const sets = async (start: number, end: number): Promise<string[]> => {
          const range = { startUnixMs: t0 + start, endUnixMs: t0 + end };
          return (await store.series({ matchers: [], ...range })).map(String);
        };
        expect(await sets(0, 2_000)).toEqual([
          'm{env="prod", host="b"}',
          'm{host="a"}',
          'n{zone="z"}',
        ]);
        expect(await sets(1_000, 1_500)).toEqual(['n{zone="z"}']);
        expect(await sets(2_000, 2_000)).toEqual(['m{env="prod", host="b"}']);
        expect(await sets(500, 900)).toEqual([]);
      });

      test('names of labels of the matching series', async () => {
        expect(await store.labelNames({ matchers: [], ...always })).toEqual([
          '__name__',
          'env',
          'host',
          'zone',
        ]);
        const matchers = [equal('__name__', 'n')];
        expect(await store.labelNames({ matchers, ...always })).toEqual(['__name__', 'zone']);
      });

      test('values of a label over the matching series, without the empty one', async () => {
        const values = async (label: string, ...matchers: LabelMatcher[]): Promise<unknown> =>
          store.labelValues(label, { matchers, ...always });
        expect(await values('host')).toEqual(['a', 'b']);
        expect(await values('__name__')).toEqual(['m', 'n']);
        expect(await values('host', equal('env', 'prod'))).toEqual(['b']);
        expect(await values('nowhere')).toEqual([]);
      });
    });

    test('metadata: the latest word counts, sorted by name', async () => {
      store.putMetadata([
        { name: 'b_total', type: 'counter', help: 'Things.', unit: '' },
        { name: 'a', type: 'gauge', help: 'Old.', unit: '' },
      ]);
      store.putMetadata([{ name: 'a', type: 'gauge', help: 'Ünïcode\n"help"', unit: 'seconds' }]);
      expect(store.metadata()).toEqual([
        { name: 'a', type: 'gauge', help: 'Ünïcode\n"help"', unit: 'seconds' },
        { name: 'b_total', type: 'counter', help: 'Things.', unit: '' },
      ]);
    });

    test('an aborted call rejects with the reason and does nothing', async () => {
      const reason = new Error('no longer wanted');
      const signal = AbortSignal.abort(reason);
      const query = { matchers: [], ...always };
      await expect(store.append(batchOf([[named('m'), t0, 1]]), { signal })).rejects.toBe(reason);
      await expect(store.select(query, { signal })).rejects.toBe(reason);
      await expect(store.series(query, { signal })).rejects.toBe(reason);
      await expect(store.labelNames(query, { signal })).rejects.toBe(reason);
      await expect(store.labelValues('x', query, { signal })).rejects.toBe(reason);
      expect(await select({})).toEqual([]);
    });
  });
}
