import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, findProgram, freePort, startAlertmanager, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { WebhookReceiver } from '../alerting/webhook-receiver.ts';
import { DwcpServer } from './dwcp-server.ts';

const alertmanager = findProgram('prometheus-alertmanager');

const RESEND_S = 60;

const rules = `
groups:
  - name: queue
    interval: 1s
    rules:
      - alert: QueueTooLong
        expr: queue_length > 5
        labels: { severity: page }
        annotations: { summary: '{{ $value }} wait in {{ $labels.queue }}' }
`;

interface GettableAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly updatedAt: string;
}

test.skipIf(alertmanager === undefined)(
  `every instance of a cluster gets our alerts and their end, and the cluster tells once (${wants('prometheus-alertmanager')})`,
  { timeout: 90_000 },
  async () => {
    await using webhook = await WebhookReceiver.start();
    const config = `
route: { receiver: on-call, group_by: [alertname], group_wait: 0s, group_interval: 1s }
receivers: [{ name: on-call, webhook_configs: [{ url: '${webhook.url}/' }] }]
`;
    const peers = [await freePort(), await freePort()] as const;
    const args = ['--cluster.settle-timeout=2s', '--cluster.peer-timeout=2s'];
    await using first = await startAlertmanager(alertmanager ?? '', config, {
      cluster: { port: peers[0], peers: [] },
      args,
    });
    const secondPort = await freePort();
    const startSecond = () =>
      startAlertmanager(alertmanager ?? '', config, {
        cluster: { port: peers[1], peers: [peers[0]] },
        port: secondPort,
        args,
      });
    const second = await startSecond();

    const folder = await mkdtemp(join(tmpdir(), 'dwcp-forward-'));
    await writeFile(join(folder, 'rules.yml'), rules);
    await using ours = await DwcpServer.start(`
region: eu-test-1
collection: { host: false, process: false }
alerting:
  ruleFiles: ['${folder}/rules.yml']
  alertmanagers: [{ url: '${first.url}' }, { url: '${second.url}' }]
`);
    const setQueue = async (length: number): Promise<void> => {
      const body = `queue_length{queue="mail"} ${length}\n`;
      const answer = await fetch(`${ours.url}/api/v1/import/prometheus`, { method: 'POST', body });
      expect(answer.status).toBe(204);
    };
    const alertsOf = async (url: string): Promise<readonly GettableAlert[]> =>
      (await (await fetch(`${url}/api/v2/alerts`)).json()) as readonly GettableAlert[];

    expect(await ours.get('/api/v1/alertmanagers')).toMatchObject({
      data: {
        activeAlertmanagers: [
          { url: `${first.url}/api/v2/alerts` },
          { url: `${second.url}/api/v2/alerts` },
        ],
      },
    });

    await setQueue(7);
    for (const { url } of [first, second]) {
      const [alert] = await eventually(
        async () => {
          const alerts = await alertsOf(url);
          return alerts.length > 0 ? alerts : undefined;
        },
        { timeoutMs: 20_000, what: `the alert at ${url}` },
      );
      expect(alert).toMatchObject({
        labels: { alertname: 'QueueTooLong', queue: 'mail', region: 'eu-test-1', severity: 'page' },
        annotations: { summary: '7 wait in mail' },
      });
      // From the evaluation on, which was a moment before it arrived.
      const validS = (Date.parse(alert?.endsAt ?? '') - Date.parse(alert?.updatedAt ?? '')) / 1_000;
      expect(validS).toBeGreaterThan(4 * RESEND_S - 5);
      expect(validS).toBeLessThanOrEqual(4 * RESEND_S);
    }
    await eventually(() => webhook.told.length > 0, { timeoutMs: 20_000, what: 'a notification' });

    // One that is down holds up no other, and hears of it when it is back.
    await second.child.end('SIGKILL');
    await setQueue(1);
    await eventually(async () => (await alertsOf(first.url)).length === 0, {
      timeoutMs: 20_000,
      what: 'the end at the first',
    });
    const waiting = await eventually(
      async () => {
        const { queues } = await ours.get<{
          readonly queues: readonly { readonly name: string; readonly waiting: number }[];
        }>('/api/v1/status');
        return queues.find(({ name, waiting: count }) => name.endsWith(second.url) && count > 0);
      },
      { timeoutMs: 20_000, what: 'the end that waits for the second' },
    );
    expect(waiting.name).toBe(`alertmanager ${second.url}`);
    await using back = await startSecond();
    expect(back.url).toBe(second.url);
    await eventually(
      async () => {
        const { queues } = await ours.get<{
          readonly queues: readonly { readonly name: string; readonly waiting: number }[];
        }>('/api/v1/status');
        return queues.find(({ name }) => name.endsWith(second.url))?.waiting === 0;
      },
      { timeoutMs: 40_000, what: 'the delivery to the second' },
    );
    await eventually(() => webhook.told.some(({ status }) => status === 'resolved'), {
      timeoutMs: 20_000,
      what: 'the end of it',
    });
    expect(webhook.told.map(({ status }) => status)).toEqual(['firing', 'resolved']);
    await second[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  },
);
