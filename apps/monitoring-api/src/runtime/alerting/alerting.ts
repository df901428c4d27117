import {
  type AlertCluster,
  type AlertExplanation,
  type AlertIntake,
  type AlertPipeline,
  type DeliveryRecord,
  type ExplainQuestion,
  type IncidentManager,
  type LaneHealth,
  type LevelAlert,
  levelAlerts,
  type LevelReason,
  overallLevel,
  type OverallLevel,
  type RuleManager,
  type RuleManagerStats,
} from '@dwcp/alerting';
import { type QueueStatus, type Status } from '@dwcp/api-schema';
import {
  type Clock,
  type DecisionStore,
  type Instruments,
  type Log,
  type LogStore,
  type MetricQuery,
  type MetricStore,
} from '@dwcp/core';

import { type Config } from '../../config/config.ts';
import { type AlertingStats } from './alerting-collector.ts';
import { type AlertingFiles, readAlertingFiles } from './alerting-files.ts';
import { notifiersIn, openAlerting, type OpenedAlerting, ROUTES } from './open-alerting.ts';
import { type ManagedRuleGroups } from './rule-groups/managed-rule-groups.ts';
import { type ReceiverTest, testReceiver } from './test-receiver.ts';

export interface AlertingParts {
  readonly config: Config;
  readonly query: MetricQuery;
  readonly store: MetricStore;
  /** Where `log_count` conditions count. */
  readonly logs: Pick<LogStore, 'search'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly instruments: Instruments;
  /** Where people find this server; asked for when it is used, for the port may change. */
  readonly externalUrl: () => string;
}

/** While no rules are loaded. */
export const NO_RULES: RuleManagerStats = {
  groups: 0,
  rules: 0,
  alertsFiring: 0,
  alertsPending: 0,
};

/** A receiver that does not answer holds up a close for so long; it is told after the next start. */
const CLOSE_MS = 1_000;

/**
 * The way of an alert, from rules and clients to receivers: rules are evaluated, the intake holds back
 * repeats and folds alerts into incidents, the pipeline routes, groups and silences, the outbox
 * delivers. What decides of notifications is on disk, in `<dataDir>/alerting`.
 */
export class AlertingRuntime implements AsyncDisposable {
  readonly rules: RuleManager;
  readonly pipeline: AlertPipeline;
  /** Takes alerts of rules and of clients. */
  readonly intake: AlertIntake;
  readonly incidents: IncidentManager;
  /** Rules that people change while it runs. */
  readonly ruleGroups: ManagedRuleGroups;
  readonly #parts: AlertingParts;
  readonly #opened: OpenedAlerting;

  private constructor(parts: AlertingParts, opened: OpenedAlerting) {
    this.#parts = parts;
    this.#opened = opened;
    this.rules = opened.rules;
    this.ruleGroups = opened.ruleGroups;
    this.pipeline = opened.pipeline;
    this.intake = opened.intake;
    this.incidents = opened.incidents;
  }

  /** @throws RuleFileError, AlertmanagerConfigError, ConfigError, InvalidInputError: see readAlertingFiles */
  static readFiles(
    config: Config,
    parts: Pick<AlertingParts, 'clock' | 'log'>,
  ): Promise<AlertingFiles> {
    return readAlertingFiles(config, parts);
  }

  /**
   * Goes on where the last process ended; rules are not evaluated before `start`.
   * @throws BackendError, CorruptionError when what is stored cannot be read
   */
  static async open(parts: AlertingParts, files: AlertingFiles): Promise<AlertingRuntime> {
    return new AlertingRuntime(parts, await openAlerting(parts, files));
  }

  start(): void {
    this.rules.start();
  }

  /**
   * Works by other files from now on: those that `readFiles` gave.
   * @throws BackendError when that cannot be stored; then the old ones go on
   */
  async reload(files: AlertingFiles): Promise<void> {
    const { outbox, current, cluster } = this.#opened;
    const old = notifiersIn(cluster, current.files);
    const next = notifiersIn(cluster, files);
    const names = new Set(next.map(({ name }) => name));
    // New integrations are there before a route leads to them; old ones stay until none does.
    await outbox.setNotifiers([...next, ...old.filter(({ name }) => !names.has(name))]);
    try {
      await this.pipeline.reload(files.alertmanager);
    } catch (error) {
      await outbox.setNotifiers(old);
      throw error;
    }
    current.files = files;
    await this.incidents.reload(files.incidents);
    await outbox.setNotifiers(next);
    await this.ruleGroups.reload();
    await this.#opened.applyRules();
  }

  /** Why an alert fired or did not at a moment, and was sent or was not. */
  explain(question: ExplainQuestion): Promise<AlertExplanation> {
    const { rules, pipeline, outbox, incidents, decisions } = this.#opened;
    const { query } = this.#parts;
    return decisions.explain(question, { query, rules, pipeline, outbox, incidents });
  }

