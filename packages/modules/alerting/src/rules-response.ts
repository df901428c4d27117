import { type Alert } from '@dwcp/core';

import { type AlertInstance } from './alert-instance.ts';
import { type Condition, type ErrorPolicy, type NoDataPolicy } from './conditions/condition.ts';
import { type GroupRunner } from './group-runner.ts';
import { isActive } from './restore.ts';
import { type RuleHealth, type RuleRunner } from './rule-runner.ts';
import { type AlertingRule } from './rule.ts';
import { formatFloat } from './template/format-float.ts';

/*
 * Rules and alerts in the shape of `data` in the answers of Prometheus' HTTP API. Durations are
 * seconds, moments RFC 3339.
 * See https://prometheus.io/docs/prometheus/latest/querying/api/#rules
 */

export interface AlertResponse {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly activeAt: string;
  readonly keepFiringSince?: string;
  /** Such as `1e+00`. */
  readonly value: string;
}

interface RuleResponseBase {
  readonly name: string;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: RuleHealth;
  readonly lastError?: string;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface AlertingRuleResponse extends RuleResponseBase {
  readonly type: 'alerting';
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly duration: number;
  readonly keepFiringFor: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly alerts: readonly AlertResponse[];
  /** What Prometheus does not know, where the rule has it. */
  readonly condition?: Condition;
  /** PromQL. */
  readonly recover?: string;
  readonly noData?: NoDataPolicy;
  readonly onError?: ErrorPolicy;
  /** The window in seconds. */
  readonly dedup?: { readonly by: readonly string[]; readonly window: number };
}

export interface RecordingRuleResponse extends RuleResponseBase {
  readonly type: 'recording';
}

export interface RuleGroupResponse {
  readonly name: string;
  readonly file: string;
  readonly interval: number;
  readonly limit: number;
  readonly rules: readonly (AlertingRuleResponse | RecordingRuleResponse)[];
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

/** `data` of `/api/v1/rules`. */
export interface RulesResponse {
  readonly groups: readonly RuleGroupResponse[];
}

/** `data` of `/api/v1/alerts`. */
export interface AlertsResponse {
  readonly alerts: readonly AlertResponse[];
}

/** Go's zero time: never. */
const NEVER = '0001-01-01T00:00:00Z';

export function groupResponse(runner: GroupRunner): RuleGroupResponse {
  return {
    name: runner.group.name,
    file: runner.group.file,
    interval: runner.intervalMs / 1_000,
    limit: runner.group.limit,
    rules: runner.rules.map(ruleResponse),
    evaluationTime: runner.evaluationMs / 1_000,
    lastEvaluation: momentOf(runner.lastEvaluationUnixMs),
  };
}

function ruleResponse(runner: RuleRunner): AlertingRuleResponse | RecordingRuleResponse {
  const { rule, health, lastError } = runner;
  const base = {
    name: rule.name,
    query: rule.expression,
    labels: rule.labels,
    health,
    ...(lastError === undefined ? {} : { lastError }),
    evaluationTime: runner.evaluationMs / 1_000,
    lastEvaluation: momentOf(runner.lastEvaluationUnixMs),
  };
  if (rule.kind === 'recording') return { ...base, type: 'recording' };
  const alerts = activeAlerts(runner);
  const state = alerts.some((alert) => alert.state === 'firing')
    ? 'firing'
    : alerts.length > 0
      ? 'pending'
      : 'inactive';
  return {
    state,
    ...base,
    duration: rule.forMs / 1_000,
    keepFiringFor: rule.keepFiringForMs / 1_000,
    annotations: rule.annotations,
    alerts,
    type: 'alerting',
    ...extensionsOf(rule),
  };
}

function extensionsOf(
  rule: AlertingRule,
): Pick<AlertingRuleResponse, 'condition' | 'recover' | 'noData' | 'onError' | 'dedup'> {
  const { condition, dedup, noData, onError, recover } = rule;
  return {
    ...(condition === undefined ? {} : { condition }),
    ...(recover === undefined ? {} : { recover: recover.expression }),
    ...(noData === undefined ? {} : { noData }),
    ...(onError === undefined ? {} : { onError }),
    ...(dedup === undefined ? {} : { dedup: { by: dedup.by, window: dedup.windowMs / 1_000 } }),
  };
}

/** Pending and firing alerts of a rule, by labels. */
export function activeAlerts(runner: RuleRunner): readonly AlertResponse[] {
  return [...runner.instances.values()]
    .filter(isActive)
    .sort((a, b) => a.labels.compare(b.labels))
    .map(alertResponse);
}

function alertResponse(instance: AlertInstance): AlertResponse {
  const { labels, annotations, state, keepFiringSinceUnixMs } = instance;
  return {
    labels: labels.toObject(),
    annotations,
    state: state.kind === 'firing' ? 'firing' : 'pending',
    activeAt: momentOf(state.activeAtUnixMs),
    ...(keepFiringSinceUnixMs === undefined
      ? {}
      : { keepFiringSince: momentOf(keepFiringSinceUnixMs) }),
    value: formatFloat(state.value, 'e', -1),
  };
}

/** RFC 3339 in UTC; undefined is Go's zero time. */
export function momentOf(unixMs: number | undefined): string {
  return unixMs === undefined ? NEVER : new Date(unixMs).toISOString();
}

/** Active alerts with the platform's own types. */
export function toAlerts(runner: RuleRunner): readonly Alert[] {
  return [...runner.instances.values()]
    .filter(isActive)
    .sort((a, b) => a.labels.compare(b.labels))
    .map((instance) => runner.toAlert(instance));
}
