import { describe, expect, test } from 'vitest';

import { type LiveFile, type Step } from './conformance/live.ts';
import { contentOf, DEATHS, playWithCrash, type Scenario } from './crash-harness.ts';
import { hasConformance, readConformance, SKIPPED } from './shared-material.ts';

const NEVER = { at: Number.POSITIVE_INFINITY, death: 'before' } as const;

const hook = (name: string): unknown => ({
  name,
  webhook_configs: [
    { url: `http://localhost/${name}/0` },
    { url: `http://localhost/${name}/1`, send_resolved: false },
  ],
});

const small: Scenario = {
  config: {
    global: { resolve_timeout: '3s' },
    route: {
      receiver: 'root',
      group_by: ['alertname'],
      group_wait: '1s',
      group_interval: '2s',
      repeat_interval: '3s',
      routes: [
        { matchers: ['scn="both"'], receiver: 'one', continue: true },
        { matchers: ['scn="both"'], receiver: 'two' },
      ],
    },
    inhibit_rules: [
      { source_matchers: ['severity="critical"'], target_matchers: ['severity="low"'] },
    ],
    receivers: ['root', 'one', 'two'].map(hook),
  },
  steps: [
    { t: 0, scn: 'both', post: [{ labels: { alertname: 'A' } }, { labels: { alertname: 'B' } }] },
    { t: 0.2, scn: 'held', post: [{ labels: { alertname: 'C', severity: 'low' } }] },
    { t: 0.2, scn: 'quiet', silence_s: 4 },
    { t: 0.4, scn: 'quiet', post: [{ labels: { alertname: 'D' } }] },
    {
      t: 0.6,
      scn: 'held',
      post: [{ labels: { alertname: 'E', severity: 'critical' }, no_endsAt: true }],
    },
    { t: 3.4, scn: 'both', post: [{ labels: { alertname: 'A' }, ends: -0.1 }] },
    { t: 6.2, scn: 'both', post: [{ labels: { alertname: 'A' } }] },
  ] satisfies readonly Step[],
  endS: 9,
  stepMs: 200,
};

/** Plays a scenario with an end at each of the operations, and compares what receivers got. */
async function crashEverywhere(scenario: Scenario, every: number): Promise<number> {
  const whole = await playWithCrash(scenario, NEVER);
  const wanted = contentOf(whole.taken);
  expect(wanted.length).toBeGreaterThan(5);
  let runs = 0;
  for (let at = 0; at < whole.operations; at += every) {
    for (const death of DEATHS) {
      const run = await playWithCrash(scenario, { at, death });
      expect(run.died).toBe(true);
      expect(contentOf(run.taken), `killed ${death} operation ${at}`).toEqual(wanted);
      runs++;
    }
  }
  return runs;
}

test('an end before, in or after any operation loses and repeats no notification', async () => {
  expect(await crashEverywhere(small, 1)).toBeGreaterThan(60);
}, 120_000);

describe.skipIf(!hasConformance)(`the recorded scenarios${SKIPPED}`, () => {
  test('lose and repeat nothing over ends at every operation', async () => {
    const { config, steps } = readConformance<LiveFile>('am-live-recorded.json');
    const recorded: Scenario = { config, steps, endS: 15.6, stepMs: 100 };
    expect(await crashEverywhere(recorded, 1)).toBeGreaterThan(100);
  }, 300_000);
});
