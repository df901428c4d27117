import { ManualClock } from '@dwcp/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { configOf } from '../alertmanager/support.ts';
import { SimulatedNetwork } from './network.ts';
import { type Heard, postToAll, SimulatedInstance } from './simulated-instance.ts';

const config = configOf({
  route: {
    receiver: 'team',
    group_by: ['alertname'],
    group_wait: '10s',
    group_interval: '1m',
    repeat_interval: '12h',
  },
  receivers: [{ name: 'team', webhook_configs: [{ url: 'http://receiver.example.org/' }] }],
});

const STEP_MS = 5_000;
/** Senders repeat so often what fires, and for long what is over, as Prometheus does. */
const RESEND_STEPS = 4;
const CALM_STEPS = 60;
/** More for a long search. */
const RUNS = Number(process.env['DWCP_TEST_RUNS'] ?? 40);

type Event =
  | { readonly kind: 'fire' | 'resolve'; readonly alert: number }
  | { readonly kind: 'kill' | 'start' | 'lose-receiver' | 'find-receiver'; readonly at: number }
  | { readonly kind: 'cut'; readonly at: number; readonly to: number }
  | { readonly kind: 'heal' | 'nothing' };

const alertEvent = fc.record({
  kind: fc.constantFrom('fire' as const, 'resolve' as const),
  alert: fc.nat({ max: 3 }),
});
const trouble = fc.oneof(
  fc.record({
    kind: fc.constantFrom(
      'kill' as const,
      'start' as const,
      'lose-receiver' as const,
      'find-receiver' as const,
    ),
    at: fc.nat({ max: 2 }),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat({ max: 2 }), to: fc.nat({ max: 2 }) }),
  fc.record({ kind: fc.constant('heal' as const) }),
);
const nothing = fc.record({ kind: fc.constant('nothing' as const) });

interface Outcome {
  readonly heard: readonly Heard[];
  /** Alerts that fire at the end. */
  readonly firing: ReadonlySet<number>;
  readonly clock: ManualClock;
  readonly instances: readonly SimulatedInstance[];
}

/** Lets things happen, one each step, then lets all be well for some minutes. */
async function play(
  events: readonly Event[],
  options: { readonly size: number; readonly lossRatio: number; readonly seed: number },
): Promise<Outcome> {
  const clock = new ManualClock();
  const network = new SimulatedNetwork(clock, randomFrom(options.seed));
  network.maxDelayMs = 400;
  network.lossRatio = options.lossRatio;
  const heard: Heard[] = [];
  const ids = ['a', 'b', 'c'].slice(0, options.size);
  const shared = { clock, network, config, urls: ids, heard };
  const instances = ids.map((id) => new SimulatedInstance(id, shared));
  const at = (index: number): SimulatedInstance => {
    const found = instances[index % instances.length];
    if (found === undefined) throw new Error('no instance');
    return found;
  };
  for (const instance of instances) await instance.start();
  const firing = new Map<number, number>();
  const over = new Map<number, { readonly since: number; readonly until: number }>();
  const say = (alert: number): Promise<void> => {
    const ended = over.get(alert);
    const startsAtUnixMs = ended?.since ?? firing.get(alert) ?? 0;
    const endsAtUnixMs = ended?.until ?? clock.nowUnixMs() + 300_000;
    return postToAll(instances, [
      { labels: { alertname: `A${alert}` }, startsAtUnixMs, endsAtUnixMs },
    ]);
  };
  const calm = Array.from({ length: CALM_STEPS }, (): Event => ({ kind: 'nothing' }));
  for (const [step, event] of [...events, ...calm].entries()) {
    if (step === events.length) {
      network.heal();
      for (const instance of instances) {
        instance.reachesReceiver = true;
        if (!instance.isUp) await instance.start();
      }
    }
    switch (event.kind) {
      case 'fire':
        over.delete(event.alert);
        if (!firing.has(event.alert)) firing.set(event.alert, clock.nowUnixMs());
        await say(event.alert);
        break;
      case 'resolve': {
        const since = firing.get(event.alert);
        if (since === undefined) break;
        firing.delete(event.alert);
        over.set(event.alert, { since, until: clock.nowUnixMs() });
        await say(event.alert);
        break;
      }
      case 'kill':
        if (at(event.at).isUp) await at(event.at).kill();
        break;
      case 'start':
        if (!at(event.at).isUp) await at(event.at).start();
        break;
      case 'lose-receiver':
      case 'find-receiver':
        at(event.at).reachesReceiver = event.kind === 'find-receiver';
        break;
      case 'cut':
        network.cut(at(event.at).id, at(event.to).id);
        break;
      case 'heal':
        network.heal();
        break;
      case 'nothing':
    }
    if (step % RESEND_STEPS === 0) {
      for (const alert of [...firing.keys(), ...over.keys()]) await say(alert);
    }
    await clock.advance(STEP_MS);
  }
  return { heard, firing: new Set(firing.keys()), clock, instances };
}

/** What the receiver believes of an alert: the last it heard. */
function lastHeard(heard: readonly Heard[], alert: number): 'firing' | 'resolved' | undefined {
  const name = `A${alert}`;
  return heard.findLast(({ firing, resolved }) => firing.includes(name) || resolved.includes(name))
    ?.status;
}

test(
  'whatever is lost, late, cut off, killed or restarted: in the end the receiver knows what fires',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(alertEvent, trouble, nothing), { minLength: 1, maxLength: 40 }),
        fc.record({
          size: fc.constantFrom(2, 3),
          lossRatio: fc.constantFrom(0, 0.1, 0.3),
          seed: fc.nat(),
        }),
        async (events, options) => {
          const { heard, firing } = await play(events, options);
          const believed = [0, 1, 2, 3].filter((alert) => lastHeard(heard, alert) === 'firing');
          expect(new Set(believed)).toEqual(firing);
        },
      ),
      { numRuns: RUNS },
    );
  },
);

test(
  'while all are there, a lossy and slow network lets nothing be told twice',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(alertEvent, nothing, nothing, nothing), { minLength: 1, maxLength: 60 }),
        fc.record({
          size: fc.constantFrom(2, 3),
          // One request in twenty, so that a few tries within the delay get through.
          lossRatio: fc.constantFrom(0, 0.05),
          seed: fc.nat(),
        }),
        async (events, options) => {
          const quiet = Array.from({ length: 4 }, (): Event => ({ kind: 'nothing' }));
          const { heard } = await play([...quiet, ...events], options);
          const repeated = heard.filter(({ groupKey, status }, index) => {
            const before = heard.slice(0, index).findLast((told) => told.groupKey === groupKey);
            return before?.status === status;
          });
          expect(repeated).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  },
);

test('instances that can talk in the end know the same', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(alertEvent, trouble), { minLength: 1, maxLength: 30 }),
      fc.nat(),
      async (events, seed) => {
        const { instances } = await play(events, { size: 3, lossRatio: 0.1, seed });
        const [first, ...others] = instances.map(({ pipeline }) =>
          pipeline.sharing.shared().log.toSorted((a, b) => (a.groupKey < b.groupKey ? -1 : 1)),
        );
        for (const other of others) expect(other).toEqual(first);
      },
    ),
    { numRuns: RUNS / 2 },
  );
});

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
