import { type Static, Type } from 'typebox';

import { CursorParameterSchema, NextCursorSchema } from './attributes.ts';
import { LabelSetSchema } from './prometheus/envelope.ts';

const StatusSchema = Type.Union([Type.Literal('firing'), Type.Literal('resolved')], {
  description: '`resolved` when all its alerts are over.',
});
const OutcomeSchema = Type.Union(
  [
    Type.Literal('waiting'),
    Type.Literal('delivered'),
    Type.Literal('failed'),
    Type.Literal('dropped'),
  ],
  { description: '`failed`: given up, or refused for good.' },
);
const moment = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description });

/** How one notification to one integration of a receiver fared. */
export const NotificationRecordSchema = Type.Object({
  integration: Type.String({ description: 'Such as `team-a/slack[0]`.' }),
  idempotencyKey: Type.String({ description: 'The same for every try of it.' }),
  groupKey: Type.String(),
  status: StatusSchema,
  alerts: Type.Array(Type.Object({ labels: LabelSetSchema, status: StatusSchema }), {
    description: 'The first 20.',
  }),
  alertCount: Type.Integer(),
  outcome: OutcomeSchema,
  attempts: Type.Integer(),
  queuedAt: Type.String({ format: 'date-time' }),
  lastAttemptAt: moment('null before the first try.'),
  finishedAt: moment('null while it waits.'),
  lastError: Type.Union([Type.String(), Type.Null()], {
    description: 'Of the last try that failed.',
  }),
});
export type NotificationRecordView = Static<typeof NotificationRecordSchema>;

export const NotificationPageSchema = Type.Object({
  items: Type.Array(NotificationRecordSchema),
  nextCursor: NextCursorSchema,
});
export type NotificationPageView = Static<typeof NotificationPageSchema>;

export const NotificationParametersSchema = Type.Object({
  receiver: Type.Optional(Type.String({ description: 'Only of this receiver.' })),
  integration: Type.Optional(
    Type.String({ description: 'Only of this integration, such as `team-a/slack[0]`.' }),
  ),
  status: Type.Optional(StatusSchema),
  outcome: Type.Optional(OutcomeSchema),
  alertname: Type.Optional(
    Type.String({ description: 'Only those with an alert of this name among the first 20.' }),
  ),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Most entries.' }),
  ),
  cursor: Type.Optional(CursorParameterSchema),
});
export type NotificationParameters = Static<typeof NotificationParametersSchema>;
