import { type DecisionRecord, type DecisionStore, Labels, type MetricQuery } from '@dwcp/core';

import { type PipelineState } from '../alertmanager/pipeline-state.ts';
import { matchRoutes } from '../alertmanager/route.ts';
import { fingerprintOf } from '../fnv.ts';
import { type IncidentState } from '../incidents/incident-state.ts';
import { type DeliveryRecord } from '../notify/delivery-history.ts';
import { candidatesOf, type Candidate } from './candidates.ts';
import { explainRoute } from './explain-route.ts';
import { type ExplainedRule, explainRule } from './explain-rule.ts';
import { alertText, nextSteps, timeText } from './explain-texts.ts';
import { type AlertStanding, standingOf, storedAlertStates } from './explained-state.ts';
import {
  type AlertExplanation,
  type ExplainedAlert,
  type ExplainQuestion,
  type Finding,
  type FindingCode,
  type RuleExplanation,
} from './explanation.ts';
import { acknowledgedFindings, blocksOf, incidentAt, intakeFindings } from './holding-back.ts';
import { ruleSubject } from './rule-decisions.ts';
import { timelineOf } from './timeline.ts';

/** Where the answer comes from. */
export interface ExplainPorts {
  /** A `DecisionLog`, or a store that nobody writes to. */
  readonly decisions: Pick<DecisionStore, 'search' | 'inForce'>;
  /** Over stored history. */
  readonly query: MetricQuery;
  readonly rules: readonly ExplainedRule[];
  /** What the pipeline knows now; undefined where alerts go elsewhere. */
  readonly pipeline: PipelineState | undefined;
  /** Of the outbox: what is on its way, and the last that ended. */
  readonly deliveries: readonly DeliveryRecord[];
  readonly nowUnixMs: number;
  /** Undefined where alerts are in none. */
  readonly incidents?: Pick<IncidentState, 'placeOf'> | undefined;
  /** Labels that alerts of rules get on their way out. */
  readonly externalLabels?: Readonly<Record<string, string>>;
}

/** What of an alert is asked about once and used for each part. */
interface Context {
  readonly ports: ExplainPorts;
  readonly atUnixMs: number;
  readonly isNow: boolean;
  readonly rules: readonly RuleExplanation[];
  readonly stored: Awaited<ReturnType<typeof storedAlertStates>>;
}

const MAX_ALERTS = 20;
/** So close to now, what the pipeline holds this moment counts. */
const NOW_MS = 1_000;

/** The first that is found decides; what went wrong at a receiver before what went right. */
const SENDING_ORDER: readonly FindingCode[] = [
  'held',
  'resolved-by-hand',
  'ended-while-held',
  'delivery-failed',
  'delivering',
  'delivered',
  'sent',
  'silenced',
  'inhibited',
  'muted',
  'no-integrations',
  'not-received',
  'waiting',
  'not-wanted',
  'nothing-new',
];

/**
 * Why an alert fired or did not at a moment, and why it was sent or was not: from what was decided,
 * and from evaluating its rule at that time. Routes and silences are those of now; what they did at
 * the time comes from the log.
 */
export async function explainAlert(
  question: ExplainQuestion,
  ports: ExplainPorts,
): Promise<AlertExplanation> {
  const { atUnixMs } = question;
  const known = await namedBy(question, ports);
  const alertName = question.alertName ?? known['alertname'] ?? '';
  const labels = { ...known, ...(alertName === '' ? {} : { alertname: alertName }) };
  const rules: RuleExplanation[] = [];
  for (const found of ports.rules) {
    if (found.rule.name !== alertName) continue;
    const explained = await explainRule(found, { query: ports.query, unixMs: atUnixMs, labels });
    rules.push(await withLoggedError(explained, ports, atUnixMs));
  }
  const stored = await storedAlertStates(ports.query, alertName, atUnixMs);
  const isNow = Math.abs(ports.nowUnixMs - atUnixMs) <= NOW_MS;
  const context: Context = { ports, atUnixMs, isNow, rules, stored };
  const candidates = await candidatesOf({ labels, question, stored, isNow }, ports);
  const alerts: ExplainedAlert[] = [];
  for (const candidate of candidates.slice(0, MAX_ALERTS)) {
    alerts.push(await explainOne(candidate, context));
  }
  const verdict = verdictOf(alertName, alerts, rules);
  return {
    atUnixMs,
    alertName,
    verdict,
    rules,
    alerts,
    alertCount: candidates.length,
    timeline: await timelineOf({ question, alertName, candidates, rules }, ports),
    nextSteps: alerts[0]?.nextSteps ?? ruleSteps(alertName, verdict),
  };
}

