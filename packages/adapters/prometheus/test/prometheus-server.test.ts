import { gzipSync } from 'node:zlib';

import { PrometheusMetricStore, PrometheusServer } from '@dwcp/adapter-prometheus';
import { BackendError, InvalidInputError } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { answering, json, success } from './answering-server.ts';

const everything = {
  matchers: [],
  startUnixMs: Number.NEGATIVE_INFINITY,
  endUnixMs: Number.POSITIVE_INFINITY,
};

async function failureOf(work: Promise<unknown>): Promise<BackendError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BackendError) return error;
  throw new Error('a BackendError was expected', { cause: error });
}

describe('options', () => {
  test.each([
    ['url', { url: 'localhost:9090' }],
    ['url', { url: 'ftp://localhost' }],
    ['url', { url: 'http://user:secret@localhost:9090' }],
    ['url', { url: 'http://localhost:9090/?a=1' }],
    ['requestTimeoutMs', { url: 'http://localhost', requestTimeoutMs: 0 }],
    ['maxAnswerBytes', { url: 'http://localhost', maxAnswerBytes: 1.5 }],
    ['maxConnections', { url: 'http://localhost', maxConnections: Number.NaN }],
  ])('a wrong %s is refused and named', (field, options) => {
    const open = (): PrometheusServer => new PrometheusServer(options);
    expect(open).toThrow(InvalidInputError);
    expect(open).toThrow(new RegExp(`^${field}: `));
  });

  test('a password in the url does not show in the message', () => {
    const open = (): PrometheusServer => new PrometheusServer({ url: 'http://a:secret@b' });
    expect(open).toThrow(/^(?!.*secret)/s);
  });
});

describe('the product', () => {
  const identity = async (status: number, body: unknown, headers = {}): Promise<unknown> => {
    await using server = await answering((_, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
      json(response, status, body);
    });
    using found = new PrometheusServer({ url: server.url });
    return await found.identity();
  };

  test('is Prometheus where the build is told', async () => {
    const data = { version: '2.42.0', goVersion: 'go1.19.8' };
    expect(await identity(200, { status: 'success', data })).toEqual({
      product: 'prometheus',
      version: '2.42.0',
    });
  });

  test.each([
    ['empty build information, as in 1.79', {}, {}],
    ['a claimed version alone, as in later ones', { version: '2.24.0' }, {}],
    ['the header with its host', { goVersion: 'go1.22' }, { 'x-server-hostname': 'vm' }],
  ])('is VictoriaMetrics by %s', async (_, data, headers) => {
    expect(await identity(200, { status: 'success', data }, headers)).toEqual({
      product: 'victoria-metrics',
      version: undefined,
    });
  });

  test('that was given is not asked for', async () => {
    using server = new PrometheusServer({ url: 'http://127.0.0.1:9', product: 'prometheus' });
    expect(await server.identity()).toEqual({ product: 'prometheus', version: undefined });
  });

  test('is asked once by many, and again after a failure', async () => {
    let failing = true;
    await using server = await answering((_, response) => {
      if (failing) json(response, 503, {});
      else success(response, { goVersion: 'go1' });
    });
    using found = new PrometheusServer({ url: server.url });
    expect(await failureOf(found.identity())).toMatchObject({ retryable: true });
    failing = false;
    await Promise.all([found.identity(), found.identity(), found.identity()]);
    await found.identity();
    expect(server.asked.map(({ path }) => path)).toEqual([
      '/api/v1/status/buildinfo',
      '/api/v1/status/buildinfo',
    ]);
  });

  test('of a server without the endpoint is unknown, and what to do is said', async () => {
    await using server = await answering((_, response) => json(response, 404, {}));
    using found = new PrometheusServer({ url: server.url });
    const error = await failureOf(found.identity());
    expect(error.retryable).toBe(false);
    expect(error.message).toMatch(/check url, or name the product/);
  });
});

