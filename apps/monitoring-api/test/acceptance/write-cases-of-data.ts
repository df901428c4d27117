import { expect } from 'vitest';

import {
  field,
  HEADERS_2,
  int,
  pack,
  type Pairs,
  post,
  series,
  STALE_MARKER,
  type WireHistogram,
  type WireSeries,
} from './remote-write-wire.ts';
import { type Case, good, inVersion1, inVersion2, keeps, NOW } from './write-case.ts';

const JUNE_2025 = Date.UTC(2025, 5, 10);

export const histogram = (name: string, changed: Partial<WireHistogram>): WireSeries =>
  series(name, undefined, {
    histograms: [
      {
        count: 6,
        sum: 3,
        unixMs: NOW,
        positive: {
          spans: [
            [0, 2],
            [1, 1],
          ],
          deltas: [1, 1, 1],
        },
        ...changed,
      },
    ],
  });
export const exemplar = (
  value: number,
  labels: Pairs,
): NonNullable<WireSeries['exemplars']>[number] => ({
  labels,
  value,
  unixMs: NOW,
});

export const samples: Readonly<Record<string, Case>> = {
  'a time in the far future': {
    send: inVersion1(
      series('future', [
        [1, NOW],
        [2, NOW + 86_400_000],
      ]),
    ),
    status: 400,
    reason: /too-far-ahead=1/,
    rejected: { 'too-far-ahead': 1 },
    kept: keeps('future'),
  },
  'June 2025': {
    send: inVersion1(
      series('june', [
        [1, JUNE_2025],
        [2, JUNE_2025 + 1],
      ]),
    ),
    status: 204,
    kept: {
      june: [
        ['1', JUNE_2025],
        ['2', JUNE_2025 + 1],
      ],
    },
  },
  'the first moments of 1970, and before': {
    send: inVersion2(
      series('early', [
        [1, -86_400_000],
        [2, -1],
        [3, 0],
        [4, 1],
      ]),
    ),
    status: 204,
    kept: {
      early: [
        ['1', -86_400_000],
        ['2', -1],
        ['3', 0],
        ['4', 1],
      ],
    },
  },
  'the least and the greatest 64-bit times': {
    send: inVersion1(
      series('extremes', [
        [1, -(2n ** 63n)],
        [1, NOW],
        [1, 2n ** 63n - 1n],
      ]),
    ),
    status: 400,
    reason: /too-old=1, too-far-ahead=1|too-far-ahead=1, too-old=1/,
    rejected: { 'too-old': 1, 'too-far-ahead': 1 },
    kept: keeps('extremes'),
  },
  'values that are none, or infinite': {
    send: inVersion1(
      series('odd_values', [
        [Number.NaN, NOW],
        [Infinity, NOW + 1],
        [-Infinity, NOW + 2],
        [-0, NOW + 3],
        [5e-324, NOW + 4],
        [Number.MAX_VALUE, NOW + 5],
      ]),
    ),
    status: 204,
    kept: {
      odd_values: [
        ['NaN', NOW],
        ['+Inf', NOW + 1],
        ['-Inf', NOW + 2],
        ['-0', NOW + 3],
        ['5e-324', NOW + 4],
        ['1.7976931348623157e+308', NOW + 5],
      ],
    },
  },
  'a stale marker, which queries do not show': {
    send: inVersion1(
      series('ends', [
        [1, NOW],
        [STALE_MARKER, NOW + 1],
      ]),
    ),
    status: 204,
    kept: keeps('ends'),
  },
  'a sample twice in a request': {
    send: inVersion1(
      series('twice', [
        [1, NOW],
        [1, NOW],
      ]),
    ),
    status: 204,
    kept: keeps('twice'),
  },
  'two values for a moment': {
    send: inVersion1(
      series('two_values', [
        [1, NOW],
        [2, NOW],
      ]),
    ),
    status: 400,
    reason: /duplicate=1/,
    rejected: { duplicate: 1 },
    kept: keeps('two_values'),
  },
  'a sample that is older than the one before': {
    send: inVersion2(
      series('backwards', [
        [1, NOW],
        [2, NOW - 1_000],
      ]),
    ),
    status: 400,
    reason: /out-of-order=1/,
    rejected: { 'out-of-order': 1 },
    kept: keeps('backwards'),
  },
  'a series twice in a request': {
    send: inVersion2(
      series('series_twice', [[1, NOW]]),
      series('series_twice', [[2, NOW + 1_000]]),
    ),
    status: 204,
    kept: {
      series_twice: [
        ['1', NOW],
        ['2', NOW + 1_000],
      ],
    },
  },
  'a request that is repeated': {
    send: async (url) => {
      const again = inVersion1(
        series('again', [
          [1, NOW],
          [2, NOW + 1_000],
        ]),
      );
      expect((await again(url)).status).toBe(204);
      expect((await again(url)).status).toBe(204);
      return await again(url);
    },
    status: 204,
    kept: {
      again: [
        ['1', NOW],
        ['2', NOW + 1_000],
      ],
    },
  },
};

