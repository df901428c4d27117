import {
  eventually,
  findProgram,
  startPrometheus,
  startVictoriaMetrics,
  startVmagent,
  wants,
} from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { startChangingTarget } from './changing-target.ts';
import { DwcpServer } from './dwcp-server.ts';
import { type MatrixElement, promQuery } from './prometheus-answers.ts';

const SECONDS = 15;

type Points = Readonly<Record<string, readonly (readonly [number, string])[]>>;

/**
 * Raw samples by series, between two moments. The range begins between two scrapes: Prometheus 2.42
 * counts a sample on its left border in, Prometheus 3 and we do not.
 */
async function rawSamples(url: string, fromUnixS: number, toUnixS: number): Promise<Points> {
  const data = await promQuery(url, 'query', {
    query: `{job="changing"}[${Math.round((toUnixS - fromUnixS) * 1_000) + 500}ms]`,
    time: String(toUnixS),
  });
  return bySeries(data.result as readonly MatrixElement[]);
}

function bySeries(result: readonly MatrixElement[]): Points {
  return Object.fromEntries(
    result.map(({ metric, values }) => [
      JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      values,
    ]),
  );
}

const scrapeConfig = (address: string): string => `
scrape_configs:
  - job_name: changing
    scrape_interval: 1s
    static_configs: [{ targets: ['${address}'], labels: { region: eu-test-1 } }]
`;

const newest = async (url: string): Promise<number> => {
  const data = await promQuery(url, 'query', { query: 'max(timestamp(jobs_total))' });
  const [, value] = (data.result as readonly { value: readonly [number, string] }[])[0]?.value ?? [
    0,
    '0',
  ];
  return Number(value);
};

describe('what real senders write is found again exactly', () => {
  const prometheus = findProgram('prometheus');
  test.skipIf(prometheus === undefined)(
    `Prometheus, by remote write 1.0 (${wants('prometheus')})`,
    { timeout: 90_000 },
    async () => {
      await using target = await startChangingTarget();
      await using server = await DwcpServer.start(
        'region: eu-test-1\ncollection: { host: false }\n',
      );
      await using real = await startPrometheus(
        prometheus ?? '',
        `global: { scrape_interval: 1s, external_labels: { region: eu-test-1 } }
remote_write:
  - url: ${server.url}/api/v1/write
    queue_config: { batch_send_deadline: 500ms }
    metadata_config: { send_interval: 1s }
${scrapeConfig(target.address)}`,
      );
      const startUnixS = await eventually(async () => (await newest(real.url)) || undefined, {
        timeoutMs: 20_000,
        what: 'the first scrape',
      });
      const endUnixS = startUnixS + SECONDS;
      await eventually(async () => (await newest(server.url)) > endUnixS, {
        timeoutMs: (SECONDS + 20) * 1_000,
        what: `samples of ${SECONDS} s in our store`,
      });
      const theirs = await rawSamples(real.url, startUnixS, endUnixS);
      const ours = await rawSamples(server.url, startUnixS, endUnixS);
      expect(ours).toEqual(theirs);
      const count = Object.values(theirs).reduce((sum, { length }) => sum + length, 0);
      expect(count).toBeGreaterThan(45 * (SECONDS - 2));
      process.stdout.write(
        `Prometheus: ${count} samples of ${Object.keys(theirs).length} series\n`,
      );

      const metadata = await eventually(
        async () => {
          const { data } = await server.get<{
            readonly data: Readonly<Record<string, readonly unknown[]>>;
          }>('/api/v1/metadata', { metric: 'jobs_total' });
          return data['jobs_total'];
        },
        { timeoutMs: 10_000, what: 'metadata of jobs_total' },
      );
      expect(metadata).toEqual([{ type: 'counter', help: 'Jobs\nin two lines.', unit: '' }]);
    },
  );

  const vmagent = findProgram('vmagent');
  const victoriaMetrics = findProgram('victoria-metrics');
  test.skipIf(vmagent === undefined || victoriaMetrics === undefined)(
    `vmagent, beside a VictoriaMetrics that it writes to as well (${wants('vmagent')})`,
    { timeout: 90_000 },
    async () => {
      await using target = await startChangingTarget();
      await using server = await DwcpServer.start(
        'region: eu-test-1\ncollection: { host: false }\n',
      );
      await using real = await startVictoriaMetrics(victoriaMetrics ?? '');
      await using _agent = await startVmagent(vmagent ?? '', {
        config: scrapeConfig(target.address),
        remoteWriteUrl: `${server.url}/api/v1/write`,
        args: [`-remoteWrite.url=${real.url}/api/v1/write`, '-remoteWrite.flushInterval=1s'],
      });
      const startUnixS = await eventually(async () => (await newest(server.url)) || undefined, {
        timeoutMs: 20_000,
        what: 'the first samples in our store',
      });
      const endUnixS = startUnixS + SECONDS;
      await eventually(async () => (await newest(server.url)) > endUnixS, {
        timeoutMs: (SECONDS + 20) * 1_000,
        what: `samples of ${SECONDS} s in our store`,
      });
      const ours = await rawSamples(server.url, startUnixS, endUnixS);
      const theirs = await eventually(
        async () => {
          const found = await exported(real.url, startUnixS, endUnixS);
          const times = Object.values(found).flatMap((samples) => samples.map(([time]) => time));
          return Math.max(...times) > endUnixS - 1 ? found : undefined;
        },
        { timeoutMs: 15_000, what: 'the same moments in VictoriaMetrics' },
      );
      // Its export writes no NaN and rounds decimals; the exact values are compared with Prometheus'.
      for (const [series, samples] of Object.entries(theirs)) {
        const found = new Map(ours[series]?.map(([time, value]) => [time, Number(value)]));
        for (const [time, value] of samples) {
          const own = found.get(time);
          expect({ series, time, own: own === undefined ? 'missing' : 'there' }).toEqual({
            series,
            time,
            own: 'there',
          });
          expect(own).toBeCloseTo(Number(value), 9);
        }
      }
      expect(Object.keys(theirs).length).toBeGreaterThan(45);
    },
  );
});

/** @see https://docs.victoriametrics.com/#how-to-export-time-series */
async function exported(url: string, fromUnixS: number, toUnixS: number): Promise<Points> {
  const parameters = new URLSearchParams({
    'match[]': '{job="changing"}',
    start: String(fromUnixS),
    end: String(toUnixS),
  });
  const response = await fetch(`${url}/api/v1/export?${parameters.toString()}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return bySeries(
    lines.map((line) => {
      // Infinities are written as they are, which is no JSON.
      const { metric, values, timestamps } = JSON.parse(
        line.replaceAll(/(?<=[[,])[+-]?Inf(?=[\],])/g, 'null'),
      ) as {
        readonly metric: Readonly<Record<string, string>>;
        readonly values: readonly (number | null)[];
        readonly timestamps: readonly number[];
      };
      const points = timestamps.flatMap((unixMs, i) => {
        const value = values[i];
        return typeof value === 'number' ? [[unixMs / 1_000, String(value)] as const] : [];
      });
      return { metric, values: points };
    }),
  );
}
