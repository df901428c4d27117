import { type Static, Type } from 'typebox';

import { CursorParameterSchema, NextCursorSchema } from './attributes.ts';
import { LabelSetSchema } from './prometheus/envelope.ts';

const moment = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2026-01-02T03:04:05.000Z'] });

/** One thing wrong with rules. Lines and columns count from 1. */
const ruleProblem = Type.Object({
  pointer: Type.Optional(
    Type.String({ description: 'In the body: `/yaml`, or such as `/group/rules/0/expr`.' }),
  ),
  line: Type.Integer(),
  column: Type.Integer(),
  where: Type.String({
    description: 'Such as `group "host", rule 2 "HostDown"`; empty for the text as a whole.',
  }),
  problem: Type.String({ description: 'What was found.' }),
  fix: Type.String({ description: 'What to do about it.' }),
});
export type RuleProblemView = Static<typeof ruleProblem>;

const groupFields = {
  name: Type.String(),
  source: Type.Union([Type.Literal('managed'), Type.Literal('file')], {
    description: '`file`: of alerting.ruleFiles, and not to be changed here.',
  }),
  file: Type.String(),
  enabled: Type.Boolean(),
  rules: Type.Integer({ description: 'How many it has.' }),
  disabledRules: Type.Integer({ description: 'Of them, those that are switched off.' }),
  intervalMs: Type.Union([Type.Number(), Type.Null()], { description: 'null: the default.' }),
  version: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Goes up with each change; null for one of a file.',
  }),
  by: Type.Union([Type.String(), Type.Null()], { description: 'Who changed it last.' }),
  changedAt: Type.Union([moment('When.'), Type.Null()]),
  comment: Type.String(),
  broken: Type.Boolean({ description: 'Its stored file is damaged or gone.' }),
};

/** A group of rules, in short. */
export const RuleGroupSummarySchema = Type.Object(groupFields);
export type RuleGroupSummaryView = Static<typeof RuleGroupSummarySchema>;

export const RuleGroupsSchema = Type.Object({
  items: Type.Array(RuleGroupSummarySchema, { description: 'By name.' }),
});
export type RuleGroupsView = Static<typeof RuleGroupsSchema>;

/** A group with its rules. */
export const RuleGroupDetailSchema = Type.Object({
  ...groupFields,
  yaml: Type.Union([Type.String(), Type.Null()], {
    description: 'The rule file as it was saved; null for one of a file.',
  }),
  ruleList: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.Union([Type.Literal('alerting'), Type.Literal('recording')]),
      enabled: Type.Boolean(),
      query: Type.String({ description: 'PromQL.' }),
      labels: LabelSetSchema,
    }),
    { description: 'In their order.' },
  ),
  problems: Type.Array(ruleProblem, { description: 'What is wrong with the stored file.' }),
});
export type RuleGroupDetailView = Static<typeof RuleGroupDetailSchema>;

export const RuleGroupNameParametersSchema = Type.Object({
  name: Type.String({ maxLength: 1_000, description: 'Of the group.' }),
});

const by = Type.String({ minLength: 1, maxLength: 200, description: 'who' });
const comment = Type.Optional(Type.String({ maxLength: 2_000, description: 'Why.' }));
const version = Type.Optional(
  Type.Integer({ minimum: 0, description: 'The version that was read; 0 or absent for none.' }),
);
const rulesFields = {
  yaml: Type.Optional(Type.String({ description: 'A rule file with one group.' })),
  group: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'In place of `yaml`: the group, with the keys that a rule file has.',
    }),
  ),
};

export const PutRuleGroupBodySchema = Type.Object(
  {
    ...rulesFields,
    by,
    comment,
    version,
    enabled: Type.Optional(Type.Boolean({ description: 'Default: as it was, or true.' })),
  },
  { additionalProperties: false },
);
export type PutRuleGroupBody = Static<typeof PutRuleGroupBodySchema>;

export const PatchRuleGroupBodySchema = Type.Object(
  {
    enabled: Type.Boolean(),
    rule: Type.Optional(
      Type.String({ description: 'The name of a rule. Default: the whole group.' }),
    ),
    labels: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Of the rules of that name, only those with these labels.',
      }),
    ),
    by,
    comment,
    version,
  },
  { additionalProperties: false },
);

export const DeleteRuleGroupBodySchema = Type.Object(
  { by, comment, version },
  { additionalProperties: false },
);

/** A group after a change, and what changed in its text. */
export const ChangedRuleGroupSchema = Type.Object({
  group: RuleGroupDetailSchema,
  changed: Type.Boolean({ description: 'false: it was so before.' }),
  diff: Type.String({ description: 'Of the rule file, as `diff -u` writes it.' }),
});
export type ChangedRuleGroupView = Static<typeof ChangedRuleGroupSchema>;

export const CheckRuleGroupBodySchema = Type.Object(
  {
    ...rulesFields,
    name: Type.Optional(
      Type.String({ maxLength: 1_000, description: 'The name that the group has to have.' }),
    ),
  },
  { additionalProperties: false },
);
export type CheckRuleGroupBody = Static<typeof CheckRuleGroupBodySchema>;

/** What saving rules would do. */
export const RuleGroupCheckSchema = Type.Object({
  ok: Type.Boolean({ description: 'Whether they could be saved.' }),
  problems: Type.Array(ruleProblem),
  name: Type.Union([Type.String(), Type.Null()], { description: 'Of the group.' }),
  version: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Of the group as it is now; null for a new one.',
  }),
  diff: Type.String({ description: 'From the rule file as it is now, as `diff -u` writes it.' }),
  rules: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.Union([Type.Literal('alerting'), Type.Literal('recording')]),
      query: Type.String({ description: 'PromQL.' }),
      series: Type.Union([Type.Integer(), Type.Null()], {
        description: 'What its expression gives now: alerts that would begin, or series.',
      }),
      note: Type.Optional(Type.String({ description: 'Why there is no count, or what it means.' })),
    }),
  ),
});
export type RuleGroupCheckView = Static<typeof RuleGroupCheckSchema>;

export const RuleGroupHistoryParametersSchema = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Most entries.' }),
    ),
    cursor: Type.Optional(CursorParameterSchema),
  },
  { additionalProperties: false },
);

/** Who changed a group, when, from which version to which, and what. */
export const RuleGroupHistorySchema = Type.Object({
  items: Type.Array(
    Type.Object({
      at: moment('When.'),
      action: Type.Union(
        [
          Type.Literal('create'),
          Type.Literal('edit'),
          Type.Literal('enable'),
          Type.Literal('disable'),
          Type.Literal('delete'),
          Type.Literal('undone'),
        ],
        { description: '`undone`: it could not be applied, and what was before goes on.' },
      ),
      by: Type.String(),
      comment: Type.String(),
      fromVersion: Type.Union([Type.Integer(), Type.Null()]),
      toVersion: Type.Integer(),
      rules: Type.Optional(
        Type.Array(Type.String(), { description: 'Rules that were switched on or off.' }),
      ),
      diff: Type.String({ description: 'Of the rule file, as `diff -u` writes it.' }),
    }),
    { description: 'The newest first.' },
  ),
  nextCursor: NextCursorSchema,
});
export type RuleGroupHistoryView = Static<typeof RuleGroupHistorySchema>;
