import { AlertNotFoundError } from '@dwcp/alerting';
import { IncidentNotFoundError, MonitoringAPI } from '@dwcp/monitoring';
import { eventually } from '@dwcp/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { Platform } from '../platform.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

let platform: Platform;
let monitoring: MonitoringAPI;
let webhook: WebhookReceiver;
beforeEach(async () => {
  webhook = await WebhookReceiver.start();
  platform = await Platform.start({
    alerting: {
      webhooks: [{ name: 'team', url: `${webhook.url}/`, allowPrivateNetwork: true }],
      incidents: { topology: { web: ['db'] } },
      escalation: { severities: ['critical'], levels: [{ name: 'L1' }] },
    },
  });
  ({ monitoring } = platform);
});
afterEach(async () => {
  await platform[Symbol.asyncDispose]();
  await webhook[Symbol.asyncDispose]();
});

test('a program raises, acknowledges, explains and ends an alert', async () => {
  expect(monitoring.getAlertLevel().level).toBe('GREEN');
  const labels = { alertname: 'Drill', service: 'db', severity: 'critical' };
  const { fingerprint } = await monitoring.triggerAlert({
    labels,
    annotations: { summary: 'a drill' },
    by: 'ann',
    endsAt: new Date(Date.now() + 3_600_000),
  });
  await monitoring.triggerAlert({ labels: { alertname: 'Web', service: 'web' }, by: 'ann' });
  await eventually(() => webhook.told.length === 2, { timeoutMs: 10_000, what: 'two messages' });
  expect(monitoring.getAlertLevel()).toMatchObject({
    level: 'ORANGE',
    reasons: [{ rule: 'critical', alerts: [fingerprint] }, { rule: 'warning' }],
  });
  const { items } = await monitoring.getIncidents();
  expect(items).toMatchObject([{ state: 'open', severity: 'critical', alerts: 2 }]);

  await monitoring.acknowledgeAlert({ fingerprint, by: 'bob', comment: 'on it', timeout: '30m' });
  await monitoring.acknowledgeAlert({ incident: items[0]?.id ?? '', by: 'bob' });
  expect((await monitoring.getIncidents({ state: 'acknowledged' })).items).toHaveLength(1);
  expect((await monitoring.explainAlert('Drill')).verdict.text).toContain('acknowledged by bob');
  expect(await monitoring.explainAlert('Drill', { at: Date.now() - 60_000 })).toMatchObject({
    verdict: { code: 'no-rule' },
  });

  await monitoring.resolveAlert({ labels, by: 'ann', comment: 'over' });
  await eventually(() => webhook.told.some(({ status }) => status === 'resolved'), {
    timeoutMs: 10_000,
    what: 'the end',
  });
  expect(monitoring.getAlertLevel().level).toBe('YELLOW');
});

test('what does not fire, or is no alert, is refused', async () => {
  const fingerprint = '0123456789abcdef';
  await expect(monitoring.resolveAlert({ fingerprint, by: 'ann' })).rejects.toThrow(
    AlertNotFoundError,
  );
  await expect(monitoring.acknowledgeAlert({ fingerprint, by: 'ann' })).rejects.toThrow(
    IncidentNotFoundError,
  );
  await expect(monitoring.triggerAlert({ labels: {}, by: 'ann' })).rejects.toThrow(
    'labels.alertname: is required',
  );
  await expect(
    monitoring.triggerAlert({ labels: { alertname: 'A' }, by: 'ann', endsAt: 'soon' }),
  ).rejects.toThrow('endsAt: "soon" is no moment');
  await expect(
    monitoring.acknowledgeAlert({ incident: 'inc-0', by: 'ann', timeout: 'long' }),
  ).rejects.toThrow('timeout: "long" is no duration above 0');
  await expect(monitoring.explainAlert('A', { at: Date.now() + 60_000 })).rejects.toThrow(
    'is in the future',
  );
});

test('before it is initialized alerting is not there, and says so', async () => {
  await using closed = new MonitoringAPI({ region: 'eu', dataDir: '/nonexistent' });
  await expect(closed.triggerAlert({ labels: { alertname: 'A' }, by: 'ann' })).rejects.toThrow(
    'is not open yet',
  );
  expect(() => closed.getAlertLevel()).toThrow('is not open yet');
});
