import {
  type Alert,
  type Clock,
  type Labels,
  type Log,
  type LogStore,
  type MetricQuery,
  type MetricStore,
  type VectorSample,
} from '@dwcp/core';

import { type AlertInstance, type Hit, needsSending, resolve } from './alert-instance.ts';
import { LogCounter } from './conditions/log-counter.ts';
import { hasConditions, RuleConditions } from './conditions/rule-conditions.ts';
import { type RuleEvaluation } from './decisions/rule-decisions.ts';
import { type LostAlert } from './restore.ts';
import {
  advanceAll,
  alertSeries,
  AlertTemplates,
  indexHits,
  queryVector,
  recordedSeries,
  RuleEvaluationError,
} from './rule-evaluation.ts';
import { type RuleMetrics } from './rule-metrics.ts';
import { type Row, RuleSeries } from './rule-series.ts';
import { type AlertingRule, type Rule, type RuleGroup } from './rule.ts';
import { type RuleTemplateContext } from './template/rule-template.ts';

/** What rules need from outside. */
export interface RuleEnvironment {
  readonly query: MetricQuery;
  readonly store: Pick<MetricStore, 'append' | 'select'>;
  /**
   * Where `log_count` counts; `given` when the counts are in the metric store already, as in tests.
   * Undefined: rules with such a condition fail.
   */
  readonly logs?: Pick<LogStore, 'search'> | 'given';
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RuleMetrics;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: () => string;
  /** Labels that every written series gets where it lacks them. */
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly repeatIntervalMs: number;
  readonly generatorUrl: (expression: string) => string;
  /** Takes alerts of one rule that receivers have to hear of. */
  readonly notify: (rule: AlertingRule, alerts: readonly Alert[], unixMs: number) => void;
  readonly onEvaluated?: ((evaluation: RuleEvaluation) => void) | undefined;
}

export type RuleHealth = 'unknown' | 'ok' | 'err';

/** One rule with its memory between evaluations. */
export class RuleRunner {
  readonly rule: Rule;
  readonly #group: RuleGroup;
  readonly #env: RuleEnvironment;
  readonly #templates: AlertTemplates | undefined;
  /** Undefined for a rule that Prometheus knows as it is. */
  readonly #conditions: RuleConditions | undefined;
  #instances = new Map<string, AlertInstance>();
  readonly #series: RuleSeries;
  health: RuleHealth = 'unknown';
  lastError: string | undefined;
  evaluationMs = 0;
  /** Undefined before the first evaluation. */
  lastEvaluationUnixMs: number | undefined;
  /**
   * After a start, alerts are not written as series before their past was read from there, or the
   * new beginning would hide it.
   */
  restored: boolean;

