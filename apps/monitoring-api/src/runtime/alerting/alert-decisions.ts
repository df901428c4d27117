import { join } from 'node:path';

import {
  type AlertExplanation,
  type AlertPipeline,
  DecisionLog,
  explainAlert,
  type ExplainPorts,
  type ExplainQuestion,
  incidentDecisions,
  intakeDecisions,
  type Outbox,
  PipelineDecisions,
  RuleDecisions,
  type RuleManager,
} from '@dwcp/alerting';
import { type Clock, type Instruments, type Log, type MetricQuery } from '@dwcp/core';
import { SqliteDecisionStore } from '@dwcp/decision-store';

/** What an explanation is made from beside the log. */
export interface ExplainedParts {
  readonly query: MetricQuery;
  readonly rules: Pick<RuleManager, 'alertingRules'>;
  readonly pipeline: Pick<AlertPipeline, 'state'>;
  readonly outbox: Pick<Outbox, 'deliveries'>;
  readonly incidents?: { readonly state: ExplainPorts['incidents'] } | undefined;
}

/** The record of what was decided about alerts, in `<dataDir>/alerting/decisions`. */
export class AlertDecisions implements AsyncDisposable {
  readonly log: DecisionLog;
  /** For RuleManager. */
  readonly onEvaluated: RuleDecisions['evaluated'];
  /** For AlertIntake. */
  readonly onDecision: ReturnType<typeof intakeDecisions>;
  /** For IncidentManager. */
  readonly onIncidents: ReturnType<typeof incidentDecisions>;
  /** For AlertPipeline. */
  readonly onCommit: PipelineDecisions['committed'];
  readonly onFlush: PipelineDecisions['flushed'];
  /** For Outbox. */
  readonly onDelivery: PipelineDecisions['delivered'];
  readonly #store: SqliteDecisionStore;
  readonly #clock: Clock;
  readonly #externalLabels: Readonly<Record<string, string>>;

  private constructor(
    store: SqliteDecisionStore,
    options: Parameters<typeof AlertDecisions.open>[0],
  ) {
    const { clock, log, instruments, externalLabels, retentionMs } = options;
    this.#store = store;
    this.#clock = clock;
    this.#externalLabels = externalLabels;
    this.log = new DecisionLog({
      store,
      clock,
      log,
      instruments,
      ...(retentionMs === undefined ? {} : { retentionMs }),
    });
    const sending = new PipelineDecisions(this.log, { nowUnixMs: () => clock.nowUnixMs() });
    this.onEvaluated = new RuleDecisions(this.log, { externalLabels }).evaluated;
    this.onDecision = intakeDecisions(this.log);
    this.onIncidents = incidentDecisions(this.log);
    this.onCommit = sending.committed;
    this.onFlush = sending.flushed;
    this.onDelivery = sending.delivered;
  }

  /** @throws BackendError, CorruptionError when what is stored cannot be read */
  static async open(options: {
    readonly dataDir: string;
    readonly clock: Clock;
    readonly log: Log;
    readonly instruments: Instruments;
    /** Labels that alerts of rules get on their way out. */
    readonly externalLabels: Readonly<Record<string, string>>;
    /** Default 30 d. */
    readonly retentionMs?: number;
  }): Promise<AlertDecisions> {
    const dir = join(options.dataDir, 'alerting', 'decisions');
    return new AlertDecisions(await SqliteDecisionStore.open({ dir }), options);
  }

  async explain(question: ExplainQuestion, parts: ExplainedParts): Promise<AlertExplanation> {
    const { query, rules, pipeline, outbox, incidents } = parts;
    return await explainAlert(question, {
      decisions: this.log,
      query,
      rules: rules.alertingRules(),
      pipeline: pipeline.state,
      incidents: incidents?.state,
      deliveries: outbox.deliveries(),
      nowUnixMs: this.#clock.nowUnixMs(),
      externalLabels: this.#externalLabels,
    });
  }

  /** Writes what waits. To be closed after all that decides. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.log[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
  }
}
