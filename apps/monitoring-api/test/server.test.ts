import { request } from 'node:http';
import { gzipSync } from 'node:zlib';

import {
  AlertsResponseSchema,
  BuildInfoResponseSchema,
  HealthSchema,
  type LogPageView,
  LogPageSchema,
  MetadataResponseSchema,
  PrometheusErrorSchema,
  type Problem,
  ProblemSchema,
  QueryResponseSchema,
  ReadinessSchema,
  RulesResponseSchema,
  SeriesResponseSchema,
  ServiceListSchema,
  type Status,
  StatusSchema,
  StringsResponseSchema,
  TargetsResponseSchema,
  type TracePageView,
  TracePageSchema,
  TraceSchema,
  type TraceView,
} from '@dwcp/api-schema';
import { type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { runtimeOf } from '#src/runtime/runtime-of.ts';

import { Platform } from './platform.ts';

let platform: Platform;
const startSeconds = Math.floor(Date.now() / 1_000) - 100;

beforeAll(async () => {
  platform = await Platform.start();
  const lines = ['# HELP demo_requests_total Requests.', '# TYPE demo_requests_total counter'];
  for (let i = 0; i <= 60; i++) {
    const unixMs = (startSeconds + i) * 1_000;
    lines.push(`demo_requests_total{code="200"} ${i * 10} ${unixMs}`);
    lines.push(`demo_requests_total{code="500"} ${i} ${unixMs}`);
  }
  lines.push(`demo_strange{kind="nan"} NaN ${startSeconds * 1_000}`);
  lines.push(`demo_strange{kind="inf"} +Inf ${startSeconds * 1_000}`);
  await platform.importText(`${lines.join('\n')}\n`);
});
afterAll(() => platform[Symbol.asyncDispose]());

async function checked(path: string, schema: TSchema, init?: RequestInit): Promise<unknown> {
  const response = await platform.fetch(path, init);
  const body: unknown = await response.json();
  expect(
    Value.Errors(schema, body),
    `${path} answered ${JSON.stringify(body).slice(0, 300)}`,
  ).toEqual([]);
  return body;
}

const at = (seconds: number): string => String(startSeconds + seconds);

describe('the Prometheus API', () => {
  test('an instant query answers a vector with seconds and text', async () => {
    const body = await checked(
      `/api/v1/query?query=demo_requests_total&time=${at(30)}.250`,
      QueryResponseSchema,
    );
    expect(body).toEqual({
      status: 'success',
      data: {
        resultType: 'vector',
        result: ['200', '500'].map((code) => ({
          metric: { __name__: 'demo_requests_total', code, region: 'eu-west' },
          value: [startSeconds + 30.25, code === '200' ? '300' : '30'],
        })),
      },
    });
  });

  test('NaN and the infinities are text', async () => {
    const body = await checked(
      `/api/v1/query?query=demo_strange&time=${at(0)}`,
      QueryResponseSchema,
    );
    expect(body).toMatchObject({
      data: { result: [{ value: [startSeconds, '+Inf'] }, { value: [startSeconds, 'NaN'] }] },
    });
  });

  test('scalars and strings have their own result types', async () => {
    expect(await checked('/api/v1/query?query=1%2B1&time=5', QueryResponseSchema)).toEqual({
      status: 'success',
      data: { resultType: 'scalar', result: [5, '2'] },
    });
    expect(await checked('/api/v1/query?query=%22text%22&time=5', QueryResponseSchema)).toEqual({
      status: 'success',
      data: { resultType: 'string', result: [5, 'text'] },
    });
  });

  test('a range query by POST form, with RFC 3339 and durations', async () => {
    const body = new URLSearchParams({
      query: 'sum by (code) (demo_requests_total)',
      start: new Date(startSeconds * 1_000).toISOString(),
      end: at(20),
      step: '10s',
    });
    expect(
      await checked('/api/v1/query_range', QueryResponseSchema, { method: 'POST', body }),
    ).toEqual({
      status: 'success',
      data: {
        resultType: 'matrix',
        result: ['200', '500'].map((code) => ({
          metric: { code },
          values: [0, 10, 20].map((i) => [startSeconds + i, String(code === '200' ? i * 10 : i)]),
        })),
      },
    });
  });

  test('a limit cuts and warns', async () => {
    const body = await checked(
      `/api/v1/query?query=demo_requests_total&limit=1&time=${at(30)}`,
      QueryResponseSchema,
    );
    expect(body).toMatchObject({ warnings: ['results truncated due to limit'] });
    expect((body as { data: { result: unknown[] } }).data.result).toHaveLength(1);
  });

  test.each([
    ['/api/v1/query', 400, 'bad_data', 'invalid parameter "query"'],
    ['/api/v1/query?query=sum(', 400, 'bad_data', 'invalid parameter "query": 1:5: parse error'],
    [
      '/api/v1/query?query=up&time=noon',
      400,
      'bad_data',
      'invalid parameter "time": Invalid time value for \'time\': cannot parse "noon" to a valid timestamp',
    ],
    [
      '/api/v1/query?query=up&timeout=x',
      400,
      'bad_data',
      'invalid parameter "timeout": cannot parse "x" to a valid duration',
    ],
    [
      '/api/v1/query?query=up&limit=-1',
      400,
      'bad_data',
      'invalid parameter "limit": limit must be non-negative',
    ],
    [
      '/api/v1/query_range?query=up&start=2&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    [
      '/api/v1/query_range?query=up&start=1&end=2&step=0',
      400,
      'bad_data',
      'zero or negative query resolution step widths are not accepted',
    ],
    [
      '/api/v1/query_range?query=up&start=1&end=20000&step=1',
      400,
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries',
    ],
    [
      '/api/v1/query_range?query=up&end=2&step=1',
      400,
      'bad_data',
      'invalid parameter "start": cannot parse "" to a valid timestamp',
    ],
    ['/api/v1/series', 400, 'bad_data', 'no match[] parameter provided'],
    ['/api/v1/series?match[]=sum(up)', 400, 'bad_data', 'invalid parameter "match[]"'],
    [
      '/api/v1/rules?type=other',
      400,
      'bad_data',
      'invalid parameter "type": not supported value "other"',
    ],
    ['/api/v1/query?query=up&timeout=0', 503, 'timeout', 'query timed out in query queue'],
  ])('%s is %i %s', async (path, status, errorType, message) => {
    const response = await platform.fetch(path);
    const body: unknown = await response.json();
    expect(Value.Check(PrometheusErrorSchema, body)).toBe(true);
    expect(body).toMatchObject({ status: 'error', errorType });
    expect((body as { error: string }).error).toContain(message);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
  });

  test('an expression that cannot be evaluated is 422 execution', async () => {
    // Both sides have two series for the one empty label set: many to many.
    const query = 'demo_requests_total + ignoring(code) demo_requests_total';
    const response = await platform.fetch(
      `/api/v1/query?${new URLSearchParams({ query, time: at(30) }).toString()}`,
    );
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ status: 'error', errorType: 'execution' });
  });

  test('series, labels and label values are found by matchers, without repeats', async () => {
    const search = 'match[]=demo_requests_total&match[]={code="500"}';
    expect(await checked(`/api/v1/series?${search}`, SeriesResponseSchema)).toMatchObject({
      data: [{ code: '200' }, { code: '500' }],
    });
    expect(await checked(`/api/v1/labels?${search}`, StringsResponseSchema)).toMatchObject({
      data: ['__name__', 'code', 'region'],
    });
    expect(
      await checked(`/api/v1/label/code/values?${search}`, StringsResponseSchema),
    ).toMatchObject({ data: ['200', '500'] });
    expect(
      await checked(
        '/api/v1/label/__name__/values?match[]={code!=""}&limit=1',
        StringsResponseSchema,
      ),
    ).toMatchObject({ data: ['demo_requests_total'] });
  });

  test('metadata says what a metric means', async () => {
    expect(
      await checked('/api/v1/metadata?metric=demo_requests_total', MetadataResponseSchema),
    ).toEqual({
      status: 'success',
      data: { demo_requests_total: [{ type: 'counter', help: 'Requests.', unit: '' }] },
    });
  });

  test('targets, rules, alerts and the build have the shape of Prometheus', async () => {
    const answers = [
      await checked('/api/v1/targets', TargetsResponseSchema),
      await checked('/api/v1/rules', RulesResponseSchema),
      await checked('/api/v1/alerts', AlertsResponseSchema),
      await checked('/api/v1/status/buildinfo', BuildInfoResponseSchema),
    ];
    expect(answers).toMatchObject([
      { data: { activeTargets: [], droppedTargets: [] } },
      { data: { groups: [] } },
      { data: { alerts: [] } },
      { data: { version: expect.stringMatching(/^\d+\./) } },
    ]);
  });
});

