import { Labels, type MetricQuery, type VectorSample } from '@dwcp/core';

import { advance, type AlertInstance, type Hit } from '../alert-instance.ts';
import { type LostAlert } from '../restore.ts';
import { queryVector, RuleEvaluationError } from '../rule-evaluation.ts';
import { type AlertingRule } from '../rule.ts';
import { advanceConditioned } from './advance-conditioned.ts';
import { ElementIndex } from './element-index.ts';
import { type LogCounter } from './log-counter.ts';

export interface RuleConditionsOptions {
  readonly query: MetricQuery;
  /** Counts what the rule's `log_count` conditions ask for; `given` when that was done before. */
  readonly counter: Pick<LogCounter, 'write'> | 'given' | undefined;
  readonly queryOffsetMs: number;
  /** When the process began; `-Infinity` where none did, as in tests. */
  readonly startUnixMs: number;
  /** Labels as the rule's series are stored. */
  readonly storedLabels: (labels: Labels) => Labels;
  /** The alert that an element stands for. */
  readonly hitOf: (
    sample: Pick<VectorSample, 'labels' | 'value'>,
    unixMs: number,
    signal: AbortSignal,
  ) => Promise<Hit>;
}

type Reason = 'no_data' | 'error';

/** How far back data counts as "had data before" when the process has seen none itself. */
const DATA_MEMORY_MS = 60 * 60_000;
const DATA_STEP_MS = 15_000;
/** After a start, targets may not have been scraped yet: missing data say nothing for so long. */
const START_GRACE_MS = 60_000;

/** Whether a rule has anything beside what Prometheus knows. */
export function hasConditions({ logCounts, noData, onError, recover }: AlertingRule): boolean {
  return [logCounts, noData, onError, recover].some((setting) => setting !== undefined);
}

/** Whether a rule's firing alerts may go on without a hit, so that a start has to read them back. */
export function keepsFiring({ noData, recover }: AlertingRule): boolean {
  return recover !== undefined || noData === 'keep';
}

/** Recovery, missing data, errors and counted logs of one rule. */
export class RuleConditions {
  readonly #rule: AlertingRule;
  readonly #options: RuleConditionsOptions;
  /** Undefined until it is known. */
  #hadData: boolean | undefined;
  #reasonKeys = new Set<string>();
  #graceUntilUnixMs: number;
  /** Alerts of an earlier process by their labels as stored, which may be more than they had. */
  #restored = new Set<string>();

  constructor(rule: AlertingRule, options: RuleConditionsOptions) {
    this.#rule = rule;
    this.#options = options;
    this.#graceUntilUnixMs = options.startUnixMs + START_GRACE_MS;
  }

  takeOver(from: RuleConditions): void {
    const isSame = from.#rule.dataExpression === this.#rule.dataExpression;
    if (isSame) this.#hadData = from.#hadData;
    this.#reasonKeys = from.#reasonKeys;
    this.#restored = from.#restored;
    this.#graceUntilUnixMs = from.#graceUntilUnixMs;
  }

