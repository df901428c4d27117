import { randomUUID } from 'node:crypto';

import {
  type Alert,
  type Clock,
  Labels,
  type Log,
  type Notification,
  type Notifier,
} from '@dwcp/core';

import { type AlertingFiles } from './alerting-files.ts';

/** What became of a test of one receiver. */
export interface ReceiverTest {
  readonly receiver: string;
  /** One for each integration; none where the receiver has none. */
  readonly integrations: readonly {
    readonly integration: string;
    readonly outcome: 'delivered' | 'failed';
    readonly durationMs: number;
    readonly error?: string;
  }[];
}

const TIMEOUT_MS = 15_000;

/**
 * Tells the integrations of a receiver, each once and at once, of an alert that says it is a test; then
 * that it is over, so that nothing stays open at a pager.
 * @returns undefined when there is no such receiver
 */
export async function testReceiver(
  name: string,
  options: {
    readonly by: string;
    readonly files: Pick<AlertingFiles, 'alertmanager' | 'notifiers'>;
    readonly clock: Clock;
    readonly log: Log;
    readonly externalUrl: string;
  },
): Promise<ReceiverTest | undefined> {
  const { by, files, clock, log, externalUrl } = options;
  const receiver = files.alertmanager.receivers.find((found) => found.name === name);
  if (receiver === undefined) return undefined;
  const notifiers = new Map(files.notifiers.map((notifier) => [notifier.name, notifier]));
  const about = { receiver: name, by, externalUrl, startsAtUnixMs: clock.nowUnixMs() };
  const integrations = await Promise.all(
    receiver.integrations.map(async ({ name: integration, sendResolved }) => {
      const startMs = clock.monotonicMs();
      const error = await tell(notifiers.get(integration), { ...about, sendResolved, clock });
      return {
        integration,
        outcome: error === undefined ? ('delivered' as const) : ('failed' as const),
        durationMs: Math.round(10 * (clock.monotonicMs() - startMs)) / 10,
        ...(error === undefined ? {} : { error }),
      };
    }),
  );
  log.info({ receiver: name, by, integrations }, 'receiver tested');
  return { receiver: name, integrations };
}

interface Told {
  readonly receiver: string;
  readonly by: string;
  readonly externalUrl: string;
  readonly startsAtUnixMs: number;
  readonly sendResolved: boolean;
  readonly clock: Clock;
}

/** @returns why it was not delivered */
async function tell(notifier: Notifier | undefined, about: Told): Promise<string | undefined> {
  if (notifier === undefined) return 'there is nothing that delivers to it';
  const id = randomUUID();
  const send = (status: Notification['status']): Promise<void> =>
    notifier.notify(notificationOf(status, id, about), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  try {
    await send('firing');
  } catch (error) {
    return reasonOf(error);
  }
  if (!about.sendResolved) return undefined;
  try {
    await send('resolved');
    return undefined;
  } catch (error) {
    return `was told, but not that it is over: ${reasonOf(error)}`;
  }
}

function notificationOf(
  status: Notification['status'],
  id: string,
  { receiver, by, externalUrl, startsAtUnixMs, clock }: Told,
): Notification {
  const labels = { alertname: 'ReceiverTest', receiver, severity: 'info' };
  const times = {
    activeAtUnixMs: startsAtUnixMs,
    firedAtUnixMs: startsAtUnixMs,
    value: Number.NaN,
  };
  const alert: Alert = {
    labels: Labels.from(labels),
    annotations: {
      summary: `This is a test of the receiver ${receiver}, nothing is wrong`,
      description: `${by} asked for it`,
    },
    generatorUrl: externalUrl,
    state:
      status === 'firing'
        ? { kind: 'firing', ...times }
        : { kind: 'resolved', ...times, resolvedAtUnixMs: clock.nowUnixMs() },
  };
  return {
    idempotencyKey: `test-${id}-${status}`,
    groupKey: `test/${receiver}/${id}`,
    receiver,
    status,
    groupLabels: { alertname: labels.alertname },
    alerts: [alert],
    externalUrl,
  };
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.slice(0, 1_000);
}
