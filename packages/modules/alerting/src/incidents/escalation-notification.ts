import { createHash } from 'node:crypto';

import { type IntegrationConfig } from '../alertmanager/config/receivers.ts';
import { type NotificationRecord } from '../alertmanager/outbox.ts';
import { isFiring, sentLabels } from './incident.ts';
import { type LevelToTell } from './progress.ts';

/**
 * What the integrations of a level's receiver are told. Each level has a group of its own,
 * `incident/<id>/<level>`, so that a pager that folds by group pages again for the next.
 */
export function escalationNotifications(
  incident: string,
  { level, round, reason, alerts }: LevelToTell,
  options: {
    readonly integrations: readonly IntegrationConfig[];
    readonly unixMs: number;
    readonly externalUrl: string;
  },
): readonly NotificationRecord[] {
  const { unixMs, externalUrl } = options;
  const isOver = reason === 'all-resolved';
  return options.integrations
    .filter(({ sendResolved }) => sendResolved || !isOver)
    .map(({ name, type }) => ({
      idempotencyKey: createHash('sha256')
        .update(JSON.stringify([incident, level.name, round, isOver, name]))
        .digest('hex')
        .slice(0, 32),
      groupKey: `incident/${incident}/${level.name}`,
      receiver: level.receiver ?? '',
      status: isOver ? 'resolved' : 'firing',
      groupLabels: { incident, level: level.name },
      externalUrl,
      integration: name,
      integrationType: type,
      reason,
      routeId: `incident/${level.name}`,
      routeLabels: {},
      flushedAtUnixMs: unixMs,
      alerts: alerts.map((member) => ({
        labels: sentLabels(incident, member),
        annotations: member.annotations,
        startsAtUnixMs: member.startsAtUnixMs,
        ...(isFiring(member, unixMs) ? {} : { endsAtUnixMs: member.endsAtUnixMs }),
        generatorUrl: member.generatorUrl,
      })),
    }));
}
