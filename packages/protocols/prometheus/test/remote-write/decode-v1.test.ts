import { Labels } from '@dwcp/core';
import { decodeRemoteWrite } from '@dwcp/protocol-prometheus';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { bitsOf, collectMessage, failure, STALE_BITS } from './collect.ts';
import { bytes, double, int, label, message, type Part, sample } from './wire.ts';

const UP = [label('__name__', 'up'), label('job', 'node')];
const T = 1_760_000_000_000;

function series(...parts: readonly Part[]): number[] {
  return bytes(1, ...parts);
}

function samplesOf(...parts: readonly Part[]): unknown {
  return collectMessage(message(series(...UP, ...parts)), '1.0').series[0]?.samples;
}

test('an empty request has no series', () => {
  expect(collectMessage(message(), '1.0')).toEqual({ series: [], metadata: [], invalid: [] });
});

test('series and samples come in the order of the request', () => {
  const request = message(
    series(...UP, sample(1, T), sample(2.5, T + 1)),
    series(label('__name__', 'b'), sample(-3, T)),
  );
  const seen = collectMessage(request, '1.0').series;
  expect(seen.map((one) => [one.labels.toString(), one.samples])).toEqual([
    [
      'up{job="node"}',
      [
        [T, bitsOf(1)],
        [T + 1, bitsOf(2.5)],
      ],
    ],
    ['b', [[T, bitsOf(-3)]]],
  ]);
});

test('the label range is passed as it stands in the request', () => {
  const request = message(series(...UP, sample(1, T)));
  const ranges: string[] = [];
  decodeRemoteWrite(request, '1.0', {
    series(from, start, end) {
      expect(from).toBe(request);
      ranges.push(Buffer.from(from.subarray(start, end)).toString('hex'));
      return false;
    },
    sample: () => expect.unreachable('its series was skipped'),
    histogram: () => {},
    exemplar: () => {},
    metadata: () => {},
  });
  expect(ranges).toEqual([Buffer.from(UP.flat()).toString('hex')]);
});

describe('timestamps', () => {
  test.each([
    ['0', 0n],
    ['1', 1n],
    ['the last of five bytes', 2n ** 35n - 1n],
    ['the first of six bytes', 2n ** 35n],
    ['of this era', 1_760_000_123_456n],
    ['the last of six bytes', 2n ** 42n - 1n],
    ['the first of seven bytes', 2n ** 42n],
    ['2^53', 2n ** 53n],
    ['-1', -1n],
    ['before 1970', -62_135_596_800_000n],
    ['the smallest', -(2n ** 63n)],
    ['the greatest', 2n ** 63n - 1n],
  ])('%s is read', (_, unixMs) => {
    expect(samplesOf(sample(1, unixMs))).toEqual([[Number(unixMs), bitsOf(1)]]);
    expect(samplesOf(sample(0, unixMs), sample(0, unixMs))).toHaveLength(2);
  });

  test('all int64 are read to the nearest double', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (unixMs) => {
        expect(samplesOf(sample(1, unixMs))).toEqual([[Number(unixMs), bitsOf(1)]]);
      }),
    );
  });
});

describe('values', () => {
  test.each([0, -0, 1, -1.5, Infinity, -Infinity, Number.NaN, 5e-324, Number.MAX_VALUE])(
    '%s comes by its bits',
    (value) => {
      expect(samplesOf(sample(value, T))).toEqual([[T, bitsOf(value)]]);
    },
  );

  test('a stale marker stays one', () => {
    const stale = bytes(2, [0x09, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f], int(2, T));
    expect(samplesOf(stale)).toEqual([[T, STALE_BITS]]);
  });

  test('a value of 0 may be left out, and so may a timestamp of 0', () => {
    expect(samplesOf(bytes(2, int(2, T)), bytes(2, double(1, 7)), bytes(2))).toEqual([
      [T, bitsOf(0)],
      [0, bitsOf(7)],
      [0, bitsOf(0)],
    ]);
  });
});

describe('a legal message of another shape', () => {
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
  const [name = [], job = []] = UP;
  const first = sample(1, T);
  const second = sample(2, T + 1);
  const overlong = (field: number[]): number[] => [(field[0] ?? 0) | 128, 0, ...field.slice(1)];

  test.each<[string, number[]]>([
    ['labels after the samples', series(first, second, ...UP)],
    ['labels between the samples', series(name, first, job, second)],
    ['unknown fields before the labels', series(int(9, 5), ...UP, first, second)],
    ['unknown fields among them', series(name, bytes(8, 'x'), job, first, double(15, 1), second)],
    ['unknown groups', series(...UP, first, [0x4b, 0x08, 1, 0x53, 0x54, 0x4c], second)],
    ['unknown fixed32', series(...UP, first, [0x4d, 1, 2, 3, 4], second)],
    ['field numbers above 15', series(...UP, first, int(2_000, 5), second)],
    ['tags longer than need be', series(overlong(name), job, overlong(first), second)],
    [
      'lengths longer than need be',
      series(
        name,
        [0x0a, (job[1] ?? 0) | 128, 0, ...job.slice(2)],
        [0x12, (first[1] ?? 0) | 128, 0, ...first.slice(2)],
        second,
      ),
    ],
    ['timestamp before value', series(...UP, bytes(2, int(2, T), double(1, 1)), second)],
    [
      'fields repeated in a sample',
      series(...UP, bytes(2, double(1, 9), int(2, 9), double(1, 1), int(2, T)), second),
    ],
    [
      'unknown fields in a sample',
      series(...UP, bytes(2, double(1, 1), int(2, T), int(3, 4)), second),
    ],
    [
      'unknown fields in a label',
      series(bytes(1, bytes(1, '__name__'), int(3, 1), bytes(2, 'up')), job, first, second),
    ],
    [
      'unknown fields in the request',
      [...int(2, 8), ...series(...UP, first, second), ...bytes(17, 'x')],
    ],
  ])('%s: is read alike', (_, request) => {
    expect(collectMessage(message(request), '1.0').series).toEqual(expected);
  });

  test('split into several series, each part has its samples', () => {
    const request = message(series(...UP, first), series(...UP, second));
    expect(collectMessage(request, '1.0').series.flatMap((one) => one.samples)).toEqual(
      expected[0]?.samples,
    );
  });
});

