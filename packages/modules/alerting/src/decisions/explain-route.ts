import { type Decision, type DecisionRecord, type DecisionStore, type Labels } from '@dwcp/core';

import { mutingIntervals } from '../alertmanager/flush.ts';
import { groupIdOf, type PipelineState } from '../alertmanager/pipeline-state.ts';
import { groupKeyOf, groupLabelsOf, type Route } from '../alertmanager/route.ts';
import { type DeliveryRecord } from '../notify/delivery-history.ts';
import { lengthText, timeText } from './explain-texts.ts';
import { type Finding, type RouteExplanation } from './explanation.ts';
import { groupSubject, notificationSubject, routePath } from './pipeline-decisions.ts';

/** What is asked about an alert in one of its groups. */
export interface RouteQuestion {
  readonly labels: Labels;
  /** What stood about the alert at the moment. */
  readonly standing: readonly DecisionRecord[];
  /** Since when the alert fires; what was sent before does not count. */
  readonly firingSinceUnixMs: number;
  readonly atUnixMs: number;
  readonly isNow: boolean;
  /** The subjects under which decisions about the alert are found. */
  readonly subjects: readonly string[];
}

export interface RoutePorts {
  readonly decisions: Pick<DecisionStore, 'search' | 'inForce'>;
  readonly pipeline: PipelineState;
  /** What is on its way, and the last that ended. */
  readonly deliveries: readonly DeliveryRecord[];
  readonly nowUnixMs: number;
}

type Flushed = Extract<Decision, { readonly kind: 'flushed' }> & { readonly unixMs: number };
type Sent = RouteExplanation['notifications'][number];

const LOOK_BACK_MS = 7 * 86_400_000;

/** The way of an alert through one of its routes: its group, what was sent, what is due. */
export async function explainRoute(
  route: Route,
  question: RouteQuestion,
  ports: RoutePorts,
): Promise<RouteExplanation> {
  const { pipeline, decisions } = ports;
  const { labels, atUnixMs } = question;
  const groupLabels = groupLabelsOf(route, labels);
  const groupId = groupIdOf(route, groupLabels);
  const standing = await decisions.inForce(groupSubject(groupId), atUnixMs);
  const lastFlush = flushedOf(standing.find(({ topic }) => topic === 'flushed'));
  const mutedBy = mutingIntervals(pipeline, { route }, atUnixMs);
  const notifications = await sentOf(groupId, question, ports);
  const nextFlushUnixMs = nextFlushOf({ groupId, route, lastFlush }, question, ports);
  const about = {
    path: routePath(pipeline.root, route.id) ?? [],
    receiver: route.receiver,
    groupKey: groupKeyOf(route, groupLabels),
    groupWaitMs: route.groupWaitMs,
    groupIntervalMs: route.groupIntervalMs,
    repeatIntervalMs: route.repeatIntervalMs,
    mutedBy,
    ...(lastFlush === undefined ? {} : { lastFlush }),
    ...(nextFlushUnixMs === undefined ? {} : { nextFlushUnixMs }),
    notifications,
  };
  const hasIntegrations = pipeline.integrationsOf(route.receiver).length > 0;
  const weighed = weighedIn(groupId, question.standing);
  return { ...about, findings: findingsOf(about, { hasIntegrations, weighed, atUnixMs }) };
}

