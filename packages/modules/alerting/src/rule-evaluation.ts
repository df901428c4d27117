import {
  type CallOptions,
  Labels,
  METRIC_NAME,
  type MetricQuery,
  MonitoringError,
  type VectorSample,
} from '@dwcp/core';

import { advance, type AlertInstance, type Hit } from './alert-instance.ts';
import { type AlertingRule, type RecordingRule } from './rule.ts';
import { RuleTemplate, type RuleTemplateContext } from './template/rule-template.ts';
import { TemplateError } from './template/template-error.ts';

/** The evaluation of a rule gave something that no rule may give. */
export class RuleEvaluationError extends MonitoringError {
  readonly code = 'DWCP_RULE_EVALUATION_FAILED' as const;
}

/**
 * Evaluates an expression as rules do: a scalar counts as one element without labels.
 * @throws QueryError, or RuleEvaluationError for a text or a range
 */
export async function queryVector(
  query: MetricQuery,
  expression: string,
  unixMs: number,
  options: CallOptions,
): Promise<readonly VectorSample[]> {
  const { value } = await query.instant({ expression, unixMs }, options);
  switch (value.kind) {
    case 'vector':
      return value.samples;
    case 'scalar':
      return [{ labels: Labels.empty, unixMs: value.unixMs, value: value.value }];
    case 'string':
    case 'matrix':
      throw new RuleEvaluationError(
        `the expression gives a ${value.kind === 'string' ? 'text' : 'range'}, a rule needs an instant vector or a scalar`,
      );
  }
}

/** The templates of an alerting rule, parsed once. */
export class AlertTemplates {
  readonly #name: string;
  readonly #labels: readonly (readonly [string, RuleTemplate])[];
  readonly #annotations: readonly (readonly [string, RuleTemplate])[];

  /** @throws TemplateError when one does not parse */
  constructor({ name, labels, annotations }: AlertingRule) {
    const parse = ([key, text]: readonly [string, string]): readonly [string, RuleTemplate] => [
      key,
      new RuleTemplate(name, text),
    ];
    this.#name = name;
    this.#labels = Object.entries(labels).map(parse);
    this.#annotations = Object.entries(annotations).map(parse);
  }

  /**
   * The alert that an element of the result stands for. A template that fails leaves its error as
   * the text, as in Prometheus: better an odd alert than none.
   */
  async expand(
    sample: Pick<VectorSample, 'labels' | 'value'>,
    context: Omit<RuleTemplateContext, 'labels' | 'value'>,
    onError: (error: TemplateError) => void,
  ): Promise<Hit> {
    const { value } = sample;
    const all = { ...context, labels: sample.labels.toObject(), value };
    const expand = async (template: RuleTemplate): Promise<string> => {
      try {
        return await template.expand(all);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        onError(error);
        return `<error expanding template: ${error.message}>`;
      }
    };
    const labels: Record<string, string> = {};
    for (const [name, template] of this.#labels) labels[name] = await expand(template);
    const annotations: Record<string, string> = {};
    for (const [name, template] of this.#annotations) annotations[name] = await expand(template);
    return {
      labels: sample.labels.withoutName().with({ ...labels, alertname: this.#name }),
      annotations,
      value,
    };
  }
}

/** @throws RuleEvaluationError when two elements became the same alert */
export function indexHits(hits: readonly Hit[]): ReadonlyMap<string, Hit> {
  const byKey = new Map<string, Hit>();
  for (const hit of hits) {
    if (byKey.has(hit.labels.key)) {
      throw new RuleEvaluationError(
        `vector contains metrics with the same labelset after applying alert labels: ${hit.labels.toString()}`,
      );
    }
    byKey.set(hit.labels.key, hit);
  }
  return byKey;
}

/** The next state of all alerts of a rule. Pure. */
export function advanceAll(
  before: ReadonlyMap<string, AlertInstance>,
  hits: ReadonlyMap<string, Hit>,
  rule: Pick<AlertingRule, 'forMs' | 'keepFiringForMs'>,
  unixMs: number,
): Map<string, AlertInstance> {
  const after = new Map<string, AlertInstance>();
  for (const key of new Set([...before.keys(), ...hits.keys()])) {
    const next = advance(before.get(key), hits.get(key), rule, unixMs);
    if (next !== undefined) after.set(key, next);
  }
  return after;
}

/** What Prometheus keeps of active alerts as series. */
export function alertSeries({
  labels,
  state,
}: AlertInstance): readonly { readonly labels: Labels; readonly value: number }[] {
  if (state.kind === 'resolved') return [];
  return [
    { labels: labels.with({ [METRIC_NAME]: 'ALERTS', alertstate: state.kind }), value: 1 },
    {
      labels: labels.with({ [METRIC_NAME]: 'ALERTS_FOR_STATE' }),
      value: Math.floor(state.activeAtUnixMs / 1_000),
    },
  ];
}

/**
 * The series a recording rule writes.
 * @throws RuleEvaluationError when two elements became the same series
 */
export function recordedSeries(
  rule: RecordingRule,
  vector: readonly VectorSample[],
): readonly VectorSample[] {
  const seen = new Set<string>();
  return vector.map((sample) => {
    const labels = sample.labels.with({ ...rule.labels, [METRIC_NAME]: rule.name });
    if (seen.has(labels.key)) {
      throw new RuleEvaluationError(
        `vector contains metrics with the same labelset after applying rule labels: ${labels.toString()}`,
      );
    }
    seen.add(labels.key);
    return { ...sample, labels };
  });
}