describe('our own API', () => {
  test('links in alerts lead to the port it listens on', () => {
    expect(runtimeOf(platform.monitoring).externalUrl).toBe(platform.url);
  });

  test('status, health and readiness', async () => {
    const status = (await checked('/api/v1/status', StatusSchema)) as Status;
    expect(status).toMatchObject({ region: 'eu-west', service: 'shop', listening: platform.url });
    expect(status.stores.metrics['seriesCount']).toBeGreaterThanOrEqual(4);
    expect(status.stores.metrics['rejectedSamples']).toBe(0);
    expect(await checked('/health', HealthSchema)).toMatchObject({ status: 'alive' });
    expect(await checked('/ready', ReadinessSchema)).toEqual({ status: 'ready', reasons: [] });
  });

  test('a trace and its log record come back by trace id', async () => {
    const { monitoring } = platform;
    const trace = monitoring.recordTrace('place order', { attributes: { 'order.id': '17' } });
    monitoring.runInContext(trace.context, () =>
      monitoring.recordLog('warn', 'stock is low', { item: 'tea' }),
    );
    trace.finish(new Error('no stock'));
    await monitoring.flush();
    const { traceId, spanId } = trace.context;

    const found = (await checked(
      `/api/v1/traces/${traceId.toUpperCase()}`,
      TraceSchema,
    )) as TraceView;
    expect(found.spans).toHaveLength(1);
    expect(found.spans[0]).toMatchObject({
      name: 'place order',
      service: 'shop',
      region: 'eu-west',
      parentSpanId: null,
      status: { code: 'error', message: 'no stock' },
      attributes: { 'order.id': '17' },
    });
    const logs = (await checked(`/api/v1/logs?traceId=${traceId}`, LogPageSchema)) as LogPageView;
    expect(logs.items).toMatchObject([
      { body: 'stock is low', level: 'warn', traceId, spanId, attributes: { item: 'tea' } },
    ]);
    const search = 'error=true&attribute=order.id=17&service=shop';
    const page = (await checked(`/api/v1/traces?${search}`, TracePageSchema)) as TracePageView;
    expect(page.items.map((item) => item.traceId)).toEqual([traceId]);
    expect(await checked('/api/v1/services', ServiceListSchema)).toMatchObject({
      items: expect.arrayContaining([
        { name: 'shop', operations: expect.arrayContaining(['place order']) },
      ]),
    });
  });

  test('exact levels with gaps between them, and a floor', async () => {
    const { monitoring } = platform;
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      monitoring.recordLog(level, `gap test ${level}`);
    }
    await monitoring.flush();
    const bodies = async (search: string): Promise<string[]> => {
      const page = (await checked(
        `/api/v1/logs?text=gap+test&${search}`,
        LogPageSchema,
      )) as LogPageView;
      return page.items.map(({ level }) => level);
    };
    expect(await bodies('level=debug&level=error')).toEqual(['error', 'debug']);
    expect(await bodies('minLevel=warn&order=oldest-first')).toEqual(['warn', 'error']);
    expect(await bodies('level=info')).toEqual(['info']);
  });

  test('pages lead on until null', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = (await checked(
        `/api/v1/logs?text=gap+test&limit=3${more}`,
        LogPageSchema,
      )) as LogPageView;
      seen.push(...page.items.map(({ level }) => level));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(['error', 'warn', 'info', 'debug']);
  });

  test.each([
    ['/api/v1/nothing', 404, 'route-not-found'],
    [`/api/v1/traces/${'a'.repeat(32)}`, 404, 'trace-not-found'],
    ['/api/v1/traces/short', 400, 'invalid-request'],
    ['/api/v1/logs?limit=0&levle=warn', 400, 'invalid-request'],
    ['/api/v1/logs?start=yesterday', 400, 'invalid-input'],
    ['/api/v1/logs?start=2&end=1', 400, 'invalid-input'],
    ['/api/v1/logs?cursor=mine', 400, 'invalid-input'],
    ['/api/v1/logs?level=info&minLevel=error', 400, 'invalid-input'],
    ['/api/v1/traces?attribute=nothing', 400, 'invalid-request'],
  ])('%s is the problem %i %s', async (path, status, kind) => {
    const response = await platform.fetch(path);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    const problem = (await response.json()) as Problem;
    expect(Value.Check(ProblemSchema, problem)).toBe(true);
    expect(problem).toMatchObject({
      status,
      type: `urn:dwcp:problem:${kind}`,
      instance: path.split('?')[0],
    });
    expect(response.status).toBe(status);
  });

  test('a path that cannot be decoded is a problem too', async () => {
    const response = await platform.fetch('/%ff');
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await response.json()).toMatchObject({ type: 'urn:dwcp:problem:bad-request' });
  });

  test('every field at fault is named, with what to do', async () => {
    const problem = (await platform.json('/api/v1/logs?limit=0&levle=warn')) as Problem;
    expect(problem.errors).toEqual([
      { pointer: '?limit', detail: 'must be >= 1, got 0; set a whole number from 1 to 1000' },
      { pointer: '?levle', detail: 'is not a known key, got (not shown); did you mean level?' },
    ]);
  });

  test('OpenAPI 3.1 lists every route', async () => {
    const document = (await platform.json('/openapi.json')) as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual([
      '/-/healthy',
      '/-/ready',
      '/-/reload',
      '/api/v1/admin/tsdb/clean_tombstones',
      '/api/v1/admin/tsdb/delete_series',
      '/api/v1/admin/tsdb/snapshot',
      '/api/v1/alertmanagers',
      '/api/v1/alerts',
      '/api/v1/alerts/by-name',
      '/api/v1/alerts/cluster',
      '/api/v1/alerts/decisions',
      '/api/v1/alerts/explain',
      '/api/v1/alerts/level',
      '/api/v1/alerts/trigger',
      '/api/v1/alerts/{fingerprint}/ack',
      '/api/v1/alerts/{fingerprint}/resolve',
      '/api/v1/explain',
      '/api/v1/format_query',
      '/api/v1/import/prometheus',
      '/api/v1/incidents',
      '/api/v1/incidents/{id}',
      '/api/v1/incidents/{id}/ack',
      '/api/v1/label/{name}/values',
      '/api/v1/labels',
      '/api/v1/logs',
      '/api/v1/logs/tail',
      '/api/v1/metadata',
      '/api/v1/notifications',
      '/api/v1/parse_query',
      '/api/v1/query',
      '/api/v1/query_exemplars',
      '/api/v1/query_range',
      '/api/v1/read',
      '/api/v1/receivers/{name}/test',
      '/api/v1/rule-groups',
      '/api/v1/rule-groups/check',
      '/api/v1/rule-groups/{name}',
      '/api/v1/rule-groups/{name}/history',
      '/api/v1/rules',
      '/api/v1/series',
      '/api/v1/services',
      '/api/v1/status',
      '/api/v1/status/buildinfo',
      '/api/v1/status/config',
      '/api/v1/status/flags',
      '/api/v1/status/runtimeinfo',
      '/api/v1/status/tsdb',
      '/api/v1/status/walreplay',
      '/api/v1/targets',
      '/api/v1/targets/metadata',
      '/api/v1/traces',
      '/api/v1/traces/{traceId}',
      '/api/v1/write',
      '/api/v2/alerts',
      '/api/v2/alerts/groups',
      '/api/v2/receivers',
      '/api/v2/silence/{silenceID}',
      '/api/v2/silences',
      '/api/v2/status',
      '/federate',
      '/health',
      '/metrics',
      '/metrics/host',
      '/metrics/job/{*}',
      '/metrics/job@base64/{*}',
      '/pushgateway/api/v1/metrics',
      '/pushgateway/api/v1/status',
      '/pushgateway/metrics',
      '/pushgateway/metrics/job/{*}',
      '/pushgateway/metrics/job@base64/{*}',
      '/ready',
      '/runbooks/{alert}',
      '/v1/logs',
      '/v1/metrics',
      '/v1/traces',
    ]);
    expect(document.paths['/api/v1/query']).toHaveProperty('post');
  });
});

