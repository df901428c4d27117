import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  eventually,
  findProgram,
  freePort,
  type RealServer,
  startPrometheus,
  startVictoriaMetrics,
  wants,
} from '@dwcp/testing';
import { expect, test } from 'vitest';

import { startChangingTarget } from './changing-target.ts';
import { DwcpServer } from './dwcp-server.ts';
import { promQuery } from './prometheus-answers.ts';
import { series, type WireHistogram, write2 } from './remote-write-wire.ts';
import { WriteProxy } from './write-proxy.ts';

type Point = readonly [unixS: number, value: unknown];
type Points = ReadonlyMap<string, readonly Point[]>;

/** All raw samples up to a moment, by series; none is older than the quarter of an hour. */
async function rawSamples(url: string, selector: string, endUnixS: number): Promise<Points> {
  const { result } = await promQuery(url, 'query', {
    query: `${selector}[15m]`,
    time: String(endUnixS),
  });
  const matrix = result as readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly values?: readonly Point[];
    readonly histograms?: readonly Point[];
  }[];
  return new Map(
    matrix.map(({ metric, values = [], histograms = [] }): [string, readonly Point[]] => [
      JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      [...values, ...histograms],
    ]),
  );
}

const countOf = (points: Points): number =>
  [...points.values()].reduce((sum, { length }) => sum + length, 0);

/** What there is of one and not of the other, to be read by a person. */
function missing(from: Points, wanted: Points): readonly string[] {
  return [...wanted].flatMap(([key, points]) => {
    const there = new Set((from.get(key) ?? []).map(([time]) => time));
    return points.filter(([time]) => !there.has(time)).map(([time]) => `${key} @${time}`);
  });
}

const numberOf = (value: unknown): number => Number(String(value).replace('Inf', 'Infinity'));

const isAscending = (points: Points): boolean =>
  [...points.values()].every((one) =>
    one.every(([time], i) => i === 0 || time > (one[i - 1]?.[0] ?? 0)),
  );

/** For conditions of other processes: until the wall clock shows it. */
async function goBy(seconds: number): Promise<void> {
  const untilMs = performance.now() + seconds * 1_000;
  await eventually(() => performance.now() > untilMs || undefined, {
    timeoutMs: seconds * 1_000 + 5_000,
    what: `${seconds} s go by`,
  });
}

/** What the server's forwarders did not get through, by reason. */
async function droppedBy(url: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts: Record<string, number> = {};
  for (const [, reason = '', count] of text.matchAll(
    /^dwcp_forward_dropped_total\{.*reason="([^"]+)".*\} (\d+)$/gm,
  )) {
    if (count !== '0') counts[reason] = (counts[reason] ?? 0) + Number(count);
  }
  return counts;
}

const prometheus = findProgram('prometheus');
const victoriaMetrics = findProgram('victoria-metrics');