export const nativeHistograms: Readonly<Record<string, Case>> = {
  'a good native histogram': {
    send: inVersion1(histogram('h_good', {})),
    status: 204,
    kept: { h_good: [['count 6 sum 3', NOW]] },
  },
  'counts that do not add up': {
    send: inVersion1(histogram('h_count', { count: 7 }), good('h_count_ok')),
    status: 400,
    reason: /its count is 7, but its buckets hold 6 observations/,
    rejected: { invalid: 1 },
    kept: { h_count: [], ...keeps('h_count_ok') },
  },
  'spans that overlap': {
    send: inVersion2(
      histogram('h_spans', {
        positive: {
          spans: [
            [0, 2],
            [-1, 1],
          ],
          deltas: [1, 1, 1],
        },
      }),
      good('h_spans_ok'),
    ),
    status: 400,
    reason: /negative offset/,
    rejected: { invalid: 1 },
    kept: { h_spans: [], ...keeps('h_spans_ok') },
  },
  'spans of more buckets than there are': {
    send: inVersion1(
      histogram('h_buckets', { positive: { spans: [[0, 5]], deltas: [1, 1, 1] } }),
      good('h_buckets_ok'),
    ),
    status: 400,
    reason: /spans name 5 buckets, but there are 3/,
    rejected: { invalid: 1 },
    kept: { h_buckets: [], ...keeps('h_buckets_ok') },
  },
  'a span of four billion buckets': {
    send: inVersion1(
      histogram('h_billions', { positive: { spans: [[0, 2 ** 32 - 1]], deltas: [1] } }),
      good('h_billions_ok'),
    ),
    status: 400,
    reason: /spans name 4294967295 buckets/,
    rejected: { invalid: 1 },
    kept: { h_billions: [], ...keeps('h_billions_ok') },
  },
  'a schema out of range': {
    send: inVersion2(histogram('h_schema', { schema: 53 }), good('h_schema_ok')),
    status: 400,
    reason: /its schema is 53/,
    rejected: { invalid: 1 },
    kept: { h_schema: [], ...keeps('h_schema_ok') },
  },
  'negative buckets': {
    send: inVersion1(
      histogram('h_negative', { positive: { spans: [[0, 2]], deltas: [1, -2] } }),
      good('h_negative_ok'),
    ),
    status: 400,
    reason: /bucket 1 has a negative count: -1/,
    rejected: { invalid: 1 },
    kept: { h_negative: [], ...keeps('h_negative_ok') },
  },
  'custom bounds that do not ascend': {
    send: inVersion2(
      histogram('h_custom', {
        schema: -53,
        customValues: [2, 1],
        positive: { spans: [[0, 3]], deltas: [1, 1, 1] },
      }),
      good('h_custom_ok'),
    ),
    status: 400,
    reason: /must ascend/,
    rejected: { invalid: 1 },
    kept: { h_custom: [], ...keeps('h_custom_ok') },
  },
};

const symbol = (text: string): number[] => field(4, text);
const okSeries2 = (refs: readonly number[]): number[] =>
  field(5, [...field(1, refs), ...field(2, [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, ...int(2, NOW)])]);

export const version2: Readonly<Record<string, Case>> = {
  'a reference to a symbol that is not there': {
    send: (url) =>
      post(
        url,
        pack(
          Uint8Array.from([
            ...['', '__name__', 'refs_ok', 'refs'].flatMap(symbol),
            ...okSeries2([1, 9]),
            ...okSeries2([1, 2]),
          ]),
        ),
        HEADERS_2,
      ),
    status: 400,
    reason: /timeseries\[0\]: labels_refs\[1\] is 9, but there are 4 symbols/,
    rejected: { invalid: 1 },
    kept: keeps('refs_ok'),
  },
  'a name without a value': {
    send: (url) =>
      post(
        url,
        pack(
          Uint8Array.from([
            ...['', '__name__', 'odd_ok'].flatMap(symbol),
            ...okSeries2([1, 2, 1]),
            ...okSeries2([1, 2]),
          ]),
        ),
        HEADERS_2,
      ),
    status: 400,
    reason: /timeseries\[0\]/,
    rejected: { invalid: 1 },
    kept: keeps('odd_ok'),
  },
  'a first symbol that is not empty': {
    send: (url) =>
      post(
        url,
        pack(
          Uint8Array.from([...['__name__', 'first_symbol'].flatMap(symbol), ...okSeries2([0, 1])]),
        ),
        HEADERS_2,
      ),
    status: 400,
    reason: /symbols\[0\]/,
    kept: { first_symbol: [] },
  },
  'metadata that refer to no symbol': {
    send: (url) =>
      post(
        url,
        pack(
          Uint8Array.from([
            ...['', '__name__', 'meta_refs'].flatMap(symbol),
            ...field(5, [
              ...field(1, [1, 2]),
              ...field(2, [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, ...int(2, NOW)]),
              ...field(5, [...int(1, 1), ...int(3, 77)]),
            ]),
          ]),
        ),
        HEADERS_2,
      ),
    status: 400,
    reason: /metadata refers to symbol 77/,
    rejected: { invalid: 1 },
    kept: keeps('meta_refs'),
  },
};

export const exemplars: Readonly<Record<string, Case>> = {
  'an exemplar that is too long: counted, and no reason to refuse, as in Prometheus': {
    send: inVersion2(
      series('ex_long', [[1, NOW]], { exemplars: [exemplar(1, [['a', 'x'.repeat(200)]])] }),
    ),
    status: 204,
    rejected: { exemplar: 1 },
    kept: keeps('ex_long'),
  },
  'an exemplar without labels': {
    send: inVersion2(series('ex_bare', [[1, NOW]], { exemplars: [exemplar(1, [])] })),
    status: 204,
    kept: keeps('ex_bare'),
  },
  'an exemplar with a label twice': {
    send: inVersion1(
      series('ex_twice', [[1, NOW]], {
        exemplars: [
          exemplar(1, [
            ['a', 'x'],
            ['a', 'y'],
          ]),
        ],
      }),
    ),
    status: 400,
    reason: /an exemplar of the value 1: the label "a" occurs twice/,
    rejected: { invalid: 1 },
    kept: keeps('ex_twice'),
  },
};
