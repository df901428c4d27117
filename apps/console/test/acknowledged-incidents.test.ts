import { expect, test } from 'vitest';

import {
  type AlertsOfName,
  type IncidentDetail,
  type IncidentPage,
} from '../src/api/alerting-types.ts';
import { type Params } from '../src/api/client.ts';
import { acknowledgedIncidents } from '../src/pages/alerts/acknowledged-incidents.ts';

const ofName = (alertname: string, acknowledged: number, region = ''): AlertsOfName => ({
  alertname,
  region,
  severity: 'warning',
  firing: 5,
  suppressed: 0,
  acknowledged,
  since: '2026-01-01T00:00:00Z',
  fingerprints: [],
});

const incident = (id: string): IncidentDetail => ({
  id,
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
});

/** What was asked, and the incidents that were found. */
async function ask(
  items: readonly AlertsOfName[],
  incidents: Readonly<Record<string, readonly string[]>> = {},
): Promise<{ readonly asked: readonly Params[]; readonly found: readonly string[] }> {
  const asked: Params[] = [];
  const found = await acknowledgedIncidents({
    byName: () => Promise.resolve({ items }),
    incidents: (params) => {
      asked.push(params);
      const ids = incidents[String(params['state'])] ?? [];
      const page: IncidentPage = { items: ids.map(incident), nextCursor: null };
      return Promise.resolve(page);
    },
    incident: (id) => Promise.resolve(incident(id)),
  });
  return { asked, found: found.map(({ id }) => id) };
}

test('where nothing is acknowledged no incident is asked for', async () => {
  expect(await ask([ofName('A', 0)])).toEqual({ asked: [], found: [] });
});

test('incidents that are acknowledged, and others that have alerts of such names, are found', async () => {
  const { asked, found } = await ask(
    [ofName('Host.Down', 1, 'eu'), ofName('Host.Down', 2, 'us'), ofName('A"|B', 1), ofName('C', 0)],
    { acknowledged: ['inc-1'], unacknowledged: ['inc-2'] },
  );
  expect(found).toEqual(['inc-1', 'inc-2']);
  expect(asked).toEqual([
    { state: 'acknowledged', limit: 100 },
    {
      state: 'unacknowledged',
      filter: [String.raw`alertname=~"Host\\.Down|A\"\\|B"`],
      limit: 30,
    },
  ]);
});
