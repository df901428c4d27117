import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { configOf } from '../alertmanager/support.ts';
import { SimulatedNetwork } from './network.ts';
import { type Heard, PEER_TIMEOUT_MS, postToAll, SimulatedInstance } from './simulated-instance.ts';

const GROUP_WAIT_MS = 10_000;
const GROUP_INTERVAL_MS = 60_000;
const HOUR_MS = 3_600_000;

const config = configOf({
  route: {
    receiver: 'team',
    group_by: ['cluster'],
    group_wait: '10s',
    group_interval: '1m',
    repeat_interval: '1h',
  },
  receivers: [{ name: 'team', webhook_configs: [{ url: 'http://receiver.example.org/' }] }],
});

/** Instances that have found each other, a to c by their position. */
async function clusterOf(ids: readonly string[]): Promise<{
  readonly clock: ManualClock;
  readonly network: SimulatedNetwork;
  readonly heard: readonly Heard[];
  readonly instances: readonly SimulatedInstance[];
}> {
  const clock = new ManualClock();
  const network = new SimulatedNetwork(clock, () => 0.999);
  const heard: Heard[] = [];
  const shared = { clock, network, config, urls: ids, heard };
  const instances = ids.map((id) => new SimulatedInstance(id, shared));
  for (const instance of instances) await instance.start();
  await clock.advance(8_000);
  return { clock, network, heard, instances };
}

const alert = (alertname: string, endsAtUnixMs?: number) => ({
  labels: { alertname, cluster: 'eu' },
  endsAtUnixMs: endsAtUnixMs ?? Date.parse('2027-01-01T00:00:00Z'),
});

const shown = ({ from, status, firing, resolved }: Heard) => ({ from, status, firing, resolved });

test.each([['two', ['a', 'b']] as const, ['three', ['a', 'b', 'c']] as const])(
  '%s instances tell each notification once, all told by the first',
  async (_, ids) => {
    const { clock, heard, instances } = await clusterOf(ids);
    expect(instances.map(({ cluster }) => cluster.position)).toEqual(ids.map((_id, at) => at));
    const startUnixMs = clock.nowUnixMs();

    await postToAll(instances, [alert('Disk')]);
    await clock.advance(GROUP_WAIT_MS + GROUP_INTERVAL_MS / 2);
    await postToAll(instances, [alert('Memory')]);
    await clock.advance(2 * GROUP_INTERVAL_MS);
    await postToAll(instances, [alert('Disk', clock.nowUnixMs())]);
    await clock.advance(2 * GROUP_INTERVAL_MS);

    expect(heard.map(shown)).toEqual([
      { from: 'a', status: 'firing', firing: ['Disk'], resolved: [] },
      { from: 'a', status: 'firing', firing: ['Disk', 'Memory'], resolved: [] },
      { from: 'a', status: 'firing', firing: ['Memory'], resolved: ['Disk'] },
    ]);
    expect(heard[0]?.unixMs).toBe(startUnixMs + GROUP_WAIT_MS);

    await clock.advance(2 * HOUR_MS + GROUP_INTERVAL_MS);
    expect(heard.slice(3).map(shown)).toEqual([
      { from: 'a', status: 'firing', firing: ['Memory'], resolved: [] },
      { from: 'a', status: 'firing', firing: ['Memory'], resolved: [] },
    ]);
  },
);

test('when the first dies before it tells, the second tells after its delay', async () => {
  const { clock, heard, instances } = await clusterOf(['a', 'b']);
  const [a] = instances;
  await postToAll(instances, [alert('Disk')]);
  const postedUnixMs = clock.nowUnixMs();
  await clock.advance(GROUP_WAIT_MS - 1);
  await a?.kill();
  await clock.advance(5 * GROUP_INTERVAL_MS);
  expect(heard.map(shown)).toEqual([
    { from: 'b', status: 'firing', firing: ['Disk'], resolved: [] },
  ]);
  expect(heard[0]?.unixMs).toBe(postedUnixMs + GROUP_WAIT_MS + PEER_TIMEOUT_MS);
});

test('a peer that is gone moves the others up, one that is back moves them down', async () => {
  const { clock, heard, instances } = await clusterOf(['a', 'b', 'c']);
  const [a, b, c] = instances;
  await a?.kill();
  await clock.advance(PEER_TIMEOUT_MS + 10_000);
  expect([b, c].map((instance) => instance?.cluster.position)).toEqual([0, 1]);
  expect(b?.cluster.stats()).toMatchObject({ peers: 1, failedPeers: 1 });

  await postToAll(instances, [alert('Disk')]);
  const postedUnixMs = clock.nowUnixMs();
  await clock.advance(2 * GROUP_INTERVAL_MS);
  expect(heard.map(shown)).toEqual([
    { from: 'b', status: 'firing', firing: ['Disk'], resolved: [] },
  ]);
  expect(heard[0]?.unixMs).toBe(postedUnixMs + GROUP_WAIT_MS);

  await a?.start();
  await clock.advance(10_000);
  expect([a, b, c].map((instance) => instance?.cluster.position)).toEqual([0, 1, 2]);
  await postToAll(instances, [alert('Disk')]);
  await clock.advance(3 * GROUP_INTERVAL_MS);
  expect(heard).toHaveLength(1);
});

test('a notification that the first decided on and could not deliver is told by the second, once', async () => {
  const { clock, heard, instances } = await clusterOf(['a', 'b']);
  const [a] = instances;
  if (a === undefined) throw new Error('no instance');
  a.reachesReceiver = false;
  await postToAll(instances, [alert('Disk')]);
  await clock.advance(GROUP_WAIT_MS + PEER_TIMEOUT_MS + 1_000);
  expect(heard.map(shown)).toEqual([
    { from: 'b', status: 'firing', firing: ['Disk'], resolved: [] },
  ]);
  a.reachesReceiver = true;
  await clock.advance(10 * GROUP_INTERVAL_MS);
  expect(heard).toHaveLength(1);
  expect(a.outbox.stats()).toMatchObject([{ waiting: 0, delivered: 1 }]);
});

