import { type Static, Type } from 'typebox';

import { CursorParameterSchema, NextCursorSchema, TimeParameterSchema } from './attributes.ts';

const moment = (description: string) =>
  Type.String({ description, examples: ['2026-01-02T03:04:05.000Z'] });
const labels = Type.Record(Type.String(), Type.String());
const value = Type.String({ description: 'As Prometheus writes numbers.', examples: ['0.93'] });

const finding = Type.Object(
  {
    code: Type.String({ examples: ['condition-not-met', 'pending', 'silenced', 'delivered'] }),
    text: Type.String({ description: 'A sentence for people, times in UTC.' }),
  },
  { description: 'What was found; a program decides on the code.' },
);

const nextStep = Type.Object({
  text: Type.String(),
  command: Type.Optional(Type.String({ description: 'To be typed into a shell.' })),
});

/** A decision and for how long it stood. */
export const DecisionSchema = Type.Object({
  subject: Type.String({
    description:
      "An alert's fingerprint, or rule:, group:, notification:, silence:, incident: and its id.",
  }),
  topic: Type.String(),
  at: moment('When it was first made.'),
  lastAt: moment('When it was last made again.'),
  count: Type.Integer({ description: 'How often it was made.' }),
  alertName: Type.String(),
  labels,
  decision: Type.Object(
    { kind: Type.String({ examples: ['evaluated', 'routed', 'flushed', 'delivered'] }) },
    { additionalProperties: true },
  ),
});

const comparison = Type.Object({
  expression: Type.String(),
  operator: Type.String(),
  series: Type.Array(
    Type.Object({ labels, value, threshold: value, holds: Type.Boolean(), distance: value }),
    { description: 'Those that hold, then the nearest to the threshold; at most 20.' },
  ),
  seriesCount: Type.Integer(),
  holdingCount: Type.Integer(),
});

const rule = Type.Object({
  group: Type.String(),
  file: Type.String(),
  name: Type.String(),
  expression: Type.String(),
  forMs: Type.Number(),
  keepFiringForMs: Type.Number(),
  intervalMs: Type.Number(),
  outcome: Type.Union(
    [
      Type.Literal('holds'),
      Type.Literal('does-not-hold'),
      Type.Literal('no-series'),
      Type.Literal('error'),
    ],
    { description: 'What the expression gives at that time, over what is stored.' },
  ),
  error: Type.Optional(Type.String()),
  evaluationError: Type.Optional(
    Type.String({ description: 'Why the evaluation at that time failed.' }),
  ),
  elements: Type.Array(Type.Object({ labels, value })),
  elementCount: Type.Integer(),
  comparisons: Type.Array(comparison),
  selectors: Type.Array(
    Type.Object({
      selector: Type.String(),
      seriesCount: Type.Integer(),
      seenWithinDay: Type.Boolean(),
    }),
  ),
  recovery: Type.Optional(
    Type.Object(
      { expression: Type.String(), elementCount: Type.Integer(), text: Type.String() },
      { description: 'Of a rule with `recover`: whether its alerts are over by that.' },
    ),
  ),
  data: Type.Optional(
    Type.Object(
      { expression: Type.String(), elementCount: Type.Integer(), text: Type.String() },
      { description: 'Of a rule with `no_data`: whether there are data.' },
    ),
  ),
  findings: Type.Array(finding),
});

const route = Type.Object({
  path: Type.Array(Type.String(), { description: 'Matchers from the root down.' }),
  receiver: Type.String(),
  groupKey: Type.String(),
  groupWaitMs: Type.Number(),
  groupIntervalMs: Type.Number(),
  repeatIntervalMs: Type.Number(),
  mutedBy: Type.Array(Type.String()),
  lastFlush: Type.Optional(
    Type.Object({ kind: Type.String(), at: moment('When.') }, { additionalProperties: true }),
  ),
  nextFlushAt: Type.Optional(moment('When its group is looked at next.')),
  notifications: Type.Array(
    Type.Object({
      at: moment('The flush that made it.'),
      integration: Type.String(),
      reason: Type.String(),
      outcome: Type.String({ examples: ['delivered', 'waiting', 'failed'] }),
      attempts: Type.Integer(),
      error: Type.Optional(Type.String()),
    }),
  ),
  findings: Type.Array(finding),
});