test('labels longer than 127 bytes are read', () => {
  const labels = { __name__: 'up', path: 'x'.repeat(300), query: 'y'.repeat(20_000) };
  const request = message(
    series(...Object.entries(labels).map(([n, v]) => label(n, v)), sample(1, T)),
  );
  const [seen] = collectMessage(request, '1.0').series;
  expect(seen?.labels.toObject()).toEqual(labels);
  expect(seen?.samples).toEqual([[T, bitsOf(1)]]);
});

test('a series with wrong labels does not stop those after it', () => {
  const request = message(series(label('a', 'b'), sample(1, T)), series(...UP, sample(1, T)));
  const seen = collectMessage(request, '1.0');
  expect(seen.series.map((one) => one.labels.metricName)).toEqual(['up']);
  expect(seen.invalid).toHaveLength(1);
});

test('exemplars come with their series, with or without a timestamp', () => {
  const trace = label('trace_id', 'abc');
  const request = message(
    series(...UP, sample(1, T), bytes(3, trace, double(2, 0.5), int(3, T)), bytes(3, double(2, 7))),
  );
  expect(collectMessage(request, '1.0').series[0]?.exemplars).toEqual([
    { labels: Labels.from({ trace_id: 'abc' }), value: 0.5, unixMs: T },
    { labels: Labels.empty, value: 7 },
  ]);
});

test('an exemplar with wrong labels is told of, and the rest is read', () => {
  const twice = [label('a', '1'), label('a', '2')];
  const request = message(series(...UP, bytes(3, ...twice, double(2, 1)), sample(1, T)));
  const seen = collectMessage(request, '1.0');
  expect(seen.invalid).toEqual([
    'timeseries[0]: an exemplar of the value 1: the label "a" occurs twice',
  ]);
  expect(seen.series[0]?.samples).toHaveLength(1);
});

test('metadata come by family', () => {
  const request = message(
    bytes(3, int(1, 1), bytes(2, 'a_total'), bytes(4, 'Größe'), bytes(5, 'bytes')),
    bytes(3, bytes(2, 'b')),
    bytes(3, int(1, 99), bytes(2, 'c')),
  );
  expect(collectMessage(request, '1.0').metadata).toEqual([
    { name: 'a_total', type: 'counter', help: 'Größe', unit: 'bytes' },
    { name: 'b', type: 'unknown', help: '', unit: '' },
    { name: 'c', type: 'unknown', help: '', unit: '' },
  ]);
});

test.each<[string, number[], string]>([
  [
    'a series cut off',
    [0x0a, 50, 0x0a],
    'byte 1: a length of 50 runs past the end of its message, which has 1 bytes left',
  ],
  [
    'a label that runs past its series',
    [...series([0x0a, 9, 0]), ...series(...UP)],
    'timeseries[0]: ',
  ],
  [
    'a sample that runs past its series',
    series(...UP, [0x12, 16, 0x09]),
    'timeseries[0]: byte 32: a length of 16 runs past the end',
  ],
  [
    'a value that runs past its sample',
    series(...UP, bytes(2, [0x09, 1, 2])),
    'a double runs past the end of its message',
  ],
  [
    'a timestamp that runs past its sample',
    series(...UP, bytes(2, [0x10, 0x80])),
    'a number runs past the end of its message',
  ],
  [
    'a timestamp of eleven bytes',
    series(...UP, bytes(2, [0x10, ...Array<number>(10).fill(0x80), 0])),
    'a number has more than ten bytes',
  ],
  ['a lone tag', series(...UP, [0x12]), 'timeseries[0]: '],
  ['a field without a number', [0x02, 0], 'byte 0: a field has no number'],
  ['a wire type that does not exist', [0x0f], 'the wire type 7'],
  ['the wrong wire type of a known field', int(1, 5), 'field 1 has the wire type 0'],
  ['a group that does not end', [0x4b, 0x08], 'a number runs past the end'],
  ['a group that was not begun', [0x4c], 'field 9 has the wire type 4'],
  ['groups nested without end', Array<number>(100).fill(0x4b), 'groups are nested too deep'],
  [
    'help that is not UTF-8',
    bytes(3, bytes(2, 'a'), bytes(4, [0xff])),
    'the help of the metric family "a" is not UTF-8',
  ],
])('%s is malformed', (_, request, problem) => {
  const error = failure(() => collectMessage(message(request), '1.0'));
  expect(error).toContain('malformed: remote write 1.0: ');
  expect(error).toContain(problem);
});

test('an error of the visitor comes through as it is', () => {
  const own = new Error('disk full');
  expect(() =>
    decodeRemoteWrite(message(series(...UP, sample(1, T))), '1.0', {
      series: () => true,
      sample() {
        throw own;
      },
      histogram: () => {},
      exemplar: () => {},
      metadata: () => {},
    }),
  ).toThrow(own);
});

test('a view into a larger buffer is read alike', () => {
  const request = message(series(...UP, sample(1, T)));
  const buffer = new Uint8Array(request.length + 20).fill(0xff);
  buffer.set(request, 7);
  expect(collectMessage(buffer.subarray(7, 7 + request.length), '1.0').series[0]?.samples).toEqual([
    [T, bitsOf(1)],
  ]);
});
