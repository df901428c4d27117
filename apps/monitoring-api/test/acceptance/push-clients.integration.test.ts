import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { eventually } from '@dwcp/testing';
import { Counter, Gauge, Histogram, Pushgateway, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { promQuery, type VectorElement } from './prometheus-answers.ts';

const run = promisify(execFile);

/** The real curl; what it got as status. */
async function curl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', ...args]);
  return stdout;
}

async function vector(url: string, query: string): Promise<readonly VectorElement[]> {
  return (await promQuery(url, 'query', { query })).result as readonly VectorElement[];
}

/** Of the series a query finds once it finds as many: labels, with the value under `value`. */
async function found(
  url: string,
  query: string,
  count = 1,
): Promise<readonly Readonly<Record<string, string>>[]> {
  return await eventually(
    async () => {
      const elements = await vector(url, query);
      if (elements.length !== count) return undefined;
      return elements.map(({ metric, value }) => ({ ...metric, value: value[1] }));
    },
    { timeoutMs: 10_000, what: `${count} series of ${query}` },
  );
}

const QUIET = 'collection: { host: false, process: false, intervalMs: 200 }\n';

describe('prom-client pushes', () => {
  test('PUT, POST and DELETE of groups are found by PromQL, and outlive a kill', async () => {
    await using server = await DwcpServer.start(`region: eu-test-1\n${QUIET}`);
    const registry = new Registry();
    const rows = new Counter({
      name: 'backup_rows_total',
      help: 'Rows.',
      labelNames: ['table'],
      registers: [registry],
    });
    const size = new Gauge({ name: 'backup_size_bytes', help: 'Size.', registers: [registry] });
    const duration = new Histogram({
      name: 'backup_duration_seconds',
      help: 'Duration.',
      buckets: [1, 10],
      registers: [registry],
    });
    rows.inc({ table: 'orders "old"' }, 12_345);
    size.set(0.1);
    duration.observe(5);
    const gateway = new Pushgateway(server.url, {}, registry);
    // A slash has to be hidden, as for Pushgateway.
    const groupings = { 'instance@base64': Buffer.from('db/1').toString('base64url'), shard: 'ü' };
    const startUnixS = Math.floor(Date.now() / 1_000);
    const pushed = await gateway.push({ jobName: 'backup nightly', groupings });
    expect(pushed.resp).toMatchObject({ statusCode: 200 });

    const group = { job: 'backup nightly', instance: 'db/1', shard: 'ü', region: 'eu-test-1' };
    expect(await found(server.url, 'backup_rows_total')).toEqual([
      { __name__: 'backup_rows_total', ...group, table: 'orders "old"', value: '12345' },
    ]);
    expect(await found(server.url, 'backup_size_bytes')).toMatchObject([{ value: '0.1' }]);
    const buckets = await found(server.url, 'backup_duration_seconds_bucket', 3);
    expect(Object.fromEntries(buckets.map(({ le, value }) => [le, value]))).toEqual({
      '1': '0',
      '10': '1',
      '+Inf': '1',
    });
    const [time] = await found(server.url, 'push_time_seconds');
    expect(time).toMatchObject(group);
    expect(Number(time?.['value'])).toBeGreaterThanOrEqual(startUnixS);
    expect(Number(time?.['value'])).toBeLessThan(Date.now() / 1_000 + 1);

    // POST replaces what it names and leaves the rest.
    const other = new Registry();
    new Gauge({ name: 'backup_size_bytes', help: 'Size.', registers: [other] }).set(2);
    await new Pushgateway(server.url, {}, other).pushAdd({ jobName: 'backup nightly', groupings });
    await found(server.url, 'backup_size_bytes == 2');
    await found(server.url, 'backup_rows_total');

    await server.child.end('SIGKILL');
    await server.restart();
    const restartUnixS = Date.now() / 1_000;
    const [kept] = await found(server.url, `timestamp(backup_rows_total) > ${restartUnixS}`);
    expect(kept).toMatchObject(group);
    await found(server.url, 'backup_size_bytes == 2');

    // PUT leaves only what it brings.
    await new Pushgateway(server.url, {}, other).push({ jobName: 'backup nightly', groupings });
    await found(server.url, 'backup_rows_total', 0);
    await found(server.url, 'backup_size_bytes');
    await gateway.delete({ jobName: 'backup nightly', groupings });
    await found(server.url, '{job="backup nightly"}', 0);
    expect(await (await fetch(`${server.url}/pushgateway/metrics`)).text()).toBe('');
  });

  test('a push that is wrong is refused whole, with the reason, and the client says so', async () => {
    await using server = await DwcpServer.start(`region: eu-test-1\n${QUIET}`);
    const registry = new Registry();
    new Gauge({ name: 'thing', help: 'Thing.', registers: [registry] }).set(1);
    await new Pushgateway(server.url, {}, registry).push({ jobName: 'typed' });
    const clash = new Registry();
    new Counter({ name: 'thing', help: 'Thing.', registers: [clash] }).inc();
    await expect(new Pushgateway(server.url, {}, clash).push({ jobName: 'other' })).rejects.toThrow(
      /400/,
    );
    await found(server.url, 'thing');
    await expect(
      curl('--data-binary', 'broken{ 1', `${server.url}/metrics/job/curl`),
    ).resolves.toBe('400');
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });
});

