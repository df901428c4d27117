import {
  type Alert,
  type Clock,
  type Labels,
  type Log,
  type MetricQuery,
  type MetricStore,
  SampleBatchBuilder,
  type VectorSample,
} from '@dwcp/core';

import { type AlertInstance, needsSending, resolve } from './alert-instance.ts';
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
import { type AlertingRule, type Rule, type RuleGroup } from './rule.ts';
import { type RuleTemplateContext } from './template/rule-template.ts';

/** What rules need from outside. */
export interface RuleEnvironment {
  readonly query: MetricQuery;
  readonly store: Pick<MetricStore, 'append' | 'select'>;
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
}

export type RuleHealth = 'unknown' | 'ok' | 'err';

interface Row {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: VectorSample['histogram'];
}

/** One rule with its memory between evaluations. */
export class RuleRunner {
  readonly rule: Rule;
  readonly #group: RuleGroup;
  readonly #env: RuleEnvironment;
  readonly #templates: AlertTemplates | undefined;
  #instances = new Map<string, AlertInstance>();
  #written: ReadonlyMap<string, Labels> = new Map();
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
    this.#templates = rule.kind === 'alerting' ? new AlertTemplates(rule) : undefined;
  }

  get instances(): ReadonlyMap<string, AlertInstance> {
    return this.#instances;
  }

  /** Series of the last evaluation: what goes stale when the rule goes away. */
  get writtenSeries(): readonly Labels[] {
    return [...this.#written.values()];
  }

  /** Goes on where the same rule of an earlier configuration stood. */
  takeOver(from: RuleRunner): void {
    this.#instances = from.#instances;
    this.#written = from.#written;
    this.restored = from.restored;
    this.health = from.health;
    this.lastError = from.lastError;
    this.evaluationMs = from.evaluationMs;
    this.lastEvaluationUnixMs = from.lastEvaluationUnixMs;
  }

  /** Evaluates; never throws but for an aborted signal. A failure keeps the alerts as they are. */
  async evaluate(unixMs: number, signal: AbortSignal): Promise<void> {
    const { clock, log, metrics } = this.#env;
    const startMs = clock.monotonicMs();
    this.lastEvaluationUnixMs = clock.nowUnixMs();
    let failed = false;
    try {
      const rows = await this.#rows(unixMs, signal);
      await this.#write(rows, unixMs - this.#group.queryOffsetMs, signal);
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
  }

  async #rows(unixMs: number, signal: AbortSignal): Promise<readonly Row[]> {
    const { rule } = this;
    const at = unixMs - this.#group.queryOffsetMs;
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
    const { metrics, log } = this.#env;
    const hits = [];
    for (const sample of vector) {
      // An alert on a native histogram has the value 0, as in Prometheus.
      const value = sample.histogram === undefined ? sample.value : 0;
      const hit = await this.#templates?.expand(
        { labels: sample.labels, value },
        this.templateContext(unixMs, signal),
        (err) => {
          metrics.templateFailed();
          log.warn({ group: this.#group.name, rule: rule.name, err }, 'rule template failed');
        },
      );
      if (hit !== undefined) hits.push(hit);
    }
    const after = advanceAll(this.#instances, indexHits(hits), rule, unixMs);
    const active = [...after.values()].filter(({ state }) => state.kind !== 'resolved');
    try {
      this.#checkLimit(active.length, 'alerts');
    } catch (error) {
      this.dismiss(unixMs);
      this.#instances = new Map();
      throw error;
    }
    this.#instances = after;
    this.#notify(rule, unixMs);
    return this.restored ? active.flatMap(alertSeries) : [];
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

  /** Labels as they are stored. */
  storedLabels(labels: Labels): Labels {
    const missing = Object.entries(this.#env.seriesLabels).filter(([name]) => !labels.has(name));
    return missing.length === 0 ? labels : labels.with(Object.fromEntries(missing));
  }

  /** Writes this evaluation's rows, and staleness markers for series that are gone. */
  async #write(rows: readonly Row[], unixMs: number, signal: AbortSignal): Promise<void> {
    const batch = new SampleBatchBuilder();
    const written = new Map<string, Labels>();
    for (const row of rows) {
      const labels = this.storedLabels(row.labels);
      written.set(labels.key, labels);
      if (row.histogram === undefined) batch.add(labels, unixMs, row.value);
      else batch.addHistogram(labels, unixMs, row.histogram);
    }
    for (const [key, labels] of this.#written) {
      if (!written.has(key)) batch.addStale(labels, unixMs);
    }
    if (batch.size === 0) return;
    const { rejected } = await this.#env.store.append(batch.build(), { signal });
    this.#written = written;
    const reasons = Object.entries(rejected).filter(([, count]) => count > 0);
    if (reasons.length > 0) {
      const text = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
      throw new RuleEvaluationError(`the store refused samples of the result: ${text}`);
    }
  }
}
