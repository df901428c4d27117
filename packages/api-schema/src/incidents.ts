import { type Static, Type } from 'typebox';

import { CursorParameterSchema, NextCursorSchema } from './attributes.ts';
import { LabelSetSchema } from './prometheus/envelope.ts';
import { AlertLevelNameSchema } from './status.ts';

const moment = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2026-01-02T03:04:05.000Z'] });
const SeveritySchema = Type.Union([
  Type.Literal('critical'),
  Type.Literal('warning'),
  Type.Literal('info'),
]);
const fingerprint = Type.String({ description: 'As `/api/v2/alerts` knows it.' });

const acknowledgement = Type.Object({
  by: Type.String(),
  comment: Type.String(),
  at: moment('When.'),
  until: Type.Optional(moment('Absent: until the alerts are over.')),
});

const incidentFields = {
  id: Type.String({ examples: ['inc-1f3a9c2e44'] }),
  state: Type.Union([Type.Literal('open'), Type.Literal('acknowledged'), Type.Literal('closed')]),
  title: Type.String({ description: 'The names of its alerts, three at most.' }),
  severity: SeveritySchema,
  openedAt: moment('When its first alert came.'),
  closedAt: Type.Optional(moment('When all its alerts had been over for a while.')),
  alerts: Type.Integer({ description: 'All that it ever had.' }),
  firing: Type.Integer(),
  regions: Type.Array(Type.String()),
  services: Type.Array(Type.String()),
  level: Type.Optional(
    Type.String({ description: 'The highest level of escalation that was reached.' }),
  ),
  unacknowledgedMs: Type.Number({ description: 'The time of its escalation, stops left out.' }),
  acknowledgement: Type.Optional(acknowledgement),
};

/** Alerts that belong together. */
export const IncidentSchema = Type.Object(incidentFields);
export type IncidentView = Static<typeof IncidentSchema>;

const member = Type.Object({
  fingerprint,
  labels: LabelSetSchema,
  annotations: LabelSetSchema,
  state: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
  startsAt: moment('When it began.'),
  endsAt: moment('When it is over, if nothing is heard of it.'),
  joinedAt: moment('When it came into the incident.'),
  generatorURL: Type.Optional(Type.String()),
  reason: Type.Object(
    {
      rule: Type.Union([
        Type.Literal('opened'),
        Type.Literal('topology'),
        Type.Literal('shared-labels'),
        Type.Literal('region'),
      ]),
      text: Type.String(),
    },
    { description: 'Why it is in this incident.' },
  ),
  acknowledgement: Type.Optional(acknowledgement),
});

const cause = Type.Object({
  fingerprint: Type.String(),
  alertname: Type.String(),
  labels: LabelSetSchema,
  score: Type.Number(),
  reasons: Type.Array(Type.String(), { description: 'What its score is made of.' }),
});

const event = Type.Object({
  at: moment('When.'),
  kind: Type.Union([
    Type.Literal('opened'),
    Type.Literal('acknowledged'),
    Type.Literal('acknowledgement-ended'),
    Type.Literal('escalated'),
    Type.Literal('escalation-ended'),
    Type.Literal('closed'),
  ]),
  text: Type.String(),
  by: Type.Optional(Type.String()),
  fingerprint: Type.Optional(Type.String({ description: 'Of the alert that is meant.' })),
  level: Type.Optional(Type.String()),
  receiver: Type.Optional(Type.String()),
});

const level = Type.Object({
  name: Type.String({ examples: ['L2'] }),
  afterMs: Type.Number(),
  receiver: Type.Optional(Type.String()),
  toldAt: Type.Optional(moment('When it was reached.')),
});

/** An incident with its alerts, candidates for the cause, and what happened. */
export const IncidentDetailSchema = Type.Object({
  ...incidentFields,
  causes: Type.Array(cause, { description: 'Candidates for the cause, the best first.' }),
  members: Type.Array(member, {
    description: 'In the order they came; of a closed one the first 100.',
  }),
  events: Type.Array(event),
  levels: Type.Array(level),
});
export type IncidentDetailView = Static<typeof IncidentDetailSchema>;

export const IncidentPageSchema = Type.Object({
  items: Type.Array(IncidentSchema),
  nextCursor: NextCursorSchema,
});
export type IncidentPageView = Static<typeof IncidentPageSchema>;

