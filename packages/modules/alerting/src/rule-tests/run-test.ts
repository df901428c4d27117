import {
  type Clock,
  Labels,
  type MetricQuery,
  MonitoringError,
  type NativeHistogram,
  silentLog,
} from '@dwcp/core';
import { PromqlEngine, samplesOfLine, writeHistogram } from '@dwcp/promql';

import { givenCounts } from '../conditions/given-counts.ts';
import { queryVector } from '../rule-evaluation.ts';
import { RuleMetrics } from '../rule-metrics.ts';
import { type RuleEnvironment, RuleRunner } from '../rule-runner.ts';
import { type RuleGroup } from '../rule.ts';
import { formatFloat } from '../template/format-float.ts';
import {
  type AlertTest,
  type AlertText,
  type ExpectedSample,
  type ExpressionTest,
  type RuleTest,
  type RuleTestFailure,
  type SampleText,
} from './rule-test.ts';
import { withSubqueryStep } from './subquery-step.ts';
import { TestStore } from './test-store.ts';

export interface TestConditions {
  /** In the order of their evaluation. */
  readonly groups: readonly RuleGroup[];
  readonly evaluationIntervalMs: number;
  readonly fuzzyCompare: boolean;
  /** Measures how long queries take; the time of the test comes from the test. */
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Evaluates all rules at every evaluation interval, from the start of the test to its last
 * `eval_time`, and compares.
 * @returns what came out otherwise; empty when the test passed
 */
export async function runRuleTest(
  test: RuleTest,
  conditions: TestConditions,
): Promise<readonly RuleTestFailure[]> {
  return await new TestRun(test, conditions).run();
}

class TestRun {
  readonly #test: RuleTest;
  readonly #conditions: TestConditions;
  readonly #store: TestStore;
  readonly #query: MetricQuery;
  readonly #runners: readonly RuleRunner[];

  constructor(test: RuleTest, conditions: TestConditions) {
    const { clock, evaluationIntervalMs, groups } = conditions;
    const { startUnixMs, intervalMs: stepMs } = test;
    this.#test = test;
    this.#conditions = conditions;
    const inputs = test.inputs.map((line) => samplesOfLine(line, { stepMs, startUnixMs }));
    this.#store = new TestStore(inputs.flatMap((series) => givenCounts(series, groups)));
    const engine = new PromqlEngine({ store: this.#store, clock });
    this.#query = withSubqueryStep(engine, evaluationIntervalMs);
    const env = this.#environment();
    this.#runners = groups.flatMap((group) =>
      group.rules.map((rule) => new RuleRunner(rule, group, env, { restored: true })),
    );
  }

  #environment(): RuleEnvironment {
    return {
      query: this.#query,
      store: this.#store,
      logs: 'given',
      clock: this.#conditions.clock,
      log: silentLog,
      metrics: new RuleMetrics(undefined),
      externalLabels: this.#test.externalLabels,
      externalUrl: () => this.#test.externalUrl,
      seriesLabels: {},
      repeatIntervalMs: Infinity,
      generatorUrl: () => '',
      notify: () => undefined,
    };
  }

