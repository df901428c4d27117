import { AlertNotFoundError, type IntakeAlert } from '@dwcp/alerting';
import { expect, test } from 'vitest';

import { contentOf, type Death, DEATHS, Fate, Killed } from '../alertmanager/crash-harness.ts';
import { WholeWay } from './with-pipeline.ts';

const receivers = ['team', 'lead', 'chief'].map((name) => ({
  name,
  webhook_configs: [{ url: `http://localhost/${name}` }],
}));
const config = {
  route: {
    receiver: 'team',
    group_by: ['alertname'],
    group_wait: '600ms',
    group_interval: '1s',
    repeat_interval: '4s',
    routes: [{ matchers: ['kind="folded"'], group_by: ['incident'] }],
  },
  receivers,
};
const incidentConfig = {
  closeAfterMs: 1_000,
  levels: [
    { name: 'L1', afterMs: 0, receiver: 'lead' },
    { name: 'L2', afterMs: 2_350, receiver: 'chief' },
  ],
};

const dedup = { by: ['severity'], windowMs: 2_000 };
const disk = (instance: string): Readonly<Record<string, string>> => ({
  alertname: 'Disk',
  severity: 'critical',
  region: 'eu',
  instance,
});
const net = { alertname: 'Net', severity: 'critical', region: 'us', kind: 'folded' };
const slow = { alertname: 'Slow', severity: 'warning', region: 'us', kind: 'folded' };
const drill = { alertname: 'Drill', severity: 'info' };

/** At tenths of a second; each may be done twice. */
const steps: readonly {
  readonly at: number;
  readonly act: (way: WholeWay, nowUnixMs: number) => Promise<unknown>;
}[] = [
  { at: 0, act: (way, now) => way.intake.putAlerts([firing(disk('a'), now, { dedup })], 'rule') },
  { at: 2, act: (way, now) => way.intake.putAlerts([firing(disk('b'), now, { dedup })], 'rule') },
  { at: 3, act: (way, now) => way.intake.putAlerts([firing(net, now), firing(slow, now)]) },
  { at: 5, act: (way) => way.intake.trigger({ labels: drill, by: 'ann' }) },
  {
    at: 11,
    act: (way) => {
      const [incident = ''] = [...way.incidents.state.open.values()].flatMap(({ id, members }) =>
        [...members.values()].some(({ labels }) => labels['alertname'] === 'Net') ? [id] : [],
      );
      const given = { incident, by: 'ann', comment: 'on it', timeoutMs: 2_000 };
      return way.incidents.acknowledge(given);
    },
  },
  { at: 16, act: (way) => way.intake.resolve({ labels: drill, by: 'ann', comment: '' }) },
  { at: 34, act: (way) => way.intake.resolve({ labels: disk('a'), by: 'ann', comment: '' }) },
  { at: 42, act: (way, now) => way.intake.putAlerts([firing(disk('a'), now, { dedup })], 'rule') },
  {
    at: 55,
    act: (way, now) =>
      way.intake.putAlerts([net, slow].map((labels) => ({ labels, endsAtUnixMs: now }))),
  },
];

function firing(
  labels: Readonly<Record<string, string>>,
  nowUnixMs: number,
  more: Partial<IntakeAlert> = {},
): IntakeAlert {
  return { labels, startsAtUnixMs: nowUnixMs, endsAtUnixMs: nowUnixMs + 3_600_000, ...more };
}

async function play(at: number, death: Death) {
  const way = new WholeWay(config, incidentConfig);
  let fate = new Fate(at, death);
  const first = fate;
  const traces = (): { readonly append: Fate['perform'] } => {
    const mine = fate;
    return { append: (parts) => mine.perform(parts) };
  };
  const startUnixMs = way.clock.nowUnixMs();
  await way.start(traces());
  const restartIfDead = async (): Promise<void> => {
    if (!fate.dead) return;
    await way.stop();
    fate = new Fate(Number.POSITIVE_INFINITY, 'before');
    await way.start(traces());
    // What the start found to be handed over.
    await way.clock.advance(0);
  };
  const act = async (step: (typeof steps)[number]): Promise<void> => {
    try {
      await step.act(way, way.clock.nowUnixMs());
    } catch (error) {
      // Resolved by the try before, of which there was no answer.
      if (!(error instanceof AlertNotFoundError && first.dead)) throw error;
    }
  };
  for (let tenth = 0; tenth <= 100; tenth++) {
    await way.clock.advance(startUnixMs + tenth * 100 - way.clock.nowUnixMs());
    await restartIfDead();
    for (const step of steps.filter((one) => one.at === tenth)) {
      try {
        await act(step);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        // Whoever asked got no answer, and asks again.
        await restartIfDead();
        await act(step);
      }
    }
  }
  await restartIfDead();
  await way.clock.advance(1);
  const content = contentOf(way.outbox.taken.map(({ notification }) => notification));
  const waiting = [way.incidents.stats().waitingIntents, way.intake.stats().pending];
  await way.stop();
  return {
    // Which number an incident has is no matter.
    content: content.map((line) => line.replaceAll(/inc-\d+/g, 'inc')).sort(),
    waiting,
    operations: first.operations,
    died: first.dead,
  };
}

test('an end before, in or after any operation loses and repeats nothing that people are told', async () => {
  const whole = await play(Number.POSITIVE_INFINITY, 'before');
  const receiversTold = new Set(
    whole.content.map((line) => String((JSON.parse(line) as unknown[])[0])),
  );
  expect([...receiversTold].sort()).toEqual([
    'chief/webhook[0]',
    'lead/webhook[0]',
    'team/webhook[0]',
  ]);
  expect(whole.content.length).toBeGreaterThan(10);
  let runs = 0;
  for (let at = 0; at < whole.operations; at++) {
    for (const death of DEATHS) {
      const run = await play(at, death);
      expect(run.died).toBe(true);
      expect(run.content, `killed ${death} operation ${at}`).toEqual(whole.content);
      expect(run.waiting).toEqual([0, 0]);
      runs++;
    }
  }
  process.stderr.write(`${runs} ends, ${whole.content.length} notifications each\n`);
  expect(runs).toBeGreaterThan(150);
}, 120_000);
