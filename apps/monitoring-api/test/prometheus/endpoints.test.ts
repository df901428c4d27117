import {
  AlertmanagersResponseSchema,
  AlertsResponseSchema,
  BuildInfoResponseSchema,
  type Explain,
  ExplainSchema,
  ExemplarsResponseSchema,
  FormatQueryResponseSchema,
  MetadataResponseSchema,
  ParseQueryResponseSchema,
  PrometheusErrorSchema,
  ProblemSchema,
  QueryResponseSchema,
  RulesResponseSchema,
  RuntimeInfoResponseSchema,
  SeriesResponseSchema,
  StatusConfigResponseSchema,
  StatusFlagsResponseSchema,
  StringsResponseSchema,
  TargetMetadataResponseSchema,
  TargetsResponseSchema,
  TsdbStatusResponseSchema,
  WalReplayResponseSchema,
} from '@dwcp/api-schema';
import { type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { Platform } from '../platform.ts';
import { ExampleServer } from '../support/reference/example-server.ts';

let example: ExampleServer;
beforeAll(async () => {
  example = await ExampleServer.start();
});
afterAll(() => example[Symbol.asyncDispose]());

interface Body {
  readonly data: unknown;
}

async function ask(path: string, init?: RequestInit): Promise<Body> {
  return JSON.parse(await example.ask(`/api/v1/${path}`, init)) as Body;
}

/** @throws Error when the answer does not meet the schema */
async function data<T>(path: string, schema: TSchema, init?: RequestInit): Promise<T> {
  const body = await ask(path, init);
  Value.Assert(schema, body);
  return body.data as T;
}

const form = (parameters: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(parameters),
});

describe('the schema of each endpoint is met by its answer', () => {
  test.each<readonly [string, TSchema]>([
    ['query?query=shop_queue_length', QueryResponseSchema],
    ['query?query=shop_queue_length[5m]', QueryResponseSchema],
    ['query?query=1', QueryResponseSchema],
    ['query?query=%22a%22', QueryResponseSchema],
    ['query?query=shop_queue_length&stats=all', QueryResponseSchema],
    ['query_range?query=up&start=1767323040&end=1767323060&step=1', QueryResponseSchema],
    ['query_exemplars?query=up', ExemplarsResponseSchema],
    ['format_query?query=sum(up)by(job)', FormatQueryResponseSchema],
    ['parse_query?query=sum(up)by(job)', ParseQueryResponseSchema],
    ['series?match[]=up', SeriesResponseSchema],
    ['labels', StringsResponseSchema],
    ['label/job/values', StringsResponseSchema],
    ['metadata', MetadataResponseSchema],
    ['targets', TargetsResponseSchema],
    ['targets/metadata', TargetMetadataResponseSchema],
    ['rules', RulesResponseSchema],
    ['rules?exclude_alerts=true', RulesResponseSchema],
    ['alerts', AlertsResponseSchema],
    ['alertmanagers', AlertmanagersResponseSchema],
    ['status/config', StatusConfigResponseSchema],
    ['status/flags', StatusFlagsResponseSchema],
    ['status/runtimeinfo', RuntimeInfoResponseSchema],
    ['status/buildinfo', BuildInfoResponseSchema],
    ['status/tsdb', TsdbStatusResponseSchema],
    ['status/walreplay', WalReplayResponseSchema],
  ])('%s', async (path, schema) => {
    expect(Value.Errors(schema, await ask(path))).toEqual([]);
  });

  test.each([
    ['query', { query: 'up' }, QueryResponseSchema],
    ['query_range', { query: 'up', start: '1', end: '2', step: '1' }, QueryResponseSchema],
    ['query_exemplars', { query: 'up' }, ExemplarsResponseSchema],
    ['format_query', { query: 'up' }, FormatQueryResponseSchema],
    ['parse_query', { query: 'up' }, ParseQueryResponseSchema],
    ['series', { 'match[]': 'up' }, SeriesResponseSchema],
    ['labels', {}, StringsResponseSchema],
  ] as const)('%s by POST', async (path, parameters, schema) => {
    expect(Value.Errors(schema, await ask(path, form(parameters)))).toEqual([]);
  });
});

