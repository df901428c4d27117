import { type Static, Type } from 'typebox';

import { LabelSetSchema, prometheusSuccess } from './envelope.ts';

export const AlertSchema = Type.Object({
  labels: LabelSetSchema,
  annotations: LabelSetSchema,
  state: Type.Union([Type.Literal('pending'), Type.Literal('firing')]),
  activeAt: Type.String(),
  value: Type.String(),
});
export type AlertView = Static<typeof AlertSchema>;
export const AlertsResponseSchema = prometheusSuccess(
  Type.Object({ alerts: Type.Array(AlertSchema) }),
);

const ruleState = {
  name: Type.String(),
  query: Type.String(),
  labels: LabelSetSchema,
  health: Type.Union([Type.Literal('ok'), Type.Literal('err'), Type.Literal('unknown')]),
  lastError: Type.Optional(Type.String()),
  evaluationTime: Type.Number({ description: 'Seconds.' }),
  lastEvaluation: Type.String(),
};
export const AlertingRuleSchema = Type.Object({
  ...ruleState,
  type: Type.Literal('alerting'),
  state: Type.Union([Type.Literal('inactive'), Type.Literal('pending'), Type.Literal('firing')]),
  duration: Type.Number({ description: "The rule's `for`, in seconds." }),
  keepFiringFor: Type.Number({ description: 'Seconds.' }),
  annotations: LabelSetSchema,
  alerts: Type.Union([Type.Array(AlertSchema), Type.Null()], {
    description: 'null where `exclude_alerts` left them out.',
  }),
  condition: Type.Optional(
    Type.Unknown({
      description: 'What the rule file has in place of `expr`; `query` comes of it.',
    }),
  ),
  recover: Type.Optional(Type.String({ description: 'PromQL: which alerts are over.' })),
  noData: Type.Optional(Type.String({ description: 'resolve, keep or alert.' })),
  onError: Type.Optional(Type.String({ description: 'keep, alert or resolve.' })),
  dedup: Type.Optional(
    Type.Object({
      by: Type.Array(Type.String()),
      window: Type.Number({ description: 'Seconds.' }),
    }),
  ),
});
export const RecordingRuleSchema = Type.Object({ ...ruleState, type: Type.Literal('recording') });
export const RuleGroupSchema = Type.Object({
  name: Type.String(),
  file: Type.String(),
  interval: Type.Number({ description: 'Seconds.' }),
  limit: Type.Integer(),
  evaluationTime: Type.Number({ description: 'Seconds.' }),
  lastEvaluation: Type.String(),
  rules: Type.Array(Type.Union([AlertingRuleSchema, RecordingRuleSchema])),
});
export type AlertingRuleView = Static<typeof AlertingRuleSchema>;
export type RecordingRuleView = Static<typeof RecordingRuleSchema>;
export type RuleGroupView = Static<typeof RuleGroupSchema>;

const names = (description: string) =>
  Type.Optional(Type.Array(Type.String(), { description: `${description}; may repeat.` }));

export const RulesParametersSchema = Type.Object({
  type: Type.Optional(Type.String({ description: 'alert or record.' })),
  'rule_name[]': names('Only rules of this name'),
  'rule_group[]': names('Only groups of this name'),
  'file[]': names('Only groups of this file'),
  'match[]': names('Only rules whose own labels this selector matches'),
  exclude_alerts: Type.Optional(
    Type.String({ description: '`true` leaves the alerts of rules out.' }),
  ),
  group_limit: Type.Optional(Type.String({ description: 'Most groups of an answer.' })),
  group_next_token: Type.Optional(
    Type.String({ description: 'Where the answer before ended; needs `group_limit`.' }),
  ),
});
export const RulesResponseSchema = prometheusSuccess(
  Type.Object({
    groups: Type.Array(RuleGroupSchema),
    groupNextToken: Type.Optional(Type.String({ description: 'There while groups are left.' })),
  }),
);
