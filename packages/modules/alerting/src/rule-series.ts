import { type Labels, type MetricStore, SampleBatchBuilder, type VectorSample } from '@dwcp/core';

import { RuleEvaluationError } from './rule-evaluation.ts';

/** A sample that a rule writes. */
export interface Row {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: VectorSample['histogram'];
}

export interface RuleSeriesEnvironment {
  readonly store: Pick<MetricStore, 'append'>;
  /** Labels that every written series gets where it lacks them. */
  readonly seriesLabels: Readonly<Record<string, string>>;
}

/** The series that one rule writes. */
export class RuleSeries {
  readonly #env: RuleSeriesEnvironment;
  #written: ReadonlyMap<string, Labels> = new Map();

  constructor(env: RuleSeriesEnvironment) {
    this.#env = env;
  }

  /** Those of the last evaluation. */
  get written(): readonly Labels[] {
    return [...this.#written.values()];
  }

  takeOver(from: RuleSeries): void {
    this.#written = from.#written;
  }

  /** Labels as they are stored. */
  storedLabels(labels: Labels): Labels {
    const missing = Object.entries(this.#env.seriesLabels).filter(([name]) => !labels.has(name));
    return missing.length === 0 ? labels : labels.with(Object.fromEntries(missing));
  }

  /**
   * Writes the rows of an evaluation, and staleness markers for series that are gone.
   * @throws RuleEvaluationError when the store refuses some
   */
  async write(rows: readonly Row[], unixMs: number, signal: AbortSignal): Promise<void> {
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