describe('exposition', () => {
  test('text by default, OpenMetrics on request', async () => {
    const text = await platform.fetch('/metrics');
    expect(text.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await text.text()).toMatch(/^dwcp_build_info\{version="[^"]+"\} 1$/m);
    const open = await platform.fetch('/metrics', {
      headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' },
    });
    expect(open.headers.get('content-type')).toContain('application/openmetrics-text');
    expect((await open.text()).endsWith('# EOF\n')).toBe(true);
  });

  test('the host is shown as node_exporter shows it', async () => {
    expect(await (await platform.fetch('/metrics/host')).text()).toMatch(/^node_time_seconds /m);
  });
});

describe('ingest', () => {
  const span = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    name: 'GET /cart',
    kind: 2,
    startTimeUnixNano: '1767323045000000001',
    endTimeUnixNano: '1767323045000000002',
  };
  const traces = (spans: readonly unknown[]): string =>
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] },
          scopeSpans: [{ spans }],
        },
      ],
    });
  const json = { 'content-type': 'application/json' };

  test('spans as OTLP JSON, gzip too, get the region where they have none', async () => {
    const response = await platform.fetch('/v1/traces', {
      method: 'POST',
      headers: { ...json, 'content-encoding': 'gzip' },
      body: gzipSync(traces([span])),
    });
    expect([response.status, await response.json()]).toEqual([200, {}]);
    const found = (await checked(`/api/v1/traces/${span.traceId}`, TraceSchema)) as TraceView;
    expect(found.spans).toMatchObject([
      {
        name: 'GET /cart',
        service: 'cart',
        region: 'eu-west',
        startUnixNano: span.startTimeUnixNano,
      },
    ]);
  });

  test('a bad span costs only itself, and the answer says so', async () => {
    const response = await platform.fetch('/v1/traces', {
      method: 'POST',
      headers: json,
      body: traces([span, { ...span, traceId: 'zz' }]),
    });
    expect(await response.json()).toMatchObject({
      partialSuccess: {
        rejectedSpans: '1',
        errorMessage: expect.stringContaining('resourceSpans[0].scopeSpans[0].spans[1].traceId'),
      },
    });
  });

  test('log records as OTLP JSON', async () => {
    const body = JSON.stringify({
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                {
                  timeUnixNano: '1767323045000000001',
                  severityNumber: 17,
                  body: { stringValue: 'otlp boom' },
                },
              ],
            },
          ],
        },
      ],
    });
    const response = await platform.fetch('/v1/logs', { method: 'POST', headers: json, body });
    expect([response.status, await response.json()]).toEqual([200, {}]);
    const page = (await checked('/api/v1/logs?text=otlp+boom', LogPageSchema)) as LogPageView;
    expect(page.items).toMatchObject([{ body: 'otlp boom', level: 'error', region: 'eu-west' }]);
  });

  test.each([
    ['text', { 'content-type': 'text/plain' }, 'x', 415, 'application/x-protobuf'],
    ['broken JSON', json, '{"resourceSpans":', 400, 'not JSON'],
    ['another encoding', { ...json, 'content-encoding': 'br' }, '{}', 415, 'gzip'],
  ])(
    'OTLP refuses %s with a status of its own form',
    async (_name, headers, body, status, says) => {
      const response = await platform.fetch('/v1/traces', { method: 'POST', headers, body });
      const answer = (await response.json()) as { code: number; message: string };
      expect(response.status).toBe(status);
      expect(answer.message).toContain(says);
      expect(answer.code).toBe(3);
    },
  );

  test('text that is no exposition names its line', async () => {
    const response = await platform.fetch('/api/v1/import/prometheus', {
      method: 'POST',
      body: 'good 1\nbad{ 2\n',
    });
    expect(response.status).toBe(400);
    expect(((await response.json()) as Problem).errors?.[0]?.pointer).toBe('line 2');
  });

  test('samples the store refuses are told, not swallowed', async () => {
    await platform.importText(`late_metric 1 ${startSeconds * 1_000 + 5_000}\n`);
    const response = await platform.fetch('/api/v1/import/prometheus', {
      method: 'POST',
      body: `late_metric 2 ${startSeconds * 1_000 + 5_000}\n`,
    });
    expect(response.status).toBe(422);
    expect(((await response.json()) as Problem).detail).toContain('duplicate=1');
    const status = (await platform.json('/api/v1/status')) as Status;
    expect(status.rejectedSamples).toEqual({ duplicate: 1 });
    expect(status.stores.metrics['rejectedSamples']).toBe(1);
  });

  test('a body above the limit is 413, packed or not', async () => {
    await using small = await Platform.start({ server: { bodyLimitBytes: 2_048 } });
    const text = `# ${'x'.repeat(100_000)}\n`;
    const plain = await small.fetch('/api/v1/import/prometheus', { method: 'POST', body: text });
    expect(plain.status).toBe(413);
    expect(((await plain.json()) as Problem).type).toBe('urn:dwcp:problem:body-too-large');
    const packed = await small.fetch('/api/v1/import/prometheus', {
      method: 'POST',
      body: gzipSync(text),
      headers: { 'content-encoding': 'gzip' },
    });
    expect(packed.status).toBe(413);
  });
});