  /** Writes what the expression reads. @throws RuleEvaluationError without a log store */
  async beforeEvaluation(unixMs: number, signal: AbortSignal): Promise<void> {
    const { counter, queryOffsetMs } = this.#options;
    if (this.#rule.logCounts === undefined || counter === 'given') return;
    if (counter === undefined) {
      throw new RuleEvaluationError('log_count: there is no log store to count in');
    }
    await counter.write(unixMs - queryOffsetMs, signal);
  }

  async advance(
    instances: ReadonlyMap<string, AlertInstance>,
    found: ReadonlyMap<string, Hit>,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<Map<string, AlertInstance>> {
    const rule = this.#rule;
    const before = this.#renamed(instances, found);
    const hits = new Map(found);
    const noDataHit = await this.#noDataHit(found, unixMs, signal);
    if (noDataHit !== undefined && !hits.has(noDataHit.labels.key)) {
      hits.set(noDataHit.labels.key, noDataHit);
      this.#reasonKeys.add(noDataHit.labels.key);
    }
    const waiting = [...before].filter(
      ([key, { state }]) =>
        state.kind !== 'resolved' && !hits.has(key) && !this.#reasonKeys.has(key),
    );
    const { dataExpression, noData, recover } = rule;
    const wantsRecovery = waiting.some(([, { state }]) => state.kind === 'firing');
    const inGrace = this.#restored.size > 0 && unixMs < this.#graceUntilUnixMs;
    const mayEnd = noData !== 'resolve' || !inGrace;
    const wantsData = waiting.length > 0 && noData !== 'alert' && mayEnd;
    const evidence = {
      recovered:
        recover === undefined || !wantsRecovery
          ? undefined
          : await this.#index(recover.expression, unixMs, signal),
      data:
        dataExpression === undefined || !wantsData
          ? undefined
          : await this.#index(dataExpression, unixMs, signal),
      isReason: (key: string) => this.#reasonKeys.has(key),
    };
    const after = advanceConditioned(before, hits, rule, evidence, unixMs);
    for (const key of this.#reasonKeys) if (!after.has(key)) this.#reasonKeys.delete(key);
    return after;
  }

  /**
   * What becomes of the alerts when the rule could not be evaluated.
   * @returns undefined when nothing changes
   */
  async afterError(
    before: ReadonlyMap<string, AlertInstance>,
    error: unknown,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<Map<string, AlertInstance> | undefined> {
    if (this.#rule.onError !== 'alert') return undefined;
    const hit = await this.#reasonHit('error', unixMs, signal);
    const { key } = hit.labels;
    this.#reasonKeys.add(key);
    const message = error instanceof Error ? error.message : String(error);
    const told = { ...hit, annotations: { error: message, ...hit.annotations } };
    const timing = { forMs: this.#rule.forMs, keepFiringForMs: 0 };
    const next = advance(before.get(key), told, timing, unixMs);
    return next === undefined ? undefined : new Map(before).set(key, next);
  }

  /** Firing alerts of an earlier process, to go on with. Their value is known again with a hit. */
  async restore(
    lost: readonly LostAlert[],
    unixMs: number,
    signal: AbortSignal,
  ): Promise<Map<string, AlertInstance>> {
    const { hitOf, storedLabels } = this.#options;
    const reasons = new Set<string>();
    for (const reason of ['no_data', 'error'] as const) {
      const { labels } = await this.#reasonHit(reason, unixMs, signal);
      reasons.add(storedLabels(labels).key);
    }
    const restored = new Map<string, AlertInstance>();
    for (const { activeAtUnixMs, labels } of lost) {
      if (reasons.has(labels.key)) continue;
      const value = Number.NaN;
      const { annotations } = await hitOf({ labels, value }, unixMs, signal);
      const firedAtUnixMs = activeAtUnixMs + this.#rule.forMs;
      restored.set(labels.key, {
        labels,
        annotations,
        state: { kind: 'firing', activeAtUnixMs, firedAtUnixMs, value },
        keepFiringSinceUnixMs: undefined,
        // They were told, and are told again as any alert that fires on after a start.
        sent: { kind: 'firing', unixMs: 0 },
      });
    }
    this.#restored = new Set(restored.keys());
    return restored;
  }

  wasRestored(storedKey: string): boolean {
    return this.#restored.has(storedKey);
  }

  /** Gives restored alerts the labels that a hit shows them to have. */
  #renamed(
    instances: ReadonlyMap<string, AlertInstance>,
    hits: ReadonlyMap<string, Hit>,
  ): ReadonlyMap<string, AlertInstance> {
    if (this.#restored.size === 0) return instances;
    const renamed = new Map(instances);
    for (const [key, { labels }] of hits) {
      const stored = this.#options.storedLabels(labels).key;
      const instance = renamed.get(stored);
      if (stored === key || renamed.has(key) || !this.#restored.has(stored)) continue;
      if (instance === undefined) continue;
      renamed.delete(stored);
      renamed.set(key, { ...instance, labels });
    }
    return renamed;
  }

  async #noDataHit(
    hits: ReadonlyMap<string, Hit>,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<Hit | undefined> {
    const { dataExpression, noData } = this.#rule;
    if (noData !== 'alert' || dataExpression === undefined) return undefined;
    const hasData =
      hits.size > 0 || (await this.#vector(dataExpression, unixMs, signal)).length > 0;
    if (hasData) this.#hadData = true;
    else if (unixMs >= this.#graceUntilUnixMs)
      this.#hadData ??= await this.#hadDataBefore(dataExpression, unixMs, signal);
    return hasData || !this.#hadData ? undefined : await this.#reasonHit('no_data', unixMs, signal);
  }

  /** Whether the store remembers data, or that they were missed. */
  async #hadDataBefore(
    dataExpression: string,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const endUnixMs = unixMs - this.#options.queryOffsetMs;
    const alert = `ALERTS{alertname=${JSON.stringify(this.#rule.name)}, reason="no_data"}`;
    const { value } = await this.#options.query.range(
      {
        expression: `(${dataExpression}) or ${alert}`,
        startUnixMs: endUnixMs - DATA_MEMORY_MS,
        endUnixMs,
        stepMs: DATA_STEP_MS,
      },
      { signal },
    );
    return value.kind === 'matrix' && value.series.length > 0;
  }

  /** An alert of the rule as a whole: it has the labels of the rule alone. */
  async #reasonHit(reason: Reason, unixMs: number, signal: AbortSignal): Promise<Hit> {
    const sample = { labels: Labels.empty, value: Number.NaN };
    const hit = await this.#options.hitOf(sample, unixMs, signal);
    return { ...hit, labels: hit.labels.with({ reason }) };
  }

  async #index(expression: string, unixMs: number, signal: AbortSignal): Promise<ElementIndex> {
    return new ElementIndex(await this.#vector(expression, unixMs, signal), this.#rule.labels);
  }

  async #vector(
    expression: string,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<readonly VectorSample[]> {
    const { query, queryOffsetMs } = this.#options;
    return await queryVector(query, expression, unixMs - queryOffsetMs, { signal });
  }
}
