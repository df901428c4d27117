import { type Static, type TString, Type } from 'typebox';

import { LabelSetSchema } from '../prometheus/envelope.ts';
import { filter, flag, receiver, receiverMatchers } from './parameters.ts';

/** Moments of Alertmanager's API. */
export const dateTime = (description: string): TString =>
  Type.String({ format: 'date-time', description });

export const AlertmanagerReceiverSchema = Type.Object({
  name: Type.String(),
  labels: Type.Optional(LabelSetSchema),
});

export const GettableAlertSchema = Type.Object({
  annotations: LabelSetSchema,
  endsAt: dateTime('When it is over if nothing tells of it again.'),
  fingerprint: Type.String(),
  receivers: Type.Array(AlertmanagerReceiverSchema),
  startsAt: dateTime('When it began.'),
  status: Type.Object({
    state: Type.Union([
      Type.Literal('unprocessed'),
      Type.Literal('active'),
      Type.Literal('suppressed'),
    ]),
    silencedBy: Type.Array(Type.String()),
    inhibitedBy: Type.Array(Type.String()),
    mutedBy: Type.Array(Type.String()),
  }),
  updatedAt: dateTime('When it was told of last.'),
  labels: LabelSetSchema,
  generatorURL: Type.Optional(Type.String()),
});
export type GettableAlertView = Static<typeof GettableAlertSchema>;
export const GettableAlertsSchema = Type.Array(GettableAlertSchema);

const PostableAlertSchema = Type.Object({
  labels: LabelSetSchema,
  annotations: Type.Optional(LabelSetSchema),
  startsAt: Type.Optional(dateTime('Default: now.')),
  endsAt: Type.Optional(dateTime('Default: `resolve_timeout` from now.')),
  generatorURL: Type.Optional(Type.String()),
});
export const PostableAlertsSchema = Type.Array(PostableAlertSchema);

export const AlertGroupsSchema = Type.Array(
  Type.Object({
    labels: LabelSetSchema,
    routeLabels: LabelSetSchema,
    receiver: AlertmanagerReceiverSchema,
    alerts: Type.Array(GettableAlertSchema),
  }),
);

const suppression = {
  active: flag('Whether alerts are listed that nothing suppresses.'),
  silenced: flag('Whether alerts are listed that a silence holds back.'),
  inhibited: flag('Whether alerts are listed that another alert holds back.'),
};

export const AlertsParametersSchema = Type.Object({
  filter: filter('A matcher of labels, such as `alertname="HostDown"`; several: all must match.'),
  ...suppression,
  unprocessed: flag('Whether alerts are listed that no group holds yet.'),
  receiver,
  receiver_matchers: receiverMatchers,
});

export const AlertGroupsParametersSchema = Type.Object({
  filter: filter('A matcher of labels, such as `alertname="HostDown"`; several: all must match.'),
  ...suppression,
  muted: flag('Whether groups are listed that a time interval keeps quiet.'),
  receiver,
  receiver_matchers: receiverMatchers,
});