function findingsOf(
  route: Omit<RouteExplanation, 'findings'>,
  found: {
    readonly hasIntegrations: boolean;
    readonly weighed: 'firing' | 'resolved' | undefined;
    readonly atUnixMs: number;
  },
): readonly Finding[] {
  const { receiver, mutedBy, lastFlush, nextFlushUnixMs, notifications } = route;
  const findings: Finding[] = [];
  if (!found.hasIntegrations) {
    const text = `the receiver ${receiver} has no integrations: it tells nobody`;
    return [{ code: 'no-integrations', text }];
  }
  findings.push(...latestOf(notifications).map((sent) => sentFinding(sent, lastFlush)));
  if (lastFlush?.integrations.some(({ reason }) => reason === 'acknowledged') === true) {
    const text = `${receiver} is not reminded: somebody sees to all alerts of its group`;
    findings.push({ code: 'acknowledged', text });
  }
  const next = nextFlushUnixMs === undefined ? '' : `, at ${timeText(nextFlushUnixMs)}`;
  if (mutedBy.length > 0) {
    const names = mutedBy.join(', ');
    const text = `${receiver} is not told at ${timeText(found.atUnixMs)}: the time interval ${names} keeps its route quiet`;
    findings.push({ code: 'muted', text });
  } else if (notifications.length === 0 && found.weighed === undefined) {
    const wait =
      lastFlush === undefined
        ? `group_wait is ${lengthText(route.groupWaitMs)}`
        : `group_interval is ${lengthText(route.groupIntervalMs)}`;
    const text = `${receiver} is told at the next flush of its group${next} (${wait})`;
    findings.push({ code: 'waiting', text });
  } else if (notifications.length === 0 && lastFlush !== undefined) {
    findings.push(...quietFindings(receiver, lastFlush, next));
  }
  return findings;
}

/** Why a flush that took the alert told nobody. */
function quietFindings(receiver: string, flush: Flushed, next: string): readonly Finding[] {
  switch (flush.outcome) {
    case 'muted': {
      const text = `${receiver} was not told at ${timeText(flush.unixMs)}: the time interval ${flush.mutedBy.join(', ')} kept its route quiet; next flush${next}`;
      return [{ code: 'muted', text }];
    }
    case 'held-back':
      return [];
    case 'sent':
    case 'nothing-new': {
      const notWanted = flush.integrations.every(({ reason }) => reason === 'not-wanted');
      if (notWanted && flush.integrations.length > 0) {
        const text = `${receiver} asks for no resolved alerts (send_resolved: false)`;
        return [{ code: 'not-wanted', text }];
      }
      const repeats = flush.integrations.flatMap(({ repeatsAtUnixMs }) => repeatsAtUnixMs ?? []);
      const repeat =
        repeats.length === 0 ? '' : `; it is reminded from ${timeText(Math.min(...repeats))}`;
      const text = `${receiver} knows all of its group already: nothing new${repeat}${next === '' ? '' : `, next flush${next}`}`;
      return [{ code: 'nothing-new', text }];
    }
  }
}

function sentFinding(sent: Sent, lastFlush: Flushed | undefined): Finding {
  const { integration, attempts, error, unixMs } = sent;
  const at = timeText(unixMs);
  const tries = attempts === 1 ? 'at the first try' : `after ${attempts} tries`;
  const because = error === undefined ? '' : `: ${error}`;
  switch (sent.outcome) {
    case 'delivered': {
      const repeats = lastFlush?.integrations.find((found) => found.integration === integration);
      const repeat =
        repeats?.repeatsAtUnixMs === undefined
          ? ''
          : `; it is reminded from ${timeText(repeats.repeatsAtUnixMs)}`;
      return {
        code: 'delivered',
        text: `sent to ${integration} at ${at} (${sent.reason}), taken ${tries}${repeat}`,
      };
    }
    case 'failed':
    case 'dropped':
      return {
        code: 'delivery-failed',
        text: `sent to ${integration} at ${at} and not delivered, given up ${tries}${because}`,
      };
    case 'waiting': {
      if (error === undefined) {
        return { code: 'sent', text: `handed to ${integration} at ${at}, no answer yet` };
      }
      const tried = attempts === 1 ? 'once' : `${attempts} times`;
      const text = `sent to ${integration} at ${at}, tried ${tried} so far, the last answer: ${error}`;
      return { code: 'delivering', text };
    }
  }
}

/** Of each integration the last. They come newest first. */
function latestOf(sent: readonly Sent[]): readonly Sent[] {
  const byIntegration = new Map<string, Sent>();
  for (const one of sent) {
    if (!byIntegration.has(one.integration)) byIntegration.set(one.integration, one);
  }
  return [...byIntegration.values()];
}

