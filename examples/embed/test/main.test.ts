import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
let child: ChildProcess;
let exit: Promise<number | null>;
let service: string;
let monitoring: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dwcp-embed-'));
  child = spawn(
    process.execPath,
    ['--conditions=@dwcp/source', join(import.meta.dirname, '../src/main.ts'), folder],
    { env: { PORT: '0', CONSOLE_PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  exit = new Promise((resolve) => child.once('exit', resolve));
  let output = '';
  [service, monitoring] = await new Promise<[string, string]>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const found = /service (\S+)\nconsole (\S+)\n/.exec(output);
        if (found !== null) resolve([found[1] ?? '', found[2] ?? '']);
      });
    }
    void exit.then((code) => reject(new Error(`it ended with ${code}: ${output}`)));
  });
}, 20_000);

afterAll(async () => {
  child.kill('SIGKILL');
  await exit;
  await rm(folder, { recursive: true, force: true });
});

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`${monitoring}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

test('one request leaves its metrics, its spans and its log lines, joined by the trace id', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const callerSpanId = '00f067aa0ba902b7';
  const answer = await fetch(`${service}/orders/17?secret=1`, {
    headers: { traceparent: `00-${traceId}-${callerSpanId}-01` },
  });
  expect(await answer.json()).toEqual({ id: '17' });

  interface Span {
    readonly name: string;
    readonly spanId: string;
    readonly parentSpanId: string | null;
    readonly kind: string;
    readonly service: string;
    readonly region: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }
  const spans = async (): Promise<readonly Span[]> =>
    (await ask<{ spans: readonly Span[] }>(`/api/v1/traces/${traceId}`)).spans;
  await expect.poll(async () => (await spans().catch(() => [])).length, { timeout: 5_000 }).toBe(2);
  const found = await spans();
  const server = found.find(({ kind }) => kind === 'server');
  expect(server).toMatchObject({
    name: 'GET /orders/:id',
    parentSpanId: callerSpanId,
    service: 'orders',
    region: 'us-east-1',
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/orders/:id',
      'http.response.status_code': 200,
      'url.path': '/orders/17',
    },
  });
  expect(found.find(({ kind }) => kind === 'internal')).toMatchObject({
    name: 'load order',
    parentSpanId: server?.spanId,
    attributes: { 'order.id': '17' },
  });

  const logs = async (): Promise<readonly { body: string; spanId: string; attributes: object }[]> =>
    (await ask<{ items: [] }>(`/api/v1/logs?traceId=${traceId}&order=oldest-first`)).items;
  await expect.poll(async () => (await logs()).length, { timeout: 5_000 }).toBe(2);
  expect(await logs()).toMatchObject([
    { body: 'order loaded', spanId: server?.spanId, attributes: { orderId: '17' } },
    {
      body: 'request finished',
      spanId: server?.spanId,
      attributes: { 'http.route': '/orders/:id', 'http.response.status_code': 200 },
    },
  ]);

  const value = async (query: string): Promise<unknown> => {
    const { data } = await ask<{ data: { result: { value: [number, string] }[] } }>(
      `/api/v1/query?${new URLSearchParams({ query }).toString()}`,
    );
    return data.result[0]?.value[1];
  };
  // Rate, errors and duration come from this one histogram.
  const red =
    'http_server_request_duration_seconds_count{route="/orders/:id",status="200",method="GET"}';
  await expect.poll(() => value(red), { timeout: 5_000 }).toBe('1');
  expect(Number(await value(red.replace('_count', '_sum')))).toBeGreaterThan(0);
  await expect
    .poll(() => value('orders_last_id{region="us-east-1"}'), { timeout: 5_000 })
    .toBe('17');

  // The exemplar leads from the histogram to the trace.
  const exposition = await fetch(`${monitoring}/metrics`, {
    headers: { accept: 'application/openmetrics-text' },
  });
  expect(await exposition.text()).toMatch(
    new RegExp(
      `^http_server_request_duration_seconds_bucket\\{.*\\} \\d+ # \\{.*trace_id="${traceId}"`,
      'm',
    ),
  );
}, 20_000);

test('a route that does not exist is one label value, whatever its address', async () => {
  for (const path of ['/a1', '/b2', '/c3']) {
    expect((await fetch(`${service}${path}`)).status).toBe(404);
  }
  interface Answer {
    readonly data: { readonly result: readonly { metric: { route: string } }[] };
  }
  const query = encodeURIComponent('http_server_request_duration_seconds_count{status="404"}');
  await expect
    .poll(
      async () =>
        (await ask<Answer>(`/api/v1/query?query=${query}`)).data.result.map(
          ({ metric }) => metric.route,
        ),
      { timeout: 5_000 },
    )
    .toEqual(['unmatched']);
}, 20_000);

test('the six settings of the quick start are accepted, and what is not connected says so', async () => {
  const status = await ask<{
    region: string;
    backends: { name: string; configured: boolean; state: string }[];
  }>('/api/v1/status');
  expect(status.region).toBe('us-east-1');
  expect(status.backends).toHaveLength(4);
  for (const backend of status.backends) {
    expect(backend).toMatchObject({ configured: true, state: 'not-connected' });
  }
});

test('Ctrl-C lets it write what it has and end by itself', async () => {
  child.kill('SIGINT');
  expect(await exit).toBe(0);
}, 20_000);
