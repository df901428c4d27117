import { PrometheusMetricQuery, PrometheusServer, type Product } from '@dwcp/adapter-prometheus';
import { BackendError, Labels, type QueryError, type QueryResult } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { answering, json, success } from './answering-server.ts';

const at = Date.parse('2026-01-02T03:04:05.006Z');

async function instant(
  expression: string,
  status: number,
  body: unknown,
  product: Product = 'prometheus',
): Promise<QueryResult> {
  await using server = await answering((_, response) => json(response, status, body));
  using prometheus = new PrometheusServer({ url: server.url, product });
  return await new PrometheusMetricQuery(prometheus).instant({ expression, unixMs: at });
}

const result = async (resultType: string, found: unknown): Promise<QueryResult['value']> =>
  (await instant('x', 200, { status: 'success', data: { resultType, result: found } })).value;

describe('what is asked', () => {
  test.each([
    ['prometheus', undefined],
    ['victoria-metrics', '1'],
  ] as const)('a range goes to %s with its exact grid', async (product, nocache) => {
    await using server = await answering((_, response) =>
      success(response, { resultType: 'matrix', result: [] }),
    );
    using prometheus = new PrometheusServer({
      url: server.url,
      product,
      requestTimeoutMs: 5_000,
    });
    await new PrometheusMetricQuery(prometheus).range({
      expression: 'up{a="&"}',
      startUnixMs: at,
      endUnixMs: at + 1,
      stepMs: 1_500,
    });
    const [asked] = server.asked;
    expect([asked?.method, asked?.path]).toEqual(['POST', '/api/v1/query_range']);
    expect(Object.fromEntries(asked?.params ?? [])).toEqual({
      query: 'up{a="&"}',
      start: '2026-01-02T03:04:05.006Z',
      end: '2026-01-02T03:04:05.007Z',
      step: '1500ms',
      timeout: '5000ms',
      ...(nocache === undefined ? {} : { nocache }),
    });
  });

  test.each([
    [{ stepMs: 0 }, /^stepMs: .* got 0$/],
    [{ stepMs: 0.5 }, /^stepMs: .* got 0\.5$/],
    [{ endUnixMs: at - 1 }, /^endUnixMs: .* is before startUnixMs/],
    [{ startUnixMs: Number.NaN }, /^startUnixMs: .* got NaN$/],
  ])('a range of %j is not sent', async (change, message) => {
    using prometheus = new PrometheusServer({ url: 'http://127.0.0.1:1', product: 'prometheus' });
    const range = { expression: 'x', startUnixMs: at, endUnixMs: at, stepMs: 1_000 };
    const asked = new PrometheusMetricQuery(prometheus).range({ ...range, ...change });
    await expect(asked).rejects.toMatchObject({
      errorType: 'bad_data',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('what comes back', () => {
  test('warnings and infos are passed on', async () => {
    const data = { resultType: 'scalar', result: [at / 1_000, '1'] };
    const body = { status: 'success', data, warnings: ['w'], infos: ['i'] };
    expect(await instant('1', 200, body)).toEqual({
      value: { kind: 'scalar', unixMs: at, value: 1 },
      warnings: ['w'],
      infos: ['i'],
    });
  });

  test('a vector keeps its order, a matrix is sorted', async () => {
    const metrics = [{ a: '2' }, { a: '1' }];
    const vector = await result(
      'vector',
      metrics.map((metric) => ({ metric, value: [at / 1_000, '-Inf'] })),
    );
    expect(vector).toEqual({
      kind: 'vector',
      samples: metrics.map((metric) => ({
        labels: Labels.from(metric),
        unixMs: at,
        value: -Infinity,
      })),
    });
    const matrix = await result(
      'matrix',
      metrics.map((metric) => ({ metric, values: [[at / 1_000, '-0']] })),
    );
    const names =
      matrix.kind === 'matrix' ? matrix.series.map(({ labels }) => labels.toString()) : [];
    expect(names).toEqual(['{a="1"}', '{a="2"}']);
    expect(matrix.kind === 'matrix' && matrix.series[0]?.values).toEqual(Float64Array.of(-0));
  });

  test('a histogram gets back its schema, spans and counts', async () => {
    const [minus4, minus2] = [2 ** -0.5, 2 ** -0.25];
    const histogram = {
      count: '13',
      sum: 'NaN',
      buckets: [
        [1, '-4', '-2', '3'],
        [3, '-0.001', '0.001', '2'],
        [0, '0.5', '1', '1'],
        [0, '2', '4', '7'],
      ],
    };
    const value = await result('vector', [{ metric: {}, histogram: [at / 1_000, histogram] }]);
    expect(value).toEqual({
      kind: 'vector',
      samples: [
        {
          labels: Labels.empty,
          unixMs: at,
          value: Number.NaN,
          histogram: {
            schema: 0,
            count: 13,
            sum: Number.NaN,
            zeroThreshold: 0.001,
            zeroCount: 2,
            positiveSpans: [
              { offset: 0, length: 1 },
              { offset: 1, length: 1 },
            ],
            positiveBuckets: [1, 7],
            negativeSpans: [{ offset: 2, length: 1 }],
            negativeBuckets: [3],
            counterResetHint: 'unknown',
          },
        },
      ],
    });
    const fine = { count: '1', sum: '1', buckets: [[0, `${minus4}`, `${minus2}`, '1']] };
    const series = await result('matrix', [
      { metric: {}, values: [[1, '5']], histograms: [[0, fine]] },
    ]);
    expect(series).toMatchObject({
      series: [
        {
          timestamps: Float64Array.of(0, 1_000),
          values: Float64Array.of(Number.NaN, 5),
          histograms: [
            { schema: 2, positiveSpans: [{ offset: -1, length: 1 }], positiveBuckets: [1] },
            undefined,
          ],
        },
      ],
    });
  });

  test('a histogram of no exponential schema has custom bounds, with empty ones in its gaps', async () => {
    const buckets = [
      [0, '-Inf', '0.5', '1'],
      [0, '0.5', '0.7', '2'],
      [0, '1.1', '+Inf', '4'],
    ];
    const histogram = { count: '7', sum: '9', buckets };
    const value = await result('vector', [{ metric: {}, histogram: [0, histogram] }]);
    expect(value).toMatchObject({
      samples: [
        {
          histogram: {
            schema: -53,
            customValues: [0.5, 0.7, 1.1],
            positiveSpans: [
              { offset: 0, length: 2 },
              { offset: 1, length: 1 },
            ],
            positiveBuckets: [1, 2, 4],
          },
        },
      ],
    });
  });

  test.each([
    [{ resultType: 'tensor', result: [] }, /resultType is "tensor"/],
    [{ resultType: 'vector', result: [{ metric: {}, value: [1, 'one'] }] }, /a value is "one"/],
    [{ resultType: 'vector', result: [{ metric: {}, value: ['1', '1'] }] }, /a point is/],
    [{ resultType: 'matrix', result: {} }, /a list is/],
    [[], /data is \[\]/],
  ])('%j is an answer that cannot be read', async (data, message) => {
    const asked = instant('x', 200, { status: 'success', data });
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toBeInstanceOf(BackendError);
  });
});

describe('a refusal', () => {
  const refusal = async (
    expression: string,
    status: number,
    body: object | string,
    product: Product = 'prometheus',
  ): Promise<Pick<QueryError, 'code' | 'errorType' | 'position' | 'message'>> => {
    const error: unknown = await instant(expression, status, body, product).catch(
      (reason: unknown) => reason,
    );
    return error as QueryError;
  };

  test.each([
    [400, 'bad_data'],
    [422, 'execution'],
    [503, 'timeout'],
    [503, 'canceled'],
  ] as const)('of status %i and type %s keeps its type and words', async (status, errorType) => {
    const body = { status: 'error', errorType, error: 'because' };
    expect(await refusal('x', status, body)).toMatchObject({
      code: 'DWCP_QUERY_FAILED',
      errorType,
      message: 'because',
      position: undefined,
    });
  });

  test.each([
    [500, 'internal', true],
    [503, 'unavailable', true],
    [429, 'too_many', true],
    [404, 'not_found', false],
    [406, 'not_acceptable', false],
  ])('of status %i and type %s is the backend, retryable %j', async (status, errorType, retry) => {
    const error = await refusal('x', status, { status: 'error', errorType, error: 'because' });
    expect(error).toMatchObject({ code: 'DWCP_BACKEND_UNAVAILABLE', retryable: retry });
    expect(error.message).toMatch(/^prometheus: POST .*\/api\/v1\/query answered \d+: because/);
  });

  test('tells the place in characters, of lines and bytes', async () => {
    const error = 'invalid parameter "query": 2:8: parse error: unexpected <op:*>';
    const body = { status: 'error', errorType: 'bad_data', error };
    expect((await refusal('m +\n "üü" * * 2', 400, body)).position).toEqual({ start: 9, end: 10 });
  });

  test('of VictoriaMetrics is told apart by its words, the place by the rest it quotes', async () => {
    const refused = async (expression: string, error: string): Promise<unknown> => {
      const body = { status: 'error', errorType: '422', error };
      const { errorType, position } = await refusal(expression, 422, body, 'victoria-metrics');
      return [errorType, position?.start];
    };
    const parse = 'singleExpr: unexpected token "*"; want "("; unparsed data: "* \\"2"';
    expect(await refused('m + * "2', parse)).toEqual(['bad_data', 4]);
    expect(await refused('f(m)', 'unknown func "f"')).toEqual(['bad_data', undefined]);
    const duplicate = 'cannot evaluate "a * b": duplicate time series on the left side';
    expect(await refused('a * b', duplicate)).toEqual(['execution', undefined]);
  });

  test('in plain text, as a proxy gives it, is the backend', async () => {
    await using server = await answering((_, response) => response.writeHead(502).end('bad gate'));
    using prometheus = new PrometheusServer({ url: server.url, product: 'prometheus' });
    const asked = new PrometheusMetricQuery(prometheus).instant({ expression: 'x', unixMs: at });
    await expect(asked).rejects.toMatchObject({
      code: 'DWCP_BACKEND_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(/answered 502: bad gate$/) as string,
    });
  });

  test('that never comes is a timeout of the query', async () => {
    const clock = new ManualClock();
    await using server = await answering(() => void clock.advance(1_000));
    const options = { clock, requestTimeoutMs: 1_000, product: 'prometheus' } as const;
    using prometheus = new PrometheusServer({ url: server.url, ...options });
    const asked = new PrometheusMetricQuery(prometheus).instant({ expression: 'x', unixMs: at });
    await expect(asked).rejects.toMatchObject({ errorType: 'timeout' });
  });

  test('is canceled where the caller gave up', async () => {
    const abort = new AbortController();
    await using server = await answering(() => abort.abort(new Error('enough')));
    using prometheus = new PrometheusServer({ url: server.url, product: 'prometheus' });
    const query = new PrometheusMetricQuery(prometheus);
    const asked = query.instant({ expression: 'x', unixMs: at }, { signal: abort.signal });
    await expect(asked).rejects.toMatchObject({
      errorType: 'canceled',
      cause: new Error('enough'),
    });
  });
});
