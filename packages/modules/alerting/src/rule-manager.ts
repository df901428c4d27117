import {
  type Alert,
  type Clock,
  type Instruments,
  InvalidInputError,
  type Log,
  type LogStore,
  type MetricQuery,
  type MetricStore,
  type Notifier,
  silentLog,
} from '@dwcp/core';

import { type ExplainedRule } from './decisions/explain-rule.ts';
import { type RuleEvaluation } from './decisions/rule-decisions.ts';
import { GroupRunner } from './group-runner.ts';
import { tableLink } from './links.ts';
import {
  type DeliveryRecord,
  NotificationQueue,
  type NotificationQueueOptions,
  type NotificationQueueStats,
} from './notify/notification-queue.ts';
import { buildNotification } from './notify/notification.ts';
import { DEFAULT_RESTORE, type RestoreOptions } from './restore.ts';
import { RuleMetrics } from './rule-metrics.ts';
import { type RuleEnvironment } from './rule-runner.ts';
import { type AlertingRule, groupKeyOf, type RuleGroup } from './rule.ts';
import {
  activeAlerts,
  type AlertsResponse,
  groupResponse,
  type RuleGroupResponse,
  type RulesResponse,
  toAlerts,
} from './rules-response.ts';

export interface RuleManagerOptions {
  readonly groups: readonly RuleGroup[];
  readonly query: MetricQuery;
  /** Gets ALERTS, ALERTS_FOR_STATE and what recording rules make; past alerts are read from it. */
  readonly store: MetricStore;
  /** Where rules with a `log_count` condition count. Without it they fail. */
  readonly logs?: Pick<LogStore, 'search'>;
  readonly clock: Clock;
  /** Each gets every notification. Default: none. */
  readonly notifiers?: readonly Notifier[];
  /** Added to alerts that go out, where they lack them, and seen by templates. */
  readonly externalLabels?: Readonly<Record<string, string>>;
  /** Where people reach this platform, without a slash at the end; asked for when it is used. */
  readonly externalUrl?: () => string;
  /** Where an expression can be looked at. Default: Prometheus' `/graph` under `externalUrl`. */
  readonly generatorUrl?: (expression: string) => string;
  /**
   * Labels that every series written by rules gets where it lacks them, such as the region.
   * Prometheus has none. Default: none.
   */
  readonly seriesLabels?: Readonly<Record<string, string>>;
  readonly log?: Log;
  readonly instruments?: Instruments;
  /** For groups without one. Default 15 s. */
  readonly defaultIntervalMs?: number;
  /** How often receivers are reminded of an alert that goes on firing. Default 4 h. */
  readonly repeatIntervalMs?: number;
  /** Default: outage tolerance 1 h, grace period 10 m. */
  readonly restore?: RestoreOptions;
  /** Told of every evaluation of a rule; must not throw. */
  readonly onEvaluated?: (evaluation: RuleEvaluation) => void;
  readonly queue?: Pick<
    NotificationQueueOptions,
    'capacity' | 'concurrency' | 'giveUpAfterMs' | 'minBackoffMs' | 'maxBackoffMs' | 'random'
  >;
}

export interface RuleManagerStats {
  readonly groups: number;
  readonly rules: number;
  readonly alertsFiring: number;
  readonly alertsPending: number;
}

/** How long a close waits for notifications that are still to be delivered. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Evaluates rule groups and tells notifiers what fires and what is over. */
export class RuleManager implements AsyncDisposable {
  readonly #env: RuleEnvironment;
  readonly #queue: NotificationQueue;
  readonly #defaultIntervalMs: number;
  #runners: readonly GroupRunner[];
  #started = false;
  /** Replacements and the close run one after the other. */
  #changing: Promise<void> = Promise.resolve();
  #closed = false;

  /** @throws InvalidInputError when two notifiers have one name */
  constructor(options: RuleManagerOptions) {
    const { clock, notifiers = [], externalUrl = () => '', externalLabels = {} } = options;
    const names = notifiers.map(({ name }) => name);
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    if (repeated !== undefined) {
      throw new InvalidInputError(
        'notifiers',
        `two are called ${JSON.stringify(repeated)}; give each a name of its own`,
      );
    }
    const log = (options.log ?? silentLog).child({ module: 'alerting' });
    const metrics = new RuleMetrics(options.instruments);
    this.#defaultIntervalMs = options.defaultIntervalMs ?? 15_000;
    this.#queue = new NotificationQueue({ ...options.queue, notifiers, clock, log, metrics });
    this.#env = {
      query: options.query,
      store: options.store,
      ...(options.logs === undefined ? {} : { logs: options.logs }),
      clock,
      log,
      metrics,
      externalLabels,
      externalUrl,
      seriesLabels: options.seriesLabels ?? {},
      repeatIntervalMs: options.repeatIntervalMs ?? 4 * 3_600_000,
      onEvaluated: options.onEvaluated,
      generatorUrl: options.generatorUrl ?? ((expression) => externalUrl() + tableLink(expression)),
      notify: (rule, alerts, unixMs) => {
        const intervalMs = Math.max(this.#intervalOf(rule), this.#env.repeatIntervalMs);
        const input = {
          rule,
          alerts,
          unixMs,
          externalLabels,
          externalUrl: externalUrl(),
          // As Prometheus tells Alertmanager: three repeats may be lost.
          validUntilUnixMs: unixMs + 4 * intervalMs,
        };
        for (const { name } of notifiers) {
          this.#queue.push(buildNotification({ ...input, receiver: name }));
        }
      },
    };
    const restore = options.restore ?? DEFAULT_RESTORE;
    this.#runners = options.groups.map(
      (group) =>
        new GroupRunner(group, this.#env, { restore, defaultIntervalMs: this.#defaultIntervalMs }),
    );
  }

