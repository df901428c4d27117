import { type Decision, type IntegrationDecision } from '@dwcp/core';

import { type AlertDecision, type FlushDecision } from '../alertmanager/flush.ts';
import { matchersText } from '../alertmanager/matcher.ts';
import { type AlertGroup, type PipelineState } from '../alertmanager/pipeline-state.ts';
import { type PipelineRecord } from '../alertmanager/pipeline-store.ts';
import { type Route, walkRoutes } from '../alertmanager/route.ts';
import { type Silence } from '../alertmanager/silences.ts';
import { type DeliveryRecord } from '../notify/delivery-history.ts';
import { type DecisionLog } from './decision-log.ts';

/** The subject of decisions about a group of alerts. */
export function groupSubject(groupId: string): string {
  return `group:${groupId}`;
}

/** The subject of decisions about a notification. */
export function notificationSubject(integration: string, idempotencyKey: string): string {
  return `notification:${integration} ${idempotencyKey}`;
}

/** Matchers of the nodes from the root to one; undefined when the tree has it not. */
export function routePath(root: Route, routeId: string): readonly string[] | undefined {
  if (root.id === routeId) return [matchersText(root.matchers)];
  for (const child of root.routes) {
    const below = routePath(child, routeId);
    if (below !== undefined) return [matchersText(root.matchers), ...below];
  }
  return undefined;
}

/** Takes down what the pipeline and the outbox decide. */
export class PipelineDecisions {
  readonly #log: DecisionLog;
  readonly #nowUnixMs: () => number;
  readonly #paths = new WeakMap<Route, ReadonlyMap<string, readonly string[]>>();

  constructor(log: DecisionLog, options: { readonly nowUnixMs: () => number }) {
    this.#log = log;
    this.#nowUnixMs = options.nowUnixMs;
  }

  /** For `onCommit` of `AlertPipeline`. */
  readonly committed = (records: readonly PipelineRecord[], state: PipelineState): void => {
    for (const record of records) {
      if (record.kind === 'alerts') {
        for (const { fingerprint } of record.alerts) this.#routed(fingerprint, state);
      } else if (record.kind === 'silences') {
        for (const silence of record.silences) this.#silence(silence);
      }
    }
  };

