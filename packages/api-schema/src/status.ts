import { type Static, Type } from 'typebox';

const storeStats = Type.Record(
  Type.String(),
  Type.Union([Type.Number(), Type.String(), Type.Null()]),
);

export const QueueStatusSchema = Type.Object({
  name: Type.String(),
  waiting: Type.Integer(),
  capacity: Type.Integer(),
  written: Type.Integer(),
  dropped: Type.Integer({ description: 'Refused because the queue was full or closed.' }),
  failedWrites: Type.Integer(),
});
export type QueueStatus = Static<typeof QueueStatusSchema>;

export const BackendStatusSchema = Type.Object({
  name: Type.String(),
  configured: Type.Boolean(),
  state: Type.String({ examples: ['not-configured', 'not-connected'] }),
  detail: Type.String(),
});
export type BackendStatus = Static<typeof BackendStatusSchema>;

const moment = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description });

export const AlertLevelNameSchema = Type.Union(
  [Type.Literal('GREEN'), Type.Literal('YELLOW'), Type.Literal('ORANGE'), Type.Literal('RED')],
  { description: 'The state of the whole in one word.' },
);

/** Whether an integration of a receiver gets through. */
export const NotifierStatusSchema = Type.Object({
  name: Type.String({ description: 'Such as `team-a/slack[0]`.' }),
  failing: Type.Boolean(),
  failingSince: moment('null while it gets through.'),
  consecutiveFailures: Type.Integer(),
  lastError: Type.Union([Type.String(), Type.Null()]),
  oldestWaitingAt: moment('When the oldest notification that waits was queued.'),
});
export type NotifierStatus = Static<typeof NotifierStatusSchema>;

/** How the platform itself is doing. */
export const StatusSchema = Type.Object({
  version: Type.String(),
  service: Type.String(),
  region: Type.String(),
  instance: Type.String(),
  dataDir: Type.String(),
  startedAt: Type.String({ description: 'RFC 3339, UTC.' }),
  uptimeSeconds: Type.Number(),
  listening: Type.String({
    description: 'Where the server answers; empty when it is not listening.',
  }),
  stores: Type.Object({ metrics: storeStats, logs: storeStats, traces: storeStats }),
  queues: Type.Array(QueueStatusSchema),
  rejectedSamples: Type.Record(Type.String(), Type.Integer(), {
    description: 'Samples of `recordMetric` and imports that the store refused, by reason.',
  }),
  recordErrors: Type.Integer({
    description: 'Calls of record* that could not be kept because an argument was wrong.',
  }),
  backends: Type.Array(BackendStatusSchema),
  scrape: Type.Object({ up: Type.Integer(), down: Type.Integer() }),
  rules: Type.Object({
    groups: Type.Integer(),
    alertsFiring: Type.Integer(),
    alertsPending: Type.Integer(),
  }),
  alerting: Type.Optional(
    Type.Object(
      {
        level: AlertLevelNameSchema,
        incidents: Type.Object({ open: Type.Integer(), acknowledged: Type.Integer() }),
        notifiers: Type.Array(NotifierStatusSchema),
      },
      { description: 'Absent while it opens.' },
    ),
  ),
});
export type Status = Static<typeof StatusSchema>;

/** The process answers. */
export const HealthSchema = Type.Object({
  status: Type.Literal('alive'),
  uptimeSeconds: Type.Number(),
});
export type Health = Static<typeof HealthSchema>;

/** Whether it can do its work, and if not, why. 200 when ready, 503 when not. */
export const ReadinessSchema = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not-ready')]),
  reasons: Type.Array(Type.String()),
});
export type Readiness = Static<typeof ReadinessSchema>;
