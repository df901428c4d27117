import { type DeliveryRecord } from '@dwcp/alerting';
import {
  type NotificationPageView,
  NotificationPageSchema,
  type NotificationParameters,
  NotificationParametersSchema,
  type NotificationRecordView,
  ProblemSchema,
} from '@dwcp/api-schema';
import { InvalidInputError } from '@dwcp/core';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';

import { type ServerContext } from './context.ts';

/** Who was told of what, and whether it arrived. */
export function notificationRoutes(instance: FastifyInstance, { runtime }: ServerContext): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  app.get(
    '/api/v1/notifications',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Notifications to receivers, newest first, and how their delivery went',
        description: 'The last 1,000, those before a restart included',
        querystring: NotificationParametersSchema,
        response: { 200: NotificationPageSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    (request): NotificationPageView => {
      const { limit = 100, cursor, ...filter } = request.query;
      const all = runtime.requireAlerting().deliveries();
      const start = cursor === undefined ? 0 : startAfter(all, cursor);
      const wanted = all.slice(start).filter((record) => isWanted(record, filter));
      const page = wanted.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(viewOf),
        nextCursor: last === undefined || wanted.length <= limit ? null : cursorOf(last),
      };
    },
  );
}

function isWanted(
  { notifier, status, outcome, alerts }: DeliveryRecord,
  filter: Omit<NotificationParameters, 'limit' | 'cursor'>,
): boolean {
  const { receiver, integration, alertname } = filter;
  return (
    (integration === undefined || notifier === integration) &&
    (receiver === undefined || notifier.slice(0, notifier.lastIndexOf('/')) === receiver) &&
    (filter.status === undefined || status === filter.status) &&
    (filter.outcome === undefined || outcome === filter.outcome) &&
    (alertname === undefined || alerts.some(({ labels }) => labels['alertname'] === alertname))
  );
}

function viewOf(record: DeliveryRecord): NotificationRecordView {
  const { notifier, idempotencyKey, groupKey, status, alerts, alertCount } = record;
  const { outcome, attempts, queuedAtUnixMs, lastAttemptUnixMs, finishedAtUnixMs } = record;
  return {
    integration: notifier,
    idempotencyKey,
    groupKey,
    status,
    alerts: alerts.map((alert) => ({ labels: { ...alert.labels }, status: alert.status })),
    alertCount,
    outcome,
    attempts,
    queuedAt: new Date(queuedAtUnixMs).toISOString(),
    lastAttemptAt: momentOf(lastAttemptUnixMs),
    finishedAt: momentOf(finishedAtUnixMs),
    lastError: record.lastError ?? null,
  };
}

function momentOf(unixMs: number | undefined): string | null {
  return unixMs === undefined ? null : new Date(unixMs).toISOString();
}

/** Names the entry that a page ended with; newer ones before it do not move it. */
function cursorOf({ notifier, idempotencyKey }: DeliveryRecord): string {
  return Buffer.from(JSON.stringify([notifier, idempotencyKey])).toString('base64url');
}

/** An entry that is no longer remembered was the oldest, so nothing is after it. */
function startAfter(all: readonly DeliveryRecord[], cursor: string): number {
  const index = all.findIndex((record) => cursorOf(record) === cursor);
  if (index !== -1) return index + 1;
  if (!/^[\w-]+$/.test(cursor)) {
    throw new InvalidInputError('cursor', 'is none that an earlier answer gave');
  }
  return all.length;
}
