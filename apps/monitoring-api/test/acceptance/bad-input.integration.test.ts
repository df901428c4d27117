import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

import { eventually } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { bomb, type RogueTarget, roguePaths, startRogueTarget } from './rogue-target.ts';

interface Target {
  readonly scrapePool: string;
  readonly health: string;
  readonly lastError: string;
}

let target: RogueTarget;
let server: DwcpServer;

beforeAll(async () => {
  target = await startRogueTarget();
  const jobs = ['/good', '/duplicate', ...roguePaths].map(
    (path) => `
  - job_name: ${path.slice(1)}
    scrape_interval: 2s
    scrape_timeout: 1s
    metrics_path: ${path}
    static_configs: [{ targets: ['${target.address}'] }]`,
  );
  server = await DwcpServer.start(`region: eu-test-1\nscrapeConfigs:${jobs.join('')}\n`);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

describe('targets', () => {
  let targets: ReadonlyMap<string, Target>;
  beforeAll(async () => {
    targets = await eventually(
      async () => {
        const answer = await server.get<{
          readonly data: { readonly activeTargets: readonly Target[] };
        }>('/api/v1/targets');
        const { activeTargets } = answer.data;
        if (activeTargets.some(({ health }) => health === 'unknown')) return undefined;
        return new Map(activeTargets.map((one) => [one.scrapePool, one]));
      },
      { timeoutMs: 15_000, what: 'every target was scraped' },
    );
  });

  test.each(roguePaths)('%s is down, with a reason', (path) => {
    const { health, lastError } = targets.get(path.slice(1)) ?? {};
    process.stdout.write(`${path}: ${lastError}\n`);
    expect(health).toBe('down');
    expect(lastError).not.toBe('');
  });

  test('a repeated series costs only itself, and is told', () => {
    expect(targets.get('duplicate')).toMatchObject({ health: 'up' });
    expect(targets.get('duplicate')?.lastError).toMatch(/more than once, first twice/);
  });

  test('the good target beside them is up, and only its samples are there', async () => {
    expect(targets.get('good')).toMatchObject({ health: 'up', lastError: '' });
    const answer = await server.get<{ data: { result: { metric: Record<string, string> }[] } }>(
      '/api/v1/query',
      { query: '{__name__=~"good|bad|metric_with_a_name|a"}' },
    );
    expect(answer.data.result.map(({ metric }) => metric['job'])).toEqual(['good']);
  });
});

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const json = { 'content-type': 'application/json' };
const query = (path: string, parameters: Readonly<Record<string, string>>): Call => ({
  path: `/api/v1/${path}?${new URLSearchParams(parameters).toString()}`,
});
const post = (path: string, body: string | Buffer, headers = {}): Call => ({
  method: 'POST',
  path,
  headers,
  body,
});

describe('requests', () => {
  test.each<[string, Call, number, RegExp]>([
    ['no query', query('query', {}), 400, /query/],
    ['half a query', query('query', { query: 'sum(' }), 400, /parse error/],
    ['an unknown function', query('query', { query: 'nope(up)' }), 400, /unknown function/],
    ['a bad time', query('query', { query: 'up', time: 'soon' }), 400, /soon/],
    [
      'many-to-many matching',
      query('query', { query: '{__name__=~"up|scrape_.+"} * on () {__name__=~"up|scrape_.+"}' }),
      422,
      /many-to-many/,
    ],
    [
      'a step of 0',
      query('query_range', { query: 'up', start: '1', end: '2', step: '0' }),
      400,
      /step/,
    ],
    [
      'an end before the start',
      query('query_range', { query: 'up', start: '2', end: '1', step: '1' }),
      400,
      /end/,
    ],
    [
      'too many points',
      query('query_range', { query: 'up', start: '1', end: '99999', step: '1' }),
      400,
      /11,000/,
    ],
    ['no matcher', query('series', {}), 400, /match/],
    ['a bad label name', { path: '/api/v1/label/%20%20/values?match[]=x{' }, 400, /./],
    ['an unknown path', { path: '/api/v1/nope' }, 404, /nope/],
    [
      'a wrong method',
      { method: 'DELETE', path: '/api/v1/query' },
      405,
      /GET, HEAD, POST, not DELETE/,
    ],
    ['a bad limit', query('logs', { limit: '-1' }), 400, /limit must be >= 1/],
    ['a bad start', query('logs', { start: 'yesterday' }), 400, /yesterday/],
    ['a bad cursor', query('logs', { cursor: 'abc' }), 400, /cursor/],
    ['an unknown level', query('logs', { minLevel: 'loud' }), 400, /loud/],
    ['a bad trace id', { path: '/api/v1/traces/xyz' }, 400, /xyz|hex/],
    ['an unknown trace', { path: `/api/v1/traces/${'a'.repeat(32)}` }, 404, /aaaa/],
    ['spans that are no JSON', post('/v1/traces', '{"resourceSpans": [', json), 400, /JSON/],
    [
      'spans as text',
      post('/v1/traces', 'x', { 'content-type': 'text/plain' }),
      415,
      /application\/json or application\/x-protobuf/,
    ],
    [
      'spans around which all is wrong',
      post('/v1/traces', '{"resourceSpans": 5}', json),
      400,
      /resourceSpans/,
    ],
    ['a body above the limit', post('/v1/logs', Buffer.alloc(17 * 2 ** 20, ' '), json), 413, /./],
    [
      'a body that unpacks above the limit',
      post('/api/v1/import/prometheus', bomb(), { 'content-encoding': 'gzip' }),
      413,
      /./,
    ],
    [
      'a broken gzip',
      post('/api/v1/import/prometheus', 'x', { 'content-encoding': 'gzip' }),
      400,
      /./,
    ],
    ['text that is no metrics', post('/api/v1/import/prometheus', 'a 1\nb b b\n'), 400, /line 2/],
    [
      'samples of the far future',
      post('/api/v1/import/prometheus', 'a 1 99999999999999\n'),
      422,
      /too-far-ahead=1/,
    ],
    [
      'a write from another site',
      post('/v1/logs', '{}', { ...json, origin: 'http://evil.example' }),
      403,
      /./,
    ],
  ])('%s: refused with the reason', async (_, call, status, reason) => {
    const response = await fetch(`${server.url}${call.path}`, {
      method: call.method ?? 'GET',
      headers: call.headers ?? {},
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    const text = await response.text();
    expect({ status: response.status, text }).toEqual({
      status,
      text: expect.stringMatching(reason) as string,
    });
  });

  test('a bad span is named and the good one beside it kept', async () => {
    const span = {
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
      name: 'kept',
      startTimeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
      endTimeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
    };
    const spans = [span, { ...span, spanId: 'nonsense' }];
    const response = await fetch(`${server.url}/v1/traces`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    });
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedSpans: '1',
        errorMessage: expect.stringMatching(/spans\[1\]\.spanId/) as string,
      },
    });
    const stored = await server.get<{ readonly spans: readonly unknown[] }>(
      `/api/v1/traces/${span.traceId}`,
    );
    expect(stored.spans).toHaveLength(1);
  });

  test('a regular expression that backtracks elsewhere is answered at once', async () => {
    const answer = await server.get<{ status: string }>('/api/v1/query', {
      query: `up{job=~"(${'a+'.repeat(20)})+b"}`,
    });
    expect(answer.status).toBe('success');
  });

  test.each([
    ['noise', '\u0000\u0001nonsense\r\n\r\n', /^HTTP\/1\.1 400/],
    ['a foreign Host', 'GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n', /^HTTP\/1\.1 403/],
    [
      'endless headers',
      `GET /health HTTP/1.1\r\nHost: localhost\r\n${'x: y\r\n'.repeat(20_000)}\r\n`,
      /^HTTP\/1\.1 431/,
    ],
  ])('%s on the socket is answered and the connection ended', async (_, sent, expected) => {
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(server.port, '127.0.0.1', () => socket.end(sent));
      socket.setEncoding('utf8').on('data', (part: string) => (text += part));
      socket.on('error', () => undefined).on('close', () => resolve(text));
    });
    expect(answer).toMatch(expected);
  });

  test('after all of it the server is ready', async () => {
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
    const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
    process.stdout.write(`peak ${/VmHWM:\s+(\d+)/.exec(status)?.[1]} kB\n`);
  });
});
