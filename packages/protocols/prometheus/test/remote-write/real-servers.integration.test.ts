import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

import { Labels, type NativeHistogram, setStale, systemClock } from '@dwcp/core';
import {
  encodeRemoteWrite,
  remoteWriteHeaders,
  type RemoteWriteSeries,
  remoteWriteVersionOf,
} from '@dwcp/protocol-prometheus';
import {
  eventually,
  findProgram,
  startPrometheus,
  startVictoriaMetrics,
  startVmagent,
  wants,
} from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { bitsOf, collect, type SeenSeries, STALE_BITS } from './collect.ts';

const NO_SCRAPES = 'global:\n  scrape_interval: 1h\n';

/** Of the machine, as the real servers go by it. */
const now = Math.floor(systemClock.nowUnixMs() / 1_000) * 1_000;

async function post(url: string, series: readonly RemoteWriteSeries[]): Promise<string> {
  const body = encodeRemoteWrite(series, {
    version: '1.0',
    metadata: [{ name: 'sent_total', type: 'counter', help: 'Größe.', unit: '' }],
  });
  const response = await fetch(url, { method: 'POST', headers: remoteWriteHeaders('1.0'), body });
  return `${response.status} ${await response.text()}`.trim();
}

async function json(url: string): Promise<unknown> {
  return ((await (await fetch(url)).json()) as { readonly data: unknown }).data;
}

const histogram: NativeHistogram = {
  schema: 1,
  count: 9,
  sum: 12.5,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: 1, length: 2 }],
  positiveBuckets: [3, 2],
  negativeSpans: [{ offset: 1, length: 1 }],
  negativeBuckets: [3],
  counterResetHint: 'unknown',
};

function stale(): RemoteWriteSeries {
  const values = Float64Array.of(1, 0);
  setStale(values, 1);
  return {
    labels: Labels.from({ __name__: 'gone' }),
    timestamps: Float64Array.of(now - 2_000, now - 1_000),
    values,
  };
}

const sent: readonly RemoteWriteSeries[] = [
  {
    labels: Labels.from({ __name__: 'sent_total', instance: 'größe', path: 'x'.repeat(300) }),
    timestamps: Float64Array.of(now - 2_000, now - 1_000, now),
    values: Float64Array.of(0, -1.5, 1234.25),
  },
  stale(),
];

const prometheus = findProgram('prometheus');

describe.skipIf(prometheus === undefined)(`to a real Prometheus (${wants('prometheus')})`, () => {
  test('samples, exemplars, native histograms and stale markers arrive', async () => {
    await using server = await startPrometheus(prometheus ?? '', NO_SCRAPES, {
      args: [
        '--web.enable-remote-write-receiver',
        '--enable-feature=native-histograms,exemplar-storage',
      ],
    });
    const url = `${server.url}/api/v1/write`;
    const withExemplar = {
      ...sent[0],
      exemplars: [{ labels: Labels.from({ trace_id: 'abc' }), value: 7, unixMs: now }],
    } as RemoteWriteSeries;
    const native = {
      labels: Labels.from({ __name__: 'native' }),
      timestamps: Float64Array.of(now),
      values: new Float64Array(1),
      histograms: [histogram],
    };
    expect(await post(url, [withExemplar, stale(), native])).toBe('204');
    const at = `time=${now / 1_000}`;
    const query = (expression: string): Promise<unknown> =>
      json(`${server.url}/api/v1/query?${at}&query=${encodeURIComponent(expression)}`);
    expect(await query('sent_total[10s]')).toMatchObject({
      result: [
        {
          metric: { instance: 'größe', path: 'x'.repeat(300) },
          values: [
            [(now - 2_000) / 1_000, '0'],
            [(now - 1_000) / 1_000, '-1.5'],
            [now / 1_000, '1234.25'],
          ],
        },
      ],
    });
    expect(await query('gone')).toMatchObject({ result: [] });
    expect(await query('gone offset 2s')).toMatchObject({
      result: [{ value: [now / 1_000, '1'] }],
    });
    expect(await query('histogram_count(native)')).toMatchObject({
      result: [{ value: [now / 1_000, '9'] }],
    });
    expect(await query('histogram_sum(native)')).toMatchObject({
      result: [{ value: [now / 1_000, '12.5'] }],
    });
    expect(await query('histogram_quantile(1, native)')).toMatchObject({
      result: [{ value: [now / 1_000, '2'] }],
    });
    expect(
      await json(
        `${server.url}/api/v1/query_exemplars?query=sent_total&start=${now / 1_000 - 9}&end=${now / 1_000}`,
      ),
    ).toMatchObject([{ exemplars: [{ labels: { trace_id: 'abc' }, value: '7' }] }]);
  });
});

