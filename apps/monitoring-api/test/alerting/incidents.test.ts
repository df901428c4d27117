import { type IncidentDetailView, type IncidentPageView } from '@dwcp/api-schema';
import { afterEach, expect, test } from 'vitest';

import { AlertingWorld, MINUTE, settings } from './alerting-world.ts';

const ALERTMANAGER = `
route: { receiver: team, group_by: [incident], group_wait: 10s, group_interval: 1m, repeat_interval: 10m }
receivers:
  - { name: team, webhook_configs: [{ url: 'URL/team' }] }
  - { name: boss, webhook_configs: [{ url: 'URL/boss' }] }
`;
const SETTINGS = settings(`  incidents: { topology: { web: [db] } }
  escalation:
    levels: [{ name: L1 }, { name: L2, after: 5m, receiver: boss }]
`);

let world: AlertingWorld | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  world = undefined;
});

async function start(): Promise<AlertingWorld> {
  world = await AlertingWorld.start({ 'dwcp.yml': SETTINGS, 'alertmanager.yml': ALERTMANAGER });
  return world;
}

const db = { alertname: 'DbDown', service: 'db', severity: 'critical', region: 'eu' };
const web = { alertname: 'WebSlow', service: 'web', severity: 'warning', region: 'eu' };

async function onlyIncident(here: AlertingWorld): Promise<IncidentDetailView> {
  const { items } = await here.ask<IncidentPageView>('GET', '/api/v1/incidents');
  expect(items).toHaveLength(1);
  return await here.ask('GET', `/api/v1/incidents/${items[0]?.id}`);
}

test('related alerts are one incident, told in one notification', async () => {
  const here = await start();
  await here.post(db, web, { ...web, alertname: 'Elsewhere', region: 'us' });
  await here.run(2 * MINUTE);
  expect(here.toldTo('team').toSorted()).toEqual([
    'DbDown firing, WebSlow firing',
    'Elsewhere firing',
  ]);
  const { items } = await here.ask<IncidentPageView>('GET', '/api/v1/incidents?q=dbdown');
  expect(items).toMatchObject([{ severity: 'critical', alerts: 2, regions: ['eu'], level: 'L1' }]);
  const incident = await here.ask<IncidentDetailView>('GET', `/api/v1/incidents/${items[0]?.id}`);
  expect(incident.causes[0]).toMatchObject({ alertname: 'DbDown' });
  expect(incident.members.map(({ reason }) => reason.rule)).toEqual(['opened', 'topology']);
  // The label names the incident, so that a silence or a filter can.
  const filter = encodeURIComponent(`incident="${incident.id}"`);
  expect(await here.ask('GET', `/api/v2/alerts?filter=${filter}`)).toHaveLength(2);
});

test('nobody acknowledges: the next level is told once, and hears of the end', async () => {
  const here = await start();
  await here.post(db);
  await here.run(4 * MINUTE);
  expect(here.toldTo('boss')).toEqual([]);
  await here.run(20 * MINUTE);
  expect(here.toldTo('boss')).toEqual(['DbDown firing']);
  const { timeline } = await here.explain('DbDown');
  expect(timeline.map(({ decision }) => decision)).toContainEqual(
    expect.objectContaining({ kind: 'escalated', level: 'L2', receiver: 'boss' }),
  );
  const [alert] = await here.ask<readonly { readonly fingerprint: string }[]>(
    'GET',
    '/api/v2/alerts',
  );
  const path = `/api/v1/alerts/${alert?.fingerprint}/resolve`;
  await here.ask('POST', path, { by: 'ann', comment: 'fixed' });
  await here.run(10 * MINUTE);
  expect(here.toldTo('boss')).toEqual(['DbDown firing', 'DbDown resolved']);
  const closed = await here.ask<IncidentPageView>('GET', '/api/v1/incidents?state=closed');
  expect(closed.items).toMatchObject([{ state: 'closed', firing: 0 }]);
});

test('an acknowledgement stops escalation and repeats, also over a restart, until it is taken back', async () => {
  const here = await start();
  await here.post(db);
  await here.until('the first notification', () => here.toldTo('team').length === 1);
  const { id } = await onlyIncident(here);
  await here.ask('POST', `/api/v1/incidents/${id}/ack`, { by: 'ann', comment: 'on it' });
  await here.run(8 * MINUTE);
  await here.end();
  await here.open();
  await here.run(12 * MINUTE);
  expect(here.toldTo('team')).toEqual(['DbDown firing']);
  expect(here.toldTo('boss')).toEqual([]);
  expect(await onlyIncident(here)).toMatchObject({
    id,
    state: 'acknowledged',
    acknowledgement: { by: 'ann', comment: 'on it' },
  });
  const { verdict, alerts, timeline } = await here.explain('DbDown');
  expect(verdict.text).toContain('acknowledged by ann at ');
  expect(alerts[0]?.findings.map(({ code }) => code)).toContain('acknowledged');
  expect(timeline.map(({ decision }) => decision)).toContainEqual(
    expect.objectContaining({ kind: 'acknowledged', action: 'given', by: 'ann' }),
  );

  await here.ask('DELETE', `/api/v1/incidents/${id}/ack`, { by: 'bob' });
  await here.run(6 * MINUTE);
  expect(here.toldTo('boss')).toEqual(['DbDown firing']);
  expect(here.toldTo('team')).toEqual(['DbDown firing', 'DbDown firing']);
});

