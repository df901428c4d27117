import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { InvalidInputError } from '@dwcp/core';
import { decodeTracesJson } from '@dwcp/protocol-otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const examples = join(
  import.meta.dirname,
  '../../../../../shared/conformance/tracing/otlp-examples',
);

/** A request with one span, changed as a test needs. */
function request(span: Readonly<Record<string, unknown>>): unknown {
  return {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }] },
        scopeSpans: [
          {
            scope: { name: 'http', version: '1.2' },
            spans: [
              {
                traceId: '5b8efff798038103d269b633813fc60c',
                spanId: 'eee19b7ec3c1b174',
                name: 'GET /cart',
                kind: 2,
                startTimeUnixNano: '1544712660000000000',
                endTimeUnixNano: '1544712661000000001',
                ...span,
              },
            ],
          },
        ],
      },
    ],
  };
}

test.skipIf(!existsSync(examples))(
  "OpenTelemetry's own example decodes (wants the shared conformance data)",
  () => {
    const body: unknown = JSON.parse(readFileSync(join(examples, 'trace.json'), 'utf8'));
    const { spans, rejected } = decodeTracesJson(body);
    expect(rejected).toEqual([]);
    expect(spans).toMatchObject([
      {
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
        parentSpanId: 'eee19b7ec3c1b173',
        name: "I'm a server span",
        kind: 'server',
        startUnixNano: 1544712660000000000n,
        attributes: { 'my.span.attr': 'some value' },
        resource: { attributes: { 'service.name': 'my.service' } },
        scope: { name: 'my.library', version: '1.0.0' },
      },
    ]);
  },
);

test('events, links and status are read, enums by number and by name', () => {
  const { spans } = decodeTracesJson(
    request({
      kind: 'SPAN_KIND_CLIENT',
      status: { code: 'STATUS_CODE_ERROR', message: 'late' },
      events: [{ name: 'retry', timeUnixNano: '1544712660000000005', attributes: [] }],
      links: [{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b175' }],
    }),
  );
  expect(spans).toMatchObject([
    {
      kind: 'client',
      status: { code: 'error', message: 'late' },
      events: [{ name: 'retry', unixNano: 1544712660000000005n }],
      links: [{ spanId: 'eee19b7ec3c1b175' }],
    },
  ]);
});

test('attribute values of every kind are kept', () => {
  const value = (any: unknown): unknown => ({ key: 'k', value: any });
  const cases: readonly (readonly [unknown, unknown])[] = [
    [{ stringValue: 'a' }, 'a'],
    [{ boolValue: false }, false],
    [{ intValue: '-5' }, -5],
    [{ intValue: '9007199254740993' }, '9007199254740993'],
    [{ doubleValue: 1.5 }, 1.5],
    [{ doubleValue: 'Infinity' }, Number.POSITIVE_INFINITY],
    [{ bytesValue: 'AQID' }, 'AQID'],
    [{ arrayValue: { values: [{ intValue: 1 }, { intValue: 2 }] } }, [1, 2]],
    [{ arrayValue: { values: [{ intValue: 1 }, { stringValue: 'a' }] } }, '[1,"a"]'],
    [{ kvlistValue: { values: [{ key: 'x', value: { boolValue: true } }] } }, '{"x":true}'],
  ];
  for (const [any, expected] of cases) {
    const { spans } = decodeTracesJson(request({ attributes: [value(any)] }));
    expect(spans[0]?.attributes).toEqual({ k: expected });
  }
});

describe('a bad span is refused with its field, and costs only itself', () => {
  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['traceId', { traceId: 'xyz' }, /32 hex digits/],
    ['traceId', { traceId: '0'.repeat(32) }, /not all zero/],
    ['spanId', { spanId: 7 }, /must be a string, got 7/],
    ['startTimeUnixNano', { startTimeUnixNano: '0' }, /above 0/],
    ['startTimeUnixNano', { startTimeUnixNano: '-1' }, /unsigned integer/],
    ['startTimeUnixNano', { startTimeUnixNano: '18446744073709551615' }, /below 2\^63/],
    ['endTimeUnixNano', { endTimeUnixNano: '5' }, /not be before the start/],
    ['kind', { kind: 'SERVER' }, /one of SPAN_KIND_UNSPECIFIED/],
    ['attributes', { attributes: {} }, /must be an array, got an object/],
    [
      'attributes[0].value.intValue',
      { attributes: [{ key: 'a', value: { intValue: '1.5' } }] },
      /integer/,
    ],
    ['events[0].timeUnixNano', { events: [{ name: 'a', timeUnixNano: 'x' }] }, /unsigned/],
  ])('%s of %j', (field, change, problem) => {
    const { spans, rejected } = decodeTracesJson(request(change));
    expect(spans).toEqual([]);
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.field).toBe(`resourceSpans[0].scopeSpans[0].spans[0].${field}`);
    expect(rejected[0]?.problem).toMatch(problem);
  });

  test('of two spans the good one stays', () => {
    const body = request({}) as {
      resourceSpans: [{ scopeSpans: [{ spans: unknown[] }] }];
    };
    body.resourceSpans[0].scopeSpans[0].spans.unshift('nonsense');
    const { spans, rejected } = decodeTracesJson(body);
    expect(spans).toHaveLength(1);
    expect(rejected).toEqual([
      {
        field: 'resourceSpans[0].scopeSpans[0].spans[0]',
        problem: 'must be an object, got "nonsense"',
      },
    ]);
  });
});

test('a value nested without end is refused, not followed', () => {
  let any: unknown = { stringValue: 'deep' };
  for (let i = 0; i < 10_000; i++) any = { arrayValue: { values: [any] } };
  const { rejected } = decodeTracesJson(request({ attributes: [{ key: 'a', value: any }] }));
  expect(rejected[0]?.problem).toMatch(/nested deeper than 32/);
});

test('whatever JSON comes, the answer is spans, refusals or a named error', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      const outcome = ((): unknown => {
        try {
          return { spans: decodeTracesJson({ resourceSpans: json }).spans };
        } catch (error) {
          return error;
        }
      })();
      expect(outcome).toSatisfy(
        (value) => value instanceof InvalidInputError || 'spans' in (value as object),
      );
    }),
  );
});

test('times may come as numbers, as some exporters send them', () => {
  const { spans } = decodeTracesJson(
    request({ startTimeUnixNano: 1544712660000000000, endTimeUnixNano: 1544712661000000000 }),
  );
  expect(spans).toMatchObject([
    { startUnixNano: 1544712660000000000n, endUnixNano: 1544712661000000000n },
  ]);
});

test('items beyond the limit are refused by name, the others stay', () => {
  const body = request({}) as {
    resourceSpans: [{ scopeSpans: [{ spans: unknown[] }] }];
  };
  const { spans: list } = body.resourceSpans[0].scopeSpans[0];
  list.push(list[0], list[0]);
  const { spans, rejected } = decodeTracesJson(body, { maxItems: 2 });
  expect(spans).toHaveLength(2);
  expect(rejected).toEqual([
    {
      field: 'resourceSpans[0].scopeSpans[0].spans[2]',
      problem: 'is one too many: a request may hold 2 items',
    },
  ]);
});

test('a name that every object has is no enum', () => {
  const { rejected } = decodeTracesJson(request({ kind: 'constructor' }));
  expect(rejected[0]?.field).toMatch(/kind$/);
});