/** The labels that the question gives, or those that a fingerprint stands for. */
async function namedBy(
  { fingerprint, labels = {} }: ExplainQuestion,
  { decisions, pipeline, nowUnixMs }: ExplainPorts,
): Promise<Readonly<Record<string, string>>> {
  if (fingerprint === undefined) return labels;
  const held = pipeline?.alerts.get(fingerprint)?.alert.labels.toObject();
  if (held !== undefined) return held;
  const { records } = await decisions.search({
    subjects: [fingerprint],
    kinds: ['evaluated', 'intake', 'routed', 'weighed'],
    startUnixMs: 0,
    endUnixMs: nowUnixMs + 1,
    limit: 1,
  });
  return records[0]?.labels ?? labels;
}

async function withLoggedError(
  rule: RuleExplanation,
  { decisions }: ExplainPorts,
  atUnixMs: number,
): Promise<RuleExplanation> {
  const subject = ruleSubject({ name: rule.group, file: rule.file }, rule.name);
  const [record] = await decisions.inForce(subject, atUnixMs);
  if (record?.decision.kind !== 'rule' || record.decision.error === undefined) return rule;
  const { error } = record.decision;
  const text = `the rule failed when it was evaluated, since ${timeText(record.unixMs)}: ${error}`;
  return {
    ...rule,
    evaluationError: error,
    findings: [{ code: 'rule-error', text }, ...rule.findings],
  };
}

async function explainOne(candidate: Candidate, context: Context): Promise<ExplainedAlert> {
  const { ports, atUnixMs, isNow } = context;
  const { pipeline } = ports;
  const labels = Labels.from(candidate.labels);
  const standing = await standingAt(candidate, ports, atUnixMs);
  const [rule] = context.rules;
  const fingerprints = candidate.subjects;
  const stands = standingOf({ ...context, labels, standing, rule, pipeline, fingerprints });
  const isActive = stands.state === 'firing' || stands.state === 'resolved';
  const held = isActive ? intakeFindings(standing) : [];
  const blocks = blocksOf(labels, { standing, pipeline, isNow, atUnixMs });
  const routes = [];
  for (const route of pipeline === undefined ? [] : matchRoutes(pipeline.root, labels)) {
    const firingSinceUnixMs = stands.firedAtUnixMs ?? atUnixMs;
    const about = { labels, standing, firingSinceUnixMs, atUnixMs, isNow };
    const where = { ...ports, pipeline: pipeline as PipelineState };
    routes.push(await explainRoute(route, { ...about, subjects: fingerprints }, where));
  }
  const received =
    isNow && pipeline !== undefined
      ? fingerprints.some((fingerprint) => pipeline.alerts.has(fingerprint))
      : standing.some(({ topic }) => topic === 'routed');
  const incident = incidentAt(fingerprints, ports, atUnixMs);
  const acknowledged = incident === undefined ? [] : acknowledgedFindings(incident, fingerprints);
  const findings: Finding[] = [stands.finding, ...held, ...acknowledged];
  const isMissed = stands.state === 'firing' && !received && pipeline !== undefined;
  if (isMissed && held.length === 0) {
    const text = 'it has not come to the routes; rules send it again until it does';
    findings.push({ code: 'not-received', text });
  }
  if (isActive || candidate.isHypothetical) {
    // The end of an alert that never came to the routes is told to nobody.
    const isDone = stands.state === 'resolved' && !received;
    const sending = routes.flatMap((route) => route.findings);
    findings.push(
      ...blocks.findings,
      ...sending.filter(({ code }) => !isDone || code !== 'waiting'),
    );
  }
  const runbookUrl = runbookOf(candidate, ports);
  const alert = {
    fingerprint: candidate.subjects[0] ?? fingerprintOf(labels),
    labels: candidate.labels,
    isHypothetical: candidate.isHypothetical,
    state: stands.state,
    ...optional(stands),
    silencedBy: blocks.silencedBy,
    inhibitedBy: blocks.inhibitedBy,
    routes,
    ...(incident === undefined ? {} : { incident }),
    ...(runbookUrl === undefined ? {} : { runbookUrl }),
    verdict: alertVerdict(candidate.labels, stands, findings),
    findings,
  };
  return { ...alert, nextSteps: nextSteps(alert) };
}

