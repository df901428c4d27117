import { type Status } from '@dwcp/api-schema';
import { afterEach, expect, test } from 'vitest';

import { AlertingWorld, MINUTE, settings } from './alerting-world.ts';

const ALERTMANAGER = `
route:
  receiver: team
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
  routes: [{ receiver: broken, matchers: [to = broken] }]
inhibit_rules:
  - { source_matchers: [alertname = Cause], target_matchers: [alertname = Effect] }
receivers:
  - { name: team, webhook_configs: [{ url: 'URL/team' }] }
  - { name: broken, webhook_configs: [{ url: 'URL/broken', send_resolved: false }] }
  - { name: nobody }
`;
const RULES = `
groups:
  - name: disks
    interval: 15s
    rules:
      - { alert: Full, expr: disk > 0.9, dedup: { by: [], window: 30m } }
      - { alert: Slow, expr: disk > 0.9, for: 30m }
      - { alert: Cause, expr: cause > 0 }
      - { alert: Effect, expr: effect > 0 }
      - alert: Hot
        expr: temperature > 90
        recover: temperature < 70
        labels: { to: broken }
`;

let world: AlertingWorld | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  world = undefined;
});

async function start(more = ''): Promise<AlertingWorld> {
  world = await AlertingWorld.start({
    'dwcp.yml': settings(`  ruleFiles: [rules.yml]\n${more}`),
    'alertmanager.yml': ALERTMANAGER,
    'rules.yml': RULES,
  });
  return world;
}

/** Samples that stay, for so long. */
async function holding(here: AlertingWorld, text: string, durationMs: number): Promise<void> {
  for (let leftMs = durationMs; leftMs > 0; leftMs -= MINUTE) {
    await here.store(text);
    await here.run(MINUTE);
  }
}

async function verdictOf(here: AlertingWorld, alert: string): Promise<string> {
  return (await here.explain(alert)).verdict.code;
}

test('of the alerts that a rule takes for one, one is told, and each is explained', async () => {
  const here = await start();
  await holding(here, 'disk{instance="a"} 0.95\n', 2 * MINUTE);
  expect(here.toldTo('team')).toEqual(['Full firing']);
  const both = 'disk{instance="a"} 0.95\ndisk{instance="b"} 0.95\n';
  await holding(here, both, 3 * MINUTE);
  expect(here.toldTo('team')).toEqual(['Full firing']);
  expect(await verdictOf(here, 'Full{instance="a"}')).toBe('delivered');
  expect(await verdictOf(here, 'Full{instance="b"}')).toBe('held');
  expect(await verdictOf(here, 'Slow{instance="a"}')).toBe('pending');
  expect(await verdictOf(here, 'Cause')).toBe('no-series');
  expect(await verdictOf(here, 'Unknown')).toBe('no-rule');

  // The window, and what it holds, outlive the process.
  await here.end();
  await here.open();
  await holding(here, both, 3 * MINUTE);
  expect(here.toldTo('team')).toEqual(['Full firing']);
  expect(await verdictOf(here, 'Full{instance="b"}')).toBe('held');

  // It ends while it is held: nobody ever hears of it, however often its rule tells that it is over.
  await holding(here, 'disk{instance="a"} 0.95\ndisk{instance="b"} 0.1\n', 5 * MINUTE);
  expect(await verdictOf(here, 'Full{instance="b"}')).toBe('ended-while-held');
});

test('an alert that fires on when its window ends is told then', async () => {
  const here = await start();
  const both = 'disk{instance="a"} 0.95\ndisk{instance="b"} 0.95\n';
  await holding(here, both, 29 * MINUTE);
  expect(here.toldTo('team').filter((told) => told.startsWith('Full'))).toEqual(['Full firing']);
  await holding(here, both, 4 * MINUTE);
  expect(here.toldTo('team').filter((told) => told.startsWith('Full'))).toEqual([
    'Full firing',
    'Full firing, Full firing',
  ]);
});

test('explain tells who is silenced, who is inhibited, and whose receiver fails', async () => {
  const here = await start();
  here.webhook.answerTo = (path) => (path === '/broken' ? 500 : 200);
  const nowMs = here.clock.nowUnixMs();
  await here.ask('POST', '/api/v2/silences', {
    matchers: [{ name: 'instance', value: 'a', isRegex: false }],
    startsAt: new Date(nowMs).toISOString(),
    endsAt: new Date(nowMs + 60 * MINUTE).toISOString(),
    createdBy: 'ann',
    comment: 'deploy',
  });
  const samples = 'disk{instance="a"} 0.95\ncause 1\neffect 1\ntemperature 95\n';
  await holding(here, samples, 4 * MINUTE);
  expect(await verdictOf(here, 'Full')).toBe('silenced');
  expect(await verdictOf(here, 'Effect')).toBe('inhibited');
  expect(await verdictOf(here, 'Cause')).toBe('delivered');
  const hot = await here.explain('Hot');
  expect(hot.verdict.code).toBe('delivering');
  expect(hot.nextSteps).toContainEqual(
    expect.objectContaining({ command: expect.stringMatching(/^dwcp alert ack [0-9a-f]{16} /) }),
  );
  expect(hot.rules[0]?.recovery?.text).toContain('temperature < 70 does not hold');
  expect(here.toldTo('team')).toEqual(['Cause firing']);

  // Who fails is seen in the status, and who does not.
  const { alerting } = await here.ask<Status>('GET', '/api/v1/status');
  const failing = alerting?.notifiers.filter((notifier) => notifier.failing);
  expect(failing).toMatchObject([
    {
      name: 'broken/webhook[0]',
      failingSince: expect.any(String),
      lastError: expect.stringContaining('500'),
    },
  ]);

  // It is over only when its recovery holds.
  here.webhook.answerTo = () => 200;
  await here.run(5 * MINUTE);
  expect(here.toldTo('broken')).toEqual(['Hot firing']);
  await holding(here, 'temperature 80\n', 2 * MINUTE);
  expect(await here.explain('Hot')).toMatchObject({ alerts: [{ state: 'firing' }] });
  await holding(here, 'temperature 60\n', 2 * MINUTE);
  expect(await here.explain('Hot')).toMatchObject({ alerts: [{ state: 'resolved' }] });
});

