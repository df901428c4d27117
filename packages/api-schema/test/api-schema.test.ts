import {
  AttributesSchema,
  LogRecordSchema,
  LogSearchParametersSchema,
  ProblemSchema,
  QueryResponseSchema,
  SpanSchema,
  TraceIdParametersSchema,
  TraceSearchParametersSchema,
} from '@dwcp/api-schema';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';

describe('Prometheus answers', () => {
  test('samples are pairs of Unix seconds and text, so that NaN and the infinities fit', () => {
    const answer = {
      status: 'success',
      data: {
        resultType: 'vector',
        result: [{ metric: { job: 'node' }, value: [1_435_781_451.781, '+Inf'] }],
      },
    };
    expect(Value.Check(QueryResponseSchema, answer)).toBe(true);
    const asNumber = structuredClone(answer) as { data: { result: { value: unknown[] }[] } };
    asNumber.data.result[0]?.value.splice(1, 1, 1);
    expect(Value.Check(QueryResponseSchema, asNumber)).toBe(false);
  });

  test('a scalar, a string, a matrix and a native histogram each have their shape', () => {
    for (const data of [
      { resultType: 'scalar', result: [1, '2'] },
      { resultType: 'string', result: [1, 'text'] },
      { resultType: 'matrix', result: [{ metric: {}, values: [[1, '2']] }] },
      {
        resultType: 'vector',
        result: [
          {
            metric: {},
            histogram: [1, { count: '3', sum: '4.5', buckets: [[0, '1', '2', '3']] }],
          },
        ],
      },
    ]) {
      expect(Value.Check(QueryResponseSchema, { status: 'success', data })).toBe(true);
    }
    expect(
      Value.Check(QueryResponseSchema, {
        status: 'success',
        data: { resultType: 'scalar', result: [{ metric: {} }] },
      }),
    ).toBe(false);
  });
});

describe('requests', () => {
  test('an unknown parameter of a search is refused', () => {
    expect(Value.Check(LogSearchParametersSchema, { text: 'a', limit: 10 })).toBe(true);
    expect(Value.Check(LogSearchParametersSchema, { txt: 'a' })).toBe(false);
    expect(Value.Check(TraceSearchParametersSchema, { attribute: ['http.route=/'] })).toBe(true);
    expect(Value.Check(TraceSearchParametersSchema, { attribute: ['no equals sign'] })).toBe(false);
  });

  test('a page is bounded', () => {
    expect(Value.Check(LogSearchParametersSchema, { limit: 0 })).toBe(false);
    expect(Value.Check(LogSearchParametersSchema, { limit: 1_001 })).toBe(false);
  });

  test('a trace id is 32 hexadecimal digits', () => {
    expect(Value.Check(TraceIdParametersSchema, { traceId: 'a'.repeat(32) })).toBe(true);
    expect(Value.Check(TraceIdParametersSchema, { traceId: 'a'.repeat(31) })).toBe(false);
    expect(Value.Check(TraceIdParametersSchema, { traceId: 'g'.repeat(32) })).toBe(false);
  });
});

describe('entities', () => {
  test('nanoseconds are decimal strings, because a double would lose digits', () => {
    const record = {
      timeUnixNano: '1767323045000000001',
      severityNumber: 9,
      severityText: 'INFO',
      level: 'info',
      body: 'ready',
      attributes: { port: 9000, hosts: ['a', 'b'] },
      traceId: null,
      spanId: null,
      service: 'shop',
      region: 'eu-west',
      resource: { attributes: { 'service.name': 'shop' } },
      scope: { name: 'server' },
    };
    expect(Value.Check(LogRecordSchema, record)).toBe(true);
    expect(Value.Check(LogRecordSchema, { ...record, timeUnixNano: 1_767_323_045_000 })).toBe(
      false,
    );
  });

  test('a span without a parent says null, not nothing', () => {
    const span = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      parentSpanId: null,
      name: 'GET /orders',
      kind: 'server',
      startUnixNano: '1',
      endUnixNano: '2',
      attributes: {},
      events: [],
      links: [],
      status: { code: 'unset' },
      service: 'shop',
      region: 'eu-west',
      resource: { attributes: {} },
      scope: { name: 'http' },
    };
    expect(Value.Check(SpanSchema, span)).toBe(true);
    const { parentSpanId: _, ...orphan } = span;
    expect(Value.Check(SpanSchema, orphan)).toBe(false);
  });

  test('an attribute is text, a number, a flag, or a list of one of these', () => {
    expect(Value.Check(AttributesSchema, { a: 'x', b: 1, c: true, d: [1, 2] })).toBe(true);
    expect(Value.Check(AttributesSchema, { a: { nested: 1 } })).toBe(false);
    expect(Value.Check(AttributesSchema, { a: [1, 'x'] })).toBe(false);
  });

  test('a problem has the members of RFC 9457', () => {
    const problem = {
      type: 'https://dwcp.dev/problems/not-found',
      title: 'Not found',
      status: 404,
      detail: 'no such trace',
      instance: '/api/v1/traces/x',
      requestId: 'req-1',
    };
    expect(Value.Check(ProblemSchema, problem)).toBe(true);
    expect(Value.Check(ProblemSchema, { ...problem, status: 200 })).toBe(false);
  });
});