const alert = Type.Object({
  fingerprint: Type.String(),
  labels,
  isHypothetical: Type.Boolean({
    description: 'Nobody knows of it: this is what would happen to it.',
  }),
  state: Type.Union([
    Type.Literal('inactive'),
    Type.Literal('pending'),
    Type.Literal('firing'),
    Type.Literal('resolved'),
    Type.Literal('unknown'),
  ]),
  value: Type.Optional(value),
  activeAt: Type.Optional(moment('Since when its condition holds.')),
  firesAt: Type.Optional(moment('When it fires if its condition goes on to hold.')),
  silencedBy: Type.Array(
    Type.Object({
      id: Type.String(),
      by: Type.String(),
      comment: Type.String(),
      endsAt: Type.Optional(moment('When it ends.')),
    }),
  ),
  inhibitedBy: Type.Array(Type.Object({ fingerprint: Type.String(), labels })),
  routes: Type.Array(route),
  incident: Type.Optional(
    Type.Object({
      id: Type.String(),
      openedAt: moment('When it was opened.'),
      events: Type.Array(
        Type.Object({
          at: moment('When.'),
          kind: Type.String(),
          text: Type.String(),
          by: Type.Optional(Type.String()),
          fingerprint: Type.Optional(Type.String({ description: 'The alert that is meant.' })),
          level: Type.Optional(Type.String()),
          receiver: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
  runbookUrl: Type.Optional(Type.String()),
  verdict: finding,
  findings: Type.Array(finding),
  nextSteps: Type.Array(nextStep),
});

export const AlertExplainParametersSchema = Type.Object(
  {
    alert: Type.String({
      minLength: 1,
      maxLength: 4_000,
      description: 'A name, labels such as `{alertname="HostDown"}`, both, or a fingerprint.',
      examples: ['HostDown{instance="a:1"}'],
    }),
    at: Type.Optional(TimeParameterSchema),
  },
  { additionalProperties: false },
);
export type AlertExplainParameters = Static<typeof AlertExplainParametersSchema>;

/** Why an alert fired or did not, and was sent or was not. */
export const AlertExplanationSchema = Type.Object({
  at: moment('The moment that is explained.'),
  alertName: Type.String(),
  verdict: finding,
  rules: Type.Array(rule),
  alerts: Type.Array(alert, { description: 'At most 20.' }),
  alertCount: Type.Integer(),
  timeline: Type.Array(DecisionSchema, {
    description: 'What was decided within an hour of the moment, oldest first; at most 200.',
  }),
  nextSteps: Type.Array(nextStep),
});
export type AlertExplanationView = Static<typeof AlertExplanationSchema>;

export const DecisionsParametersSchema = Type.Object(
  {
    alert: Type.Optional(AlertExplainParametersSchema.properties.alert),
    kind: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Literal('evaluated'),
          Type.Literal('rule'),
          Type.Literal('intake'),
          Type.Literal('routed'),
          Type.Literal('weighed'),
          Type.Literal('flushed'),
          Type.Literal('delivered'),
          Type.Literal('silence'),
          Type.Literal('acknowledged'),
          Type.Literal('escalated'),
          Type.Literal('manual'),
        ]),
        { maxItems: 11, description: 'Only of these kinds; may repeat.' },
      ),
    ),
    start: Type.Optional(TimeParameterSchema),
    end: Type.Optional(TimeParameterSchema),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Most entries.' }),
    ),
    cursor: Type.Optional(CursorParameterSchema),
  },
  { additionalProperties: false },
);
export type DecisionsParameters = Static<typeof DecisionsParametersSchema>;

export const DecisionPageSchema = Type.Object({
  items: Type.Array(DecisionSchema),
  nextCursor: NextCursorSchema,
});