test('curl pushes to one gateway; two servers that scrape it have each series once', async () => {
  await using gateway = await DwcpServer.start(`region: eu-main\n${QUIET}`);
  const scraping = `${QUIET}scrapeConfigs:
  - job_name: pushgateway
    honor_labels: true
    scrape_interval: 500ms
    scrape_timeout: 500ms
    metrics_path: /pushgateway/metrics
    static_configs: [{ targets: ['127.0.0.1:${gateway.port}'] }]
`;
  await using main = await DwcpServer.start(`region: eu-main\n${scraping}`);
  await using pc2 = await DwcpServer.start(`region: eu-pc2\n${scraping}`);

  const path = (rest: string): string => `${gateway.url}/metrics/job/${rest}`;
  const text = (value: string): readonly string[] => ['--data-binary', value];
  expect(await curl(...text('test_metric_main 123\n'), path('test/instance/main'))).toBe('200');
  expect(await curl('-X', 'PUT', ...text('test_metric_pc2 456\n'), path('test/instance/pc2'))).toBe(
    '200',
  );

  for (const [server, region] of [
    [main, 'eu-main'],
    [pc2, 'eu-pc2'],
  ] as const) {
    for (const [name, instance, value] of [
      ['test_metric_main', 'main', '123'],
      ['test_metric_pc2', 'pc2', '456'],
    ] as const) {
      expect(await found(server.url, name)).toEqual([
        { __name__: name, job: 'test', instance, region, value },
      ]);
    }
    const times = await found(server.url, 'push_time_seconds', 2);
    expect(new Set(times.map(({ job, instance }) => `${job} ${instance}`))).toEqual(
      new Set(['test main', 'test pc2']),
    );
    // Each moment of it once: the values of many scrapes are one series.
    await eventually(
      async () => {
        const [counted] = await vector(server.url, 'count_over_time(test_metric_main[1m])');
        return Number(counted?.value[1]) >= 4 || undefined;
      },
      { timeoutMs: 10_000, what: 'four scrapes' },
    );
    expect(await vector(server.url, 'test_metric_main')).toHaveLength(1);
    const status = await server.get<{ rejectedSamples: object }>('/api/v1/status');
    expect(status.rejectedSamples).toEqual({});
  }

  // The gateway is killed, and both hold on to what was pushed.
  await gateway.child.end('SIGKILL');
  await gateway.restart();
  const restartUnixS = Date.now() / 1_000;
  for (const { url } of [main, pc2]) {
    await found(url, `timestamp(test_metric_main) > ${restartUnixS}`);
    await found(url, `timestamp(test_metric_pc2) > ${restartUnixS}`);
  }

  expect(await curl('-X', 'DELETE', path('test/instance/main'))).toBe('202');
  for (const { url } of [main, pc2]) {
    await found(url, 'test_metric_main', 0);
    await found(url, 'test_metric_pc2');
  }
});