describe('queries under way', () => {
  const heavyStartSeconds = startSeconds - 3_000;
  // A query over this takes a good part of a second.
  const slow = `/api/v1/query_range?${new URLSearchParams({
    query: 'sum(quantile_over_time(0.9, heavy[5m]))',
    start: String(heavyStartSeconds),
    end: String(heavyStartSeconds + 2_000),
    step: '1',
  }).toString()}`;

  async function heavyPlatform(query: { readonly maxConcurrent?: number } = {}): Promise<Platform> {
    const own = await Platform.start({ query });
    const lines: string[] = [];
    for (let series = 0; series < 40; series++) {
      for (let i = 0; i < 2_000; i++) {
        lines.push(
          `heavy{series="${series}"} ${(i * 7919) % 1_000} ${(heavyStartSeconds + i) * 1_000}`,
        );
      }
    }
    await own.importText(`${lines.join('\n')}\n`);
    return own;
  }

  test('one more than the limit is turned away with Retry-After', async () => {
    await using busy = await heavyPlatform({ maxConcurrent: 1 });
    const answers = await Promise.all(Array.from({ length: 4 }, () => busy.fetch(slow)));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 503, 503, 503]);
    const refused = answers.find(({ status }) => status === 503);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(await refused?.json()).toMatchObject({ status: 'error', errorType: 'unavailable' });
    // The slot is free again.
    expect((await busy.fetch('/api/v1/query?query=1')).status).toBe(200);
  }, 30_000);

  test('a query stops when its client goes away', async () => {
    await using own = await heavyPlatform();
    const client = request(`${own.url}${slow}`);
    client.on('error', () => undefined);
    client.end();
    // Long enough to be under way, and then gone.
    setTimeout(() => client.destroy(), 60);
    await expect
      .poll(async () => (await own.fetch('/metrics')).text(), { timeout: 10_000 })
      .toMatch(/dwcp_query_duration_seconds_count\{kind="range",outcome="canceled"\} 1/);
  }, 30_000);
});

describe('the live tail', () => {
  test('sends what is logged from now on, and only what fits', async () => {
    const abort = new AbortController();
    const response = await platform.fetch('/api/v1/logs/tail?minLevel=warn&text=tail', {
      signal: abort.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    platform.monitoring.recordLog('info', 'tail info');
    platform.monitoring.recordLog('error', 'other');
    platform.monitoring.recordLog('error', 'tail error');
    let text = '';
    while (!text.includes('event: log')) text += (await reader?.read())?.value ?? '';
    abort.abort();
    const data = /^data: (.*)$/m.exec(text)?.[1] ?? '{}';
    expect(JSON.parse(data)).toMatchObject({ body: 'tail error', level: 'error' });
    expect(text).not.toContain('tail info');
  });

  test('an open tail does not hold up closing', async () => {
    const own = await Platform.start();
    const response = await own.fetch('/api/v1/logs/tail');
    const startMs = performance.now();
    await own[Symbol.asyncDispose]();
    expect(performance.now() - startMs).toBeLessThan(2_500);
    expect(await response.text()).toContain('retry:');
  });
});
