import { InvalidInputError } from '@dwcp/core';
import {
  decodeLogsProtobuf,
  decodeMetricsProtobuf,
  decodeTracesProtobuf,
  encodeExportResponseProtobuf,
  encodeStatusProtobuf,
  OtlpMetricsCache,
} from '@dwcp/protocol-otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fromProtobuf, toProtobuf } from './otlp-proto.ts';
import { logsRequest, metricsRequest, tracesRequest } from './requests.ts';

const cache = new OtlpMetricsCache();
const decoders: readonly (readonly [
  string,
  fc.Arbitrary<object>,
  (bytes: Uint8Array) => unknown,
])[] = [
  ['ExportTraceServiceRequest', tracesRequest, (bytes) => decodeTracesProtobuf(bytes)],
  ['ExportLogsServiceRequest', logsRequest, (bytes) => decodeLogsProtobuf(bytes, 1n)],
  [
    'ExportMetricsServiceRequest',
    metricsRequest,
    (bytes) => decodeMetricsProtobuf(bytes, { cache }),
  ],
];

const NAMED = /^(?:body|resource).*: .*(?:at byte \d+|nested deeper than 32)/;

/** What the error says, '' when the bytes could be read. Any other error is a fault of the reader. */
function faultOf(decode: () => unknown): string {
  try {
    decode();
    return '';
  } catch (error) {
    if (!(error instanceof InvalidInputError) || !NAMED.test(error.message)) throw error;
    return error.field;
  }
}

describe.each(decoders)('%s', (message, requests, decode) => {
  test('cut off anywhere it gives a result or names the field', () => {
    let faults = 0;
    fc.assert(
      fc.property(requests, (body) => {
        const bytes = toProtobuf(message, body);
        for (let end = 0; end < bytes.length; end++) {
          if (faultOf(() => decode(bytes.subarray(0, end))) !== '') faults++;
        }
      }),
      { numRuns: 25 },
    );
    expect(faults).toBeGreaterThan(100);
  });

  test('with flipped bits it gives a result or names the field', () => {
    let faults = 0;
    fc.assert(
      fc.property(
        requests,
        fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 4 }),
        (body, flips) => {
          const bytes = toProtobuf(message, body);
          for (const [at, bit] of flips) {
            const index = at % Math.max(1, bytes.length);
            bytes.set([(bytes[index] ?? 0) ^ (1 << bit)].slice(0, bytes.length), index);
          }
          if (faultOf(() => decode(bytes)) !== '') faults++;
        },
      ),
      { numRuns: 1_000 },
    );
    expect(faults).toBeGreaterThan(50);
  });

  test('any bytes give a result or name the field', () => {
    let faults = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        if (faultOf(() => decode(bytes)) !== '') faults++;
      }),
      { numRuns: 1_000 },
    );
    expect(faults).toBeGreaterThan(500);
  });

  test('empty bytes are an empty request', () => {
    expect(decode(new Uint8Array())).toMatchObject({ rejected: [], rejectedCount: 0 });
  });
});

/** A field of bytes: key, length, content. */
function field(number: number, ...content: (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(content.map((part) => Uint8Array.from(part)));
  const length: number[] = [];
  let rest = body.length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Uint8Array.of(number * 8 + 2, ...length, rest), body]);
}
const times = (count: number, bytes: Uint8Array | readonly number[]): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, () => Uint8Array.from(bytes)));
/** A request with one metric whose data are the bytes. */
const metricOf = (...data: Uint8Array[]): Uint8Array =>
  field(1, field(2, field(2, field(1, [0x6d]), ...data)));
const time = [0x19, 0x40, 0x42, 0x0f, 0, 0, 0, 0, 0];
const attribute = (key: string, value: string): Uint8Array =>
  field(7, field(1, Buffer.from(key)), field(2, field(1, Buffer.from(value))));

describe('malformed bytes', () => {
  test.each<[string, Uint8Array, string, RegExp]>([
    [
      'a length beyond the end',
      Uint8Array.of(0x0a, 0x05, 0x12),
      'resourceMetrics[0]',
      /says it has 5 bytes where 1 are left \(at byte 2\)/,
    ],
    [
      'a length beyond the message around it',
      Uint8Array.of(0x0a, 0x02, 0x12, 0x05, 0, 0, 0, 0, 0),
      'resourceMetrics[0]',
      /says it has 5 bytes where 0 are left/,
    ],
    ['a group', Uint8Array.of(0x0b), 'body', /field 1 of wire type 3/],
    ['a field of number 0', Uint8Array.of(0x02, 0x00), 'body', /number 0/],
    ['an endless number', new Uint8Array(12).fill(0xff), 'body', /more than 10 bytes/],
    [
      'half a double',
      metricOf(field(5, field(1, [...time, 0x21, 1, 2]))),
      'resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].asDouble',
      /wants 8 bytes where 2 are left/,
    ],
    [
      'packed numbers of no whole number',
      metricOf(field(9, field(1, time, field(6, [1, 2, 3])))),
      'resourceMetrics[0].scopeMetrics[0].metrics[0].histogram.dataPoints[0].bucketCounts',
      /no multiple of 8/,
    ],
  ])('%s', (_, bytes, path, problem) => {
    expect(() => decodeMetricsProtobuf(bytes)).toThrow(InvalidInputError);
    expect(() => decodeMetricsProtobuf(bytes)).toThrow(problem);
    expect(faultOf(() => decodeMetricsProtobuf(bytes))).toBe(path);
  });
});

