import {
  type AlertExplanation,
  AlertIntake,
  AlertPipeline,
  dedupLookup,
  DecisionLog,
  explainAlert,
  type ExplainPorts,
  type ExplainQuestion,
  IncidentManager,
  type IncidentRecord,
  intakeDecisions,
  intakeNotifier,
  type IntakeRecord,
  MemoryDecisionStore,
  MemoryOutboxJournal,
  MemoryRecordStore,
  Outbox,
  parseRuleFile,
  PipelineDecisions,
  pipelineOutbox,
  type PipelineRecord,
  RuleDecisions,
  RuleManager,
  usesIncidentLabel,
} from '@dwcp/alerting';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';

import { configOf } from '../alertmanager/support.ts';
import { FakeNotifier, write } from '../fakes.ts';

const SECOND = 1_000;
const INTERVAL_MS = 15 * SECOND;

export const hook = { webhook_configs: [{ url: 'http://localhost/' }] };

/** One receiver with one integration, the fake notifier. */
export const simple = {
  route: {
    receiver: 'team',
    group_by: ['alertname'],
    group_wait: '30s',
    group_interval: '5m',
    repeat_interval: '4h',
  },
  receivers: [{ name: 'team', ...hook }],
};

/** Rules, pipeline, outbox and decision log on one manual clock, joined as in a server. */
export interface WholeWay extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly log: DecisionLog;
  readonly notifier: FakeNotifier;
  readonly pipeline: AlertPipeline;
  readonly outbox: Outbox;
  readonly manager: RuleManager;
  readonly intake: AlertIntake;
  readonly incidents: IncidentManager;
  /** Writes samples of a gauge every evaluation interval for so long, the clock moving on. */
  run(
    durationMs: number,
    rows?: readonly (readonly [Record<string, string>, number])[],
  ): Promise<void>;
  explain(question: Partial<ExplainQuestion>): Promise<AlertExplanation>;
  /** As after the log was lost. */
  explainWithoutLog(question: Partial<ExplainQuestion>): Promise<AlertExplanation>;
}

/** @param options.rules list items of a rule group that is evaluated every 15 s */
export async function openWholeWay(options: {
  readonly rules: string;
  readonly alertmanager?: unknown;
  readonly pipelineStore?: MemoryRecordStore<PipelineRecord>;
}): Promise<WholeWay> {
  // A multiple of the interval, so that evaluations fall where the samples do or shortly after.
  const clock = new ManualClock(Date.parse('2026-01-02T03:00:00Z'));
  const metrics = new MemoryMetricStore();
  const query = new PromqlEngine({ store: metrics, clock });
  const store = new MemoryDecisionStore();
  const log = new DecisionLog({ store, clock });
  const nowUnixMs = (): number => clock.nowUnixMs();
  const sending = new PipelineDecisions(log, { nowUnixMs });
  const rules = new RuleDecisions(log);
  const notifier = new FakeNotifier('team/webhook[0]');
  const outbox = await Outbox.open({
    notifiers: [notifier],
    journal: new MemoryOutboxJournal(),
    clock,
    onDelivery: sending.delivered,
    random: () => 1,
  });
  let ids = 0;
  const config = configOf(options.alertmanager ?? simple);
  const incidents = await IncidentManager.open({
    store: new MemoryRecordStore<IncidentRecord>(),
    outbox: pipelineOutbox(outbox),
    integrationsOf: () => [],
    clock,
    externalUrl: '',
    newId: () => `incident-${++ids}`,
  });
  const pipeline = await AlertPipeline.open({
    config,
    isAcknowledged: (fingerprint) => incidents.isAcknowledged(fingerprint),
    store: options.pipelineStore ?? new MemoryRecordStore<PipelineRecord>(),
    outbox: pipelineOutbox(outbox),
    clock,
    externalUrl: '',
    onCommit: sending.committed,
    onFlush: sending.flushed,
    newId: () => `silence-${++ids}`,
  });
  const intake = await AlertIntake.open({
    store: new MemoryRecordStore<IntakeRecord>(),
    next: pipeline,
    lookUp: (fingerprint) => pipeline.state.alerts.get(fingerprint)?.alert,
    incidents,
    labelIncidents: () => usesIncidentLabel(config),
    clock,
    onDecision: intakeDecisions(log),
  });
  const manager: RuleManager = new RuleManager({
    groups: parseRuleFile(
      `groups:\n  - name: g\n    interval: 15s\n    rules:\n${options.rules.replaceAll(/^/gm, '      ')}\n`,
      'rules.yml',
    ),
    query,
    store: metrics,
    clock,
    notifiers: [
      intakeNotifier(intake, {
        name: 'routes',
        validForMs: 240 * SECOND,
        dedupOf: (labels) => dedupLookup(manager.alertingRules().map(({ rule }) => rule))(labels),
      }),
    ],
    repeatIntervalMs: 60 * SECOND,
    onEvaluated: rules.evaluated,
  });
  incidents.start();
  manager.start();
  const explain = async (
    question: Partial<ExplainQuestion>,
    decisions: ExplainPorts['decisions'],
  ): Promise<AlertExplanation> =>
    await explainAlert(
      { atUnixMs: clock.nowUnixMs(), ...question },
      {
        decisions,
        query,
        rules: manager.alertingRules(),
        pipeline: pipeline.state,
        incidents: incidents.state,
        deliveries: outbox.deliveries(),
        nowUnixMs: clock.nowUnixMs(),
      },
    );
  return {
    clock,
    log,
    notifier,
    pipeline,
    outbox,
    manager,
    intake,
    incidents,
    run: async (durationMs, rows = []) => {
      for (let passedMs = 0; passedMs < durationMs; passedMs += INTERVAL_MS) {
        await write(
          metrics,
          rows.map(([labels, value]) => [labels, clock.nowUnixMs(), value] as const),
        );
        await clock.advance(Math.min(INTERVAL_MS, durationMs - passedMs));
      }
    },
    explain: async (question) => await explain(question, log),
    explainWithoutLog: async (question) => await explain(question, new MemoryDecisionStore()),
    [Symbol.asyncDispose]: async () => {
      const closed = manager[Symbol.asyncDispose]();
      await clock.advance(10 * SECOND);
      await closed;
      await intake[Symbol.asyncDispose]();
      await incidents[Symbol.asyncDispose]();
      await pipeline[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
      await log[Symbol.asyncDispose]();
    },
  };
}
