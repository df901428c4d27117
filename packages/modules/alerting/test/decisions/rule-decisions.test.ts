import {
  type AlertInstance,
  DecisionLog,
  MemoryDecisionStore,
  parseRuleFile,
  RuleDecisions,
} from '@dwcp/alerting';
import { type DecisionRecord, Labels } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

const [group] = parseRuleFile(
  'groups: [{name: g, rules: [{alert: A, expr: x > 0, for: 1m, keep_firing_for: 5m}]}]',
  'rules.yml',
);
const [rule] = group?.rules ?? [];
if (group === undefined || rule === undefined) throw new Error('no rule');
const evaluated = { group, rule, error: undefined };

const labelsOf = (i: number): Labels => Labels.from({ alertname: 'A', i: String(i) });

function firing(i: number, value: number, labels = labelsOf(i)): AlertInstance {
  return {
    labels,
    annotations: {},
    state: { kind: 'firing', activeAtUnixMs: 0, firedAtUnixMs: 60_000, value },
    keepFiringSinceUnixMs: undefined,
    sent: undefined,
  };
}

async function recordsOf(store: MemoryDecisionStore): Promise<readonly DecisionRecord[]> {
  const query = { startUnixMs: 0, endUnixMs: 4e12, limit: 10_000, order: 'oldest-first' } as const;
  return (await store.search({ ...query, kinds: ['evaluated'] })).records;
}

test(
  '10,000 alerts evaluated 100 times are written at the beginning and every ten minutes',
  { timeout: 60_000 },
  async () => {
    const clock = new ManualClock();
    const store = new MemoryDecisionStore();
    const log = new DecisionLog({ store, clock, confirmIntervalMs: 600_000 });
    const decisions = new RuleDecisions(log);
    const alerts = 10_000;
    const labels = Array.from({ length: alerts }, (_, i) => labelsOf(i));
    for (let evaluation = 0; evaluation < 100; evaluation++) {
      const instances = new Map(
        labels.map((found, i) => [String(i), firing(i, evaluation, found)] as const),
      );
      decisions.evaluated({ ...evaluated, unixMs: clock.nowUnixMs(), instances });
      await clock.advance(15_000);
    }
    // 25 minutes: the first time, and after ten and twenty; and so often the rule itself.
    expect(log.stats()).toMatchObject({
      noted: 100 * (alerts + 1),
      written: 3 * (alerts + 1),
      refused: 0,
      open: alerts + 1,
    });
    await log[Symbol.asyncDispose]();
    expect(store.stats().recordCount).toBe(alerts + 1);
    const [record] = await recordsOf(store);
    expect(record).toMatchObject({ count: 100, decision: { value: '99' } });
  },
);

test('external labels are part of the fingerprint, as receivers see it', async () => {
  const clock = new ManualClock();
  const store = new MemoryDecisionStore();
  const log = new DecisionLog({ store, clock });
  const decisions = new RuleDecisions(log, { externalLabels: { region: 'eu', i: 'outside' } });
  const instances = new Map([['1', firing(1, 1)]]);
  decisions.evaluated({ ...evaluated, unixMs: clock.nowUnixMs(), instances });
  await log[Symbol.asyncDispose]();
  expect(await recordsOf(store)).toMatchObject([
    { labels: { alertname: 'A', i: '1', region: 'eu' }, alertName: 'A' },
  ]);
});

test('after a failure, alerts that stand as they were are not confirmed, and the error is told once', async () => {
  const clock = new ManualClock();
  const store = new MemoryDecisionStore();
  const log = new DecisionLog({ store, clock });
  const decisions = new RuleDecisions(log);
  const startUnixMs = clock.nowUnixMs();
  const instances = new Map([['1', firing(1, 1)]]);
  decisions.evaluated({ ...evaluated, unixMs: startUnixMs, instances });
  for (const after of [1, 2]) {
    const unixMs = startUnixMs + after * 15_000;
    decisions.evaluated({ ...evaluated, unixMs, instances, error: 'timed out' });
  }
  await log[Symbol.asyncDispose]();
  expect(await recordsOf(store)).toMatchObject([{ count: 1, lastUnixMs: startUnixMs }]);
  const rules = await store.search({
    startUnixMs: 0,
    endUnixMs: 4e12,
    limit: 10,
    kinds: ['rule'],
    order: 'oldest-first',
  });
  expect(rules.records).toMatchObject([
    { count: 1, decision: { elements: 1 } },
    { count: 2, decision: { elements: 1, error: 'timed out' } },
  ]);
});