  constructor(
    rule: Rule,
    group: RuleGroup,
    env: RuleEnvironment,
    options: { readonly restored: boolean },
  ) {
    this.rule = rule;
    this.#group = group;
    this.#env = env;
    this.restored = options.restored;
    this.#series = new RuleSeries(env);
    if (rule.kind === 'recording') return;
    this.#templates = new AlertTemplates(rule);
    if (!hasConditions(rule)) return;
    const storedLabels = (labels: Labels): Labels => this.storedLabels(labels);
    const { clock, logs, query, store } = env;
    const { logCounts: counted } = rule;
    const counter =
      logs === 'given'
        ? logs
        : counted && logs && new LogCounter({ counted, logs, store, clock, storedLabels });
    this.#conditions = new RuleConditions(rule, {
      query,
      counter,
      queryOffsetMs: group.queryOffsetMs,
      startUnixMs: options.restored ? -Infinity : clock.nowUnixMs(),
      storedLabels,
      hitOf: async (sample, unixMs, signal) => await this.#hitOf(sample, unixMs, signal),
    });
  }

  get instances(): ReadonlyMap<string, AlertInstance> {
    return this.#instances;
  }

  /** Series of the last evaluation: what goes stale when the rule goes away. */
  get writtenSeries(): readonly Labels[] {
    return this.#series.written;
  }

  /** Goes on where the same rule of an earlier configuration stood. */
  takeOver(from: RuleRunner): void {
    this.#instances = from.#instances;
    this.#series.takeOver(from.#series);
    this.restored = from.restored;
    this.health = from.health;
    this.lastError = from.lastError;
    this.evaluationMs = from.evaluationMs;
    this.lastEvaluationUnixMs = from.lastEvaluationUnixMs;
    if (from.#conditions !== undefined) this.#conditions?.takeOver(from.#conditions);
  }

  /** Evaluates; never throws but for an aborted signal. A failure keeps the alerts as they are. */
  async evaluate(unixMs: number, signal: AbortSignal): Promise<void> {
    const { clock, log, metrics } = this.#env;
    const startMs = clock.monotonicMs();
    this.lastEvaluationUnixMs = clock.nowUnixMs();
    let failed = false;
    try {
      const { failure, rows } = await this.#rowsOrFailure(unixMs, signal);
      if (rows !== undefined)
        await this.#series.write(rows, unixMs - this.#group.queryOffsetMs, signal);
      if (failure !== undefined) throw failure;
      this.health = 'ok';
      this.lastError = undefined;
    } catch (err) {
      if (signal.aborted) throw err;
      failed = true;
      const message = err instanceof Error ? err.message : String(err);
      // An expression that fails every second is told once.
      if (message !== this.lastError) {
        log.warn(
          { group: this.#group.name, file: this.#group.file, rule: this.rule.name, err },
          'rule evaluation failed',
        );
      }
      this.health = 'err';
      this.lastError = message;
    }
    this.evaluationMs = clock.monotonicMs() - startMs;
    metrics.evaluated(this.#group, { durationMs: this.evaluationMs, failed });
    this.#env.onEvaluated?.({
      rule: this.rule,
      group: this.#group,
      unixMs,
      instances: this.#instances,
      error: this.lastError,
    });
  }

  /** What to write; after a failure only where `on_error` says what becomes of the alerts. */
  async #rowsOrFailure(
    unixMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly rows?: readonly Row[]; readonly failure?: Error }> {
    try {
      return { rows: await this.#rows(unixMs, signal) };
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (signal.aborted || this.#conditions === undefined) return { failure };
      if (this.rule.kind !== 'alerting') return { failure };
      if (this.rule.onError === 'resolve') {
        this.dismiss(unixMs);
        return { failure, rows: [] };
      }
      const after = await this.#conditions.afterError(this.#instances, error, unixMs, signal);
      return after === undefined
        ? { failure }
        : { failure, rows: this.#replaceInstances(this.rule, after, unixMs) };
    }
  }

  async #rows(unixMs: number, signal: AbortSignal): Promise<readonly Row[]> {
    const { rule } = this;
    const at = unixMs - this.#group.queryOffsetMs;
    await this.#conditions?.beforeEvaluation(unixMs, signal);
    const vector = await queryVector(this.#env.query, rule.expression, at, { signal });
    if (rule.kind === 'alerting') return await this.#advance(rule, vector, unixMs, signal);
    const rows = recordedSeries(rule, vector);
    this.#checkLimit(rows.length, 'series');
    return rows;
  }

  async #advance(
    rule: AlertingRule,
    vector: readonly VectorSample[],
    unixMs: number,
    signal: AbortSignal,
  ): Promise<readonly Row[]> {
    const hits = [];
    for (const sample of vector) {
      // An alert on a native histogram has the value 0, as in Prometheus.
      const value = sample.histogram === undefined ? sample.value : 0;
      hits.push(await this.#hitOf({ labels: sample.labels, value }, unixMs, signal));
    }
    const byKey = indexHits(hits);
    const after =
      this.#conditions === undefined
        ? advanceAll(this.#instances, byKey, rule, unixMs)
        : await this.#conditions.advance(this.#instances, byKey, unixMs, signal);
    const active = [...after.values()].filter(({ state }) => state.kind !== 'resolved');
    try {
      this.#checkLimit(active.length, 'alerts');
    } catch (error) {
      this.dismiss(unixMs);
      this.#instances = new Map();
      throw error;
    }
    return this.#replaceInstances(rule, after, unixMs);
  }

  /** Takes over what the alerts have become, tells receivers, and gives the series of the active. */
  #replaceInstances(
    rule: AlertingRule,
    after: Map<string, AlertInstance>,
    unixMs: number,
  ): readonly Row[] {
    this.#instances = after;
    this.#notify(rule, unixMs);
    if (!this.restored) return [];
    return [...after.values()].flatMap(alertSeries);
  }

  #hitOf(
    sample: Pick<VectorSample, 'labels' | 'value'>,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<Hit> {
    const { metrics, log } = this.#env;
    if (this.#templates === undefined) throw new Error('a recording rule has no alerts');
    return this.#templates.expand(sample, this.templateContext(unixMs, signal), (err) => {
      metrics.templateFailed();
      log.warn({ group: this.#group.name, rule: this.rule.name, err }, 'rule template failed');
    });
  }

  templateContext(
    unixMs: number,
    signal: AbortSignal,
  ): Omit<RuleTemplateContext, 'labels' | 'value'> {
    const { query, externalLabels, externalUrl } = this.#env;
    return {
      externalLabels,
      externalUrl: externalUrl(),
      unixMs,
      query: async (expression) => await queryVector(query, expression, unixMs, { signal }),
    };
  }

  #checkLimit(count: number, what: string): void {
    const { limit } = this.#group;
    if (limit > 0 && count > limit) {
      throw new RuleEvaluationError(`exceeded limit of ${limit} with ${count} ${what}`);
    }
  }

  /** Ends all alerts, and says so to those who heard of them: the rule goes away. */
  dismiss(unixMs: number): void {
    if (this.rule.kind !== 'alerting') return;
    for (const [key, instance] of this.#instances) {
      if (instance.sent?.kind === 'firing') this.#instances.set(key, resolve(instance, unixMs));
      else this.#instances.delete(key);
    }
    this.#notify(this.rule, unixMs);
  }

  #notify(rule: AlertingRule, unixMs: number): void {
    const due: Alert[] = [];
    for (const [key, instance] of this.#instances) {
      if (!needsSending(instance, unixMs, this.#env.repeatIntervalMs)) continue;
      const kind = instance.state.kind === 'firing' ? 'firing' : 'resolved';
      this.#instances.set(key, { ...instance, sent: { kind, unixMs } });
      due.push(this.toAlert(instance));
    }
    if (due.length > 0) this.#env.notify(rule, due, unixMs);
  }

  toAlert({ labels, annotations, state }: AlertInstance): Alert {
    return {
      labels,
      annotations,
      state,
      generatorUrl: this.#env.generatorUrl(this.rule.expression),
    };
  }

  /** Sets when pending alerts became active, as an earlier process knew it. */
  restore(activeAtOf: (instance: AlertInstance) => number | undefined): void {
    for (const [key, instance] of this.#instances) {
      const { state } = instance;
      const activeAtUnixMs = state.kind === 'resolved' ? undefined : activeAtOf(instance);
      if (activeAtUnixMs === undefined) continue;
      this.#instances.set(key, { ...instance, state: { ...state, activeAtUnixMs } });
    }
    this.restored = true;
  }

  /** Takes firing alerts of an earlier process over, which go on without a hit. */
  async restoreFiring(
    lost: readonly LostAlert[],
    unixMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#conditions === undefined || lost.length === 0) return;
    this.#instances = await this.#conditions.restore(lost, unixMs, signal);
  }

  /** Whether an alert of an earlier process was taken over. @param stored its labels as stored */
  wasRestored(stored: Labels): boolean {
    return this.#conditions?.wasRestored(stored.key) ?? false;
  }

  /** Those alerts of an earlier process that are not active now. */
  withoutActive(lost: readonly LostAlert[]): readonly LostAlert[] {
    const active = [...this.#instances.values()].filter(({ state }) => state.kind !== 'resolved');
    const keys = new Set(active.map(({ labels }) => this.storedLabels(labels).key));
    return lost.filter(({ labels }) => !keys.has(labels.key));
  }

  /** Labels as they are stored. */
  storedLabels(labels: Labels): Labels {
    return this.#series.storedLabels(labels);
  }
}
