import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, findProgram, freePort, startNodeExporter, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

const nodeExporter = findProgram('prometheus-node-exporter');

const rules = `
groups:
  - name: targets
    interval: 1s
    rules:
      - alert: TargetDown
        expr: up == 0
        for: 3s
        labels: { severity: critical }
        annotations: { summary: '{{ $labels.job }} on {{ $labels.instance }} is down' }
`;

interface Received {
  readonly atMs: number;
  readonly status: string;
  readonly summary: string | undefined;
}

/** A webhook receiver that notes when what came. */
async function receiver(received: Received[]): Promise<Server> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { alerts } = JSON.parse(body) as {
        readonly alerts: readonly {
          readonly status: string;
          readonly annotations: Readonly<Record<string, string>>;
        }[];
      };
      for (const { status, annotations } of alerts) {
        received.push({ atMs: performance.now(), status, summary: annotations['summary'] });
      }
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test.skipIf(nodeExporter === undefined)(
  `a killed target reaches the webhook within 5 s and its return within 3 s (${wants('prometheus-node-exporter')})`,
  async () => {
    const received: Received[] = [];
    const webhook = await receiver(received);
    const address = webhook.address();
    if (address === null || typeof address === 'string') throw new Error('no port was given');
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-rules-'));
    const ruleFile = join(folder, 'rules.yml');
    await writeFile(ruleFile, rules);

    const port = await freePort();
    const exporter = await startNodeExporter(nodeExporter ?? '', port);
    await using ours = await DwcpServer.start(`
region: eu-test-1
scrapeConfigs:
  - job_name: node
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
alerting:
  ruleFiles: ['${ruleFile}']
  webhooks:
    - { name: test, url: 'http://127.0.0.1:${address.port}/', allowPrivateNetwork: true }
`);
    await eventually(
      async () => {
        const answer = await ours.get<{ data: { result: readonly unknown[] } }>('/api/v1/query', {
          query: 'up{job="node"} == 1',
        });
        return answer.data.result.length === 1;
      },
      { timeoutMs: 5_000, what: 'the target is up' },
    );

    await exporter.child.end('SIGKILL');
    const killedMs = performance.now();
    const firing = await eventually(() => received.find(({ status }) => status === 'firing'), {
      timeoutMs: 10_000,
      what: 'a firing notification',
    });
    expect(firing.summary).toBe(`node on 127.0.0.1:${port} is down`);

    await using back = await startNodeExporter(nodeExporter ?? '', port);
    const backMs = performance.now();
    expect(back.child.running).toBe(true);
    const resolved = await eventually(() => received.find(({ status }) => status === 'resolved'), {
      timeoutMs: 10_000,
      what: 'a resolved notification',
    });
    process.stdout.write(
      `firing after ${((firing.atMs - killedMs) / 1_000).toFixed(2)} s, ` +
        `resolved after ${((resolved.atMs - backMs) / 1_000).toFixed(2)} s\n`,
    );
    expect(firing.atMs - killedMs).toBeLessThan(5_000);
    expect(resolved.atMs - backMs).toBeLessThan(3_000);
    expect(received).toHaveLength(2);

    webhook.close();
    webhook.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  },
);