test('what a dead process had not delivered is not repeated after its restart', async () => {
  const { clock, heard, instances } = await clusterOf(['a', 'b']);
  const [a] = instances;
  if (a === undefined) throw new Error('no instance');
  a.reachesReceiver = false;
  await postToAll(instances, [alert('Disk')]);
  await clock.advance(GROUP_WAIT_MS + 1_000);
  await a.kill();
  a.reachesReceiver = true;
  await clock.advance(2 * PEER_TIMEOUT_MS);
  expect(heard.map(({ from }) => from)).toEqual(['b']);
  await a.start();
  await clock.advance(3 * GROUP_INTERVAL_MS);
  expect(heard.map(({ from }) => from)).toEqual(['b']);
});

test('after kill and restart of each nothing is repeated, and what is new is told', async () => {
  const { clock, heard, instances } = await clusterOf(['a', 'b']);
  await postToAll(instances, [alert('Disk')]);
  await clock.advance(2 * GROUP_INTERVAL_MS);
  for (const instance of instances) {
    await instance.kill();
    await clock.advance(GROUP_INTERVAL_MS + 1);
    await instance.start();
    await clock.advance(GROUP_INTERVAL_MS);
  }
  expect(heard).toHaveLength(1);
  await postToAll(instances, [alert('Memory')]);
  await clock.advance(2 * GROUP_INTERVAL_MS);
  expect(heard.slice(1).map(shown)).toEqual([
    { from: 'a', status: 'firing', firing: ['Disk', 'Memory'], resolved: [] },
  ]);
});

test('both sides of a partition tell, and nothing is repeated once it is healed', async () => {
  const { clock, network, heard, instances } = await clusterOf(['a', 'b']);
  network.cut('a', 'b');
  await postToAll(instances, [alert('Disk')]);
  await clock.advance(GROUP_WAIT_MS + 2 * GROUP_INTERVAL_MS);
  expect(heard.map(({ from }) => from)).toEqual(['a', 'b']);
  network.heal();
  await clock.advance(10 * GROUP_INTERVAL_MS);
  expect(heard).toHaveLength(2);
  const [a, b] = instances.map(({ pipeline }) => pipeline.sharing.shared());
  expect(a).toEqual(b);
  await clock.advance(HOUR_MS);
  expect(heard).toHaveLength(3);
});

test('a silence made on one instance holds on the other at once, and ends there too', async () => {
  const { clock, network, heard, instances } = await clusterOf(['a', 'b', 'c']);
  const [a, b, c] = instances;
  network.cut('a', 'c');
  const id = await a?.pipeline.setSilence({
    matchers: [{ name: 'alertname', operator: '=', value: 'Disk' }],
    startsAtUnixMs: clock.nowUnixMs(),
    endsAtUnixMs: clock.nowUnixMs() + HOUR_MS,
    createdBy: 'ann',
    comment: 'being replaced',
  });
  await clock.advance(1);
  // The one that hears nothing of the first hears of it from the other.
  expect(b?.pipeline.state.silences.get(id ?? '')).toMatchObject({ comment: 'being replaced' });
  expect(c?.pipeline.state.silences.get(id ?? '')).toMatchObject({ comment: 'being replaced' });
  await postToAll(instances, [alert('Disk')]);
  await clock.advance(3 * GROUP_INTERVAL_MS);
  expect(heard).toEqual([]);

  await b?.pipeline.expireSilence(id ?? '');
  await clock.advance(3 * GROUP_INTERVAL_MS);
  expect(heard.map(shown)).toMatchObject([{ firing: ['Disk'] }]);
});

test('an instance that was away gets what it missed', async () => {
  const { clock, instances } = await clusterOf(['a', 'b']);
  const [a, b] = instances;
  await b?.kill();
  await clock.advance(PEER_TIMEOUT_MS * 2);
  const id = await a?.pipeline.setSilence({
    matchers: [{ name: 'alertname', operator: '=', value: 'Disk' }],
    startsAtUnixMs: clock.nowUnixMs(),
    endsAtUnixMs: clock.nowUnixMs() + HOUR_MS,
    createdBy: 'ann',
    comment: '',
  });
  expect(a?.cluster.stats().dropped).toBe(1);
  await b?.start();
  await clock.advance(2_000);
  expect(b?.cluster.status()).toMatchObject({ status: 'ready', peers: [{ id: 'a', url: 'a' }] });
  expect(b?.pipeline.state.silences.get(id ?? '')).toBeDefined();
});

test('nothing is told before it is known who is there, and then without those that are not', async () => {
  const clock = new ManualClock();
  const network = new SimulatedNetwork(clock, () => 0.999);
  const heard: Heard[] = [];
  const b = new SimulatedInstance('b', { clock, network, config, urls: ['a', 'b'], heard });
  await b.start();
  await clock.advance(0);
  expect(b.cluster.status().status).toBe('settling');
  expect(b.cluster.headStartMs()).toBeUndefined();
  await postToAll([b], [{ ...alert('Disk'), startsAtUnixMs: clock.nowUnixMs() - HOUR_MS }]);
  await clock.advance(3_000);
  expect(heard).toEqual([]);
  await clock.advance(6_000);
  expect(b.cluster.status()).toMatchObject({ status: 'ready', peers: [] });
  expect(heard.map(shown)).toMatchObject([{ from: 'b', firing: ['Disk'] }]);
});
