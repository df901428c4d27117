import { createHash } from 'node:crypto';

import {
  type AlertmanagerNotifier,
  type AlertSink,
  NotificationQueue,
  type NotificationQueueStats,
  type PostableAlert,
  type PutAlertsResult,
  RuleMetrics,
} from '@dwcp/alerting';
import {
  type Alert,
  type Clock,
  type Instruments,
  Labels,
  type Log,
  type Notification,
} from '@dwcp/core';

export interface AlertForwarderOptions {
  /** The pipeline, which gets the same alerts. */
  readonly next: AlertSink;
  readonly notifiers: readonly AlertmanagerNotifier[];
  /** Alerts that nobody posts again; told again as often as rules tell theirs. */
  readonly repeated: () => readonly PostableAlert[];
  readonly repeatMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly instruments: Instruments;
}

/**
 * Sends every alert on to Alertmanagers as it goes into our own pipeline: those of rules, those that
 * clients post, those by hand. Each Alertmanager has a queue of its own, in memory as in Prometheus.
 */
export class AlertForwarder implements AlertSink {
  readonly #options: AlertForwarderOptions;
  readonly #queue: NotificationQueue;
  #timer: Disposable | undefined;
  #posts = 0;

  constructor(options: AlertForwarderOptions) {
    this.#options = options;
    const { notifiers, clock, log, instruments } = options;
    const metrics = new RuleMetrics(instruments);
    this.#queue = new NotificationQueue({ notifiers, clock, log, metrics });
    this.#arm();
  }

  nowUnixMs(): number {
    return this.#options.next.nowUnixMs();
  }

  putAlerts(posted: readonly PostableAlert[]): Promise<PutAlertsResult> {
    // First, for it neither waits nor fails: a full disk here is no reason to tell nobody there.
    this.#forward(posted);
    return this.#options.next.putAlerts(posted);
  }

  stats(): readonly NotificationQueueStats[] {
    return this.#queue.stats();
  }

  /** Delivers what waits within the limit. */
  async close(options: { readonly timeoutMs: number }): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#queue.close(options);
  }

  #arm(): void {
    const { clock, repeated, repeatMs } = this.#options;
    this.#timer = clock.schedule(repeatMs, () => {
      this.#forward(repeated());
      this.#arm();
    });
  }

  #forward(posted: readonly PostableAlert[]): void {
    const nowUnixMs = this.nowUnixMs();
    // One name goes out in order; what ends at the same time goes together.
    const batches = new Map<string, { readonly name: string; readonly alerts: PostableAlert[] }>();
    for (const alert of posted) {
      const name = alert.labels['alertname'] ?? '';
      const key = `${alert.endsAtUnixMs ?? ''} ${name}`;
      const batch = batches.get(key);
      if (batch === undefined) batches.set(key, { name, alerts: [alert] });
      else batch.alerts.push(alert);
    }
    for (const { name, alerts } of batches.values()) {
      const post = ++this.#posts;
      for (const { name: receiver } of this.#options.notifiers) {
        this.#queue.push(notificationOf({ name, alerts, receiver, nowUnixMs, post }));
      }
    }
  }
}

function notificationOf(about: {
  readonly name: string;
  readonly alerts: readonly PostableAlert[];
  readonly receiver: string;
  readonly nowUnixMs: number;
  readonly post: number;
}): Notification {
  const { name, receiver, nowUnixMs, post } = about;
  const alerts = about.alerts.map((alert) => alertOf(alert, nowUnixMs));
  const [first] = about.alerts;
  const groupKey = `{}:{alertname=${JSON.stringify(name)}}`;
  const key = createHash('sha256').update(JSON.stringify([receiver, groupKey, nowUnixMs, post]));
  return {
    idempotencyKey: key.digest('hex').slice(0, 32),
    groupKey,
    receiver,
    status: alerts.some(({ state }) => state.kind === 'firing') ? 'firing' : 'resolved',
    groupLabels: { alertname: name },
    alerts,
    externalUrl: '',
    ...(first?.endsAtUnixMs === undefined ? {} : { validUntilUnixMs: first.endsAtUnixMs }),
  };
}

function alertOf(posted: PostableAlert, nowUnixMs: number): Alert {
  const { labels, annotations = {}, generatorUrl = '', endsAtUnixMs } = posted;
  const startsAtUnixMs = posted.startsAtUnixMs ?? Math.min(nowUnixMs, endsAtUnixMs ?? nowUnixMs);
  const times = { activeAtUnixMs: startsAtUnixMs, firedAtUnixMs: startsAtUnixMs };
  const value = Number.NaN;
  const isOver = endsAtUnixMs !== undefined && endsAtUnixMs <= nowUnixMs;
  return {
    labels: Labels.from(labels),
    annotations,
    generatorUrl,
    state: isOver
      ? { kind: 'resolved', ...times, resolvedAtUnixMs: endsAtUnixMs, value }
      : { kind: 'firing', ...times, value },
  };
}