/** Notifications of the group that told of the alert since it fires, newest first. */
async function sentOf(
  groupId: string,
  { subjects, atUnixMs, firingSinceUnixMs }: RouteQuestion,
  { decisions, deliveries, nowUnixMs }: RoutePorts,
): Promise<readonly Sent[]> {
  const { records } = await decisions.search({
    subjects: [groupSubject(groupId)],
    kinds: ['flushed'],
    startUnixMs: Math.max(firingSinceUnixMs, atUnixMs - LOOK_BACK_MS),
    endUnixMs: atUnixMs + 1,
    limit: 20,
  });
  const sent: Sent[] = [];
  for (const flush of records.flatMap((record) => flushedOf(record) ?? [])) {
    if (flush.outcome !== 'sent' || flush.unixMs < firingSinceUnixMs) continue;
    if (!(await wasTold(groupId, subjects, flush.unixMs, decisions))) continue;
    for (const { integration, reason, idempotencyKey } of flush.integrations) {
      if (idempotencyKey === undefined) continue;
      const subject = notificationSubject(integration, idempotencyKey);
      const [answer] = await decisions.inForce(subject, nowUnixMs);
      const live = deliveries.find(
        (found) => found.notifier === integration && found.idempotencyKey === idempotencyKey,
      );
      const known = answer?.decision.kind === 'delivered' ? answer.decision : undefined;
      const error = known === undefined ? live?.lastError : known.error;
      sent.push({
        unixMs: flush.unixMs,
        integration,
        reason,
        outcome: known?.outcome ?? live?.outcome ?? 'waiting',
        attempts: known?.attempts ?? live?.attempts ?? 0,
        ...(error === undefined ? {} : { error }),
      });
    }
  }
  return sent;
}

/** Whether the alert was among those that a flush told of. */
async function wasTold(
  groupId: string,
  subjects: readonly string[],
  unixMs: number,
  decisions: RoutePorts['decisions'],
): Promise<boolean> {
  for (const subject of subjects) {
    for (const { topic, decision } of await decisions.inForce(subject, unixMs)) {
      if (topic !== `weighed ${groupId}` || decision.kind !== 'weighed') continue;
      return decision.silencedBy.length + decision.inhibitedBy.length === 0;
    }
  }
  return false;
}

function nextFlushOf(
  group: {
    readonly groupId: string;
    readonly route: Route;
    readonly lastFlush: Flushed | undefined;
  },
  { isNow, atUnixMs, standing }: RouteQuestion,
  { pipeline }: RoutePorts,
): number | undefined {
  const { groupId, route, lastFlush } = group;
  const live = isNow ? pipeline.groups.get(groupId)?.nextFlushUnixMs : undefined;
  if (live !== undefined) return live;
  if (lastFlush !== undefined) {
    const { nextFlushUnixMs, unixMs } = lastFlush;
    if (nextFlushUnixMs > atUnixMs && nextFlushUnixMs - route.groupIntervalMs <= atUnixMs) {
      return nextFlushUnixMs;
    }
    // The record stands for several flushes alike, one each interval.
    const passed = Math.floor((atUnixMs - unixMs) / route.groupIntervalMs) + 1;
    return unixMs + passed * route.groupIntervalMs;
  }
  const routed = standing.find(({ topic }) => topic === 'routed');
  return routed === undefined ? undefined : routed.unixMs + route.groupWaitMs;
}

/** Whether a flush of the group took the alert since it came into it. */
function weighedIn(
  groupId: string,
  standing: readonly DecisionRecord[],
): 'firing' | 'resolved' | undefined {
  const found = standing.find(({ topic }) => topic === `weighed ${groupId}`)?.decision;
  return found?.kind === 'weighed' ? found.state : undefined;
}

function flushedOf(record: DecisionRecord | undefined): Flushed | undefined {
  if (record?.decision.kind !== 'flushed') return undefined;
  return { ...record.decision, unixMs: record.unixMs };
}
