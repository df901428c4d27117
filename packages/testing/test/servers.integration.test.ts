import {
  Child,
  findProgram,
  freePort,
  startNodeExporter,
  startPrometheus,
  wants,
} from '@dwcp/testing';
import { expect, test } from 'vitest';

const prometheus = findProgram('prometheus');
const nodeExporter = findProgram('prometheus-node-exporter');

test.skipIf(prometheus === undefined)(
  `a launched Prometheus is ready and ends with its test (${wants('prometheus')})`,
  async () => {
    const server = await startPrometheus(prometheus ?? '', 'scrape_configs: []\n');
    const answer = await fetch(`${server.url}/api/v1/query?query=1`);
    expect(await answer.json()).toMatchObject({ status: 'success' });
    await server[Symbol.asyncDispose]();
    expect(server.child.running).toBe(false);
  },
);

test.skipIf(nodeExporter === undefined)(
  `a launched node_exporter serves metrics (${wants('prometheus-node-exporter')})`,
  async () => {
    await using server = await startNodeExporter(nodeExporter ?? '');
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('node_load1');
  },
);

test('a program that ends before it is ready is reported with its output', async () => {
  await expect(
    Child.start({
      program: process.execPath,
      args: ['-e', 'console.log("no licence"); process.exit(3)'],
      readyUrl: `http://127.0.0.1:${await freePort()}/`,
    }),
  ).rejects.toThrow(/no licence/);
});