test('one alert is acknowledged by its fingerprint, for a time', async () => {
  const here = await start();
  await here.post(db, web);
  await here.run(MINUTE);
  const { members } = await onlyIncident(here);
  const { fingerprint = '' } = members.find(({ labels }) => labels['service'] === 'db') ?? {};
  await here.ask('POST', `/api/v1/alerts/${fingerprint}/ack`, { by: 'ann', timeout: '30m' });
  await here.run(20 * MINUTE);
  expect(here.toldTo('boss')).toEqual([]);
  const given = async (): Promise<readonly string[]> =>
    (await onlyIncident(here)).members.map(
      ({ labels, acknowledgement }) => `${labels['service']}: ${acknowledgement?.by}`,
    );
  expect((await given()).toSorted()).toEqual(['db: ann', 'web: undefined']);
  await here.ask('DELETE', `/api/v1/alerts/${fingerprint}/ack`);
  expect((await given()).toSorted()).toEqual(['db: undefined', 'web: undefined']);
});

test('the level and the counts by name tell of what fires', async () => {
  const here = await start();
  expect(await here.ask('GET', '/api/v1/alerts/level')).toMatchObject({ level: 'GREEN' });
  await here.post(db, web, { ...db, instance: 'b', region: 'us' });
  expect(await here.ask('GET', '/api/v1/alerts/level')).toMatchObject({
    level: 'RED',
    reasons: [
      { rule: 'critical-regions', alerts: [expect.any(String), expect.any(String)] },
      {},
      {},
    ],
  });
  expect(await here.ask('GET', '/api/v1/alerts/by-name')).toMatchObject({
    items: [
      { alertname: 'DbDown', region: 'eu', firing: 1, severity: 'critical' },
      { alertname: 'DbDown', region: 'us', firing: 1 },
      { alertname: 'WebSlow', region: 'eu', severity: 'warning' },
    ],
  });
  expect(await here.ask('GET', '/api/v1/status')).toMatchObject({
    alerting: { level: 'RED', incidents: { open: 2, acknowledged: 0 } },
  });
});

test.each([
  ['GET', '/api/v1/incidents/inc-0', undefined, 404, 'no incident has the id "inc-0"'],
  ['GET', '/api/v1/incidents?state=shut', undefined, 400, '?state must be one of open'],
  ['GET', '/api/v1/incidents?cursor=x', undefined, 400, 'cursor: is not one that an answer gave'],
  ['GET', '/api/v1/incidents?filter=a', undefined, 400, 'a'],
  ['POST', '/api/v1/incidents/inc-0/ack', { by: 'a' }, 404, 'no open incident has the id "inc-0"'],
  ['POST', '/api/v1/incidents/inc-0/ack', {}, 400, '/by is required'],
  ['POST', '/api/v1/incidents/inc-0/ack', { by: ' ' }, 404, 'no open incident'],
  ['POST', '/api/v1/incidents/inc-0/ack', { by: 'a', timeout: '5' }, 400, '/timeout'],
  [
    'POST',
    '/api/v1/incidents/inc-0/ack',
    { by: 'a', timeout: '0s' },
    400,
    'timeout: must be longer',
  ],
  ['DELETE', '/api/v1/incidents/inc-0/ack', { by: 'a' }, 404, 'no open incident'],
  ['POST', '/api/v1/alerts/0/ack', { by: 'a' }, 400, '{fingerprint} does not have the right form'],
  ['POST', '/api/v1/alerts/0123456789abcdef/ack', { by: 'a' }, 404, 'no alert that fires has'],
  ['POST', '/api/v1/alerts/0123456789abcdef/resolve', { by: 'a' }, 404, 'no alert fires that has'],
  ['POST', '/api/v1/alerts/trigger', { labels: {}, by: 'a' }, 400, 'labels.alertname: is required'],
  ['POST', '/api/v1/alerts/trigger', { labels: { alertname: 'A' } }, 400, '/by is required'],
  [
    'POST',
    '/api/v1/alerts/trigger',
    { labels: { alertname: 'A' }, by: 'a', endsAt: 'soon' },
    400,
    'endsAt: must be RFC 3339 or Unix seconds, got "soon"',
  ],
  [
    'POST',
    '/api/v1/alerts/trigger',
    { labels: { alertname: 'A' }, by: 'a', endsAt: '2020-01-01T00:00:00Z' },
    400,
    'endsAt: is not in the future',
  ],
  ['POST', '/api/v1/receivers/nobody/test', { by: 'a' }, 404, 'there are team, boss'],
  ['POST', '/api/v1/receivers/team/test', {}, 400, '/by is required'],
])('%s %s with %j is refused', async (method, path, body, status, text) => {
  const here = await start();
  const response = await here.send(method, path, body);
  const { detail } = (await response.json()) as { readonly detail: string };
  expect([response.status, detail]).toEqual([status, expect.stringContaining(text)]);
});
