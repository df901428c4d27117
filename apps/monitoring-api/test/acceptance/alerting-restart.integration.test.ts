import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { WebhookReceiver } from '../alerting/webhook-receiver.ts';
import { DwcpServer } from './dwcp-server.ts';

interface Page {
  readonly items: readonly {
    readonly integration: string;
    readonly outcome: string;
    readonly idempotencyKey: string;
  }[];
  readonly nextCursor: string | null;
}

async function post(server: DwcpServer, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

function alert(name: string): unknown {
  return { labels: { alertname: name }, startsAt: '2026-01-01T00:00:00Z', endsAt: inAnHour() };
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`after ${signal} silences hold, nothing is told again, and the history is there`, async () => {
    await using webhook = await WebhookReceiver.start();
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-restart-'));
    const file = join(folder, 'alertmanager.yml');
    const config = `
route: { receiver: on-call, group_by: [alertname], group_wait: 0s, group_interval: 1s }
receivers: [{ name: on-call, webhook_configs: [{ url: '${webhook.url}/' }] }]
`;
    await writeFile(file, config);
    await using server = await DwcpServer.start(`
region: eu-test-1
collection: { host: false, process: false }
alerting: { alertmanagerConfig: '${file}', allowPrivateNetwork: true }
`);
    const told = async (count: number): Promise<void> => {
      await eventually(() => webhook.told.length >= count, {
        timeoutMs: 10_000,
        what: `${count} notifications`,
      });
    };
    await post(server, '/api/v2/silences', {
      matchers: [{ name: 'alertname', value: 'Quiet', isRegex: false }],
      startsAt: new Date().toISOString(),
      endsAt: inAnHour(),
      createdBy: 'ann',
      comment: 'known',
    });
    await post(server, '/api/v2/alerts', [alert('Loud'), alert('Quiet')]);
    await told(1);
    const silences = await server.get('/api/v2/silences');
    const before = await eventually(
      async () => {
        const page = await server.get<Page>('/api/v1/notifications', { outcome: 'delivered' });
        return page.items.length === 1 ? page : undefined;
      },
      { timeoutMs: 5_000, what: 'the delivery in the history' },
    );

    await server.child.end(signal);
    await server.restart();

    expect(await server.get('/api/v2/silences')).toEqual(silences);
    expect(await server.get('/api/v2/alerts', { silenced: 'false' })).toMatchObject([
      { labels: { alertname: 'Loud' } },
    ]);
    const after = await server.get<Page>('/api/v1/notifications');
    expect(after.items.map(({ idempotencyKey }) => idempotencyKey)).toEqual(
      before.items.map(({ idempotencyKey }) => idempotencyKey),
    );
    // Told again by its source, and of a group that is new: only the new one is a notification.
    await post(server, '/api/v2/alerts', [alert('Loud'), alert('Quiet'), alert('New')]);
    await told(2);
    expect(webhook.names()).toEqual(['Loud firing', 'New firing']);

    // A bad file is refused with its place, by either way to ask, and the old one goes on.
    await writeFile(file, config.replace('receiver: on-call', 'receiver: nobody'));
    const refused = await fetch(`${server.url}/-/reload`, { method: 'POST' });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      type: 'urn:dwcp:problem:config-invalid',
      errors: [{ pointer: expect.stringMatching(/alertmanager\.yml:2:\d+$/) }],
    });
    process.kill(server.child.pid, 'SIGHUP');
    await post(server, '/api/v2/alerts', [alert('Still')]);
    await told(3);
    expect(server.child.running).toBe(true);

    // At a start there is no old one.
    await server.child.end(signal);
    await expect(server.restart()).rejects.toThrow(/alertmanager\.yml:2:\d+: route\.receiver/);
    await rm(folder, { recursive: true });
  });
}

test('pages of the history do not move when newer entries come', async () => {
  await using webhook = await WebhookReceiver.start();
  await using server = await DwcpServer.start(`
region: eu-test-1
collection: { host: false, process: false }
alerting:
  webhooks:
    - { name: a, url: '${webhook.url}/a', allowPrivateNetwork: true }
    - { name: b, url: '${webhook.url}/b', allowPrivateNetwork: true }
`);
  await post(server, '/api/v2/alerts', [alert('One'), alert('Two')]);
  await eventually(() => webhook.told.length === 4, { timeoutMs: 10_000, what: '4 deliveries' });
  const query = { receiver: 'a', limit: '1' };
  const first = await server.get<Page>('/api/v1/notifications', query);
  expect(first.items.map(({ integration }) => integration)).toEqual(['a/webhook[0]']);
  await post(server, '/api/v2/alerts', [alert('Three')]);
  await eventually(() => webhook.told.length === 6, { timeoutMs: 10_000, what: '6 deliveries' });
  const cursor = first.nextCursor ?? '';
  const second = await server.get<Page>('/api/v1/notifications', { ...query, cursor });
  expect(second.nextCursor).toBeNull();
  expect(second.items).toHaveLength(1);
  expect(second.items[0]?.idempotencyKey).not.toBe(first.items[0]?.idempotencyKey);
  const byName = await server.get<Page>('/api/v1/notifications', { alertname: 'Three' });
  expect(byName.items.map(({ integration }) => integration).sort()).toEqual([
    'a/webhook[0]',
    'b/webhook[0]',
  ]);
  const wrong = await fetch(`${server.url}/api/v1/notifications?outcome=lost`);
  expect(wrong.status).toBe(400);
});