test('decisions are kept and searched; a moment of the past is explained', async () => {
  const here = await start();
  await holding(here, 'cause 1\n', 3 * MINUTE);
  const at = new Date(here.clock.nowUnixMs()).toISOString();
  await holding(here, 'cause 0\n', 3 * MINUTE);
  await here.end();
  await here.open();
  expect((await here.explain('Cause', at)).verdict.code).toBe('delivered');
  const page = await here.ask<{ readonly items: readonly unknown[] }>(
    'GET',
    '/api/v1/alerts/decisions?alert=Cause&kind=evaluated',
  );
  expect(page.items).toMatchObject([
    { decision: { state: 'resolved' } },
    { decision: { state: 'firing' } },
  ]);
});

test('an alert of a rule that is resolved by hand stays over while its condition holds', async () => {
  const here = await start();
  await holding(here, 'cause 1\n', 2 * MINUTE);
  const [alert] = await here.ask<readonly { readonly fingerprint: string }[]>(
    'GET',
    '/api/v2/alerts',
  );
  const path = `/api/v1/alerts/${alert?.fingerprint}/resolve`;
  await here.ask('POST', path, { by: 'ann', comment: 'known' });
  await holding(here, 'cause 1\n', 5 * MINUTE);
  expect(here.toldTo('team')).toEqual(['Cause firing', 'Cause resolved']);
  expect(await verdictOf(here, 'Cause')).toBe('resolved-by-hand');
  await holding(here, 'cause 0\n', 2 * MINUTE);
  await holding(here, 'cause 1\n', 3 * MINUTE);
  expect(here.toldTo('team')).toEqual(['Cause firing', 'Cause resolved', 'Cause firing']);
});

test('a reload takes up levels, throttle and incidents as a whole, or nothing', async () => {
  const here = await start();
  const bad = '  escalation: { levels: [{ name: L1, receiver: chief }] }\n';
  await here.write({ 'dwcp.yml': settings(bad) });
  const refused = await here.send('POST', '/-/reload');
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({
    errors: [
      {
        pointer: 'alerting.escalation.levels.0.receiver',
        detail: expect.stringContaining('is no receiver'),
      },
    ],
  });
  await expect(here.runtime.reload.run()).rejects.toThrow('dwcp.yml:7');
  expect(here.runtime.alerting?.incidents.config.levels).toHaveLength(4);

  await here.write({
    'dwcp.yml': settings(`  incidents: { foldByRegion: false, closeAfter: 1m }
  throttle: { by: [host] }
  escalation: { severities: [warning], levels: [{ name: now, receiver: team }] }
`),
  });
  expect((await here.send('POST', '/-/reload')).status).toBe(204);
  await here.post(
    { alertname: 'A', host: 'h', severity: 'warning' },
    { alertname: 'B', host: 'h', severity: 'warning' },
    { alertname: 'C', severity: 'critical' },
  );
  await here.run(MINUTE);
  expect(here.toldTo('team').toSorted()).toEqual(['A firing', 'A firing', 'C firing']);
  expect(await verdictOf(here, 'B')).toBe('held');
  const { items } = await here.ask<{ readonly items: readonly unknown[] }>(
    'GET',
    '/api/v1/incidents',
  );
  expect(items).toMatchObject([{ alerts: 1 }, { alerts: 1 }]);
});

test('a receiver is tested through its integrations, and what it says is told', async () => {
  const here = await start();
  here.webhook.answerTo = (path) => (path === '/broken' ? 403 : 200);
  expect(await here.ask('POST', '/api/v1/receivers/team/test', { by: 'ann' })).toEqual({
    receiver: 'team',
    integrations: [
      { integration: 'team/webhook[0]', outcome: 'delivered', durationMs: expect.any(Number) },
    ],
  });
  expect(here.toldTo('team')).toEqual(['ReceiverTest firing', 'ReceiverTest resolved']);
  expect(here.webhook.told[0]?.alerts[0]?.annotations).toEqual({
    summary: 'This is a test of the receiver team, nothing is wrong',
    description: 'ann asked for it',
  });
  expect(await here.ask('POST', '/api/v1/receivers/broken/test', { by: 'ann' })).toMatchObject({
    integrations: [{ outcome: 'failed', error: expect.stringContaining('403') }],
  });
  expect(await here.ask('POST', '/api/v1/receivers/nobody/test', { by: 'ann' })).toEqual({
    receiver: 'nobody',
    integrations: [],
  });
});

test('labels of a route are rendered in the groups', async () => {
  const here = await start();
  await here.write({
    'alertmanager.yml': ALERTMANAGER.replace(
      '  routes:',
      "  labels: { board: '{{ .GroupLabels.alertname | toLower }}' }\n  routes:",
    ),
  });
  expect((await here.send('POST', '/-/reload')).status).toBe(204);
  await here.post({ alertname: 'Posted' });
  expect(await here.ask('GET', '/api/v2/alerts/groups')).toMatchObject([
    { routeLabels: { board: 'posted' } },
  ]);
});