describe('queries', () => {
  test('stats come when they are asked for, in the shape of Prometheus', async () => {
    const query = 'query?query=sum(shop_queue_length)';
    expect(await data(query, QueryResponseSchema)).not.toHaveProperty('stats');
    expect(await data(`${query}&stats=`, QueryResponseSchema)).not.toHaveProperty('stats');
    expect(await data(`${query}&stats=all`, QueryResponseSchema)).toMatchObject({
      stats: { timings: { execTotalTime: expect.any(Number) }, samples: {} },
    });
  });

  test('lookback_delta decides how old a sample may be', async () => {
    const [time] = (
      await data<{ result: [{ value: [number, string] }] }>(
        'query?query=timestamp(shop_queue_length)',
        QueryResponseSchema,
      )
    ).result.map(({ value }) => Number(value[1]));
    const later = `query?query=shop_queue_length&time=${(time ?? 0) + 30}`;
    expect(await data(later, QueryResponseSchema)).toMatchObject({ result: [{}] });
    expect(await data(`${later}&lookback_delta=10s`, QueryResponseSchema)).toMatchObject({
      result: [],
    });
    expect(await data(`${later}&lookback_delta=31`, QueryResponseSchema)).toMatchObject({
      result: [{}],
    });
  });

  test('a scalar is written without exponent, the value of a vector with one', async () => {
    expect(await data('query?query=1e-7&time=1', QueryResponseSchema)).toMatchObject({
      result: [1, '0.0000001'],
    });
    expect(await data('query?query=vector(1e-7)&time=1', QueryResponseSchema)).toMatchObject({
      result: [{ value: [1, '1e-07'] }],
    });
  });

  test('an expression without selectors has no exemplars to show: 204', async () => {
    expect(await example.ask('/api/v1/query_exemplars?query=1')).toBe('');
  });

  test('format_query lays a long expression out', async () => {
    const query = `sum by (job) (rate(${'a'.repeat(50)}[5m]) / rate(${'b'.repeat(50)}[5m]))`;
    expect(await data<string>('format_query', FormatQueryResponseSchema, form({ query }))).toBe(
      `sum by (job) (\n    rate(${'a'.repeat(50)}[5m])\n  /\n    rate(${'b'.repeat(50)}[5m])\n)`,
    );
  });
});

describe('metadata', () => {
  test('a limit of 0 is none at all, a negative one no limit', async () => {
    expect(await data('metadata?limit=0', MetadataResponseSchema)).toEqual({});
    const all = await data<object>('metadata?limit=-1', MetadataResponseSchema);
    expect(Object.keys(all).length).toBeGreaterThan(3);
    expect(
      Object.keys(await data<object>('metadata?limit=2', MetadataResponseSchema)),
    ).toHaveLength(2);
  });

  test('a target tells its metrics, with the name unless only one was asked for', async () => {
    const all = await data<readonly object[]>('targets/metadata', TargetMetadataResponseSchema);
    const entry = {
      target: { job: 'queue', instance: '127.0.0.1:8080' },
      type: 'gauge',
      help: 'Entries that wait.',
      unit: '',
    };
    expect(all).toEqual([{ ...entry, metric: 'shop_queue_length' }]);
    expect(
      await data(
        'targets/metadata?metric=shop_queue_length&match_target={job="queue"}',
        TargetMetadataResponseSchema,
      ),
    ).toEqual([entry]);
    expect(
      await data('targets/metadata?match_target={job="other"}', TargetMetadataResponseSchema),
    ).toEqual([]);
    expect(await data('targets/metadata?limit=0', TargetMetadataResponseSchema)).toEqual([]);
  });

  test('targets are chosen by state and pool', async () => {
    expect(
      await data('targets?state=ACTIVE&scrapePool=queue', TargetsResponseSchema),
    ).toMatchObject({
      activeTargets: [{ scrapePool: 'queue', health: 'up' }],
    });
    for (const none of ['state=dropped', 'state=other', 'scrapePool=other']) {
      expect(await data(`targets?${none}`, TargetsResponseSchema)).toMatchObject({
        activeTargets: [],
      });
    }
  });
});