export const IncidentsParametersSchema = Type.Object(
  {
    state: Type.Optional(
      Type.Union(
        [
          Type.Literal('open'),
          Type.Literal('unacknowledged'),
          Type.Literal('acknowledged'),
          Type.Literal('closed'),
          Type.Literal('all'),
        ],
        { default: 'open', description: '`open`: acknowledged or not.' },
      ),
    ),
    q: Type.Optional(
      Type.String({
        maxLength: 1_000,
        description: 'In id, label values or annotations of its alerts; case does not matter.',
      }),
    ),
    filter: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 64,
        description: 'Matchers such as `severity="critical"`: one of its alerts has them all.',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Most entries.' }),
    ),
    cursor: Type.Optional(CursorParameterSchema),
  },
  { additionalProperties: false },
);
export type IncidentsParameters = Static<typeof IncidentsParametersSchema>;

export const IncidentIdParametersSchema = Type.Object({
  id: Type.String({ maxLength: 100, description: 'Such as `inc-1f3a9c2e44`.' }),
});
export const FingerprintParametersSchema = Type.Object({
  fingerprint: Type.String({
    pattern: '^[0-9a-f]{16}$',
    description: 'a fingerprint is 16 hexadecimal digits, as /api/v2/alerts shows it',
  }),
});

const by = Type.String({ minLength: 1, maxLength: 200, description: 'who' });
const comment = Type.Optional(Type.String({ maxLength: 2_000, description: 'Why.' }));

export const AcknowledgeBodySchema = Type.Object(
  {
    by,
    comment,
    timeout: Type.Optional(
      Type.String({
        format: 'duration',
        description: 'For how long it holds, such as 30m. Default: until the alerts are over.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type AcknowledgeBody = Static<typeof AcknowledgeBodySchema>;

/** Of an acknowledgement that is taken back. */
export const UnacknowledgeBodySchema = Type.Union([
  Type.Object({ by: Type.Optional(by), comment }, { additionalProperties: false }),
  Type.Null(),
]);
export type UnacknowledgeBody = Static<typeof UnacknowledgeBodySchema>;

export const TriggerBodySchema = Type.Object(
  {
    labels: Type.Record(Type.String(), Type.String(), { description: 'With `alertname`.' }),
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    by,
    endsAt: Type.Optional(
      Type.String({
        description: 'RFC 3339 or Unix seconds. Default: until it is resolved, at most 30 days.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type TriggerBody = Static<typeof TriggerBodySchema>;
export const TriggeredSchema = Type.Object({ fingerprint });

export const ResolveBodySchema = Type.Object({ by, comment }, { additionalProperties: false });

/** The state of the whole, and why. */
export const AlertLevelSchema = Type.Object({
  level: AlertLevelNameSchema,
  reasons: Type.Array(
    Type.Object({
      level: AlertLevelNameSchema,
      rule: Type.String({ examples: ['critical-regions', 'many-warnings'] }),
      text: Type.String(),
      alerts: Type.Array(Type.String(), { description: 'Fingerprints, at most 100.' }),
    }),
    { description: 'Every rule that holds, the worst first.' },
  ),
});
export type AlertLevelView = Static<typeof AlertLevelSchema>;

export const AlertsByNameSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      alertname: Type.String(),
      region: Type.String({ description: 'Empty where they have none.' }),
      severity: SeveritySchema,
      firing: Type.Integer(),
      suppressed: Type.Integer({ description: 'Of them, silenced or inhibited.' }),
      acknowledged: Type.Integer(),
      since: moment('When the first of them began.'),
      fingerprints: Type.Array(Type.String(), { description: 'At most 100, the oldest.' }),
    }),
    { description: 'The worst first, then by name and region.' },
  ),
});
export type AlertsByNameView = Static<typeof AlertsByNameSchema>;

export const ReceiverNameParametersSchema = Type.Object({
  name: Type.String({ description: 'Of alertmanagerConfig, or of a webhook.' }),
});
export const ReceiverTestBodySchema = Type.Object({ by, comment }, { additionalProperties: false });
export const ReceiverTestSchema = Type.Object({
  receiver: Type.String(),
  integrations: Type.Array(
    Type.Object({
      integration: Type.String({ description: 'Such as `team-a/slack[0]`.' }),
      outcome: Type.Union([Type.Literal('delivered'), Type.Literal('failed')]),
      durationMs: Type.Number(),
      error: Type.Optional(Type.String()),
    }),
    { description: 'None where the receiver tells nobody.' },
  ),
});
export type ReceiverTestView = Static<typeof ReceiverTestSchema>;