function optional({
  value,
  activeAtUnixMs,
  firesAtUnixMs,
}: AlertStanding): Partial<ExplainedAlert> {
  return {
    ...(value === undefined ? {} : { value }),
    ...(activeAtUnixMs === undefined ? {} : { activeAtUnixMs }),
    ...(firesAtUnixMs === undefined ? {} : { firesAtUnixMs }),
  };
}

async function standingAt(
  { subjects }: Candidate,
  { decisions }: ExplainPorts,
  atUnixMs: number,
): Promise<readonly DecisionRecord[]> {
  const found: DecisionRecord[] = [];
  for (const subject of subjects) found.push(...(await decisions.inForce(subject, atUnixMs)));
  return found;
}

function alertVerdict(
  labels: Readonly<Record<string, string>>,
  { state, finding }: AlertStanding,
  findings: readonly Finding[],
): Finding {
  const name = alertText(labels);
  if (state !== 'firing' && state !== 'resolved') {
    return { code: finding.code, text: `${name}: ${finding.text}` };
  }
  for (const code of SENDING_ORDER) {
    const found = findings.find((one) => one.code === code);
    if (found === undefined) continue;
    const acknowledged = findings.find((one) => one.code === 'acknowledged');
    const seen = acknowledged === undefined ? '' : `; ${acknowledged.text}`;
    return { code, text: `${name}: ${finding.text}; ${found.text}${seen}` };
  }
  return { code: finding.code, text: `${name}: ${finding.text}` };
}

function verdictOf(
  alertName: string,
  alerts: readonly ExplainedAlert[],
  rules: readonly RuleExplanation[],
): Finding {
  const loudest = alerts.find(({ state }) => state === 'firing') ?? alerts[0];
  if (loudest?.isHypothetical === false) return loudest.verdict;
  const finding = rules.flatMap(({ findings }) => findings)[0];
  if (finding !== undefined) return { ...finding, text: `${alertName}: ${finding.text}` };
  if (rules.length > 0) {
    const text = `${alertName}: the expression holds over what is stored, but there was no alert then`;
    return { code: 'not-active', text };
  }
  const named =
    alertName === ''
      ? 'no rule has these labels'
      : `no rule is called ${JSON.stringify(alertName)}`;
  const receivers = [...new Set(loudest?.routes.map(({ receiver }) => receiver))].join(', ');
  const route = receivers === '' ? '' : `; one that came would go to ${receivers}`;
  return { code: 'no-rule', text: `${named}, and nothing is known of such an alert${route}` };
}

function ruleSteps(alertName: string, { code }: Finding): AlertExplanation['nextSteps'] {
  if (code !== 'no-rule' || alertName === '') return [];
  return [{ text: 'see what fires', command: 'dwcp alerts' }];
}

function runbookOf(candidate: Candidate, { rules, pipeline }: ExplainPorts): string | undefined {
  for (const subject of candidate.subjects) {
    const url = pipeline?.alerts.get(subject)?.alert.annotations['runbook_url'];
    if (url !== undefined) return url;
  }
  const rule = rules.find(({ rule: { name } }) => name === candidate.labels['alertname'])?.rule;
  const url = rule?.annotations['runbook_url'];
  return url?.includes('{{') === true ? undefined : url;
}