describe('rules', () => {
  interface Rules {
    readonly groups: readonly {
      readonly name: string;
      readonly rules: readonly { name: string }[];
    }[];
    readonly groupNextToken?: string;
  }
  const rules = (search: string) => data<Rules>(`rules?${search}`, RulesResponseSchema);

  test.each([
    ['type=alert', ['QueueTooLong']],
    ['type=record', ['shop:queue_length:sum']],
    ['rule_name[]=QueueTooLong', ['QueueTooLong']],
    [
      'rule_name[]=QueueTooLong&rule_name[]=shop:queue_length:sum&type=record',
      ['shop:queue_length:sum'],
    ],
    ['rule_group[]=other', []],
    ['file[]=other', []],
    ['match[]={severity="page"}', ['QueueTooLong']],
    ['match[]={severity="none"}&match[]={severity=~"p.%2B"}', ['QueueTooLong']],
    ['match[]={severity="none"}', []],
  ])('%s', async (search, names) => {
    const { groups } = await rules(search);
    expect(groups.flatMap((group) => group.rules.map(({ name }) => name))).toEqual(names);
    expect(groups.every((group) => group.rules.length > 0)).toBe(true);
  });

  test('alerts may be left out', async () => {
    expect((await rules('type=alert&exclude_alerts=TRUE')).groups[0]?.rules).toMatchObject([
      { alerts: null },
    ]);
    expect((await rules('type=alert&exclude_alerts=f')).groups[0]?.rules).toMatchObject([
      { alerts: [{ state: 'firing' }] },
    ]);
  });

  test('a page that holds the last group names no next one', async () => {
    expect(await rules('group_limit=1')).not.toHaveProperty('groupNextToken');
  });
});

describe('status', () => {
  test('the configuration is YAML with the external labels and what is scraped', async () => {
    const { yaml } = await data<{ yaml: string }>('status/config', StatusConfigResponseSchema);
    expect(parse(yaml)).toMatchObject({
      global: { external_labels: { region: 'eu-west' } },
      rule_files: ['/etc/dwcp/rules/shop.yml'],
      scrape_configs: [
        {
          job_name: 'queue',
          scrape_interval: '1s',
          static_configs: [{ targets: ['127.0.0.1:8080'] }],
        },
      ],
    });
  });

  test('the flags say what the server allows', async () => {
    expect(await data('status/flags', StatusFlagsResponseSchema)).toMatchObject({
      'query.max-samples': '50000000',
      'query.timeout': '2m',
      'web.enable-admin-api': 'false',
      'storage.tsdb.retention.time': '30d',
    });
  });

  test('the head has at least a chunk for each of its series', async () => {
    const { headStats } = await data<{ headStats: { numSeries: number; chunkCount: number } }>(
      'status/tsdb',
      TsdbStatusResponseSchema,
    );
    expect(headStats.numSeries).toBeGreaterThan(0);
    expect(headStats.chunkCount).toBeGreaterThanOrEqual(headStats.numSeries);
  });

  test('the admin API is off unless it is configured', async () => {
    await using platform = await Platform.start();
    for (const path of ['snapshot', 'delete_series?match[]=up', 'clean_tombstones']) {
      const response = await platform.fetch(`/api/v1/admin/tsdb/${path}`, { method: 'POST' });
      const body: unknown = await response.json();
      expect([response.status, body]).toEqual([
        503,
        { status: 'error', errorType: 'unavailable', error: 'admin APIs disabled' },
      ]);
      expect(Value.Check(PrometheusErrorSchema, body)).toBe(true);
    }
  });
});

describe('explain', () => {
  const explain = async (search: string, init?: RequestInit): Promise<Explain> => {
    const body: unknown = JSON.parse(await example.ask(`/api/v1/explain?${search}`, init));
    Value.Assert(ExplainSchema, body);
    return body as Explain;
  };

  test('an instant query has its parts and what they read', async () => {
    const answer = await explain('query=sum(shop_queue_length)by(job)');
    expect(answer).toMatchObject({
      query: 'sum(shop_queue_length)by(job)',
      printed: 'sum by (job) (shop_queue_length)',
      kind: 'instant',
      result: { type: 'vector', seriesCount: 1, sampleCount: 1 },
      warnings: [],
      infos: [],
    });
  });

  test('a range query by POST counts the samples of its answer', async () => {
    const parameters = {
      query: 'vector(1)',
      start: '2026-01-02T03:04:05Z',
      end: '2026-01-02T03:05:05Z',
      step: '15s',
    };
    expect(await explain('', form(parameters))).toMatchObject({
      kind: 'range',
      result: { type: 'matrix', seriesCount: 1, sampleCount: 5 },
    });
  });

  test('what the annotations of a query say is told', async () => {
    const answer = await explain('query=rate(shop_queue_length[5m])');
    expect(answer.infos[0]).toContain('metric might not be a counter');
  });

  test('an error has the form of our own endpoints', async () => {
    await using platform = await Platform.start();
    const response = await platform.fetch('/api/v1/explain?query=sum(');
    const body: unknown = await response.json();
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(Value.Check(ProblemSchema, body)).toBe(true);
    expect(body).toMatchObject({
      detail: 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
    });
  });
});
