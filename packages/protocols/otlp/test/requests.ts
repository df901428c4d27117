import fc from 'fast-check';

/** Arbitrary requests in OTLP's JSON encoding; ids, times and enums are right unless said. */

const HEX_DIGITS = Array.from({ length: 16 }, (_, digit) => digit.toString(16));
const nano = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const double = fc.oneof(
  fc.double({ noNaN: true }).map((x) => (Number.isFinite(x) ? x : String(x))),
  fc.constant('NaN'),
);
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...HEX_DIGITS), minLength: digits, maxLength: digits })
    .filter((id) => !/^0+$/.test(id));

const { value: anyValue } = fc.letrec<{ value: object; list: object[]; pairs: object[] }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      text.map((stringValue) => ({ stringValue })),
      fc.boolean().map((boolValue) => ({ boolValue })),
      int64.map((intValue) => ({ intValue })),
      double.map((doubleValue) => ({ doubleValue })),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => ({
        bytesValue: Buffer.from(bytes).toString('base64'),
      })),
      fc.constant({}),
      tie('list').map((values) => ({ arrayValue: { values } })),
      tie('pairs').map((values) => ({ kvlistValue: { values } })),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    pairs: fc.array(fc.record({ key: text, value: tie('value') }), { maxLength: 3 }),
  }),
);

const attributes = fc.array(
  fc.record({ key: fc.oneof(text, fc.constantFrom('__proto__', 'a')), value: anyValue }),
  { maxLength: 4 },
);
const resource = fc.record({ attributes }, { requiredKeys: [] });
const scope = fc.record({ name: text, version: text, attributes }, { requiredKeys: [] });

function request(
  groups: string,
  inner: string,
  items: string,
  item: fc.Arbitrary<object>,
): fc.Arbitrary<object> {
  const scopes = fc.record(
    { scope, [items]: fc.array(item, { maxLength: 3 }), schemaUrl: text },
    { requiredKeys: [items] },
  );
  const resources = fc.record(
    { resource, [inner]: fc.array(scopes, { maxLength: 2 }) },
    { requiredKeys: [inner] },
  );
  return fc.array(resources, { maxLength: 2 }).map((list) => ({ [groups]: list }));
}

const span = fc
  .record(
    {
      traceId: hex(32),
      spanId: hex(16),
      startTimeUnixNano: nano,
      name: text,
      traceState: text,
      parentSpanId: fc.oneof(hex(16), fc.constant('')),
      kind: fc.integer({ min: -1, max: 7 }),
      attributes,
      droppedAttributesCount: fc.nat(),
      flags: fc.nat(),
      events: fc.array(fc.record({ timeUnixNano: nano, name: text, attributes }), { maxLength: 2 }),
      links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16), attributes }), {
        maxLength: 2,
      }),
      status: fc.record(
        { code: fc.integer({ min: 0, max: 4 }), message: text },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['traceId', 'spanId', 'startTimeUnixNano'] },
  )
  .chain((value) =>
    fc
      .bigInt({ min: BigInt(value.startTimeUnixNano), max: 2n ** 63n - 1n })
      .map((end) => ({ ...value, endTimeUnixNano: String(end) })),
  );

const logRecord = fc.record(
  {
    timeUnixNano: nano,
    observedTimeUnixNano: nano,
    severityNumber: fc.integer({ min: -1, max: 26 }),
    severityText: text,
    body: anyValue,
    attributes,
    flags: fc.nat(),
    traceId: fc.oneof(hex(32), fc.constant('')),
    spanId: fc.oneof(hex(16), fc.constant('')),
    eventName: text,
  },
  { requiredKeys: [] },
);

const exemplar = fc.record(
  {
    timeUnixNano: nano,
    asDouble: double,
    traceId: hex(32),
    spanId: hex(16),
    filteredAttributes: attributes,
  },
  { requiredKeys: [] },
);
const point = {
  attributes,
  startTimeUnixNano: nano,
  timeUnixNano: nano,
  flags: fc.integer({ min: 0, max: 3 }),
};
const exemplars = fc.array(exemplar, { maxLength: 2 });
const required = ['timeUnixNano'] as const;
const numberPoint = fc.oneof(
  fc.record({ ...point, exemplars, asDouble: double }, { requiredKeys: [...required] }),
  fc.record({ ...point, exemplars, asInt: int64 }, { requiredKeys: [...required, 'asInt'] }),
);
const counts = fc.array(uint64, { maxLength: 5 });
const histogramPoint = fc.record(
  {
    ...point,
    exemplars,
    count: uint64,
    sum: double,
    min: double,
    max: double,
    bucketCounts: counts,
    explicitBounds: fc.uniqueArray(fc.double({ noNaN: true }), { maxLength: 4 }),
  },
  { requiredKeys: [...required] },
);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const buckets = fc.record({ offset: int32, bucketCounts: counts }, { requiredKeys: [] });
const exponentialPoint = fc.record(
  {
    ...point,
    exemplars,
    count: uint64,
    sum: double,
    scale: int32,
    zeroCount: uint64,
    zeroThreshold: double,
    positive: buckets,
    negative: buckets,
  },
  { requiredKeys: [...required] },
);
const summaryPoint = fc.record(
  {
    ...point,
    count: uint64,
    sum: double,
    quantileValues: fc.array(fc.record({ quantile: double, value: double }), { maxLength: 3 }),
  },
  { requiredKeys: [...required] },
);
const aggregationTemporality = fc.integer({ min: 0, max: 3 });
const points = (arb: fc.Arbitrary<object>): fc.Arbitrary<object[]> =>
  fc.array(arb, { maxLength: 3 });
const head = { name: text, description: text, unit: text, metadata: attributes };
const metric = fc.oneof(
  fc.record(head),
  fc.record({ ...head, gauge: fc.record({ dataPoints: points(numberPoint) }) }),
  fc.record({
    ...head,
    sum: fc.record({
      dataPoints: points(numberPoint),
      aggregationTemporality,
      isMonotonic: fc.boolean(),
    }),
  }),
  fc.record({
    ...head,
    histogram: fc.record({ dataPoints: points(histogramPoint), aggregationTemporality }),
  }),
  fc.record({
    ...head,
    exponentialHistogram: fc.record({
      dataPoints: points(exponentialPoint),
      aggregationTemporality,
    }),
  }),
  fc.record({ ...head, summary: fc.record({ dataPoints: points(summaryPoint) }) }),
);

export const tracesRequest: fc.Arbitrary<object> = request(
  'resourceSpans',
  'scopeSpans',
  'spans',
  span,
);
export const logsRequest: fc.Arbitrary<object> = request(
  'resourceLogs',
  'scopeLogs',
  'logRecords',
  logRecord,
);
export const metricsRequest: fc.Arbitrary<object> = request(
  'resourceMetrics',
  'scopeMetrics',
  'metrics',
  metric,
);
