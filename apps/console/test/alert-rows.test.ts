import { expect, test } from 'vitest';

import { type IncidentDetail, type RoutedAlert, type Silence } from '../src/api/alerting-types.ts';
import { type Alert, type Labels } from '../src/api/types.ts';
import { alertRows, type AlertSources, missingOf } from '../src/pages/alerts/alert-rows.ts';

const NOTHING: AlertSources = {
  rules: [],
  routed: [],
  silences: [],
  incidents: [],
  missing: new Set(),
  ownRegion: 'home',
};

const rule = (labels: Labels, state: Alert['state'] = 'firing'): Alert => ({
  labels,
  annotations: { summary: 'of the rule' },
  state,
  activeAt: '2026-01-01T00:00:00Z',
  value: '0.93',
});

const routed = (
  fingerprint: string,
  labels: Labels,
  status: Partial<RoutedAlert['status']> = {},
): RoutedAlert => ({
  fingerprint,
  labels,
  annotations: { summary: 'of the routes' },
  startsAt: '2026-01-01T00:05:00Z',
  updatedAt: '2026-01-01T00:05:00Z',
  endsAt: '2026-01-01T01:00:00Z',
  receivers: [{ name: 'on-call' }, { name: 'on-call' }, { name: 'chat' }],
  status: { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [], ...status },
});

const silence: Silence = {
  id: 's1',
  status: { state: 'active' },
  updatedAt: '',
  annotations: {},
  matchers: [],
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2026-01-01T02:00:00Z',
  createdBy: 'ann',
  comment: 'maintenance',
};

const incident = (fields: Partial<IncidentDetail>): IncidentDetail => ({
  id: 'inc-1',
  state: 'open',
  title: '',
  severity: 'warning',
  openedAt: '',
  alerts: 1,
  firing: 1,
  regions: [],
  services: [],
  unacknowledgedMs: 0,
  causes: [],
  members: [],
  events: [],
  levels: [],
  ...fields,
});

const member = (
  fingerprint: string,
  acknowledgement?: IncidentDetail['acknowledgement'],
): IncidentDetail['members'][number] => ({
  fingerprint,
  labels: {},
  annotations: {},
  state: 'firing',
  startsAt: '',
  endsAt: '',
  joinedAt: '',
  reason: { rule: 'opened', text: '' },
  ...(acknowledgement === undefined ? {} : { acknowledgement }),
});

const host = { alertname: 'HostDown', instance: 'a' };

test('a rule and the routes tell of one alert in one row, with the value and since when', () => {
  const rows = alertRows({
    ...NOTHING,
    rules: [rule(host)],
    routed: [routed('f1', { ...host, region: 'eu', incident: 'inc-1' })],
  });
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    key: 'f1',
    address: 'f1',
    selector: '{alertname="HostDown", instance="a"}',
    region: 'eu',
    state: 'firing',
    value: '0.93',
    sinceMs: Date.parse('2026-01-01T00:00:00Z'),
    receivers: ['on-call', 'chat'],
  });
});

test('an alert of a rule is the routed one with the fewest labels more', () => {
  const rows = alertRows({
    ...NOTHING,
    rules: [rule({ alertname: 'HostDown' }), { ...rule(host), value: '7' }],
    routed: [
      routed('more', { ...host, region: 'eu' }),
      routed('few', { alertname: 'HostDown', region: 'eu' }),
    ],
  });
  expect(rows.map(({ key, value }) => [key, value])).toEqual([
    ['more', '7'],
    ['few', '0.93'],
  ]);
});

test('an alert that says to begin when it ends began when it was told of', () => {
  const [row] = alertRows({
    ...NOTHING,
    routed: [{ ...routed('f1', host), startsAt: '2026-01-01T01:00:00Z' }],
  });
  expect(row?.sinceMs).toBe(Date.parse('2026-01-01T00:05:00Z'));
});

test('a pending alert is named by its labels', () => {
  const [row] = alertRows({
    ...NOTHING,
    rules: [rule({ ...host, 'service.name': 'a "b"' }, 'pending')],
  });
  expect(row).toMatchObject({
    state: 'pending',
    region: 'home',
    fingerprint: undefined,
    address: '{alertname="HostDown", instance="a", "service.name"="a \\"b\\""}',
  });
});

test('what holds an alert back is named, with who and until when', () => {
  const [row] = alertRows({
    ...NOTHING,
    routed: [
      routed('f1', host, { silencedBy: ['s1', 'gone'], inhibitedBy: ['f2'], mutedBy: ['nights'] }),
      routed('f2', { alertname: 'ZoneDown' }),
    ],
    silences: [silence],
  });
  expect(row?.state).toBe('suppressed');
  expect(row?.suppressions).toEqual([
    {
      kind: 'silenced',
      id: 's1',
      by: 'ann',
      comment: 'maintenance',
      untilMs: Date.parse('2026-01-01T02:00:00Z'),
    },
    { kind: 'silenced', id: 'gone', by: 'somebody', comment: '', untilMs: undefined },
    { kind: 'inhibited', fingerprint: 'f2', name: 'ZoneDown' },
    { kind: 'muted', interval: 'nights' },
  ]);
});

test('the acknowledgement of an alert counts before that of its incident', () => {
  const given = (by: string) => ({ by, comment: '', at: '2026-01-01T00:00:00Z' });
  const rows = alertRows({
    ...NOTHING,
    routed: [routed('f1', host), routed('f2', { ...host, instance: 'b' })],
    incidents: [
      incident({
        acknowledgement: given('bob'),
        members: [member('f1', given('ann')), member('f2')],
      }),
    ],
  });
  expect(rows.map(({ state, incident: id, suppressions }) => [state, id, suppressions])).toEqual([
    ['suppressed', 'inc-1', [{ kind: 'acknowledged', by: 'ann', comment: '', untilMs: undefined }]],
    [
      'suppressed',
      'inc-1',
      [{ kind: 'acknowledged', by: 'bob', comment: '', untilMs: undefined, incident: 'inc-1' }],
    ],
  ]);
});

test('what fires and never reaches the routes is held back from the second time on', () => {
  const rules = [rule(host), rule({ alertname: 'Other' }, 'pending')];
  const missing = missingOf(rules, []);
  expect(missing.size).toBe(1);
  const stateOf = (known: ReadonlySet<string>) =>
    alertRows({ ...NOTHING, rules, missing: known }).map(({ state }) => state);
  expect(stateOf(new Set())).toEqual(['firing', 'pending']);
  expect(stateOf(missing)).toEqual(['suppressed', 'pending']);
  expect(missingOf(rules, [routed('f1', host)]).size).toBe(0);
});
