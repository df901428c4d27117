import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { CollectionLoop, PushClient, Pushgateway } from '@dwcp/metrics-collector';
import {
  Child,
  eventually,
  findProgram,
  freePort,
  ManualClock,
  RecordingMetricStore,
  startPrometheus,
  wants,
} from '@dwcp/testing';
import {
  Counter,
  Gauge,
  Histogram,
  Pushgateway as PromClientPushgateway,
  Registry,
} from 'prom-client';
import { describe, expect, test } from 'vitest';

import { serve } from './gateway-server.ts';
import { pushedSamples, sendTo, shown } from './harness.ts';
import { type PushStep } from './push-table.ts';

const run = promisify(execFile);

test('prom-client pushes, adds and deletes, packed or not', async () => {
  await using gateway = await Pushgateway.open({ clock: new ManualClock() });
  await using server = await serve(gateway);
  const registry = new Registry();
  const jobs = new Counter({
    name: 'jobs_total',
    help: 'Jobs.',
    labelNames: ['kind'],
    registers: [registry],
  });
  const size = new Histogram({
    name: 'size',
    help: 'Size.',
    buckets: [1, 10],
    registers: [registry],
  });
  jobs.inc({ kind: 'full' }, 3);
  size.observe(5);
  const plain = new PromClientPushgateway(server.url, {}, registry);
  await plain.push({ jobName: 'backup', groupings: { instance: 'db 1' } });
  const full = pushedSamples(shown(gateway.expose('text')));
  expect(full).toEqual([
    'jobs_total{instance="db 1",job="backup",kind="full"} 3',
    'size_bucket{instance="db 1",job="backup",le="+Inf"} 1',
    'size_bucket{instance="db 1",job="backup",le="1"} 0',
    'size_bucket{instance="db 1",job="backup",le="10"} 1',
    'size_count{instance="db 1",job="backup"} 1',
    'size_sum{instance="db 1",job="backup"} 5',
  ]);

  const more = new Registry();
  new Gauge({ name: 'last_seconds', help: 'Last.', registers: [more] }).set(7);
  const packed = new PromClientPushgateway(
    server.url,
    { headers: { 'Content-Encoding': 'gzip' } },
    more,
  );
  await packed.pushAdd({ jobName: 'backup', groupings: { instance: 'db 1' } });
  expect(pushedSamples(shown(gateway.expose('text')))).toEqual(
    [...full, 'last_seconds{instance="db 1",job="backup"} 7'].sort(),
  );
  await plain.delete({ jobName: 'backup', groupings: { instance: 'db 1' } });
  expect(gateway.groups()).toEqual([]);
});

test('curl pushes as the README of Pushgateway shows', async () => {
  await using gateway = await Pushgateway.open({ clock: new ManualClock() });
  await using server = await serve(gateway);
  const curl = async (...args: readonly string[]): Promise<string> =>
    (await run('curl', ['-sS', '-w', '%{http_code}', ...args])).stdout;
  const url = `${server.url}/metrics/job/some_job`;
  expect(await curl('--data-binary', 'some_metric 3.14\n', url)).toBe('200');
  const body = '# TYPE some_metric gauge\nsome_metric{label="val1"} 42\n';
  expect(await curl('--data-binary', body, `${url}/instance/some_instance`)).toBe('400');
  expect(await curl('-X', 'DELETE', url)).toBe('202');
  expect(await curl('--data-binary', body, `${url}/instance/some_instance`)).toBe('200');
  expect(pushedSamples(shown(gateway.expose('text')))).toEqual([
    'some_metric{instance="some_instance",job="some_job",label="val1"} 42',
  ]);
});

const pushgateway = findProgram('prometheus-pushgateway');
const prometheus = findProgram('prometheus');

async function startPushgateway(): Promise<AsyncDisposable & { readonly url: string }> {
  const address = `127.0.0.1:${await freePort()}`;
  const child = await Child.start({
    program: pushgateway ?? '',
    args: [`--web.listen-address=${address}`, '--persistence.file=', '--log.level=error'],
    readyUrl: `http://${address}/-/ready`,
  });
  return { url: `http://${address}`, [Symbol.asyncDispose]: () => child.end() };
}

