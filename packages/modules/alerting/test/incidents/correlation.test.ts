import {
  apiIncidentDetail,
  causeCandidates,
  incidentConfig,
  Topology,
  usesIncidentLabel,
} from '@dwcp/alerting';
import { InvalidInputError } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { configOf } from '../alertmanager/support.ts';
import { folded, ManagedIncidents, MINUTE_MS } from './support.ts';

const topology = { web: ['api'], api: ['db', 'cache'], worker: ['db'], billing: ['ledger'] };

function alert(
  alertname: string,
  labels: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { alertname, severity: 'critical', ...labels };
}

describe('what belongs together', () => {
  test('two storms at the same time in two regions are two incidents', async () => {
    const incidents = await ManagedIncidents.open();
    const storm = (region: string) =>
      Array.from({ length: 50 }, (_, i) =>
        alert(`A${i % 5}`, { region, instance: `${region}-${i}`, service: `s${i % 7}` }),
      );
    const [eu, us] = [storm('eu'), storm('us')];
    // One after the other, in turn, and at once.
    for (let i = 0; i < 10; i++) await incidents.fire(eu[i] ?? {}, us[i] ?? {});
    await incidents.fire(...eu.slice(10), ...us.slice(10));
    expect(new Set(eu.map((one) => incidents.incidentOf(one)))).toEqual(new Set(['inc-1']));
    const other = new Set(us.map((one) => incidents.incidentOf(one)));
    expect(other.size).toBe(1);
    expect(other).not.toContain('inc-1');
  });

  test('a cascade through the topology is one incident, and its source the first candidate', async () => {
    const incidents = await ManagedIncidents.open({
      config: { topology, foldByRegion: false },
    });
    const [db, api, web] = ['db', 'api', 'web'].map((service) =>
      alert(`${service}-slow`, { service, region: 'eu' }),
    );
    await incidents.fire(db ?? {});
    await incidents.clock.advance(4 * MINUTE_MS);
    await incidents.fire(api ?? {});
    await incidents.clock.advance(4 * MINUTE_MS);
    await incidents.fire(web ?? {}, alert('late', { service: 'billing', region: 'eu' }));
    const id = incidents.incidentOf(db ?? {});
    expect([api, web].map((one) => incidents.incidentOf(one ?? {}))).toEqual([id, id]);
    expect(incidents.incidentOf(alert('late', { service: 'billing', region: 'eu' }))).not.toBe(id);
    expect(incidents.reasonOf(api ?? {})).toBe(
      'topology: api depends on db, and db-slow is of db; same region eu as db-slow',
    );
    expect(incidents.reasonOf(web ?? {})).toMatch(/^topology: web depends on api, /);
    const detail = apiIncidentDetail(incidents.manager, id ?? '');
    expect(detail?.causes[0]).toMatchObject({ alertname: 'db-slow' });
    expect(detail?.causes[0]?.reasons).toEqual([
      '2 of 2 other services here depend on db',
      'started first',
      'critical',
      'still fires',
    ]);
    expect(detail?.causes.at(-1)?.reasons).toContain(
      'web depends on api, db, which alerts here as well',
    );
  });

  test('services that depend on each other in two regions are two incidents; without a region one goes with any', async () => {
    const incidents = await ManagedIncidents.open({ config: { topology } });
    const eu = alert('db', { service: 'db', region: 'eu' });
    const us = alert('api', { service: 'api', region: 'us' });
    const global = alert('cache', { service: 'cache' });
    await incidents.fire(eu);
    await incidents.fire(us);
    await incidents.fire(global);
    expect(incidents.incidentOf(us)).not.toBe(incidents.incidentOf(eu));
    expect(incidents.incidentOf(global)).toBe(incidents.incidentOf(us));
  });

  test('a slow drip in one region is folded for one window only', async () => {
    const incidents = await ManagedIncidents.open();
    const drip = Array.from({ length: 30 }, (_, i) => alert(`drip-${i}`, { region: 'eu' }));
    for (const one of drip) {
      await incidents.fire(one);
      await incidents.clock.advance(MINUTE_MS);
    }
    const sizes = new Map<string | undefined, number>();
    for (const id of drip.map((one) => incidents.incidentOf(one))) {
      sizes.set(id, (sizes.get(id) ?? 0) + 1);
    }
    expect([...sizes.values()]).toEqual([6, 6, 6, 6, 6]);
  });

  test('a chain of one service ends with the span, and at the size, whichever is first', async () => {
    const incidents = await ManagedIncidents.open({
      config: { maxSpanMs: 10 * MINUTE_MS, maxAlerts: 100 },
    });
    const drip = Array.from({ length: 30 }, (_, i) =>
      alert(`drip-${i}`, { service: 'db', region: 'eu' }),
    );
    for (const one of drip) {
      await incidents.fire(one);
      await incidents.clock.advance(MINUTE_MS);
    }
    expect(new Set(drip.map((one) => incidents.incidentOf(one))).size).toBe(3);
    const storm = Array.from({ length: 250 }, (_, i) => alert(`s-${i}`, { region: 'us' }));
    await incidents.fire(...storm);
    expect(new Set(storm.map((one) => incidents.incidentOf(one))).size).toBe(3);
  });

  test('labels that agree fold, and the strongest evidence wins', async () => {
    const incidents = await ManagedIncidents.open({
      config: { topology, foldByRegion: false, sharedLabels: ['cluster', 'instance'] },
    });
    const byCluster = alert('net', { cluster: 'c1' });
    const byService = alert('db', { service: 'db' });
    await incidents.fire(byCluster);
    await incidents.fire(byService);
    const both = alert('api', { service: 'api', cluster: 'c1' });
    await incidents.fire(both);
    expect(incidents.incidentOf(both)).toBe(incidents.incidentOf(byService));
    const disk = alert('disk', { cluster: 'c1' });
    await incidents.fire(disk);
    expect(incidents.reasonOf(disk)).toMatch(/^shared-labels: same cluster c1 as /);
    const alone = alert('alone');
    await incidents.fire(alone);
    expect(incidents.reasonOf(alone)).toBe('opened: nothing open that it belongs with');
  });

  test('an alert stays in its incident while that is open, and finds another once it is closed', async () => {
    const incidents = await ManagedIncidents.open();
    const one = alert('A', { region: 'eu' });
    const other = alert('B', { region: 'eu' });
    await incidents.fire(one, other);
    await incidents.end(one);
    await incidents.clock.advance(20 * MINUTE_MS);
    await incidents.fire(one);
    expect(incidents.incidentOf(one)).toBe('inc-1');
    await incidents.end(one, other);
    await incidents.clock.advance(5 * MINUTE_MS - 1);
    expect(incidents.manager.stats()).toMatchObject({ open: 1, closed: 0 });
    await incidents.clock.advance(1);
    expect(incidents.manager.stats()).toMatchObject({ open: 0, closed: 1 });
    await incidents.fire(one);
    expect(incidents.incidentOf(one)).toBe('inc-2');
  });

  test('beyond the limit alerts are in no incident and are counted', async () => {
    const incidents = await ManagedIncidents.open({ config: { maxOpenAlerts: 2 } });
    const placed = await incidents.fire(alert('A'), alert('B'), alert('C'));
    expect(placed.size).toBe(2);
    expect(incidents.manager.stats().unplaced).toBe(1);
  });
});