  /** For `onFlush` of `AlertPipeline`. */
  readonly flushed = (flush: FlushDecision): void => {
    const { unixMs, groupId, groupKey, groupLabels, receiver, mutedBy, alerts } = flush;
    if (alerts.length === 0) return;
    const integrations = flush.integrations.map((found) => ({
      integration: found.integration,
      reason: reasonOf(found),
      ...(found.idempotencyKey === undefined ? {} : { idempotencyKey: found.idempotencyKey }),
      ...(found.repeatsAtUnixMs === undefined ? {} : { repeatsAtUnixMs: found.repeatsAtUnixMs }),
    }));
    const outcome = outcomeOf(flush);
    const reasons = integrations.map(
      ({ integration, reason, idempotencyKey }) => `${integration} ${reason} ${idempotencyKey}`,
    );
    this.#log.note({
      subject: groupSubject(groupId),
      topic: 'flushed',
      unixMs,
      alertName: groupLabels.get('alertname'),
      labels: groupLabels.toObject(),
      same: [outcome, ...mutedBy, ...reasons].join('\n'),
      decision: {
        kind: 'flushed',
        groupKey,
        receiver,
        outcome,
        mutedBy,
        integrations,
        nextFlushUnixMs: flush.nextFlushUnixMs,
      },
    });
    for (const alert of alerts) this.#weighed(alert, flush);
  };

  /** For `onDelivery` of `Outbox`. */
  readonly delivered = (delivery: DeliveryRecord): void => {
    const { notifier, idempotencyKey, outcome, attempts, lastError } = delivery;
    const subject = notificationSubject(notifier, idempotencyKey);
    this.#log.note({
      subject,
      topic: 'delivered',
      unixMs: delivery.finishedAtUnixMs ?? this.#nowUnixMs(),
      decision: {
        kind: 'delivered',
        integration: notifier,
        outcome,
        attempts,
        ...(lastError === undefined ? {} : { error: lastError }),
      },
    });
    this.#log.forget(subject, 'delivered');
  };

  #weighed({ fingerprint, labels, ...found }: AlertDecision, flush: FlushDecision): void {
    const { groupId, unixMs } = flush;
    const topic = `weighed ${groupId}`;
    const same = [found.state, ...found.silencedBy, 'by', ...found.inhibitedBy].join(' ');
    if (!this.#log.repeat({ subject: fingerprint, topic, unixMs, same })) {
      this.#log.note({
        subject: fingerprint,
        topic,
        unixMs,
        same,
        alertName: labels.get('alertname'),
        labels: labels.toObject(),
        decision: { kind: 'weighed', groupId, ...found },
      });
    }
    // The group lets go of it.
    if (found.state === 'resolved') this.#log.forget(fingerprint, topic);
  }

  #routed(fingerprint: string, state: PipelineState): void {
    const held = state.alerts.get(fingerprint);
    if (held === undefined) return;
    const same = [...held.groups].join('\n');
    const about = { subject: fingerprint, topic: 'routed', unixMs: this.#nowUnixMs(), same };
    if (this.#log.repeat(about)) return;
    const { labels } = held.alert;
    const groups = [...held.groups].flatMap((id) => state.groups.get(id) ?? []);
    const decision: Decision = {
      kind: 'routed',
      routes: groups.map((group) => this.#routeOf(group, state)),
    };
    const alertName = labels.get('alertname');
    this.#log.note({ ...about, alertName, labels: labels.toObject(), decision });
  }

  #routeOf(
    { id, key, route }: AlertGroup,
    { root }: PipelineState,
  ): Extract<Decision, { readonly kind: 'routed' }>['routes'][number] {
    let paths = this.#paths.get(root);
    if (paths === undefined) {
      paths = new Map(
        Array.from(walkRoutes(root), (node) => [node.id, routePath(root, node.id) ?? []]),
      );
      this.#paths.set(root, paths);
    }
    return {
      path: paths.get(route.id) ?? [],
      receiver: route.receiver,
      groupId: id,
      groupKey: key,
    };
  }

  #silence(silence: Silence): void {
    const { id, startsAtUnixMs, endsAtUnixMs, updatedAtUnixMs, createdBy, comment } = silence;
    const change = endsAtUnixMs < updatedAtUnixMs ? 'ended' : 'set';
    this.#log.note({
      subject: `silence:${id}`,
      topic: 'silence',
      unixMs: updatedAtUnixMs,
      decision: {
        kind: 'silence',
        change,
        matchers: matchersText(silence.matchers),
        startsAtUnixMs,
        endsAtUnixMs,
        by: createdBy,
        comment,
      },
    });
  }
}

function reasonOf({
  reason,
  idempotencyKey,
  acknowledged,
}: FlushDecision['integrations'][number]): IntegrationDecision['reason'] {
  if (acknowledged === true) return 'acknowledged';
  if (reason === undefined) return 'nothing-new';
  return idempotencyKey === undefined ? 'not-wanted' : reason;
}

function outcomeOf({
  mutedBy,
  alerts,
  integrations,
}: FlushDecision): 'sent' | 'muted' | 'held-back' | 'nothing-new' {
  if (mutedBy.length > 0) return 'muted';
  const isHeldBack = ({ inhibitedBy, silencedBy }: AlertDecision): boolean =>
    inhibitedBy.length + silencedBy.length > 0;
  if (alerts.every(isHeldBack)) return 'held-back';
  const sent = integrations.some(({ idempotencyKey }) => idempotencyKey !== undefined);
  return sent ? 'sent' : 'nothing-new';
}
