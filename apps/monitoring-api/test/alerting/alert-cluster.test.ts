import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { PeerAnswerSchema } from '@dwcp/api-schema';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';

import { readConfigFile } from '#src/config/file-source.ts';
import { parseConfig } from '#src/config/parse-config.ts';

import { Platform, TemporaryFolder } from '../platform.ts';

const example = join(import.meta.dirname, '../../../../configs/alert-cluster/dwcp.yml');
const TOKEN = 'a-token-of-the-cluster-only';
/** Nobody listens there. */
const PEER = 'http://127.0.0.1:9';

function ask(platform: Platform, body: unknown, token?: string): Promise<Response> {
  return platform.fetch('/api/v1/alerts/cluster', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
}

const from = { id: 'another', startId: 'its-first' };

describe('where peers are configured', () => {
  test('a peer with the token is answered; a body that is none of a peer is 400', async () => {
    await using platform = await Platform.start({
      alerting: { cluster: { peers: [PEER], bearerToken: TOKEN } },
    });
    const answer: unknown = await (await ask(platform, { from, kind: 'pull' }, TOKEN)).json();
    expect([...Value.Errors(PeerAnswerSchema, answer)]).toEqual([]);
    expect(answer).toMatchObject({ state: { silences: [], log: [] } });

    for (const bad of [
      [],
      { from, kind: 'other' },
      { from: { id: 'x' }, kind: 'probe' },
      { from, kind: 'pull', start: -1 },
      { from, kind: 'push', state: { silences: [{}], log: [] } },
      { from, kind: 'push', state: { silences: [], log: [{ integration: 'x' }] } },
    ]) {
      expect((await ask(platform, bad, TOKEN)).status).toBe(400);
    }
  });

  test('without the token of the cluster it is 401, whatever is sent', async () => {
    await using platform = await Platform.start({
      alerting: { cluster: { peers: [PEER], bearerToken: TOKEN } },
    });
    expect((await ask(platform, { from, kind: 'probe' })).status).toBe(401);
    expect((await ask(platform, 'x'.repeat(10), `${TOKEN}x`)).status).toBe(401);
  });

  test('what a peer pushes holds when it is answered, and what is wrong in it is left out', async () => {
    await using platform = await Platform.start({
      alerting: { cluster: { peers: [PEER], bearerToken: TOKEN } },
    });
    const silence = {
      id: 'from-a-peer',
      matchers: [{ name: 'alertname', operator: '=', value: 'A' }],
      startsAtUnixMs: Date.now() - 1_000,
      endsAtUnixMs: Date.now() + 3_600_000,
      updatedAtUnixMs: Date.now(),
      createdBy: 'ann',
      comment: '',
      annotations: {},
    };
    const bad = {
      ...silence,
      id: 'bad',
      matchers: [{ name: 'a', operator: '=~', value: '(' }],
    };
    const state = { silences: [silence, bad], log: [] };
    expect((await ask(platform, { from, kind: 'push', state }, TOKEN)).status).toBe(200);
    const metrics = await (await platform.fetch('/metrics')).text();
    expect(metrics).toMatch(/^dwcp_alert_cluster_failed_peers(\{.*\})? 1$/m);
    expect(metrics).toMatch(/^dwcp_alert_cluster_refused_total(\{.*\})? 1$/m);
    expect(metrics).toMatch(/^dwcp_alert_cluster_messages_total\{.*direction="received".*\} 1$/m);
    const response = await platform.fetch('/api/v2/silences');
    expect(await response.json()).toMatchObject([{ id: 'from-a-peer' }]);
  });

  test('the status names the instance, which is the same after a restart', async () => {
    await using folder = await TemporaryFolder.make();
    const options = {
      dataDir: folder.path,
      alerting: { cluster: { peers: [PEER] } },
    };
    const nameOf = async (): Promise<string> => {
      await using platform = await Platform.start(options);
      const { cluster } = (await (await platform.fetch('/api/v2/status')).json()) as {
        readonly cluster: {
          readonly status: string;
          readonly name: string;
          readonly peers: readonly unknown[];
        };
      };
      expect(cluster.status).toBe('settling');
      expect(cluster.peers).toMatchObject([{ name: cluster.name }]);
      return cluster.name;
    };
    const name = await nameOf();
    expect(await nameOf()).toBe(name);
    expect(await readFile(join(folder.path, 'alerting/cluster-id'), 'utf8')).toBe(`${name}\n`);
  });

  test('an address of a metadata service stops the start', async () => {
    await expect(
      Platform.start({ alerting: { cluster: { peers: ['http://169.254.169.254'] } } }),
    ).rejects.toThrow(/alerting\.cluster\.peers.*169\.254\.169\.254/);
  });
});

test('an instance that is alone has no cluster, and answers no peer', async () => {
  await using platform = await Platform.start({});
  expect((await ask(platform, { from, kind: 'probe' })).status).toBe(404);
  expect(await (await platform.fetch('/api/v2/status')).json()).toMatchObject({
    cluster: { status: 'disabled', peers: [] },
  });
  expect(await (await platform.fetch('/metrics')).text()).not.toContain('dwcp_alert_cluster_peers');
});

test('the example configuration is one', async () => {
  await using folder = await TemporaryFolder.make();
  const secrets = join(folder.path, 'secrets');
  await mkdir(secrets);
  for (const name of ['server-token', 'cluster-token']) {
    await writeFile(join(secrets, name), `the-${name}-of-the-test`);
  }
  const configs = join(import.meta.dirname, '../../../../configs');
  const text = (await readFile(example, 'utf8'))
    .replaceAll('/etc/dwcp', folder.path)
    .replaceAll('../', `${configs}/`);
  await writeFile(join(folder.path, 'dwcp.yml'), text);
  const { alerting } = parseConfig({
    sources: [readConfigFile('dwcp.yml', folder.path)],
    cwd: folder.path,
    hostname: 'host-1',
  });
  expect(alerting.cluster).toMatchObject({
    peers: ['http://dwcp-1.example.org:9000', 'http://dwcp-2.example.org:9000'],
    peerTimeoutMs: 15_000,
    pushPullMs: 60_000,
    token: 'the-cluster-token-of-the-test',
  });
});
