import { type QueryData } from '@dwcp/api-schema';
import { Labels } from '@dwcp/core';
import {
  encodeRemoteWrite,
  remoteWriteHeaders,
  type RemoteWriteSeries,
} from '@dwcp/protocol-prometheus';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

/**
 * What Grafana's Prometheus data source sends in one session, from saving the data source over the
 * query builder to a panel: its paths, parameters, order and headers.
 * See https://github.com/grafana/grafana/tree/main/packages/grafana-prometheus and pkg/promlib.
 */
const HEADERS = {
  'accept-encoding': 'gzip',
  'user-agent': 'Grafana/12.1.0',
  'x-datasource-uid': 'dwcp',
  'x-grafana-org-id': '1',
  'x-dashboard-uid': 'd1',
  'x-panel-id': '2',
} as const;

const endSeconds = Math.floor(Date.now() / 15_000) * 15;
const startSeconds = endSeconds - 900;
let server: DwcpServer;

beforeAll(async () => {
  server = await DwcpServer.start('region: eu-test-1\n');
  const name = 'grafana_request_duration_seconds';
  const series = (labels: Readonly<Record<string, string>>, value: number): RemoteWriteSeries => ({
    labels: Labels.from(labels),
    timestamps: Float64Array.of(endSeconds * 1_000),
    values: Float64Array.of(value),
  });
  const exemplar = {
    labels: Labels.from({ traceID: '4bf92f3577b34da6' }),
    value: 0.67,
    unixMs: endSeconds * 1_000,
  };
  const body = encodeRemoteWrite(
    [
      series({ __name__: `${name}_bucket`, job: 'api', le: '0.1' }, 3),
      { ...series({ __name__: `${name}_bucket`, job: 'api', le: '1' }, 5), exemplars: [exemplar] },
      series({ __name__: `${name}_bucket`, job: 'api', le: '+Inf' }, 6),
      series({ __name__: 'up', job: 'api' }, 1),
      series({ __name__: 'up', job: 'db' }, 0),
    ],
    { version: '1.0', metadata: [{ name, type: 'histogram', help: 'How long.', unit: '' }] },
  );
  const response = await fetch(`${server.url}/api/v1/write`, {
    method: 'POST',
    headers: remoteWriteHeaders('1.0'),
    body,
  });
  if (!response.ok) throw new Error(await response.text());
});
afterAll(() => server[Symbol.asyncDispose]());

interface Answer<T> {
  readonly status: string;
  readonly data: T;
}

async function get<T>(
  path: string,
  parameters: readonly (readonly [string, string])[] = [],
): Promise<T> {
  const search = new URLSearchParams(
    parameters.map(([name, value]): [string, string] => [name, value]),
  );
  const response = await fetch(`${server.url}/api/v1/${path}?${search.toString()}`, {
    headers: HEADERS,
  });
  expect([path, response.status]).toEqual([path, 200]);
  const body = (await response.json()) as Answer<T>;
  expect(body.status).toBe('success');
  return body.data;
}