test.skipIf(prometheus === undefined || victoriaMetrics === undefined)(
  `after stops, kills and errors on both sides the receivers have all samples of our store (${wants('prometheus', 'victoria-metrics')})`,
  { timeout: 120_000 },
  async () => {
    await using cleanup = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-forwarding-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    const ports = { prometheus: await freePort(), victoriaMetrics: await freePort() };
    const startReal = {
      prometheus: (): Promise<RealServer> =>
        startPrometheus(prometheus ?? '', 'global: {}', {
          port: ports.prometheus,
          dataDir: join(folder, 'prometheus'),
          args: ['--web.enable-remote-write-receiver', '--log.level=error'],
        }),
      victoriaMetrics: (): Promise<RealServer> =>
        startVictoriaMetrics(victoriaMetrics ?? '', {
          port: ports.victoriaMetrics,
          dataDir: join(folder, 'victoria-metrics'),
          // It hides the last half minute otherwise.
          args: ['-search.latencyOffset=0s', '-search.disableCache'],
        }),
    };
    const real = {
      prometheus: await startReal.prometheus(),
      victoriaMetrics: await startReal.victoriaMetrics(),
    };
    cleanup.defer(() => real.prometheus[Symbol.asyncDispose]());
    cleanup.defer(() => real.victoriaMetrics[Symbol.asyncDispose]());
    const toPrometheus = cleanup.use(await WriteProxy.open(real.prometheus.url));
    const toVictoria = cleanup.use(await WriteProxy.open(real.victoriaMetrics.url));
    const proxies = [toPrometheus, toVictoria];
    const target = cleanup.use(await startChangingTarget());
    const server = cleanup.use(
      await DwcpServer.start(`region: eu-test-1
collection: { host: false }
scrapeConfigs:
  - job_name: changing
    scrape_interval: 1s
    static_configs: [{ targets: ['${target.address}'] }]
remoteWrite:
  - { name: prometheus, url: '${toPrometheus.url}/api/v1/write', timeout: 5s }
  - { name: victoria, url: '${toVictoria.url}/api/v1/write', timeout: 5s }
`),
    );
    const arrives = async (url: string): Promise<void> => {
      const sinceUnixS = Date.now() / 1_000;
      await eventually(
        async () => {
          const { result } = await promQuery(url, 'query', {
            query: `max(timestamp(jobs_total)) > ${sinceUnixS}`,
          });
          return (result as readonly unknown[]).length > 0 || undefined;
        },
        { timeoutMs: 30_000, what: `new samples in ${url}` },
      );
    };
    const allArrive = (): Promise<unknown> =>
      Promise.all([real.prometheus, real.victoriaMetrics].map(({ url }) => arrives(url)));
    await allArrive();

    // The receivers are stopped for seconds.
    await Promise.all([real.prometheus.child.end(), real.victoriaMetrics.child.end()]);
    await goBy(3);
    real.prometheus = await startReal.prometheus();
    real.victoriaMetrics = await startReal.victoriaMetrics();
    await allArrive();

    // Ours is killed while a receiver answers that it cannot.
    for (const proxy of proxies) proxy.status = 500;
    await eventually(() => proxies.every(({ answered }) => (answered.get(500) ?? 0) >= 3), {
      timeoutMs: 20_000,
      what: 'both were told 500 three times',
    });
    await server.child.end('SIGKILL');
    await server.restart();
    await eventually(() => proxies.every(({ answered }) => (answered.get(500) ?? 0) >= 6), {
      timeoutMs: 20_000,
      what: 'and again after the restart',
    });
    // What VictoriaMetrics acknowledges is in memory for seconds; a snapshot writes it down.
    expect((await fetch(`${real.victoriaMetrics.url}/snapshot/create`)).status).toBe(200);
    await real.victoriaMetrics.child.end('SIGKILL');
    real.victoriaMetrics = await startReal.victoriaMetrics();
    for (const proxy of proxies) proxy.status = undefined;
    await allArrive();

    // Prometheus is killed at work, and then ours, which had no time to save how far it was.
    await real.prometheus.child.end('SIGKILL');
    await goBy(1);
    real.prometheus = await startReal.prometheus();
    await arrives(real.prometheus.url);
    await server.child.end('SIGKILL');
    await server.restart();
    await allArrive();

    const endUnixS = Date.now() / 1_000;
    await allArrive();
    const all = '{__name__=~".+"}';
    const ours = await rawSamples(server.url, all, endUnixS);
    const settled = async (url: string): Promise<Points> =>
      await eventually(
        async () => {
          const found = await rawSamples(url, all, endUnixS);
          return missing(found, ours).length === 0 ? found : undefined;
        },
        { timeoutMs: 10_000, everyMs: 500, what: '' },
      ).catch(() => rawSamples(url, all, endUnixS));

    const inPrometheus = await settled(real.prometheus.url);
    expect(missing(inPrometheus, ours)).toEqual([]);
    expect(isAscending(inPrometheus)).toBe(true);
    // Exactly once, and with the same values.
    expect(inPrometheus).toEqual(ours);
    expect(countOf(ours)).toBeGreaterThan(1_000);

    const inVictoria = await settled(real.victoriaMetrics.url);
    // It stores no NaN, and rounds what has many digits.
    const isNumber = ([, value]: Point): boolean => value !== 'NaN';
    let repeats = 0;
    for (const [key, points] of ours) {
      const found = new Map(inVictoria.get(key));
      repeats += (inVictoria.get(key)?.length ?? 0) - found.size;
      for (const [time, value] of points.filter(isNumber)) {
        expect({ key, time, isThere: found.has(time) }).toEqual({ key, time, isThere: true });
        expect(numberOf(found.get(time))).toBeCloseTo(numberOf(value), 6);
      }
    }
    for (const [key, points] of inVictoria) {
      // Stale markers are points to it.
      const shown = new Map([[key, points.filter(isNumber)]]);
      expect({ key, more: missing(ours, shown) }).toEqual({ key, more: [] });
    }
    // Only what Prometheus said it had already.
    const { http_400_on_repeat: repeated = 0, ...lost } = await droppedBy(server.url);
    expect(lost).toEqual({});
    process.stdout.write(
      `${countOf(ours)} samples of ${ours.size} series; Prometheus once each (${repeated} offered again ` +
        `and refused), VictoriaMetrics ${repeats} twice\n`,
    );
  },
);

