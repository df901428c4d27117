import { type Static, Type } from 'typebox';

import { LabelSetSchema } from '../prometheus/envelope.ts';
import { dateTime } from './alerts.ts';
import { filter, flag } from './parameters.ts';

const MatcherSchema = Type.Object({
  name: Type.String(),
  value: Type.String(),
  isRegex: Type.Boolean(),
  isEqual: Type.Optional(Type.Boolean({ default: true })),
});

const silence = {
  matchers: Type.Array(MatcherSchema, { minItems: 1 }),
  startsAt: dateTime('From when on alerts are held back.'),
  endsAt: dateTime('Until when.'),
  createdBy: Type.String(),
  comment: Type.String(),
};

export const GettableSilenceSchema = Type.Object({
  id: Type.String(),
  status: Type.Object({
    state: Type.Union([Type.Literal('expired'), Type.Literal('active'), Type.Literal('pending')]),
  }),
  updatedAt: dateTime('When it was changed last.'),
  annotations: LabelSetSchema,
  ...silence,
});
export type GettableSilenceView = Static<typeof GettableSilenceSchema>;
export const GettableSilencesSchema = Type.Array(GettableSilenceSchema);

export const PostableSilenceSchema = Type.Object({
  id: Type.Optional(Type.String({ description: 'Of the silence to change; without: a new one.' })),
  annotations: Type.Optional(LabelSetSchema),
  ...silence,
});

export const PostedSilenceSchema = Type.Object({ silenceID: Type.String() });

export const SilencesParametersSchema = Type.Object({
  filter: filter('A matcher that the silence has itself; several: it has all.'),
  active: flag('Whether silences are listed that hold now.'),
  pending: flag('Whether silences are listed that begin later.'),
  expired: flag('Whether silences are listed that are over.'),
});

export const SilenceIdParametersSchema = Type.Object({
  silenceID: Type.String({ description: 'Id of the silence.' }),
});
