import { type Alert, Labels, SampleBatchBuilder, type Series } from '@dwcp/core';

import { keepsFiring } from './conditions/rule-conditions.ts';
import { fnv1a64 } from './fnv.ts';
import {
  DEFAULT_RESTORE,
  type LostAlert,
  lostAlerts,
  restoredActiveAt,
  type RestoreOptions,
  seriesOf,
} from './restore.ts';
import { AlertTemplates } from './rule-evaluation.ts';
import { type RuleEnvironment, RuleRunner } from './rule-runner.ts';
import { type AlertingRule, groupKeyOf, type RuleGroup } from './rule.ts';

export interface GroupRunnerOptions {
  readonly defaultIntervalMs: number;
  /** The runner of the same group before a reload. */
  readonly previous?: GroupRunner;
  /** Reads the alerts of an earlier process back. */
  readonly restore?: RestoreOptions;
}

/** A wait is cut in pieces this long, so that a clock that jumps is noticed. */
const MAX_WAIT_MS = 60_000;

/**
 * How long after a start an alert of an earlier process that is not active again counts as over:
 * before, the targets it looks at may not have been scraped yet.
 */
const LOST_ALERT_GRACE_MS = 60_000;

/** Evaluates the rules of one group in order, again and again. */
export class GroupRunner {
  readonly group: RuleGroup;
  readonly intervalMs: number;
  readonly rules: readonly RuleRunner[];
  readonly #env: RuleEnvironment;
  #restoreOptions: RestoreOptions | undefined;
  readonly #abort = new AbortController();
  #startUnixMs = 0;
  #evaluations = 0;
  #lostTold = false;
  #timer: Disposable | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Series of rules that a reload took away. */
  #leftOver: readonly Labels[] = [];
  evaluationMs = 0;
  lastEvaluationUnixMs: number | undefined;

  constructor(group: RuleGroup, env: RuleEnvironment, options: GroupRunnerOptions) {
    this.group = group;
    this.intervalMs = group.intervalMs ?? options.defaultIntervalMs;
    this.#env = env;
    this.#restoreOptions = options.restore;
    this.#lostTold = options.restore === undefined;
    this.rules = group.rules.map(
      (rule) => new RuleRunner(rule, group, env, { restored: options.restore === undefined }),
    );
    if (options.previous !== undefined) this.#takeOver(options.previous);
  }

  /** Evaluates from the group's next slot on. */
  start(): void {
    this.#startUnixMs = this.#env.clock.nowUnixMs();
    this.#waitFor(this.#slotBefore(this.#startUnixMs) + this.intervalMs);
  }