const victoriaMetrics = findProgram('victoria-metrics');

describe.skipIf(victoriaMetrics === undefined)(
  `to a real VictoriaMetrics (${wants('victoria-metrics')})`,
  () => {
    test('samples arrive', async () => {
      await using server = await startVictoriaMetrics(victoriaMetrics ?? '');
      expect(await post(`${server.url}/api/v1/write`, sent)).toBe('204');
      await fetch(`${server.url}/internal/force_flush`);
      const lines = await (await fetch(`${server.url}/api/v1/export?match[]=sent_total`)).text();
      expect(JSON.parse(lines)).toMatchObject({
        metric: { instance: 'größe' },
        values: [0, -1.5, 1234.25],
        timestamps: [now - 2_000, now - 1_000, now],
      });
    });
  },
);

/** A receiver that keeps what it is sent. */
async function startReceiver(): Promise<
  AsyncDisposable & {
    readonly url: string;
    readonly series: SeenSeries[];
    readonly problems: string[];
  }
> {
  const series: SeenSeries[] = [];
  const problems: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      try {
        const version = remoteWriteVersionOf(request.headers['content-type']);
        if (version === undefined) throw new Error(`${request.headers['content-type']}`);
        const seen = collect(Buffer.concat(chunks), version);
        series.push(...seen.series);
        problems.push(...seen.invalid);
      } catch (error) {
        problems.push(String(error));
      }
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    series,
    problems,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A target that says `up_and_running` once, and then nothing, so that the series goes stale. */
async function startTarget(): Promise<AsyncDisposable & { readonly address: string }> {
  let scrapes = 0;
  const server = createServer((_, response) => {
    scrapes++;
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end(scrapes === 1 ? 'up_and_running{size="x"} 42.5\n' : 'other 1\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const SCRAPE = (target: string): string =>
  `global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n  - job_name: node\n    static_configs:\n      - targets: ['${target}']\n`;

async function staleSeriesArrives(receiver: {
  readonly series: readonly SeenSeries[];
  readonly problems: readonly string[];
}): Promise<void> {
  const sentSamples = (): SeenSeries[] =>
    receiver.series.filter(({ labels }) => labels.metricName === 'up_and_running');
  const bits = (): string[] =>
    sentSamples().flatMap(({ samples }) => samples.map(([, value]) => value));
  await eventually(() => (bits().includes(STALE_BITS) ? true : undefined), {
    timeoutMs: 60_000,
    what: 'a stale marker of up_and_running arrives',
  });
  expect(bits()).toEqual([bitsOf(42.5), STALE_BITS]);
  expect(sentSamples()[0]?.labels.toObject()).toMatchObject({ job: 'node', size: 'x' });
  expect(receiver.problems).toEqual([]);
  expect(
    receiver.series.some(({ labels }) => labels.metricName === 'scrape_duration_seconds'),
  ).toBe(true);
}

describe.skipIf(prometheus === undefined)(`from a real Prometheus (${wants('prometheus')})`, () => {
  test('samples and stale markers are decoded', async () => {
    await using target = await startTarget();
    await using receiver = await startReceiver();
    const config = `${SCRAPE(target.address)}remote_write:\n  - url: ${receiver.url}\n    queue_config:\n      batch_send_deadline: 1s\n`;
    await using server = await startPrometheus(prometheus ?? '', config);
    expect(server.url).toContain('http');
    await staleSeriesArrives(receiver);
  });
});

const vmagent = findProgram('vmagent');

describe.skipIf(vmagent === undefined)(`from a real vmagent (${wants('vmagent')})`, () => {
  test('samples and stale markers are decoded', async () => {
    await using target = await startTarget();
    await using receiver = await startReceiver();
    await using server = await startVmagent(vmagent ?? '', {
      config: SCRAPE(target.address),
      remoteWriteUrl: receiver.url,
    });
    expect(server.url).toContain('http');
    await staleSeriesArrives(receiver);
  });
});
