import { type Attributes, type Span } from '@dwcp/core';
import { decodeTracesJson, encodeTracesJson } from '@dwcp/protocol-otlp';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const HEX_DIGITS = Array.from({ length: 16 }, (_, digit) => digit.toString(16));
const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...HEX_DIGITS), minLength: length, maxLength: length })
    .filter((id) => !/^0+$/.test(id));

const numberArb = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(2 ** 53, -(2 ** 63), 1e21));
const valueArb = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  numberArb,
  fc.boolean(),
  fc.array(fc.string()),
  fc.array(numberArb),
  fc.array(fc.boolean()),
);
const attributesArb = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme' }), valueArb), { maxLength: 4 })
  .map((pairs): Attributes => Object.fromEntries(pairs));
const nanoArb = fc.bigInt({ min: 1n, max: 2n ** 62n - 1n });
const scopeArb = fc.constantFrom(
  { name: '' },
  { name: 'lib' },
  { name: 'lib', version: '1' },
  { name: 'lib', version: '2' },
);
const spanArb: fc.Arbitrary<Span> = fc.record(
  {
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: hex(16),
    name: fc.string({ unit: 'grapheme' }),
    kind: fc.constantFrom('internal', 'server', 'client', 'producer', 'consumer'),
    startUnixNano: nanoArb,
    endUnixNano: nanoArb.map((nano) => nano + 2n ** 62n),
    attributes: attributesArb,
    events: fc.array(
      fc.record({ name: fc.string(), unixNano: nanoArb, attributes: attributesArb }),
      { maxLength: 3 },
    ),
    links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16), attributes: attributesArb }), {
      maxLength: 3,
    }),
    status: fc.record(
      { code: fc.constantFrom('unset', 'ok', 'error'), message: fc.string({ minLength: 1 }) },
      { requiredKeys: ['code'] },
    ),
    resource: fc.record({ attributes: attributesArb }),
    scope: scopeArb,
  },
  {
    requiredKeys: [
      'traceId',
      'spanId',
      'name',
      'kind',
      'startUnixNano',
      'endUnixNano',
      'attributes',
      'events',
      'links',
      'status',
      'resource',
      'scope',
    ],
  },
);

test('decoding what was encoded, through text, gives the spans back', () => {
  fc.assert(
    fc.property(fc.array(spanArb, { maxLength: 8 }), (spans) => {
      const text = JSON.stringify(encodeTracesJson(spans));
      const { spans: decoded, rejected } = decodeTracesJson(JSON.parse(text));
      expect(rejected).toEqual([]);
      expect(decoded).toHaveLength(spans.length);
      // The order within a group stays; between groups it may change.
      const byId = (list: readonly Span[]): readonly Span[] =>
        list.toSorted((a, b) => (a.traceId + a.spanId < b.traceId + b.spanId ? -1 : 1));
      expect(byId(decoded)).toEqual(byId(spans));
    }),
  );
});

test('spans of equal resource and scope share a group, whatever objects they are', () => {
  const span = (spanId: string, service: string, version: string): Span => ({
    traceId: 'a'.repeat(32),
    spanId,
    name: 'x',
    kind: 'server',
    startUnixNano: 1_544_712_660_000_000_001n,
    endUnixNano: 1_544_712_660_000_000_002n,
    attributes: { count: 3, ratio: 0.5, nan: Number.NaN },
    events: [],
    links: [],
    status: { code: 'error' },
    resource: { attributes: { 'service.name': service } },
    scope: { name: 'lib', version },
  });
  const { resourceSpans } = encodeTracesJson([
    span('1'.repeat(16), 'shop', '1'),
    span('2'.repeat(16), 'bank', '1'),
    span('3'.repeat(16), 'shop', '2'),
    span('4'.repeat(16), 'shop', '1'),
  ]);
  const groups = resourceSpans.map(({ scopeSpans }) =>
    scopeSpans.map(({ spans }) => spans.map(({ spanId }) => spanId[0])),
  );
  expect(groups).toEqual([[['1', '4'], ['3']], [['2']]]);
  expect(resourceSpans[0]?.scopeSpans[0]?.spans[0]).toMatchObject({
    kind: 2,
    startTimeUnixNano: '1544712660000000001',
    attributes: [
      { key: 'count', value: { intValue: '3' } },
      { key: 'ratio', value: { doubleValue: 0.5 } },
      { key: 'nan', value: { doubleValue: 'NaN' } },
    ],
    status: { code: 2 },
  });
});

test('no spans are an empty request', () => {
  expect(encodeTracesJson([])).toEqual({ resourceSpans: [] });
});
