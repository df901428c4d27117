import {
  AlertCluster,
  type PeerRequest,
  type PeerTransport,
  type SharedPipeline,
  type Silence,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

const silence = (id: string, comment = ''): Silence => ({
  id,
  matchers: [{ name: 'a', operator: '=', value: 'b' }],
  startsAtUnixMs: 0,
  endsAtUnixMs: 1,
  updatedAtUnixMs: 0,
  createdBy: 'ann',
  comment,
  annotations: {},
});

/** A peer that takes what it is told, at once or when it is let to. */
class SlowPeer implements PeerTransport {
  readonly taken = new Map<string, string>();
  pushes = 0;
  #gate: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async ask(_url: string, { kind, state }: PeerRequest) {
    if (kind === 'push') {
      this.pushes++;
      await this.#gate?.promise;
      for (const { id, comment } of state?.silences ?? []) this.taken.set(id, comment);
    }
    return { from: { id: 'b', startId: 'b-1' } };
  }
}

async function clusterWith(peer: SlowPeer): Promise<{
  readonly cluster: AlertCluster;
  readonly clock: ManualClock;
  readonly change: (changed: Silence) => void;
}> {
  const clock = new ManualClock();
  const all = new Map<string, Silence>();
  const pipeline: SharedPipeline = {
    shared: () => ({ silences: [...all.values()], log: [] }),
    takeOver: async () => 0,
    noteTold: async () => undefined,
    isToldByAny: async () => false,
  };
  const cluster = new AlertCluster({
    self: { id: 'a', startId: 'a-1' },
    peers: ['b'],
    transport: peer,
    peerTimeoutMs: 15_000,
    pushPullMs: 60_000,
    capacity: 3,
    clock,
  });
  cluster.start(pipeline);
  await clock.advance(1);
  const change = (changed: Silence): void => {
    all.set(changed.id, changed);
    cluster.committed([{ kind: 'silences', silences: [changed] }]);
  };
  return { cluster, clock, change };
}

test('of several changes that wait for a peer the last is told', async () => {
  const peer = new SlowPeer();
  const { cluster, clock, change } = await clusterWith(peer);
  peer.hold();
  change(silence('first'));
  await clock.advance(1);
  for (const comment of ['one', 'two', 'three', 'four', 'five']) change(silence('same', comment));
  peer.release();
  await clock.advance(1);
  expect([...peer.taken]).toEqual([
    ['first', ''],
    ['same', 'five'],
  ]);
  expect(peer.pushes).toBe(2);
  expect(cluster.stats().dropped).toBe(0);
});

test('what a slow peer has no room for is counted, and made up for by an exchange of all', async () => {
  const peer = new SlowPeer();
  const { cluster, clock, change } = await clusterWith(peer);
  peer.hold();
  const ids = ['first', 'a', 'b', 'c', 'd', 'e'];
  for (const id of ids) {
    change(silence(id));
    await clock.advance(1);
  }
  // One is on its way, three wait.
  expect(cluster.stats().dropped).toBe(2);
  peer.release();
  await clock.advance(1);
  expect([...peer.taken.keys()].sort()).toEqual(ids.toSorted());
});

test('a peer that does not take anything is asked again with all there is', async () => {
  const peer = new SlowPeer();
  const { cluster, clock, change } = await clusterWith(peer);
  peer.hold();
  change(silence('lost'));
  // No answer in time; the request is given up.
  const failing = peer.ask.bind(peer);
  peer.ask = async () => {
    throw new Error('connection refused');
  };
  peer.release();
  await clock.advance(1);
  change(silence('second'));
  await clock.advance(20_000);
  expect(cluster.stats()).toMatchObject({ peers: 0, failedPeers: 1 });
  peer.taken.clear();
  peer.ask = failing;
  await clock.advance(1_000);
  expect([...peer.taken.keys()].sort()).toEqual(['lost', 'second']);
  expect(cluster.stats()).toMatchObject({ peers: 1, failedPeers: 0 });
});
