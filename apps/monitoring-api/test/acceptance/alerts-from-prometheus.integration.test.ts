import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, findProgram, startPrometheus, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { WebhookReceiver } from '../alerting/webhook-receiver.ts';
import { DwcpServer } from './dwcp-server.ts';

const prometheus = findProgram('prometheus');

/** Fires while the file of targets names one that is down. */
const rules = `
groups:
  - name: targets
    interval: 1s
    rules:
      - alert: TargetDown
        expr: up == 0
        labels: { severity: critical }
        annotations: { summary: '{{ $labels.job }} is down' }
`;

test.skipIf(prometheus === undefined)(
  `a real Prometheus sends its alerts to us, and tells when they are over (${wants('prometheus')})`,
  { timeout: 60_000 },
  async () => {
    await using webhook = await WebhookReceiver.start();
    await using ours = await DwcpServer.start(`
region: eu-test-1
collection: { host: false, process: false }
alerting:
  webhooks: [{ name: on-call, url: '${webhook.url}/', allowPrivateNetwork: true }]
`);
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-prometheus-rules-'));
    const targets = join(folder, 'targets.json');
    await writeFile(join(folder, 'rules.yml'), rules);
    await writeFile(targets, JSON.stringify([{ targets: ['127.0.0.1:1'] }]));
    await using theirs = await startPrometheus(
      prometheus ?? '',
      `
global: { scrape_interval: 1s, external_labels: { cluster: a } }
rule_files: ['${folder}/rules.yml']
scrape_configs:
  - job_name: gone
    file_sd_configs: [{ files: ['${targets}'], refresh_interval: 1s }]
alerting:
  alertmanagers:
    - api_version: v2
      static_configs: [{ targets: ['127.0.0.1:${ours.port}'] }]
`,
    );
    const firing = await eventually(() => webhook.told[0], { timeoutMs: 20_000, what: 'an alert' });
    expect(firing).toMatchObject({
      status: 'firing',
      alerts: [
        {
          labels: {
            alertname: 'TargetDown',
            cluster: 'a',
            instance: '127.0.0.1:1',
            job: 'gone',
            severity: 'critical',
          },
          annotations: { summary: 'gone is down' },
          generatorURL: expect.stringContaining('/graph?g0.expr=up+%3D%3D+0'),
        },
      ],
    });
    const discovered = await fetch(`${theirs.url}/api/v1/alertmanagers`);
    expect(await discovered.json()).toMatchObject({
      data: { activeAlertmanagers: [{ url: `${ours.url}/api/v2/alerts` }] },
    });

    await writeFile(targets, '[]');
    const over = await eventually(() => webhook.told[1], { timeoutMs: 30_000, what: 'its end' });
    expect(over).toMatchObject({ status: 'resolved', alerts: [{ status: 'resolved' }] });
    expect(webhook.told).toHaveLength(2);
    await rm(folder, { recursive: true });
  },
);
