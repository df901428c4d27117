import { Labels } from '@dwcp/core';
import { decodeRemoteWrite } from '@dwcp/protocol-prometheus';
import { describe, expect, test } from 'vitest';

import { bitsOf, collectMessage, failure, type Seen, STALE_BITS } from './collect.ts';
import { bytes, double, int, label, message, type Part, sample, varint } from './wire.ts';

const T = 1_760_000_000_000;
const SYMBOLS = ['', '__name__', 'up', 'job', 'node', 'trace_id', 'abc', 'Is it up?', 'seconds'];

function symbols(texts: readonly string[] = SYMBOLS): number[] {
  return texts.flatMap((text) => bytes(4, text));
}

function refs(...numbers: readonly number[]): number[] {
  return bytes(1, numbers.flatMap(varint));
}

const UP = refs(1, 2, 3, 4);

function series(...parts: readonly Part[]): number[] {
  return bytes(5, ...parts);
}

function read(...parts: readonly number[][]): Seen {
  return collectMessage(message(...parts), '2.0');
}

const expected = [
  {
    labels: Labels.from({ __name__: 'up', job: 'node' }),
    samples: [
      [T, bitsOf(1)],
      [T + 1, bitsOf(2)],
    ],
    histograms: [],
    exemplars: [],
  },
];
const first = sample(1, T);
const second = sample(2, T + 1);

test('an empty request has no series, and needs no symbols', () => {
  expect(read()).toEqual({ series: [], metadata: [], invalid: [] });
});

test('a request of 1.0 holds nothing here, as the numbers of its fields are reserved', () => {
  expect(read(bytes(1, label('__name__', 'up'), first))).toEqual({
    series: [],
    metadata: [],
    invalid: [],
  });
});

test.each<[string, number[][]]>([
  ['as senders write it', [symbols(), series(UP, first, second)]],
  ['symbols after the series', [series(UP, first, second), symbols()]],
  [
    'symbols around the series',
    [symbols(SYMBOLS.slice(0, 2)), series(UP, first, second), symbols(SYMBOLS.slice(2))],
  ],
  [
    'references one by one',
    [symbols(), series(int(1, 1), int(1, 2), int(1, 3), int(1, 4), first, second)],
  ],
  ['references in two packs', [symbols(), series(refs(1, 2, 3), refs(4), first, second)]],
  ['references after the samples', [symbols(), series(first, second, UP)]],
  ['references among the samples', [symbols(), series(first, refs(1, 2), second, refs(3, 4))]],
  [
    'references longer than need be',
    [symbols(), series(bytes(1, [0x81, 0, 0x82, 0x80, 0, 3, 4]), first, second)],
  ],
  [
    'a start timestamp in each sample',
    [
      symbols(),
      series(
        UP,
        bytes(2, double(1, 1), int(2, T), int(3, T - 9)),
        bytes(2, double(1, 2), int(2, T + 1), int(3, T - 9)),
      ),
    ],
  ],
  ['a created timestamp', [symbols(), series(UP, first, second, int(6, T - 9))]],
  [
    'unknown fields',
    [int(1, 3), symbols(), bytes(9, 'x'), series(UP, int(9, 1), first, second), int(30, 1)],
  ],
])('%s: a series is read alike', (_, parts) => {
  expect(read(...parts)).toEqual({ series: expected, metadata: [], invalid: [] });
});

test('labels are written as 1.0 has them, and equal labels as equal bytes', () => {
  const long = 'x'.repeat(200);
  const texts = [...SYMBOLS, 'up', long];
  const request = message(
    symbols(texts),
    series(UP, first),
    series(refs(1, 9, 3, 4), first),
    series(refs(1, 2, 3, 10), first),
    series(UP, first),
  );
  const seen: string[] = [];
  decodeRemoteWrite(request, '2.0', {
    series(from, start, end) {
      seen.push(Buffer.from(from.subarray(start, end)).toString('hex'));
      return false;
    },
    sample: () => expect.unreachable('its series was skipped'),
    histogram: () => {},
    exemplar: () => {},
    metadata: () => {},
  });
  const up = Buffer.from([...label('__name__', 'up'), ...label('job', 'node')]).toString('hex');
  const longUp = Buffer.from([...label('__name__', 'up'), ...label('job', long)]).toString('hex');
  expect(seen).toEqual([up, up, longUp, up]);
});

test('labels of all lengths come as they are', () => {
  const texts = Array.from({ length: 300 }, (_, i) => 'abcdefghij'.repeat(30).slice(0, i + 1));
  const request = message(
    symbols(['', '__name__', ...texts]),
    ...texts.map((_, i) => series(refs(1, i + 2, 2 + (299 - i), i + 2), first)),
  );
  const seen = collectMessage(request, '2.0').series;
  expect(seen.map((one) => [...one.labels][1])).toEqual(
    texts.map((text, i) => [texts[299 - i], text]),
  );
});