  /** What was decided about alerts. */
  get decisions(): Pick<DecisionStore, 'search'> {
    return this.#opened.decisions.log;
  }

  /** The alerts that fire, as the overall level sees them. */
  levelAlerts(): readonly LevelAlert[] {
    return levelAlerts(this.pipeline, (fingerprint) => this.incidents.isAcknowledged(fingerprint));
  }

  /** The state of the whole in one word, and every rule that holds, the worst first. */
  level(): { readonly level: OverallLevel; readonly reasons: readonly LevelReason[] } {
    const { regionLabel } = this.incidents.config;
    return overallLevel(this.levelAlerts(), this.pipeline.nowUnixMs(), { regionLabel });
  }

  /**
   * Tells each integration of a receiver something that says it is a test, and then that it is over.
   * @returns undefined when there is no such receiver
   */
  testReceiver(receiver: string, by: string): Promise<ReceiverTest | undefined> {
    const { files } = this.#opened.current;
    const { clock, log, externalUrl } = this.#parts;
    return testReceiver(receiver, { by, files, clock, log, externalUrl: externalUrl() });
  }

  /** The other instances; undefined where this one is alone. */
  get cluster(): AlertCluster | undefined {
    return this.#opened.cluster;
  }

  /** The files that it works by. */
  get files(): AlertingFiles {
    return this.#opened.current.files;
  }

  /** Deliveries and their tries, newest first; at most the last 1,000. */
  deliveries(): readonly DeliveryRecord[] {
    return this.#opened.outbox.deliveries();
  }

  /** Where alerts are sent on to. */
  alertmanagerUrls(): readonly string[] {
    return this.#opened.alertmanagerUrls;
  }

  /** Which integrations get through. */
  health(): readonly LaneHealth[] {
    return this.#opened.outbox.health();
  }

  /** How it is doing, as `/api/v1/status` shows it. */
  status(): NonNullable<Status['alerting']> {
    const { open } = this.incidents.state;
    const acknowledged = [...open.values()].filter(
      ({ acknowledgement }) => acknowledgement !== undefined,
    );
    return {
      level: this.level().level,
      incidents: { open: open.size, acknowledged: acknowledged.length },
      notifiers: this.health().map((health) => ({
        name: health.name,
        failing: health.failing,
        failingSince: momentOf(health.failingSinceUnixMs),
        consecutiveFailures: health.consecutiveFailures,
        lastError: health.failing ? (health.lastError ?? null) : null,
        oldestWaitingAt: momentOf(health.oldestWaitingUnixMs),
      })),
    };
  }

  stats(): AlertingStats {
    const { intake, incidents, pipeline, decisions } = this.#opened;
    return {
      intake: intake.stats(),
      incidents: incidents.stats(),
      pipeline: pipeline.stats(),
      decisions: decisions.log.stats(),
      cluster: this.cluster?.stats(),
    };
  }

  /** What waits on the way to the pipeline and to receivers. */
  queues(): readonly QueueStatus[] {
    const { forwarder, outbox } = this.#opened;
    return [
      ...this.rules
        .queueStats()
        .map((stats) => ({ ...stats, name: stats.name === ROUTES ? 'alerts' : stats.name })),
      ...(forwarder?.stats() ?? []),
      ...outbox.stats().map((stats) => ({ ...stats, name: `notifications ${stats.name}` })),
    ].map(({ name, waiting, capacity, delivered, failed, dropped, failedAttempts }) => ({
      name,
      waiting,
      capacity,
      written: delivered,
      dropped: dropped + failed,
      failedWrites: failedAttempts,
    }));
  }

  /**
   * First what makes alerts, then what routes them, then what delivers: what is left of each stays on
   * disk for the next process.
   */
  async close({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    const { clock } = this.#parts;
    const { forwarder, outbox, cluster, decisions, stores } = this.#opened;
    const endMs = clock.monotonicMs() + timeoutMs;
    const limit = (): { readonly timeoutMs: number } => ({
      timeoutMs: Math.min(CLOSE_MS, Math.max(0, endMs - clock.monotonicMs())),
    });
    await this.ruleGroups[Symbol.asyncDispose]();
    await this.rules.close(limit());
    await this.intake[Symbol.asyncDispose]();
    await this.pipeline[Symbol.asyncDispose]();
    await this.incidents[Symbol.asyncDispose]();
    await Promise.all([forwarder?.close(limit()), outbox.close(limit())]);
    await cluster?.[Symbol.asyncDispose]();
    await decisions[Symbol.asyncDispose]();
    for (const store of stores) await store[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ timeoutMs: 0 });
  }
}

function momentOf(unixMs: number | undefined): string | null {
  return unixMs === undefined ? null : new Date(unixMs).toISOString();
}
