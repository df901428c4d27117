import { apiIncidentDetail, apiIncidents, IncidentState } from '@dwcp/alerting';
import { expect, test } from 'vitest';

import { folded, ManagedIncidents, MINUTE_MS } from './support.ts';

const critical = (alertname: string, region = 'eu'): Readonly<Record<string, string>> => ({
  alertname,
  severity: 'critical',
  region,
});

function shown(state: IncidentState): unknown {
  return JSON.parse(JSON.stringify(state.snapshot()));
}

test('records read again, and a snapshot of them, give the same state', async () => {
  const incidents = await ManagedIncidents.open();
  await incidents.fire(critical('A'), critical('B'), critical('C', 'us'));
  await incidents.clock.advance(6 * MINUTE_MS);
  const ann = { by: 'ann', comment: 'c' };
  await incidents.manager.acknowledge({ incident: 'inc-1', ...ann, timeoutMs: MINUTE_MS });
  const { fingerprint } = folded(critical('C', 'us'));
  await incidents.manager.acknowledge({ fingerprint, ...ann });
  await incidents.clock.advance(2 * MINUTE_MS);
  await incidents.end(critical('A'), critical('B'));
  await incidents.clock.advance(30 * MINUTE_MS);
  const { state } = incidents.manager;
  const again = new IncidentState();
  for (const record of await incidents.store.load()) again.apply(record);
  expect(shown(again)).toEqual(shown(state));
  const fromSnapshot = new IncidentState();
  for (const record of state.snapshot()) fromSnapshot.apply(record);
  expect(shown(fromSnapshot)).toEqual(shown(state));
  expect(fromSnapshot.alertAcknowledgements.size).toBe(1);
  expect(fromSnapshot.placedCount).toBe(state.placedCount);
  expect(state.closed.size).toBe(1);
});

test('closed incidents are kept up to their number and their age, with their first 100 alerts', async () => {
  const incidents = await ManagedIncidents.open({
    config: { maxClosed: 2, retentionMs: 60 * MINUTE_MS },
  });
  for (const region of ['r1', 'r2', 'r3']) {
    const storm = Array.from({ length: 150 }, (_, i) => critical(`A${i}`, region));
    await incidents.fire(...storm);
    await incidents.end(...storm);
    await incidents.clock.advance(6 * MINUTE_MS);
  }
  expect(incidents.manager.stats()).toMatchObject({ open: 0, closed: 2, dropped: 1 });
  await incidents.clock.advance(20 * MINUTE_MS);
  expect(apiIncidents(incidents.manager).items.map(({ alerts }) => alerts)).toEqual([150, 150]);
  expect(apiIncidentDetail(incidents.manager, 'inc-3')?.members).toHaveLength(100);
  expect(incidents.manager.stats().alerts).toBe(0);
  await incidents.clock.advance(60 * MINUTE_MS);
  expect(incidents.manager.stats()).toMatchObject({ closed: 0, dropped: 1 });
});

test('closed incidents go, the oldest first, where they have too many alerts together', async () => {
  const incidents = await ManagedIncidents.open({ config: { maxClosedAlerts: 25 } });
  for (const region of ['r1', 'r2', 'r3']) {
    const storm = Array.from({ length: 10 }, (_, i) => critical(`A${i}`, region));
    await incidents.fire(...storm);
    await incidents.end(...storm);
    await incidents.clock.advance(6 * MINUTE_MS);
  }
  const kept = apiIncidents(incidents.manager).items.map(({ id }) => id);
  expect(kept).toEqual(['inc-3', 'inc-2']);
  expect(incidents.manager.stats().dropped).toBe(1);
});

test('injected incidents are found: pairs of alerts are together that belong together', async () => {
  const services = Array.from({ length: 30 }, (_, i) => `s${i}`);
  // Six stacks of five services, each service needing the next.
  const topology = Object.fromEntries(
    services.flatMap((name, i) => (i % 5 === 4 ? [] : [[name, [services[i + 1] ?? '']]])),
  );
  const incidents = await ManagedIncidents.open({ config: { topology, foldByRegion: false } });
  let seed = 42;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const truth = new Map<string, number>();
  const injected: { readonly atMs: number; readonly labels: Readonly<Record<string, string>> }[] =
    [];
  for (let id = 0; id < 60; id++) {
    // Two at a time, in other regions or other stacks.
    const beginsMs = Math.floor(id / 2) * 20 * MINUTE_MS;
    const [stack, region] = [(id * 7 + random(2)) % 6, `r${id % 2}`];
    for (let alert = 0; alert < 4 + random(10); alert++) {
      const service = services[stack * 5 + random(5)] ?? '';
      const name = `I${id}A${alert}`;
      const labels = { ...critical(name, region), service, instance: `${id}-${alert}` };
      injected.push({ atMs: beginsMs + random(4 * MINUTE_MS), labels });
      truth.set(name, id);
    }
    const noise = critical(`N${id}`, region);
    injected.push({ atMs: beginsMs + random(4 * MINUTE_MS), labels: noise });
    truth.set(`N${id}`, 1_000 + id);
  }
  let nowMs = 0;
  for (const { atMs, labels } of injected.sort((a, b) => a.atMs - b.atMs)) {
    await incidents.clock.advance(atMs - nowMs);
    nowMs = atMs;
    await incidents.fire(labels);
  }
  const found = injected.map(({ labels }) => [
    truth.get(labels['alertname'] ?? ''),
    incidents.incidentOf(labels),
  ]);
  let [both, folds, pairs] = [0, 0, 0];
  for (const [i, [trueA, idA]] of found.entries()) {
    for (const [trueB, idB] of found.slice(i + 1)) {
      if (trueA === trueB) pairs++;
      if (idA === idB) folds++;
      if (trueA === trueB && idA === idB) both++;
    }
  }
  const [precision, recall] = [both / folds, both / pairs];
  process.stderr.write(`precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}\n`);
  expect(precision).toBeGreaterThan(0.95);
  expect(recall).toBeGreaterThan(0.9);
});