  async run(): Promise<readonly RuleTestFailure[]> {
    const { alertTests, expressionTests, startUnixMs } = this.#test;
    const { evaluationIntervalMs, signal } = this.#conditions;
    const times = [...alertTests, ...expressionTests].map(({ evalTimeMs }) => evalTimeMs);
    const lastMs = Math.max(0, ...times);
    const pending = alertTests.toSorted((a, b) => a.evalTimeMs - b.evalTimeMs);
    const failures: RuleTestFailure[] = [];
    for (let atMs = 0; atMs <= lastMs; atMs += evaluationIntervalMs) {
      signal.throwIfAborted();
      this.#store.showUntil(startUnixMs + atMs);
      const failed = await this.#evaluate(atMs);
      failures.push(...failed);
      if (failed.length > 0) return failures;
      // An `eval_time` between two evaluations sees the alerts of the earlier one.
      while ((pending[0]?.evalTimeMs ?? Infinity) < atMs + evaluationIntervalMs) {
        const next = pending.shift();
        if (next !== undefined) failures.push(...this.#compareAlerts(next));
      }
    }
    for (const expressionTest of expressionTests) {
      failures.push(...(await this.#compareSamples(expressionTest)));
    }
    return failures;
  }

  async #evaluate(atMs: number): Promise<readonly RuleTestFailure[]> {
    const failures: RuleTestFailure[] = [];
    for (const runner of this.#runners) {
      await runner.evaluate(this.#test.startUnixMs + atMs, this.#conditions.signal);
      const { lastError: message, rule } = runner;
      if (message === undefined) continue;
      failures.push({ kind: 'rule', rule: rule.name, evalTimeMs: atMs, message });
    }
    return failures;
  }

  #compareAlerts({ alertName, evalTimeMs, expected }: AlertTest): readonly RuleTestFailure[] {
    const firing = this.#runners
      .filter(({ rule }) => rule.kind === 'alerting' && rule.name === alertName)
      .flatMap(({ instances }) => [...instances.values()])
      .filter(({ state }) => state.kind === 'firing')
      .map(({ labels, annotations }) => ({ labels, annotations: Labels.from(annotations) }));
    const wanted = textsOf(expected);
    const got = textsOf(firing);
    if (JSON.stringify(wanted) === JSON.stringify(got)) return [];
    return [{ kind: 'alerts', alertName, evalTimeMs, expected: wanted, got }];
  }

  async #compareSamples(test: ExpressionTest): Promise<readonly RuleTestFailure[]> {
    const { expression, evalTimeMs } = test;
    const unixMs = this.#test.startUnixMs + evalTimeMs;
    let found: readonly ExpectedSample[];
    try {
      found = await queryVector(this.#query, expression, unixMs, this.#conditions);
    } catch (error) {
      if (!(error instanceof MonitoringError)) throw error;
      return [{ kind: 'expression', expression, evalTimeMs, message: error.message }];
    }
    const wanted = test.expected.toSorted((a, b) => a.labels.compare(b.labels));
    const got = found.toSorted((a, b) => a.labels.compare(b.labels));
    const isSame =
      wanted.length === got.length && wanted.every((sample, i) => this.#areSame(sample, got[i]));
    if (isSame) return [];
    const texts = { expected: wanted.map(sampleText), got: got.map(sampleText) };
    return [{ kind: 'samples', expression, evalTimeMs, ...texts }];
  }

  #areSame(wanted: ExpectedSample, got: ExpectedSample | undefined): boolean {
    if (got === undefined || !wanted.labels.equals(got.labels)) return false;
    if (wanted.histogram !== undefined || got.histogram !== undefined) {
      return textOf(wanted.histogram) === textOf(got.histogram);
    }
    if (Number.isNaN(wanted.value) && Number.isNaN(got.value)) return true;
    return (
      wanted.value === got.value ||
      (this.#conditions.fuzzyCompare && areNeighbours(wanted.value, got.value))
    );
  }
}

function textsOf(
  alerts: readonly { readonly labels: Labels; readonly annotations: Labels }[],
): readonly AlertText[] {
  return alerts
    .toSorted((a, b) => a.labels.compare(b.labels) || a.annotations.compare(b.annotations))
    .map(({ labels, annotations }) => ({
      labels: labels.toObject(),
      annotations: annotations.toObject(),
    }));
}

function sampleText({ labels, value, histogram }: ExpectedSample): SampleText {
  const text = histogram === undefined ? formatFloat(value, 'e', -1) : textOf(histogram);
  return { labels: labels.toObject(), value: histogram === undefined ? upperCased(text) : text };
}

/** `1e+00` as `1E+00`, which is how promtool prints it; NaN and Inf as they are. */
function upperCased(text: string): string {
  return text.replace('e', 'E');
}

function textOf(histogram: NativeHistogram | undefined): string {
  return histogram === undefined ? '' : writeHistogram(histogram);
}

/** Whether there is no float between the two. */
function areNeighbours(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  const [x = 0n, y = 0n] = new BigInt64Array(new Float64Array([a, b]).buffer);
  const distance = orderOf(x) - orderOf(y);
  return distance >= -1n && distance <= 1n;
}

/** The place of a float among all floats, from its bits. */
function orderOf(bits: bigint): bigint {
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
}