test('a series may have hundreds of labels', () => {
  const names = Array.from({ length: 300 }, (_, i) => `label_${i + 100}`);
  const texts = ['', '__name__', 'wide', ...names];
  const request = [
    symbols(texts),
    series(refs(1, 2, ...names.flatMap((_, i) => [i + 3, i + 3])), first),
  ];
  expect(read(...request).series[0]?.labels.toObject()).toEqual({
    __name__: 'wide',
    ...Object.fromEntries(names.map((name) => [name, name])),
  });
});

test('a stale marker and timestamps before 1970 come through', () => {
  const stale = bytes(2, [0x09, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f], int(2, -5));
  expect(read(symbols(), series(UP, stale)).series[0]?.samples).toEqual([[-5, STALE_BITS]]);
});

test('exemplars refer to symbols', () => {
  const exemplars = [bytes(4, refs(5, 6), double(2, 0.5), int(3, T)), bytes(4, double(2, 7))];
  expect(read(symbols(), series(UP, first, ...exemplars)).series[0]?.exemplars).toEqual([
    { labels: Labels.from({ trace_id: 'abc' }), value: 0.5, unixMs: T },
    { labels: Labels.empty, value: 7 },
  ]);
});

describe('metadata', () => {
  const metadata = (type: number): number[] => bytes(5, int(1, type), int(3, 7), int(4, 8));

  test('come after the data of their series', () => {
    const order: string[] = [];
    decodeRemoteWrite(message(symbols(), series(metadata(2), UP, first)), '2.0', {
      series: () => order.push('series') > 0,
      sample: () => void order.push('sample'),
      histogram: () => {},
      exemplar: () => {},
      metadata: (one) => void order.push(`metadata of ${one.name}`),
    });
    expect(order).toEqual(['series', 'sample', 'metadata of up']);
  });

  test.each<[number, string, string, string]>([
    [1, 'requests_total', 'counter', 'requests_total'],
    [2, 'queue_count', 'gauge', 'queue_count'],
    [3, 'latency_bucket', 'histogram', 'latency'],
    [3, 'latency_sum', 'histogram', 'latency'],
    [3, 'latency_count', 'histogram', 'latency'],
    [4, 'sizes_bucket', 'gaugehistogram', 'sizes'],
    [4, 'sizes_gsum', 'gaugehistogram', 'sizes'],
    [4, 'sizes_gcount', 'gaugehistogram', 'sizes'],
    [5, 'rpc', 'summary', 'rpc'],
    [5, 'rpc_count', 'summary', 'rpc'],
    [6, 'build_info', 'info', 'build_info'],
    [7, 'state', 'stateset', 'state'],
    [0, 'what_sum', 'unknown', 'what_sum'],
    [99, 'what', 'unknown', 'what'],
    [3, '_sum', 'histogram', '_sum'],
  ])('of the type %i and the metric %s are of the %s %s', (wire, metric, type, name) => {
    const texts = SYMBOLS.map((text) => (text === 'up' ? metric : text));
    expect(read(symbols(texts), series(UP, metadata(wire))).metadata).toEqual([
      { name, type, help: 'Is it up?', unit: 'seconds' },
    ]);
  });

  test('of a native histogram keep the whole name', () => {
    const texts = SYMBOLS.map((text) => (text === 'up' ? 'row_count' : text));
    const histogram = bytes(3, int(1, 0), int(15, T));
    expect(read(symbols(texts), series(UP, histogram, metadata(3))).metadata[0]?.name).toBe(
      'row_count',
    );
  });

  test('the same for a name are reported once, and again when they change', () => {
    const seen = read(
      symbols(),
      series(UP, first, metadata(2)),
      series(refs(1, 2), first, metadata(2)),
      series(UP, first, metadata(1)),
    );
    expect(seen.metadata.map(({ type }) => type)).toEqual(['gauge', 'counter']);
  });

  test('that say nothing are not reported', () => {
    expect(read(symbols(), series(UP, first, bytes(5))).metadata).toEqual([]);
  });

  test('given twice are merged', () => {
    const parts = [bytes(5, int(1, 2)), bytes(5, int(3, 7))];
    expect(read(symbols(), series(UP, ...parts)).metadata).toEqual([
      { name: 'up', type: 'gauge', help: 'Is it up?', unit: '' },
    ]);
  });

  test('of a series that is skipped are skipped', () => {
    expect(read(symbols(), series(refs(3, 4), metadata(2))).metadata).toEqual([]);
  });
});

