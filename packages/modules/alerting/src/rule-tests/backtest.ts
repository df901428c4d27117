import { Labels, type MetricQuery, MonitoringError } from '@dwcp/core';

import { type AlertInstance, type Hit } from '../alert-instance.ts';
import { hasConditions, RuleConditions } from '../conditions/rule-conditions.ts';
import {
  advanceAll,
  AlertTemplates,
  indexHits,
  queryVector,
  RuleEvaluationError,
} from '../rule-evaluation.ts';
import { type AlertingRule, type RuleGroup } from '../rule.ts';
import { StepwiseQuery } from './stepwise-query.ts';

export interface BacktestOptions {
  /** Answers from stored history. */
  readonly query: MetricQuery;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  /** For groups without an interval. Default 15 s. */
  readonly defaultIntervalMs?: number;
  readonly externalLabels?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One time that an alert would have fired. */
export interface BacktestFiring {
  readonly labels: Readonly<Record<string, string>>;
  readonly firedAtUnixMs: number;
  /** Undefined when it still fired at the end. */
  readonly endedAtUnixMs: number | undefined;
}

/** What one alerting rule would have done. */
export interface BacktestResult {
  readonly group: string;
  readonly rule: string;
  /** By the time they began. */
  readonly firings: readonly BacktestFiring[];
  /** Why the rule could not be evaluated. */
  readonly problem: string | undefined;
}

/** Steps of one range query; servers answer 11,000 at most. */
const STEPS_PER_QUERY = 5_000;
const NEVER = new AbortController().signal;

/**
 * Tells what alerting rules would have done over stored history, evaluated at the interval of their
 * group from the start on. Alerts begin as inactive there. Series that only recording rules of these
 * files would have made are not in the history, so rules that read them find nothing.
 */
export async function backtestRules(
  groups: readonly RuleGroup[],
  options: BacktestOptions,
): Promise<readonly BacktestResult[]> {
  const results: BacktestResult[] = [];
  for (const group of groups) {
    for (const rule of group.rules) {
      if (rule.kind !== 'alerting') continue;
      const run = new RuleBacktest(group, rule, options);
      results.push({ group: group.name, rule: rule.name, ...(await run.result()) });
    }
  }
  return results;
}

class RuleBacktest {
  readonly #group: RuleGroup;
  readonly #rule: AlertingRule;
  readonly #options: BacktestOptions;
  readonly #templates: AlertTemplates;
  readonly #stepMs: number;
  readonly #query: StepwiseQuery;
  readonly #conditions: RuleConditions | undefined;
  readonly #open = new Map<string, number>();
  readonly #firings: BacktestFiring[] = [];
  #instances = new Map<string, AlertInstance>();

  constructor(group: RuleGroup, rule: AlertingRule, options: BacktestOptions) {
    this.#group = group;
    this.#rule = rule;
    this.#options = options;
    this.#templates = new AlertTemplates({ ...rule, annotations: {} });
    this.#stepMs = group.intervalMs ?? options.defaultIntervalMs ?? 15_000;
    const { dataExpression, expression, recover } = rule;
    this.#query = new StepwiseQuery(
      options.query,
      [expression, recover?.expression, dataExpression].filter((text) => text !== undefined),
    );
    if (!hasConditions(rule)) return;
    this.#conditions = new RuleConditions(rule, {
      query: this.#query,
      counter: 'given',
      queryOffsetMs: group.queryOffsetMs,
      startUnixMs: -Infinity,
      storedLabels: (labels) => labels,
      hitOf: async ({ labels, value }, unixMs) => await this.#hit(labels, value, unixMs),
    });
  }

  async result(): Promise<Pick<BacktestResult, 'firings' | 'problem'>> {
    const { startUnixMs, endUnixMs } = this.#options;
    const partMs = STEPS_PER_QUERY * this.#stepMs;
    let problem: string | undefined;
    try {
      await this.#checkCounts();
      for (let fromMs = startUnixMs; fromMs <= endUnixMs; fromMs += partMs) {
        await this.#part(fromMs, Math.min(endUnixMs, fromMs + partMs - this.#stepMs));
      }
    } catch (error) {
      if (!(error instanceof MonitoringError)) throw error;
      problem = error.message;
    }
    for (const [key, firedAtUnixMs] of this.#open) this.#close(key, firedAtUnixMs, undefined);
    const firings = this.#firings.toSorted((a, b) => a.firedAtUnixMs - b.firedAtUnixMs);
    return { firings, problem };
  }

  async #part(fromMs: number, toMs: number): Promise<void> {
    const { queryOffsetMs } = this.#group;
    const { signal = NEVER } = this.#options;
    const range = {
      startUnixMs: fromMs - queryOffsetMs,
      endUnixMs: toMs - queryOffsetMs,
      stepMs: this.#stepMs,
    };
    await this.#query.load(range, signal);
    for (let unixMs = fromMs; unixMs <= toMs; unixMs += this.#stepMs) {
      const hits: Hit[] = [];
      const { expression } = this.#rule;
      for (const { histogram, labels, value } of this.#query.at(
        expression,
        unixMs - queryOffsetMs,
      )) {
        // A histogram counts as 0, as in rules.
        hits.push(await this.#hit(labels, histogram === undefined ? value : 0, unixMs));
      }
      await this.#advance(hits, unixMs, signal);
    }
  }

  /** @throws RuleEvaluationError when the log records that the rule asks about were not counted */
  async #checkCounts(): Promise<void> {
    const { endUnixMs, query, signal, startUnixMs } = this.#options;
    for (const { labels } of this.#rule.logCounts ?? []) {
      const expression = `count(${Labels.from(labels).toString()})`;
      const stepMs = Math.max(this.#stepMs, Math.ceil((endUnixMs - startUnixMs) / STEPS_PER_QUERY));
      const { value } = await query.range(
        { expression, startUnixMs, endUnixMs, stepMs },
        signal === undefined ? {} : { signal },
      );
      if (value.kind === 'matrix' && value.series.length > 0) continue;
      throw new RuleEvaluationError(
        `log_count: the history has no counts ${Labels.from(labels).toString()}; they are written while the rule is loaded`,
      );
    }
  }

  async #hit(labels: Labels, value: number, unixMs: number): Promise<Hit> {
    const { query, externalLabels = {}, signal } = this.#options;
    return await this.#templates.expand(
      { labels, value },
      {
        externalLabels,
        externalUrl: '',
        unixMs,
        query: async (expression) =>
          await queryVector(query, expression, unixMs, signal === undefined ? {} : { signal }),
      },
      () => undefined,
    );
  }

  async #advance(hits: readonly Hit[], unixMs: number, signal: AbortSignal): Promise<void> {
    const byKey = indexHits(hits);
    this.#instances =
      this.#conditions === undefined
        ? advanceAll(this.#instances, byKey, this.#rule, unixMs)
        : await this.#conditions.advance(this.#instances, byKey, unixMs, signal);
    for (const [key, { state }] of this.#instances) {
      const firedAtUnixMs = this.#open.get(key);
      if (state.kind === 'firing' && firedAtUnixMs === undefined) this.#open.set(key, unixMs);
      if (state.kind !== 'firing' && firedAtUnixMs !== undefined) {
        this.#close(key, firedAtUnixMs, unixMs);
        this.#open.delete(key);
      }
    }
  }

  #close(key: string, firedAtUnixMs: number, endedAtUnixMs: number | undefined): void {
    const labels = this.#instances.get(key)?.labels.toObject() ?? {};
    this.#firings.push({ labels, firedAtUnixMs, endedAtUnixMs });
  }
}