describe('what writers may do', () => {
  test('a resource behind what it belongs to', () => {
    const spans = [
      {
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
        startTimeUnixNano: '5',
        endTimeUnixNano: '6',
      },
    ];
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'late' } }] };
    const bytes = field(
      1,
      field(
        2,
        toProtobuf('ScopeSpans', { spans }),
        toProtobuf('ScopeSpans', { scope: { name: 's' } }),
      ),
      toProtobuf('ResourceSpans', { resource }),
    );
    expect(decodeTracesProtobuf(bytes).spans).toMatchObject([
      { resource: { attributes: { 'service.name': 'late' } }, scope: { name: 's' } },
    ]);
  });

  test('fields of the future are passed over', () => {
    const future = [
      0xf8,
      0x07,
      1,
      0xf9,
      0x07,
      ...time.slice(1),
      0xfa,
      0x07,
      1,
      9,
      0xfd,
      0x07,
      1,
      2,
      3,
      4,
    ];
    const point = field(1, future, time, [0x31, 7, 0, 0, 0, 0, 0, 0, 0], future);
    const { resourceMetrics } = decodeMetricsProtobuf(
      Buffer.concat([Uint8Array.from(future), metricOf(field(5, point))]),
    );
    expect(resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.points).toMatchObject([{ value: 7 }]);
  });

  test('numbers that are not packed, attributes in several runs', () => {
    const bounds = [0x39, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
    const counts = times(2, [0x31, 3, 0, 0, 0, 0, 0, 0, 0]);
    const key = (name: string): Uint8Array => {
      const bytes = Buffer.from(attribute(name, 'v'));
      bytes[0] = 0x4a;
      return bytes;
    };
    const point = field(1, key('a'), counts, key('b'), bounds, key('c'), key('a'), time);
    const { resourceMetrics } = decodeMetricsProtobuf(metricOf(field(9, point)));
    expect(resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.points).toMatchObject([
      {
        attributes: { a: 'v', b: 'v', c: 'v' },
        bucketCounts: Float64Array.of(3, 3),
        explicitBounds: Float64Array.of(1),
      },
    ]);
  });
});

describe('a request made to be expensive', () => {
  test('costs no more than its length', () => {
    const value = [0x31, 1, 0, 0, 0, 0, 0, 0, 0];
    const flags = [0x40, 0];
    const points = [
      // Exemplars, counts and attributes one by one, so that each could copy those before it.
      field(1, time, value, times(300_000, field(5))),
      field(
        1,
        time,
        value,
        times(150_000, Buffer.concat([attribute('k', 'v'), Uint8Array.from(flags)])),
      ),
    ];
    const histogram = field(1, time, times(300_000, value));
    const { resourceMetrics, rejected } = decodeMetricsProtobuf(
      metricOf(field(5, ...points), field(9, histogram)),
    );
    expect(rejected).toMatchObject([{ field: expect.stringContaining('bucketCounts') as string }]);
    expect(resourceMetrics).toHaveLength(1);
  });

  test('of more messages than any exporter sends is refused', () => {
    const bytes = metricOf(field(5, field(1, time, times(1_100_000, field(5)))));
    expect(() => decodeMetricsProtobuf(bytes)).toThrow(/too many messages for its size/);
  });

  test('of empty items is counted, not kept', () => {
    const result = decodeTracesProtobuf(field(1, field(2, times(900_000, field(2)))));
    expect(result.rejectedCount).toBe(900_000);
    expect(result.rejected).toHaveLength(100);
  });
});

test('points with the same bytes of attributes share one object, also between requests', () => {
  const shared = new OtlpMetricsCache();
  const point = field(1, time, attribute('a', '1'), [0x31, 7, 0, 0, 0, 0, 0, 0, 0]);
  const bytes = metricOf(field(5, point, point));
  const pointsOf = (): readonly { readonly attributes: object }[] =>
    decodeMetricsProtobuf(bytes, { cache: shared }).resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]
      ?.points ?? [];
  const [first, second] = pointsOf();
  expect(first?.attributes).toEqual({ a: '1' });
  expect(second?.attributes).toBe(first?.attributes);
  expect(pointsOf()[0]?.attributes).toBe(first?.attributes);
  expect(shared.attributeSets).toBe(1);
});

describe('answers', () => {
  test('a full success is empty', () => {
    expect(encodeExportResponseProtobuf()).toEqual(new Uint8Array());
  });

  test('what protobufjs reads of a partial success and a status is what was said', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        (rejectedCount, text) => {
          const bytes = encodeExportResponseProtobuf({ rejectedCount, errorMessage: text });
          const { partialSuccess } = fromProtobuf('ExportResponse', bytes) as {
            readonly partialSuccess: { readonly rejected?: string; readonly errorMessage?: string };
          };
          expect(Number(partialSuccess.rejected ?? 0)).toBe(rejectedCount);
          expect(partialSuccess.errorMessage ?? '').toBe(text.toWellFormed());
          expect(fromProtobuf('Status', encodeStatusProtobuf({ code: 14, message: text }))).toEqual(
            {
              code: 14,
              ...(text === '' ? {} : { message: text.toWellFormed() }),
            },
          );
        },
      ),
    );
  });
});
