import { type Labels, type MetricQuery, MonitoringError, type Series } from '@dwcp/core';

import { type AlertInstance, type Hit } from '../alert-instance.ts';
import { advanceAll, AlertTemplates, indexHits, queryVector } from '../rule-evaluation.ts';
import { type AlertingRule, type RuleGroup } from '../rule.ts';

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
  readonly #open = new Map<string, number>();
  readonly #firings: BacktestFiring[] = [];
  #instances = new Map<string, AlertInstance>();

  constructor(group: RuleGroup, rule: AlertingRule, options: BacktestOptions) {
    this.#group = group;
    this.#rule = rule;
    this.#options = options;
    this.#templates = new AlertTemplates({ ...rule, annotations: {} });
    this.#stepMs = group.intervalMs ?? options.defaultIntervalMs ?? 15_000;
  }

  async result(): Promise<Pick<BacktestResult, 'firings' | 'problem'>> {
    const { startUnixMs, endUnixMs } = this.#options;
    const partMs = STEPS_PER_QUERY * this.#stepMs;
    let problem: string | undefined;
    try {
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
    const { query, signal } = this.#options;
    const { queryOffsetMs } = this.#group;
    const { value } = await query.range(
      {
        expression: this.#rule.expression,
        startUnixMs: fromMs - queryOffsetMs,
        endUnixMs: toMs - queryOffsetMs,
        stepMs: this.#stepMs,
      },
      signal === undefined ? {} : { signal },
    );
    const columns = value.kind === 'matrix' ? value.series.map((series) => new Column(series)) : [];
    for (let unixMs = fromMs; unixMs <= toMs; unixMs += this.#stepMs) {
      const hits: Hit[] = [];
      for (const column of columns) {
        const found = column.at(unixMs - queryOffsetMs);
        if (found !== undefined) hits.push(await this.#hit(column.labels, found, unixMs));
      }
      this.#advance(hits, unixMs);
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

  #advance(hits: readonly Hit[], unixMs: number): void {
    this.#instances = advanceAll(this.#instances, indexHits(hits), this.#rule, unixMs);
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

/** One series of a range, read from its beginning to its end. */
class Column {
  readonly #series: Series;
  #next = 0;

  constructor(series: Series) {
    this.#series = series;
  }

  get labels(): Labels {
    return this.#series.labels;
  }

  /** The value at a moment, if there is one; a histogram counts as 0, as in rules. */
  at(unixMs: number): number | undefined {
    const { timestamps, values, histograms } = this.#series;
    while ((timestamps[this.#next] ?? Infinity) < unixMs) this.#next++;
    if (timestamps[this.#next] !== unixMs) return undefined;
    return histograms?.[this.#next] === undefined ? values[this.#next] : 0;
  }
}
