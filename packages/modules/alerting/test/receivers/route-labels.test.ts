import { AlertPipeline, apiAlertGroups, MemoryRecordStore } from '@dwcp/alerting';
import { createIntegrations, NotificationTemplates, Rendering } from '@dwcp/alerting/receivers';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { configOf, RecordingOutbox } from '../alertmanager/support.ts';
import { firingAlert, notificationOf } from './fixtures.ts';
import { openReceiver } from './http-server.ts';

const unixMs = Date.parse('2026-01-02T04:04:05Z');
const templates = new NotificationTemplates([
  { name: 'team.tmpl', text: '{{ define "team" }}team {{ .GroupLabels.team }}{{ end }}' },
]);

function rendering(routeLabels: Readonly<Record<string, string>>): Rendering {
  const notification = notificationOf([firingAlert({ instance: '<a>' })], { routeLabels });
  return new Rendering({ notification, templates, unixMs });
}

test('a label of the route is rendered where a template asks for it, and may use others', () => {
  const it = rendering({
    reason: '{{ .CommonLabels.instance }}',
    description: '{{ .GroupLabels.alertname }} firing ({{ routeLabels "reason" }})',
  });
  expect(it.text('title', '{{ routeLabels "description" }}')).toBe('DiskFull firing (<a>)');
  expect(it.html('html', '<b>{{ routeLabels "reason" }}</b>')).toBe('<b>&lt;a&gt;</b>');
  expect(it.text('title', '{{ routeLabels "none" }}|{{ routeLabels "toString" }}')).toBe('|');
  expect(it.routeLabels).toEqual({ reason: '<a>', description: 'DiskFull firing (<a>)' });
  expect(it.problems).toEqual([]);
});

test('labels that lead to each other are a problem that is told, not an end of the process', () => {
  const it = rendering({ a: '{{ routeLabels "b" }}', b: '{{ routeLabels "a" }}', c: 'fine' });
  expect(it.routeLabels).toMatchObject({ c: 'fine' });
  expect(it.text('title', '{{ routeLabels "a" }}', 'default')).toBe('default');
  expect(it.problems.join()).toContain('of the route leads to itself');
});

const config = {
  route: {
    receiver: 'default',
    group_by: ['alertname'],
    labels: { reason: '{{ .GroupLabels.alertname }}', team: '{{ template "team" . }}', fixed: 'x' },
    routes: [
      {
        matchers: ['service="db"'],
        group_by: ['alertname', 'team'],
        labels: { reason: 'database {{ .GroupLabels.team }}' },
      },
    ],
  },
  receivers: [{ name: 'default', webhook_configs: [{ url: 'https://hooks.example.org' }] }],
};

async function told(): Promise<{
  readonly pipeline: AlertPipeline;
  readonly outbox: RecordingOutbox;
}> {
  const clock = new ManualClock(unixMs);
  const outbox = new RecordingOutbox(() => clock.nowUnixMs());
  const pipeline = await AlertPipeline.open({
    config: configOf(config),
    store: new MemoryRecordStore(),
    outbox,
    clock,
    externalUrl: 'http://monitoring.example',
  });
  await pipeline.putAlerts([{ labels: { alertname: 'Full', service: 'db', team: 'orders' } }]);
  await clock.advance(30_000);
  return { pipeline, outbox };
}

test('a route inherits labels, replaces some, and its notifications render them', async () => {
  const { pipeline, outbox } = await told();
  await using _ = pipeline;
  const rendered = outbox.taken.map(
    ({ notification }) => new Rendering({ notification, templates, unixMs }).routeLabels,
  );
  expect(rendered).toEqual([{ reason: 'database orders', team: 'team orders', fixed: 'x' }]);
});

test('/api/v2/alerts/groups has them rendered where templates are given, else those that are none', async () => {
  const { pipeline } = await told();
  await using _ = pipeline;
  const [plain] = apiAlertGroups(pipeline);
  expect(plain?.routeLabels).toEqual({ fixed: 'x' });
  const [group] = apiAlertGroups(
    pipeline,
    {},
    (notification) => new Rendering({ notification, templates, unixMs }).routeLabels,
  );
  expect(group?.routeLabels).toEqual({
    reason: 'database orders',
    team: 'team orders',
    fixed: 'x',
  });
});

test('a webhook gets them in its body, and no field where there are none', async () => {
  await using server = await openReceiver((response) => response.writeHead(200).end());
  const [webhook] = createIntegrations(
    { name: 'team', webhook_configs: [{ url: server.url }] },
    {},
    { templates, allowPrivateNetwork: true, clock: new ManualClock(unixMs) },
  );
  const routeLabels = { reason: '{{ .GroupLabels.alertname }}' };
  await webhook?.notifier.notify(notificationOf([firingAlert()], { routeLabels }));
  await webhook?.notifier.notify(notificationOf([firingAlert()]));
  const bodies = server.received.map(({ body }) => JSON.parse(body) as object);
  expect(bodies[0]).toMatchObject({ routeLabels: { reason: 'DiskFull' } });
  expect(bodies[1]).not.toHaveProperty('routeLabels');
});
