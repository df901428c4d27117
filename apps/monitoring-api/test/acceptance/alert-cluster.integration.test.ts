import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { eventually, findProgram, freePort, wants } from '@dwcp/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { WebhookReceiver } from '../alerting/webhook-receiver.ts';
import { DwcpServer } from './dwcp-server.ts';

const amtool = findProgram('amtool');
const run = promisify(execFile);

const PEER_TIMEOUT_MS = 1_000;
const TOKEN = 'a-token-of-the-cluster-only';

const alertmanagerConfig = (url: string): string => `
route:
  receiver: team
  group_by: [alertname]
  group_wait: 2s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: team
    webhook_configs: [{ url: '${url}' }]
`;

interface ApiStatus {
  readonly cluster: {
    readonly status: string;
    readonly name: string;
    readonly peers: readonly { readonly name: string; readonly address: string }[];
  };
}

interface Silence {
  readonly id: string;
  readonly status: { readonly state: string };
}

let folder: string;
let receiver: WebhookReceiver;
let servers: DwcpServer[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dwcp-cluster-'));
  receiver = await WebhookReceiver.start();
  await writeFile(join(folder, 'alertmanager.yml'), alertmanagerConfig(receiver.url));
  await writeFile(join(folder, 'token'), TOKEN);
  const ports = [await freePort(), await freePort()] as const;
  // The same for both: each finds itself among the peers.
  const peers = ports.map((port) => `'http://127.0.0.1:${port}'`).join(', ');
  const config = `
region: eu-test-1
collection: { host: false, process: false }
alerting:
  alertmanagerConfig: '${folder}/alertmanager.yml'
  allowPrivateNetwork: true
  cluster:
    peers: [${peers}]
    peerTimeout: ${PEER_TIMEOUT_MS}ms
    bearerTokenFile: '${folder}/token'
`;
  servers = await Promise.all(ports.map((port) => DwcpServer.start(config, { port })));
  await eventually(
    async () => {
      const found = await Promise.all(servers.map(clusterOf));
      return found.every(({ status, peers: known }) => status === 'ready' && known.length === 2);
    },
    { timeoutMs: 20_000, what: 'both know each other' },
  );
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  await receiver[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function clusterOf(server: DwcpServer): Promise<ApiStatus['cluster']> {
  return (await server.get<ApiStatus>('/api/v2/status')).cluster;
}

/** In the order in which they tell. */
async function inOrder(): Promise<readonly [DwcpServer, DwcpServer]> {
  const named = await Promise.all(
    servers.map(async (server) => ({ server, name: (await clusterOf(server)).name })),
  );
  const [first, second] = named.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (first === undefined || second === undefined) throw new Error('there are two');
  return [first.server, second.server];
}

async function post(server: DwcpServer, alertname: string): Promise<void> {
  const response = await fetch(`${server.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels: { alertname } }]),
  });
  expect(response.status).toBe(200);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Long enough for every instance to flush twice more and to leave the other its time. */
const QUIET_MS = 2 * (1_000 + PEER_TIMEOUT_MS) + 500;

describe('two instances in a cluster', () => {
  test('alerts posted to both make one notification, also after kill -9 and restart of each', async () => {
    await Promise.all(servers.map((server) => post(server, 'DiskFull')));
    await eventually(() => receiver.told.length > 0, { timeoutMs: 20_000, what: 'it is told' });
    await pause(QUIET_MS);
    expect(receiver.names()).toEqual(['DiskFull firing']);

    for (const server of servers) {
      await server.child.end('SIGKILL');
      await server.restart();
      await pause(QUIET_MS);
    }
    expect(receiver.names()).toEqual(['DiskFull firing']);
  }, 90_000);

  test('after kill -9 of the first the second tells, and the first does not when it is back', async () => {
    const [first, second] = await inOrder();
    await Promise.all([first, second].map((server) => post(server, 'DiskFull')));
    // Within group_wait: it has the alert and told nobody.
    await first.child.end('SIGKILL');
    await eventually(() => receiver.told.length > 0, {
      timeoutMs: 20_000,
      what: 'the second tells',
    });
    const [told] = receiver.told as readonly { readonly externalURL?: string }[];
    expect(told?.externalURL).toContain(String(second.port));
    await first.restart();
    await pause(QUIET_MS);
    expect(receiver.names()).toEqual(['DiskFull firing']);
    expect((await clusterOf(first)).peers).toHaveLength(2);
  }, 90_000);

  test('who has not the token of the cluster is turned away, and the server tells none of it', async () => {
    const [first] = await inOrder();
    const ask = (token: string): Promise<Response> =>
      fetch(`${first.url}/api/v1/alerts/cluster`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ from: { id: 'x', startId: 'y' }, kind: 'pull' }),
      });
    expect((await ask('another-token-as-long')).status).toBe(401);
    const answer = await ask(TOKEN);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ state: { silences: [], log: [] } });
    expect(JSON.stringify(await first.get('/api/v2/status'))).not.toContain(TOKEN);
    expect(first.child.output).not.toContain(TOKEN);
  }, 60_000);

  test.skipIf(amtool === undefined)(
    `amtool: cluster show, and a silence made on one holds on the other (${wants('amtool')})`,
    async () => {
      const [first, second] = await inOrder();
      const ask = async (server: DwcpServer, ...args: readonly string[]): Promise<string> =>
        (await run(amtool ?? '', [`--alertmanager.url=${server.url}`, ...args])).stdout;

      const shown = await ask(first, '-o', 'extended', 'cluster', 'show');
      const { name, peers } = await clusterOf(first);
      expect(shown).toMatch(/Cluster Status:\s+ready/);
      expect(shown).toContain(name);
      for (const peer of peers) expect(shown).toContain(peer.address);

      const id = (
        await ask(second, 'silence', 'add', 'alertname=DiskFull', '--comment=c', '--duration=1h')
      ).trim();
      const silences = async (server: DwcpServer): Promise<readonly Silence[]> =>
        JSON.parse(await ask(server, '-o', 'json', 'silence', 'query')) as Silence[];
      await eventually(async () => (await silences(first)).length > 0, {
        timeoutMs: 10_000,
        what: 'the first knows the silence',
      });
      expect(await silences(first)).toMatchObject([{ id, status: { state: 'active' } }]);
      await Promise.all([first, second].map((server) => post(server, 'DiskFull')));
      await pause(QUIET_MS);
      expect(receiver.told).toEqual([]);
      await ask(first, 'silence', 'expire', id);
      await eventually(() => receiver.told.length > 0, { timeoutMs: 10_000, what: 'it is told' });
      expect(await silences(second)).toEqual([]);
    },
    90_000,
  );
});