/** As the data source posts by default. */
async function post<T>(
  path: string,
  parameters: readonly (readonly [string, string])[],
): Promise<T> {
  const response = await fetch(`${server.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { ...HEADERS, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(
      parameters.map(([name, value]): [string, string] => [name, value]),
    ).toString(),
  });
  expect([path, response.status]).toEqual([path, 200]);
  expect(response.headers.get('content-type')).toBe('application/json');
  const body = (await response.json()) as Answer<T>;
  expect(body.status).toBe('success');
  return body.data;
}

const span = [
  ['start', String(startSeconds)],
  ['end', String(endSeconds + 60)],
] as const;

describe('save and test', () => {
  test('the health check evaluates 1+1', async () => {
    const data = await post<QueryData>('query', [
      ['query', '1+1'],
      ['time', '4'],
    ]);
    expect(data).toEqual({ resultType: 'scalar', result: [4, '2'] });
  });

  test('what kind of server it is, is asked by the build and the rules', async () => {
    expect(await get('status/buildinfo')).toMatchObject({ version: expect.stringMatching(/^\d/) });
    expect(await get('rules')).toMatchObject({ groups: expect.any(Array) });
    expect(await get('alerts')).toEqual({ alerts: [] });
  });
});

describe('the query builder', () => {
  test('metrics come with what they mean', async () => {
    const metadata = await get<Record<string, readonly object[]>>('metadata', [['limit', '40000']]);
    expect(metadata['grafana_request_duration_seconds']).toEqual([
      { type: 'histogram', help: 'How long.', unit: '' },
    ]);
  });

  test('names of metrics, of all and of those that other labels leave', async () => {
    const all = await get<readonly string[]>('label/__name__/values', [
      ...span,
      ['limit', '40000'],
    ]);
    expect(all).toEqual(expect.arrayContaining(['up', 'grafana_request_duration_seconds_bucket']));
    expect(
      await get('label/__name__/values', [...span, ['match[]', '{job="db"}'], ['limit', '40000']]),
    ).toEqual(['up']);
  });

  test('names of labels by POST, values of a label by GET, both of a metric', async () => {
    expect(
      await post('labels', [...span, ['match[]', '{__name__="up"}'], ['limit', '40000']]),
    ).toEqual(['__name__', 'job', 'region']);
    expect(
      await get('label/job/values', [...span, ['match[]', '{__name__="up"}'], ['limit', '40000']]),
    ).toEqual(['api', 'db']);
  });

  test('series of a metric, for a variable that asks for label_values', async () => {
    expect(
      await post('series', [...span, ['match[]', 'up{job="api"}'], ['limit', '40000']]),
    ).toEqual([{ __name__: 'up', job: 'api', region: 'eu-test-1' }]);
  });
});

describe('a panel', () => {
  test('a range query by POST form with a step in seconds', async () => {
    const data = await post<QueryData>('query_range', [
      ['end', `${endSeconds + 15}`],
      ['query', 'sum by(job) (up)'],
      ['start', String(startSeconds)],
      ['step', '15'],
      ['timeout', '60s'],
    ]);
    expect(data.resultType).toBe('matrix');
    const result = data.result as readonly { readonly metric: object; readonly values: object[] }[];
    expect(result.map(({ metric }) => metric)).toEqual([{ job: 'api' }, { job: 'db' }]);
    expect(result[0]?.values.length).toBeGreaterThan(0);
  });

  test('times with fractions, as the browser sends them', async () => {
    const data = await post<QueryData>('query', [
      ['query', 'histogram_quantile(0.5, sum by(le) (grafana_request_duration_seconds_bucket))'],
      ['time', `${endSeconds + 30}.123`],
    ]);
    expect(data).toMatchObject({ result: [{ value: [endSeconds + 30.123, '0.1'] }] });
  });

  test('exemplars of the expression of the panel', async () => {
    const data = await post<readonly object[]>('query_exemplars', [
      ...span,
      ['query', 'histogram_quantile(0.9, rate(grafana_request_duration_seconds_bucket[1m]))'],
    ]);
    expect(data).toEqual([
      {
        seriesLabels: {
          __name__: 'grafana_request_duration_seconds_bucket',
          job: 'api',
          le: '1',
          region: 'eu-test-1',
        },
        exemplars: [
          {
            labels: { traceID: '4bf92f3577b34da6' },
            value: '0.67',
            timestamp: endSeconds,
          },
        ],
      },
    ]);
  });

  test('an expression that is wrong is told with its words', async () => {
    const response = await fetch(`${server.url}/api/v1/query_range`, {
      method: 'POST',
      headers: { ...HEADERS, 'content-type': 'application/x-www-form-urlencoded' },
      body: `query=sum(&start=${startSeconds}&end=${endSeconds}&step=15`,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      status: 'error',
      errorType: 'bad_data',
      error: 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
    });
  });
});