  /** Ends the evaluation under way. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  /**
   * The group's last slot at or before a moment. Slots lie `intervalMs` apart with an offset from
   * the group's name, so that groups spread and a restart does not move them.
   */
  #slotBefore(unixMs: number): number {
    const hash = fnv1a64(Buffer.from(groupKeyOf(this.group)));
    const offsetMs = Number(hash % BigInt(Math.max(1, Math.floor(this.intervalMs))));
    return Math.floor((unixMs - offsetMs) / this.intervalMs) * this.intervalMs + offsetMs;
  }

  #waitFor(slotUnixMs: number): void {
    if (this.#abort.signal.aborted) return;
    const waitMs = slotUnixMs - this.#env.clock.nowUnixMs();
    const slot =
      // A clock that was set back would leave the group idle until it has caught up.
      waitMs > 2 * this.intervalMs
        ? this.#slotBefore(this.#env.clock.nowUnixMs()) + this.intervalMs
        : slotUnixMs;
    const restMs = slot - this.#env.clock.nowUnixMs();
    this.#timer = this.#env.clock.schedule(Math.min(Math.max(restMs, 0), MAX_WAIT_MS), () => {
      if (this.#env.clock.nowUnixMs() < slot) {
        this.#waitFor(slot);
        return;
      }
      this.#running = this.#iterate(slot);
    });
  }

  async #iterate(slotUnixMs: number): Promise<void> {
    const { clock, metrics, log } = this.#env;
    // Late, after a suspension of the machine perhaps: the newest slot counts, the others are lost.
    const behind = Math.floor((clock.nowUnixMs() - slotUnixMs) / this.intervalMs);
    if (behind > 0) metrics.iterationsMissed(this.group, behind);
    const unixMs = slotUnixMs + Math.max(behind, 0) * this.intervalMs;
    try {
      await this.#evaluate(unixMs);
    } catch (err) {
      if (this.#abort.signal.aborted) return;
      log.error({ group: this.group.name, file: this.group.file, err }, 'rule group failed');
    }
    this.#waitFor(unixMs + this.intervalMs);
  }

  async #evaluate(unixMs: number): Promise<void> {
    const { clock } = this.#env;
    const { signal } = this.#abort;
    const startMs = clock.monotonicMs();
    this.lastEvaluationUnixMs = clock.nowUnixMs();
    if (this.#evaluations === 0) await this.#restoreFiring(unixMs, signal);
    for (const rule of this.rules) {
      signal.throwIfAborted();
      await rule.evaluate(unixMs, signal);
    }
    await this.#markLeftOver(unixMs);
    this.#evaluations++;
    // One evaluation later than the first, as in Prometheus: by then scrapes have begun.
    if (this.#evaluations === 2) await this.#restore(signal);
    if (!this.#lostTold && unixMs - this.#startUnixMs >= LOST_ALERT_GRACE_MS) {
      this.#lostTold = true;
      await this.#tellLost(unixMs, signal);
    }
    this.evaluationMs = clock.monotonicMs() - startMs;
  }

  async #restore(signal: AbortSignal): Promise<void> {
    const options = this.#restoreOptions;
    if (options === undefined) return;
    const nowUnixMs = this.#env.clock.nowUnixMs();
    for (const runner of this.rules) {
      const { rule } = runner;
      if (rule.kind !== 'alerting' || rule.forMs < options.forGracePeriodMs) {
        runner.restored = true;
        continue;
      }
      const series = await this.#past(rule, 'ALERTS_FOR_STATE', nowUnixMs, signal);
      const byKey = new Map(series.map((found) => [found.labels.withoutName().key, found]));
      runner.restore(({ labels }) => {
        const found = byKey.get(runner.storedLabels(labels).key);
        return found && restoredActiveAt(found, rule, options, nowUnixMs);
      });
    }
  }

  /** Reads back the alerts that go on firing without a hit, before anything is evaluated. */
  async #restoreFiring(unixMs: number, signal: AbortSignal): Promise<void> {
    if (this.#restoreOptions === undefined) return;
    for (const runner of this.rules) {
      const { rule } = runner;
      if (rule.kind !== 'alerting' || !keepsFiring(rule)) continue;
      await runner.restoreFiring(await this.#lost(rule, unixMs, signal), unixMs, signal);
    }
  }

  /** Alerts that fired when an earlier process went down and that were not written since. */
  async #lost(
    rule: AlertingRule,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<readonly LostAlert[]> {
    return lostAlerts(
      await this.#past(rule, 'ALERTS', unixMs, signal),
      await this.#past(rule, 'ALERTS_FOR_STATE', unixMs, signal),
      this.#startUnixMs,
    );
  }

  /** Tells the end of alerts that an earlier process left firing. */
  async #tellLost(unixMs: number, signal: AbortSignal): Promise<void> {
    for (const runner of this.rules) {
      const { rule } = runner;
      if (rule.kind !== 'alerting') continue;
      // Of a slow group, what is active again may not have been written yet.
      const lost = runner.withoutActive(await this.#lost(rule, unixMs, signal));
      if (lost.length === 0) continue;
      const templates = new AlertTemplates(rule);
      const alerts: Alert[] = [];
      for (const { labels, activeAtUnixMs } of lost) {
        // It went on and has ended since: that was told.
        if (runner.wasRestored(labels)) continue;
        const { annotations } = await templates.expand(
          { labels, value: Number.NaN },
          runner.templateContext(unixMs, signal),
          () => undefined,
        );
        alerts.push({
          labels,
          annotations,
          state: {
            kind: 'resolved',
            activeAtUnixMs,
            firedAtUnixMs: activeAtUnixMs + rule.forMs,
            resolvedAtUnixMs: unixMs,
            value: Number.NaN,
          },
          generatorUrl: this.#env.generatorUrl(rule.expression),
        });
      }
      if (alerts.length > 0) this.#env.notify(rule, alerts, unixMs);
      await this.#writeStale(
        lost.flatMap(({ series }) => series),
        unixMs,
      );
    }
  }

  async #past(
    rule: AlertingRule,
    metricName: 'ALERTS' | 'ALERTS_FOR_STATE',
    nowUnixMs: number,
    signal: AbortSignal,
  ): Promise<readonly Series[]> {
    const toleranceMs =
      this.#restoreOptions?.outageToleranceMs ?? DEFAULT_RESTORE.outageToleranceMs;
    try {
      return await this.#env.store.select(
        {
          matchers: seriesOf(metricName, rule),
          startUnixMs: Math.min(nowUnixMs, this.#startUnixMs) - toleranceMs,
          endUnixMs: nowUnixMs,
        },
        { signal },
      );
    } catch (err) {
      if (signal.aborted) throw err;
      this.#env.log.error({ rule: rule.name, err }, 'alert state could not be restored');
      return [];
    }
  }

  #takeOver(previous: GroupRunner): void {
    this.#startUnixMs = previous.#startUnixMs;
    this.#evaluations = previous.#evaluations;
    // A reload right after the start: the alerts of the earlier process are still to be read back.
    this.#restoreOptions = previous.#restoreOptions;
    this.#lostTold = previous.#lostTold;
    this.evaluationMs = previous.evaluationMs;
    this.lastEvaluationUnixMs = previous.lastEvaluationUnixMs;
    const rest = [...previous.rules];
    for (const runner of this.rules) {
      const index = rest.findIndex((old) => identityOf(old) === identityOf(runner));
      const [old] = index === -1 ? [] : rest.splice(index, 1);
      if (old !== undefined) runner.takeOver(old);
    }
    for (const old of rest) old.dismiss(this.#env.clock.nowUnixMs());
    this.#leftOver = [...previous.#leftOver, ...rest.flatMap((old) => old.writtenSeries)];
  }

  async #markLeftOver(unixMs: number): Promise<void> {
    if (this.#leftOver.length === 0) return;
    const current = new Set(
      this.rules.flatMap((rule) => rule.writtenSeries.map((labels) => labels.key)),
    );
    const gone = this.#leftOver.filter((labels) => !current.has(labels.key));
    this.#leftOver = [];
    await this.#writeStale(gone, unixMs);
  }

  /** Ends everything the group stood for: it was taken out of the configuration. */
  async retire(): Promise<void> {
    await this.stop();
    const nowUnixMs = this.#env.clock.nowUnixMs();
    for (const rule of this.rules) rule.dismiss(nowUnixMs);
    await this.#writeStale(
      [...this.#leftOver, ...this.rules.flatMap((rule) => rule.writtenSeries)],
      nowUnixMs,
    );
  }

  async #writeStale(series: readonly Labels[], unixMs: number): Promise<void> {
    if (series.length === 0) return;
    const batch = new SampleBatchBuilder();
    for (const labels of series) batch.addStale(labels, unixMs);
    try {
      await this.#env.store.append(batch.build());
    } catch (err) {
      this.#env.log.error({ group: this.group.name, err }, 'staleness markers were not written');
    }
  }
}

function identityOf({ rule }: RuleRunner): string {
  return JSON.stringify([rule.kind, rule.name, Labels.from(rule.labels).key]);
}