test(
  'our server sends all to our server by 2.0, native histograms and exemplars too, exactly once',
  { timeout: 90_000 },
  async () => {
    await using receiver = await DwcpServer.start('region: eu-test-2\ncollection: {host: false}\n');
    await using proxy = await WriteProxy.open(receiver.url);
    await using sender = await DwcpServer.start(`region: eu-test-1
collection: { host: false }
remoteWrite: [{ name: ours, url: '${proxy.url}/api/v1/write' }]
`);
    const startUnixMs = Date.now() - 60_000;
    let next = 0;
    const write = async (count: number): Promise<void> => {
      for (const end = next + count; next < end; next++) {
        const unixMs = startUnixMs + next * 100;
        const { status } = await write2(
          sender.url,
          series('sent_total', [[next, unixMs]], {
            exemplars: [{ labels: [['trace_id', `t${next}`]], value: next, unixMs }],
            metadata: { type: 1, help: 'Sent on.' },
          }),
          series('sent_seconds', undefined, {
            histograms: [histogram(next, unixMs), custom(next, unixMs + 50)],
          }),
        );
        expect(status).toBe(204);
      }
    };
    const all = '{__name__=~"sent_.+",region="eu-test-1"}';
    const arrive = async (): Promise<Points> => {
      const endUnixS = Date.now() / 1_000;
      const ours = await rawSamples(sender.url, all, endUnixS);
      await eventually(
        async () => {
          const found = await rawSamples(receiver.url, all, endUnixS);
          return missing(found, ours).length === 0 || undefined;
        },
        { timeoutMs: 20_000, what: 'all samples in the receiver' },
      );
      return ours;
    };
    await write(50);
    await arrive();
    const { headers, status } = proxy.answers.at(-1) ?? {};
    expect(status).toBe(204);
    expect(headers).toHaveProperty('x-prometheus-remote-write-samples-written');

    await receiver.child.end('SIGKILL');
    await write(50);
    await receiver.restart();
    await arrive();
    proxy.status = 503;
    await write(50);
    await sender.child.end('SIGKILL');
    await sender.restart();
    await write(50);
    proxy.status = undefined;
    await arrive();
    await sender.child.end('SIGKILL');
    await sender.restart();
    await write(10);
    const ours = await arrive();

    const theirs = await rawSamples(receiver.url, all, Date.now() / 1_000);
    expect(theirs).toEqual(ours);
    expect([...ours.values()].map(({ length }) => length)).toEqual([420, 210]);
    const metadata = await receiver.get<{ data: Record<string, unknown> }>('/api/v1/metadata', {
      metric: 'sent_total',
    });
    expect(metadata.data).toEqual({
      sent_total: [{ type: 'counter', help: 'Sent on.', unit: '' }],
    });
    // There is no query for exemplars; the store counts them.
    const exemplars = await eventually(
      async () => {
        const { stores } = await receiver.get<{
          readonly stores: { readonly metrics: { readonly exemplarCount: number } };
        }>('/api/v1/status');
        return stores.metrics.exemplarCount === 210 ? 210 : undefined;
      },
      { timeoutMs: 10_000, what: '210 exemplars in the receiver' },
    );
    // While it opens its stores the receiver says 503: later.
    const others = proxy.answers.filter((answer) => ![204, 503].includes(answer.status));
    // Sent again after a kill: of older samples a repeat is known, of older native histograms it is not.
    for (const answer of others) {
      expect(answer).toMatchObject({
        status: 400,
        text: expect.stringMatching(
          /"out-of-order=\d+; the rest of the request was kept"/,
        ) as string,
      });
    }
    const {
      http_400_on_repeat: refused = 0,
      not_written_on_repeat: known = 0,
      ...lost
    } = await droppedBy(sender.url);
    expect(lost).toEqual({});
    process.stdout.write(
      `${countOf(ours)} samples and ${exemplars} exemplars in ${proxy.answers.length} requests; ` +
        `${refused} offered again and refused, ${known} known already, nothing lost\n`,
    );
  },
);

function histogram(n: number, unixMs: number): WireHistogram {
  return {
    count: 8 + n,
    sum: n / 2,
    unixMs,
    schema: 3,
    zeroCount: 2 + n,
    zeroThreshold: 1e-9,
    positive: {
      spans: [
        [-2, 2],
        [3, 1],
      ],
      deltas: [1, 0, 0],
    },
    negative: { spans: [[0, 1]], deltas: [3] },
  };
}

function custom(n: number, unixMs: number): WireHistogram {
  return {
    count: 6 + 3 * n,
    sum: n,
    unixMs,
    schema: -53,
    positive: { spans: [[0, 3]], deltas: [1 + n, 1, 1] },
    customValues: [0.1, 0.5, 1],
  };
}