test.each<[string, number[], string]>([
  [
    'an odd number of references',
    series(refs(1, 2, 3), first),
    'timeseries[0]: labels_refs has 3 references: each name needs a value',
  ],
  [
    'a reference out of range',
    series(refs(1, 9), first),
    'timeseries[0]: labels_refs[1] is 9, but there are 9 symbols',
  ],
  [
    'no name',
    series(refs(3, 4), first),
    'labels "{job=\\"node\\"}": there is no __name__, which every series must have',
  ],
  ['no labels', series(first), 'labels "{}": there is no __name__, which every series must have'],
  [
    'an empty value',
    series(refs(1, 0), first),
    'the label "__name__" has an empty value: leave it out instead',
  ],
])('a series with %s is skipped, and the next is read', (_, bad, problem) => {
  const seen = read(symbols(), bad, series(UP, first, second));
  expect(seen).toEqual({ series: expected, metadata: [], invalid: [problem] });
});

test.each<[string, number[], string]>([
  [
    'an exemplar with an odd number of references',
    bytes(4, refs(5), double(2, 1)),
    'an exemplar of the value 1: labels_refs has 1 references: each name needs a value',
  ],
  [
    'an exemplar with a reference out of range',
    bytes(4, refs(5, 99), double(2, 1)),
    'an exemplar of the value 1: labels_refs[1] is 99, but there are 9 symbols',
  ],
  [
    'metadata with a reference out of range',
    bytes(5, int(3, 9)),
    'its metadata refers to symbol 9, but there are 9 symbols',
  ],
])('%s is told of, and the samples are read', (_, bad, problem) => {
  const seen = read(symbols(), series(UP, first, bad, second));
  expect(seen).toEqual({ series: expected, metadata: [], invalid: [`timeseries[0]: ${problem}`] });
});

test('a visitor that does not hear of wrong parts gets an error', () => {
  expect(
    failure(() =>
      decodeRemoteWrite(message(symbols(), series(refs(1))), '2.0', {
        series: () => true,
        sample: () => {},
        histogram: () => {},
        exemplar: () => {},
        metadata: () => {},
      }),
    ),
  ).toBe(
    'malformed: remote write 2.0: timeseries[0]: labels_refs has 1 references: each name needs a value',
  );
});

test.each<[string, number[][], string]>([
  ['no symbols', [series(UP, first)], 'there are no symbols'],
  [
    'a first symbol that is not empty',
    [symbols(SYMBOLS.slice(1)), series(UP, first)],
    'symbols[0] is not the empty string',
  ],
  [
    'help that is not UTF-8',
    [symbols(), bytes(4, [0xff]), series(UP, bytes(5, int(3, 9)))],
    'timeseries[0]: symbols[9] is not UTF-8',
  ],
  ['a symbol cut off', [[0x22, 9, 1]], 'byte 1: a length of 9 runs past the end'],
  ['references cut off', [symbols(), series([0x0a, 9, 1])], 'a length of 9 runs past the end'],
  [
    'a reference that runs past its pack',
    [symbols(), series([0x0a, 1, 0x81], first)],
    'a number runs past the end',
  ],
  ['a wrong wire type', [symbols(), series(double(1, 1))], 'field 1 has the wire type 1'],
])('a request with %s is malformed', (_, parts, problem) => {
  const error = failure(() => read(...parts));
  expect(error).toContain('malformed: remote write 2.0: ');
  expect(error).toContain(problem);
});

describe('references that stand for far more than the request', () => {
  const large = 'x'.repeat(600_000);

  test('in one series make it invalid', () => {
    const seen = read(
      symbols(['', '__name__', 'up', 'a', 'b', large]),
      series(refs(1, 2, 3, 5, 4, 5), first),
      series(refs(1, 2), first),
    );
    expect(seen.invalid).toEqual([
      'timeseries[0]: its labels have more than 1048576 bytes: use shorter label values',
    ]);
    expect(seen.series).toHaveLength(1);
  });

  test('in all series together are refused', () => {
    const request = message(
      symbols(['', '__name__', 'up', 'a', large]),
      ...Array.from({ length: 2_000 }, () => series(refs(1, 2, 3, 4))),
    );
    let labelBytes = 0;
    const error = failure(() =>
      decodeRemoteWrite(request, '2.0', {
        series: (_, start, end) => (labelBytes += end - start) < 0,
        sample: () => {},
        histogram: () => {},
        exemplar: () => {},
        metadata: () => {},
      }),
    );
    expect(error).toContain('the labels of all series have far more bytes than the request');
    expect(labelBytes).toBeLessThanOrEqual(2 ** 30);
  });
});
