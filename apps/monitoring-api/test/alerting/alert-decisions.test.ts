import {
  AlertPipeline,
  MemoryOutboxJournal,
  MemoryRecordStore,
  Outbox,
  parseAlertmanagerConfig,
  parseRuleFile,
  pipelineNotifier,
  pipelineOutbox,
  type PipelineRecord,
  RuleManager,
} from '@dwcp/alerting';
import { silentLog } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { FakeInstruments, ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { AlertDecisions } from '#src/runtime/alerting/alert-decisions.ts';

import { TemporaryFolder } from '../platform.ts';

const ALERTMANAGER = `
route: { receiver: team, group_wait: 10s }
receivers: [{ name: team, webhook_configs: [{ url: 'http://localhost/' }] }]
`;
const RULES = 'groups: [{name: g, interval: 15s, rules: [{alert: Always, expr: vector(1)}]}]';

test('what was decided is explained by the next process too', async () => {
  await using folder = await TemporaryFolder.make();
  const clock = new ManualClock();
  const query = new PromqlEngine({ store: new MemoryMetricStore(), clock });
  const open = (): Promise<AlertDecisions> =>
    AlertDecisions.open({
      dataDir: folder.path,
      clock,
      log: silentLog,
      instruments: new FakeInstruments(),
      externalLabels: { region: 'eu' },
    });
  const pipelineStore = new MemoryRecordStore<PipelineRecord>();
  const journal = new MemoryOutboxJournal();
  /** A process that lives for so long, and what it has to say at its end. */
  const live = async (durationMs: number): Promise<readonly string[]> => {
    await using decisions = await open();
    const { onCommit, onDelivery, onEvaluated, onFlush } = decisions;
    const notifier = { name: 'team/webhook[0]', notify: async () => undefined };
    await using outbox = await Outbox.open({ notifiers: [notifier], journal, clock, onDelivery });
    await using pipeline = await AlertPipeline.open({
      config: parseAlertmanagerConfig(ALERTMANAGER, 'alertmanager.yml'),
      store: pipelineStore,
      outbox: pipelineOutbox(outbox),
      clock,
      externalUrl: '',
      onCommit,
      onFlush,
    });
    await using rules = new RuleManager({
      groups: durationMs === 0 ? [] : parseRuleFile(RULES, 'rules.yml'),
      query,
      store: new MemoryMetricStore(),
      clock,
      notifiers: [pipelineNotifier(pipeline, { name: 'routes', validForMs: 240_000 })],
      externalLabels: { region: 'eu' },
      repeatIntervalMs: 60_000,
      onEvaluated,
    });
    rules.start();
    await clock.advance(durationMs);
    const question = { alertName: 'Always', atUnixMs: clock.nowUnixMs() };
    const { alerts } = await decisions.explain(question, { query, rules, pipeline, outbox });
    return alerts.flatMap(({ labels, findings }) => [
      JSON.stringify(labels),
      ...findings.map(({ code }) => code),
    ]);
  };
  const told = ['{"alertname":"Always","region":"eu"}', 'firing', 'delivered'];
  expect(await live(60_000)).toEqual(told);
  expect(await live(0)).toEqual(told);
});