  /** Begins to evaluate; each group at its next slot. */
  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    for (const runner of this.#runners) runner.start();
  }

  /**
   * Puts other groups in the place of the present ones. A rule with the name and labels of an old
   * one, in a group of the same name and file, goes on with its alerts; those of a rule that is gone
   * end, and receivers hear of it. Groups that did not change are not touched.
   */
  replace(groups: readonly RuleGroup[]): Promise<void> {
    const change = this.#changing.then(async () => await this.#replace(groups));
    this.#changing = change.catch(() => undefined);
    return change;
  }

  async #replace(groups: readonly RuleGroup[]): Promise<void> {
    if (this.#closed) return;
    const old = new Map(this.#runners.map((runner) => [groupKeyOf(runner.group), runner]));
    const next: GroupRunner[] = [];
    const fresh: GroupRunner[] = [];
    for (const group of groups) {
      const key = groupKeyOf(group);
      const previous = old.get(key);
      old.delete(key);
      if (previous !== undefined && JSON.stringify(previous.group) === JSON.stringify(group)) {
        next.push(previous);
        continue;
      }
      await previous?.stop();
      const runner = new GroupRunner(group, this.#env, {
        defaultIntervalMs: this.#defaultIntervalMs,
        ...(previous === undefined ? {} : { previous }),
      });
      next.push(runner);
      fresh.push(runner);
    }
    this.#runners = next;
    if (this.#started) for (const runner of fresh) runner.start();
    for (const runner of old.values()) await runner.retire();
  }

  /** Groups and rules as Prometheus' `/api/v1/rules` shows them, by file and name. */
  groups(): readonly RuleGroupResponse[] {
    return this.#sorted().map(groupResponse);
  }

  /** `data` of `/api/v1/rules`. */
  rulesResponse(): RulesResponse {
    return { groups: this.groups() };
  }

  /** `data` of `/api/v1/alerts`. */
  alertsResponse(): AlertsResponse {
    return {
      alerts: this.#sorted().flatMap((runner) =>
        runner.rules.flatMap((rule) => activeAlerts(rule)),
      ),
    };
  }

  /** The alerting rules that run, with how often, as `explainAlert` wants them. */
  alertingRules(): readonly ExplainedRule[] {
    return this.#sorted().flatMap(({ group, intervalMs }) =>
      group.rules.flatMap((rule) =>
        rule.kind === 'alerting' ? [{ rule, group, intervalMs }] : [],
      ),
    );
  }

  /** Pending and firing alerts. */
  alerts(): readonly Alert[] {
    return this.#sorted().flatMap((runner) => runner.rules.flatMap((rule) => toAlerts(rule)));
  }

  stats(): RuleManagerStats {
    const kinds = this.alerts().map(({ state }) => state.kind);
    return {
      groups: this.#runners.length,
      rules: this.#runners.reduce((sum, runner) => sum + runner.rules.length, 0),
      alertsFiring: kinds.filter((kind) => kind === 'firing').length,
      alertsPending: kinds.filter((kind) => kind === 'pending').length,
    };
  }

  /** One per notifier. */
  queueStats(): readonly NotificationQueueStats[] {
    return this.#queue.stats();
  }

  /** What was sent to whom, newest first; at most the last 1,000. */
  deliveries(): readonly DeliveryRecord[] {
    return this.#queue.deliveries();
  }

  /** A rule that a reload takes away is told as over, and no longer in a group. */
  #intervalOf(rule: AlertingRule): number {
    const runner = this.#runners.find(({ group }) => group.rules.includes(rule));
    return runner?.intervalMs ?? this.#defaultIntervalMs;
  }

  #sorted(): readonly GroupRunner[] {
    return this.#runners.toSorted(
      (a, b) => compare(a.group.file, b.group.file) || compare(a.group.name, b.group.name),
    );
  }

  /** Ends evaluation and gives what waits to be delivered 5 s. Alerts stay as they are stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ timeoutMs: CLOSE_TIMEOUT_MS });
  }

  /** Ends evaluation, and delivers what waits within the limit. */
  async close({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#changing;
    await Promise.all(this.#runners.map(async (runner) => await runner.stop()));
    await this.#queue.close({ timeoutMs });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