describe('requests', () => {
  test('go below the path of the url', async () => {
    await using server = await answering((_, response) => success(response, []));
    using prometheus = new PrometheusServer({
      url: `${server.url}/select/0/prometheus/`,
      product: 'victoria-metrics',
    });
    await new PrometheusMetricStore(prometheus).labelNames(everything);
    expect(server.asked[0]?.path).toBe('/select/0/prometheus/api/v1/labels');
  });

  test.each([
    [{ kind: 'bearer', token: 'tok' } as const, 'Bearer tok'],
    [{ kind: 'bearer', token: async () => 'from a file' } as const, 'Bearer from a file'],
    [{ kind: 'basic', username: 'u', password: 'p:ü' } as const, 'Basic dTpwOsO8'],
  ])('carry credentials %#', async (auth, expected) => {
    await using server = await answering((_, response) => success(response, { goVersion: 'go' }));
    using prometheus = new PrometheusServer({ url: server.url, auth });
    await prometheus.identity();
    expect(server.asked[0]?.headers.authorization).toBe(expected);
  });

  test('that are refused for their credentials say so, without them', async () => {
    await using server = await answering((_, response) => response.writeHead(401).end());
    using prometheus = new PrometheusServer({
      url: server.url,
      auth: { kind: 'bearer', token: 'very-secret' },
    });
    const { message, retryable } = await failureOf(prometheus.identity());
    expect(retryable).toBe(false);
    expect(message).toMatch(/answered 401: nothing; check auth$/);
    expect(message).not.toContain('very-secret');
  });

  test('are not redirected, so that credentials stay', async () => {
    await using server = await answering((_, response) =>
      response.writeHead(302, { location: 'http://elsewhere/' }).end(),
    );
    using prometheus = new PrometheusServer({ url: server.url });
    expect(await failureOf(prometheus.identity())).toMatchObject({ retryable: false });
  });

  test('to nobody can be tried again', async () => {
    using prometheus = new PrometheusServer({ url: 'http://127.0.0.1:1' });
    const { message, retryable } = await failureOf(prometheus.identity());
    expect(retryable).toBe(true);
    expect(message).toMatch(/GET http:\/\/127\.0\.0\.1:1\/api\/v1\/status\/buildinfo: connect/);
  });

  test('without an answer end with the timeout', async () => {
    const clock = new ManualClock();
    await using server = await answering(() => void clock.advance(2_000));
    using prometheus = new PrometheusServer({ url: server.url, clock, requestTimeoutMs: 2_000 });
    const { message, retryable } = await failureOf(prometheus.identity());
    expect(retryable).toBe(true);
    expect(message).toMatch(/no answer within requestTimeoutMs = 2000/);
    expect(clock.timerCount).toBe(0);
  });

  test('end with the caller', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    await using server = await answering(() => abort.abort(reason));
    using prometheus = new PrometheusServer({ url: server.url, product: 'victoria-metrics' });
    const store = new PrometheusMetricStore(prometheus);
    await expect(store.select(everything, { signal: abort.signal })).rejects.toBe(reason);
  });

  test('end when the server is disposed, for good', async () => {
    await using server = await answering(() => prometheus[Symbol.dispose]());
    const prometheus = new PrometheusServer({ url: server.url });
    expect(await failureOf(prometheus.identity())).toMatchObject({ retryable: false });
    expect(await failureOf(prometheus.identity())).toMatchObject({ retryable: false });
  });
});

describe('an answer', () => {
  const labels = Array.from({ length: 500 }, (_, i) => `label_${i}`);

  test.each([
    ['declared', (body: string) => [{ 'content-length': String(body.length) }, body]],
    ['undeclared', (body: string) => [{}, body]],
    ['packed', (body: string) => [{ 'content-encoding': 'gzip' }, gzipSync(body)]],
  ] as const)('over the limit ends at it, its size %s', async (_, write) => {
    const body = JSON.stringify({ status: 'success', data: labels });
    const [headers, content] = write(body);
    await using server = await answering((_asked, response) => {
      response.writeHead(200, headers);
      response.end(content);
    });
    using prometheus = new PrometheusServer({
      url: server.url,
      product: 'prometheus',
      maxAnswerBytes: 2_000,
    });
    const { message, retryable } = await failureOf(
      new PrometheusMetricStore(prometheus).labelNames(everything),
    );
    expect(retryable).toBe(false);
    expect(message).toMatch(/over maxAnswerBytes = 2000; narrow the matchers or the time range/);
  });

  test('that is packed is unpacked', async () => {
    await using server = await answering((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify({ status: 'success', data: ['b', 'a'] })));
    });
    using prometheus = new PrometheusServer({ url: server.url, product: 'prometheus' });
    expect(await new PrometheusMetricStore(prometheus).labelNames(everything)).toEqual(['a', 'b']);
  });

  test.each([
    ['<html>a proxy</html>', /is not JSON; check that url is right/],
    ['[1]', /no JSON object/],
    ['{"status":"success","data":{}}', /the answer is no list/],
  ])('%j of another shape is an error that says so', async (body, message) => {
    await using server = await answering((_, response) => response.end(body));
    using prometheus = new PrometheusServer({ url: server.url, product: 'prometheus' });
    const error = await failureOf(new PrometheusMetricStore(prometheus).labelNames(everything));
    expect(error.message).toMatch(message);
    expect(error.retryable).toBe(false);
  });
});