test('10,000 alerts at once are folded in well under a second', async () => {
  const services = Array.from({ length: 200 }, (_, i) => `s${i}`);
  const chain = Object.fromEntries(services.map((name, i) => [name, services.slice(i + 1, i + 4)]));
  const incidents = await ManagedIncidents.open({ config: { topology: chain } });
  const now = incidents.clock.nowUnixMs();
  const alerts = Array.from({ length: 10_000 }, (_, i) =>
    folded(
      alert(`A${i % 20}`, {
        region: `r${i % 5}`,
        instance: `i${i}`,
        cluster: `c${i % 50}`,
        service: services[i % services.length] ?? '',
      }),
      { startsAtUnixMs: now, endsAtUnixMs: now + MINUTE_MS },
    ),
  );
  const beganMs = performance.now();
  const placed = await incidents.manager.putAlerts(alerts, { labelled: false });
  const tookMs = performance.now() - beganMs;
  expect(placed.size).toBe(10_000);
  // Two of 1,000 for each region: far from one each, and none that swallows all.
  expect(incidents.manager.stats().open).toBe(10);
  process.stderr.write(`folded 10,000 alerts in ${tookMs.toFixed(0)} ms\n`);
});

test('a topology with a cycle ends, and counts the nearest way', () => {
  const cycle = new Topology({ a: ['b'], b: ['c'], c: ['a'] }, 5);
  expect(cycle.upstream('a')).toEqual(['b', 'c']);
  expect(cycle.related('a').filter(({ hops }) => hops === 1)).toEqual([
    { service: 'b', hops: 1, direction: 'upstream' },
    { service: 'c', hops: 1, direction: 'downstream' },
  ]);
  expect(cycle.related('unknown')).toHaveLength(1);
});

test('without services the earliest and worst alert is the first candidate', () => {
  const common = {
    annotations: {},
    generatorUrl: '',
    endsAtUnixMs: 1e6,
    joinedAtUnixMs: 0,
    labelled: false,
    reason: { rule: 'opened', text: '' },
  } as const;
  const members = [
    { ...common, fingerprint: 'b', labels: { alertname: 'Late' }, startsAtUnixMs: 9_000 },
    { ...common, fingerprint: 'a', labels: { alertname: 'First' }, startsAtUnixMs: 1_000 },
  ];
  const options = { topology: new Topology({}, 3), serviceLabel: 'service', unixMs: 10_000 };
  const ranked = causeCandidates(members, options);
  expect(ranked.map(({ alertname, score }) => [alertname, score])).toEqual([
    ['First', 4],
    ['Late', 1],
  ]);
  expect(causeCandidates([], options)).toEqual([]);
});

test('the label incident is for configurations that group by it', () => {
  const receivers = [{ name: 'r' }];
  const uses = (route: unknown): boolean => usesIncidentLabel(configOf({ route, receivers }));
  expect(uses({ receiver: 'r', group_by: ['alertname'] })).toBe(false);
  expect(uses({ receiver: 'r', group_by: ['...'] })).toBe(false);
  expect(uses({ receiver: 'r', routes: [{ group_by: ['incident'] }] })).toBe(true);
});

test('a configuration that cannot be is refused by field, value and fix', () => {
  const levels = [
    { name: 'L1', afterMs: 0 },
    { name: 'L2', afterMs: 0 },
  ];
  expect(() => incidentConfig({ levels })).toThrow(/levels\[1\]\.afterMs: got 0; each level comes/);
  const named = [{ name: 'L1', afterMs: 0, receiver: 'nobody' }];
  expect(() => incidentConfig({ levels: named }, ['on-call'])).toThrow(/"nobody"/);
  expect(() => incidentConfig({ maxAlerts: 0 })).toThrow(InvalidInputError);
  expect(() => incidentConfig({ windowMs: Number.NaN })).toThrow(/windowMs/);
  expect(incidentConfig({}).levels.map(({ afterMs }) => afterMs / MINUTE_MS)).toEqual([
    0, 5, 15, 30,
  ]);
});
