import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type AlertExplanationView, type IncidentPageView } from '@dwcp/api-schema';
import { eventually } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { TemporaryFolder } from '../platform.ts';
import { DwcpServer } from './dwcp-server.ts';

const ALERTMANAGER = `
route: { receiver: nobody, group_by: [incident], group_wait: 0s, group_interval: 1s }
receivers: [{ name: nobody }]
`;

interface Alert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
}

test(
  'kill -9 right after each answer: the acknowledgement, the incident and what was done by hand stay',
  { timeout: 60_000 },
  async () => {
    await using folder = await TemporaryFolder.make();
    await writeFile(join(folder.path, 'alertmanager.yml'), ALERTMANAGER);
    await using server = await DwcpServer.start(`
region: eu-test-1
collection: { host: false, process: false }
alerting: { alertmanagerConfig: '${folder.path}/alertmanager.yml' }
`);
    const send = async (method: string, path: string, body: unknown): Promise<unknown> => {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    };
    const killed = async (): Promise<void> => {
      await server.child.end('SIGKILL');
      await server.restart();
    };
    const alerts = (): Promise<readonly Alert[]> => server.get<readonly Alert[]>('/api/v2/alerts');
    const names = async (): Promise<readonly string[]> =>
      (await alerts()).map(({ labels }) => labels['alertname'] ?? '').toSorted();

    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    const posted = ['Posted', 'Ended'].map((alertname) => ({
      labels: { alertname, cluster: 'c', severity: 'critical' },
      endsAt,
    }));
    await send('POST', '/api/v2/alerts', posted);
    await killed();
    const { items } = await server.get<IncidentPageView>('/api/v1/incidents');
    expect(items).toMatchObject([{ alerts: 2, state: 'open' }]);
    const id = items[0]?.id ?? '';

    await send('POST', `/api/v1/incidents/${id}/ack`, { by: 'ann', comment: 'on it' });
    await killed();
    expect(await server.get(`/api/v1/incidents/${id}`)).toMatchObject({
      state: 'acknowledged',
      acknowledgement: { by: 'ann', comment: 'on it' },
    });

    const raised = { labels: { alertname: 'Raised', cluster: 'c' }, by: 'ann' };
    await send('POST', '/api/v1/alerts/trigger', raised);
    await killed();
    await eventually(async () => (await names()).join(' ') === 'Ended Posted Raised', {
      timeoutMs: 10_000,
      what: 'the alert that was raised',
    });
    expect((await alerts()).map(({ labels }) => labels['incident'])).toEqual([id, id, id]);

    const ended = (await alerts()).find(({ labels }) => labels['alertname'] === 'Ended');
    await send('POST', `/api/v1/alerts/${ended?.fingerprint}/resolve`, { by: 'ann' });
    await killed();
    // Its sender goes on to post it.
    await send('POST', '/api/v2/alerts', posted);
    expect(await names()).toEqual(['Posted', 'Raised']);
    const explained = await server.get<AlertExplanationView>('/api/v1/alerts/explain', {
      alert: 'Ended',
    });
    expect(explained.verdict.code).toBe('resolved-by-hand');
  },
);
