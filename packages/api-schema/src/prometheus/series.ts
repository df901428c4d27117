import { type Static, Type } from 'typebox';

import { LabelSetSchema, prometheusSuccess } from './envelope.ts';
import { limit, time } from './parameters.ts';

const start = time('Default: as far back as there is data.');
const end = time('Default: no bound.');

export const SeriesParametersSchema = Type.Object({
  'match[]': Type.Array(Type.String(), {
    minItems: 1,
    description: 'A series selector; may repeat, what any of them selects is given.',
  }),
  start,
  end,
  limit,
});
export const LabelsParametersSchema = Type.Object({
  'match[]': Type.Optional(
    Type.Array(Type.String(), { description: 'Only of series that it selects; may repeat.' }),
  ),
  start,
  end,
  limit,
});
export const LabelNameParametersSchema = Type.Object({
  name: Type.String({ description: 'The name of the label; `U__` escapes UTF-8 names.' }),
});
export const SeriesResponseSchema = prometheusSuccess(Type.Array(LabelSetSchema));
export const StringsResponseSchema = prometheusSuccess(Type.Array(Type.String()));

export const MetadataParametersSchema = Type.Object({
  metric: Type.Optional(Type.String({ description: 'Only of this metric.' })),
  limit: Type.Optional(Type.String({ description: 'Most metrics; by default all.' })),
  limit_per_metric: Type.Optional(
    Type.String({ description: 'Most entries of a metric; there is never more than one.' }),
  ),
});
export const MetadataEntrySchema = Type.Object({
  type: Type.String(),
  help: Type.String(),
  unit: Type.String(),
});
export const MetadataResponseSchema = prometheusSuccess(
  Type.Record(Type.String(), Type.Array(MetadataEntrySchema)),
);
export type Metadata = Static<typeof MetadataResponseSchema>['data'];
