import { join } from 'node:path';

import {
  type AlertmanagerNotifier,
  AlertPipeline,
  type AlertSink,
  type DeliveryRecord,
  type LaneHealth,
  Outbox,
  pipelineNotifier,
  pipelineOutbox,
  type PipelineRecord,
  RuleManager,
  type RuleManagerStats,
} from '@dwcp/alerting';
import { type QueueStatus } from '@dwcp/api-schema';
import {
  type Clock,
  type Instruments,
  type Log,
  type LogStore,
  type MetricQuery,
  type MetricStore,
  type Notifier,
} from '@dwcp/core';

import { type Config } from '../../config/config.ts';
import { type AlertingFiles, readAlertingFiles } from './alerting-files.ts';
import { alertmanagerNotifiers } from './forwarders.ts';
import { FileOutboxJournal, FileRecordStore } from './record-log.ts';

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

/** Rules tell again of what fires so often, as Prometheus does by default. */
const RESEND_MS = 60_000;
/** A receiver that does not answer holds up a close for so long; it is told after the next start. */
const CLOSE_MS = 1_000;
/** What rules tell first: the pipeline, or what stands in front of it. */
const ROUTES = 'routes';

/**
 * The way of an alert, from rules and clients to receivers: rules are evaluated, the pipeline routes,
 * groups and silences, the outbox delivers. What decides of notifications is on disk, in
 * `<dataDir>/alerting`.
 */
export class AlertingRuntime implements AsyncDisposable {
  readonly rules: RuleManager;
  readonly pipeline: AlertPipeline;
  /** Takes alerts of rules and of clients; the pipeline, or what stands in front of it. */
  readonly intake: AlertSink;
  readonly #parts: AlertingParts;
  readonly #forwarders: readonly AlertmanagerNotifier[];
  readonly #outbox: Outbox;
  readonly #stores: readonly AsyncDisposable[];
  #notifiers: readonly Notifier[];

  private constructor(
    parts: AlertingParts,
    opened: {
      readonly rules: RuleManager;
      readonly pipeline: AlertPipeline;
      readonly intake: AlertSink;
      readonly forwarders: readonly AlertmanagerNotifier[];
      readonly outbox: Outbox;
      readonly notifiers: readonly Notifier[];
      readonly stores: readonly AsyncDisposable[];
    },
  ) {
    this.#parts = parts;
    this.rules = opened.rules;
    this.pipeline = opened.pipeline;
    this.intake = opened.intake;
    this.#forwarders = opened.forwarders;
    this.#outbox = opened.outbox;
    this.#stores = opened.stores;
    this.#notifiers = opened.notifiers;
  }

  /** @throws RuleFileError, AlertmanagerConfigError, InvalidInputError: see readAlertingFiles */
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
    const { config, clock, log, instruments } = parts;
    const dir = (name: string): string => join(config.dataDir, 'alerting', name);
    await using opening = new AsyncDisposableStack();
    const journal = opening.use(await FileOutboxJournal.open({ dir: dir('outbox'), log }));
    const store = opening.use(
      await FileRecordStore.open<PipelineRecord>({ dir: dir('pipeline'), log }),
    );
    const outbox = opening.use(
      await Outbox.open({ notifiers: files.notifiers, journal, clock, log, instruments }),
    );
    const pipeline = opening.use(
      await AlertPipeline.open({
        config: files.alertmanager,
        store,
        outbox: pipelineOutbox(outbox),
        clock,
        log,
        get externalUrl() {
          return parts.externalUrl();
        },
      }),
    );
    const intake: AlertSink = pipeline;
    const forwarders = alertmanagerNotifiers(config.alerting.alertmanagers, clock);
    const rules = makeRules(parts, files, [
      pipelineNotifier(intake, { name: ROUTES, validForMs: 4 * RESEND_MS }),
      ...forwarders,
    ]);
    opening.move();
    const { notifiers } = files;
    const stores = [store, journal];
    return new AlertingRuntime(parts, {
      rules,
      pipeline,
      intake,
      forwarders,
      outbox,
      notifiers,
      stores,
    });
  }

  start(): void {
    this.rules.start();
  }

  /**
   * Works by other files from now on: those that `readFiles` gave.
   * @throws BackendError when that cannot be stored; then the old ones go on
   */
  async reload(files: AlertingFiles): Promise<void> {
    const old = this.#notifiers;
    const names = new Set(files.notifiers.map(({ name }) => name));
    // New integrations are there before a route leads to them; old ones stay until none does.
    await this.#outbox.setNotifiers([
      ...files.notifiers,
      ...old.filter(({ name }) => !names.has(name)),
    ]);
    try {
      await this.pipeline.reload(files.alertmanager);
    } catch (error) {
      await this.#outbox.setNotifiers(old);
      throw error;
    }
    this.#notifiers = files.notifiers;
    await this.#outbox.setNotifiers(files.notifiers);
    await this.rules.replace(files.groups);
  }

  /** Deliveries and their tries, newest first; at most the last 1,000. */
  deliveries(): readonly DeliveryRecord[] {
    return this.#outbox.deliveries();
  }

  /** Where alerts of rules are sent on to. */
  alertmanagerUrls(): readonly string[] {
    return this.#forwarders.map(({ url }) => url);
  }

  /** Which integrations get through. */
  health(): readonly LaneHealth[] {
    return this.#outbox.health();
  }

  /** What waits on the way to the pipeline and to receivers. */
  queues(): readonly QueueStatus[] {
    return [
      ...this.rules
        .queueStats()
        .map((stats) => ({ ...stats, name: stats.name === ROUTES ? 'alerts' : stats.name })),
      ...this.#outbox.stats().map((stats) => ({ ...stats, name: `notifications ${stats.name}` })),
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
    const endMs = clock.monotonicMs() + timeoutMs;
    const leftMs = (): number => Math.max(0, endMs - clock.monotonicMs());
    await this.rules.close({ timeoutMs: Math.min(CLOSE_MS, leftMs()) });
    await this.pipeline[Symbol.asyncDispose]();
    await this.#outbox.close({ timeoutMs: Math.min(CLOSE_MS, leftMs()) });
    for (const store of this.#stores) await store[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ timeoutMs: 0 });
  }
}

function makeRules(
  { config, query, store, logs, clock, log, instruments, externalUrl }: AlertingParts,
  { groups }: AlertingFiles,
  notifiers: readonly Notifier[],
): RuleManager {
  return new RuleManager({
    groups,
    query,
    store,
    logs,
    clock,
    notifiers,
    externalLabels: { region: config.region },
    seriesLabels: { region: config.region },
    repeatIntervalMs: RESEND_MS,
    externalUrl,
    generatorUrl: (expression) =>
      `${externalUrl()}/explore?q=${encodeURIComponent(JSON.stringify([expression]))}`,
    log,
    instruments,
  });
}