test.skipIf(pushgateway === undefined)(
  `our client pushes to a real Pushgateway (${wants('prometheus-pushgateway')})`,
  async () => {
    await using real = await startPushgateway();
    const deadPort = await freePort();
    await using client = new PushClient({
      gateways: [`http://127.0.0.1:${deadPort}`, real.url],
      job: 'a/b',
      jobPrefix: 'pilot',
      expose: () => 'm{x="1"} 5\n',
      clock: new ManualClock(),
    });
    expect(await client.push()).toBe(true);
    expect(client.status()).toMatchObject({ gateway: new URL(real.url).host, pushes: 1 });
    const exposition = await fetch(`${real.url}/metrics`).then((answer) => answer.text());
    expect(pushedSamples(shown(exposition))).toEqual(['m{instance="",job="pilot_a/b",x="1"} 5']);
  },
);

const steps: readonly PushStep[] = [
  { method: 'PUT', path: 'job/main', body: 'test_metric_main 123\n', status: 200 },
  { method: 'PUT', path: 'job/pc2/instance/pc2', body: 'test_metric_pc2{x=""} 456\n', status: 200 },
  { method: 'PUT', path: 'job/c/x@base64/=', body: 'm{instance="i"} 1\nn 2\n', status: 200 },
  {
    method: 'POST',
    path: 'job/d',
    body: '# TYPE h histogram\nh_bucket{le="0.00001"} 1\nh_bucket{le="1000000"} 2\nh_sum 3\nh_count 4\n# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n',
    status: 200,
  },
];

describe.skipIf(pushgateway === undefined || prometheus === undefined)(
  `beside a real Prometheus that scrapes gateways (${wants('prometheus', 'prometheus-pushgateway')})`,
  () => {
    test('our store has the series that Prometheus gets from the real one and from ours', async () => {
      await using real = await startPushgateway();
      const clock = new ManualClock();
      await using ours = await Pushgateway.open({ clock });
      await using served = await serve(ours);
      for (const step of steps) {
        expect(await sendTo(ours, step)).toBe(step.status);
        const { method, body = '' } = step;
        const { status } = await fetch(`${real.url}/metrics/${step.path}`, {
          method,
          body: String(body),
        });
        expect(status).toBe(step.status);
      }
      const store = new RecordingMetricStore();
      const labels = { instance: 'hub', job: 'dwcp' };
      await using loop = new CollectionLoop({ store, clock, labels, intervalMs: 1_000 });
      loop.register(ours);
      loop.start();
      await clock.advance(1_000);
      const stored = new Set(
        store.rows().map(({ series, value }) => {
          const name = series.split('{')[0] ?? '';
          return isOwn(name) ? '' : `${series} ${valueOf(name, Number(value))}`;
        }),
      );
      stored.delete('');

      const job = (name: string, url: string): string =>
        `- job_name: ${name}\n  honor_labels: true\n  static_configs: [{targets: ['${new URL(url).host}']}]\n` +
        `  metric_relabel_configs: [{target_label: via, replacement: ${name}}]\n`;
      await using server = await startPrometheus(
        prometheus ?? '',
        `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n${job('real', real.url)}${job('ours', served.url)}`,
      );
      for (const via of ['real', 'ours']) {
        const seen = await eventually(
          async () => {
            const found = await seriesIn(server.url, via);
            return found.length > 0 ? found : undefined;
          },
          { timeoutMs: 30_000, what: `samples via ${via}` },
        );
        expect({ via, seen }).toEqual({ via, seen: [...stored].sort() });
      }
    });
  },
);

const isOwn = (name: string): boolean => /^(?:go|process|pushgateway|promhttp|dwcp)_/.test(name);

/** The times of groups are those of two different pushes. */
const valueOf = (name: string, value: number): number =>
  name.startsWith('push_') ? Math.sign(value) : value;

/** As `Labels` writes them, without the label that tells the gateways apart. */
async function seriesIn(url: string, via: string): Promise<readonly string[]> {
  const query = new URLSearchParams({ query: `{via="${via}"}` });
  const answer = (await fetch(`${url}/api/v1/query?${query.toString()}`).then((response) =>
    response.json(),
  )) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
  return answer.data.result
    .map(({ metric: { __name__: name = '', ...rest }, value }) => {
      if (isOwn(name)) return '';
      const pairs = Object.entries(rest)
        .filter(([label]) => label !== 'via')
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([label, text]) => `${label}=${JSON.stringify(text)}`);
      return `${name}{${pairs.join(', ')}} ${valueOf(name, Number(value[1]))}`;
    })
    .filter((text) => text !== '')
    .sort();
}
