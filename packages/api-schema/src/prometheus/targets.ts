import { type Static, Type } from 'typebox';

import { LabelSetSchema, prometheusSuccess } from './envelope.ts';

export const TargetSchema = Type.Object({
  discoveredLabels: LabelSetSchema,
  labels: LabelSetSchema,
  scrapePool: Type.String(),
  scrapeUrl: Type.String(),
  globalUrl: Type.String(),
  lastError: Type.String(),
  lastScrape: Type.String(),
  lastScrapeDuration: Type.Number({ description: 'Seconds.' }),
  health: Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('unknown')]),
  scrapeInterval: Type.String(),
  scrapeTimeout: Type.String(),
});
export type Target = Static<typeof TargetSchema>;
export const TargetsParametersSchema = Type.Object({
  state: Type.Optional(Type.String({ description: 'active, dropped or any.' })),
  scrapePool: Type.Optional(Type.String({ description: 'Only of this job.' })),
});
export const TargetsResponseSchema = prometheusSuccess(
  Type.Object({
    activeTargets: Type.Array(TargetSchema),
    droppedTargets: Type.Array(
      Type.Object({ discoveredLabels: LabelSetSchema, scrapePool: Type.String() }),
    ),
    droppedTargetCounts: Type.Record(Type.String(), Type.Integer()),
  }),
);
export type Targets = Static<typeof TargetsResponseSchema>['data'];

export const TargetMetadataParametersSchema = Type.Object({
  match_target: Type.Optional(
    Type.String({ description: 'A selector of targets by their labels; by default all.' }),
  ),
  metric: Type.Optional(Type.String({ description: 'Only of this metric; by default all.' })),
  limit: Type.Optional(
    Type.String({ description: 'No further target is looked at once there are as many entries.' }),
  ),
});
export const TargetMetadataSchema = Type.Object({
  target: LabelSetSchema,
  metric: Type.Optional(
    Type.String({ description: 'Left out when only one metric was asked for.' }),
  ),
  type: Type.String(),
  help: Type.String(),
  unit: Type.String(),
});
export type TargetMetadataView = Static<typeof TargetMetadataSchema>;
export const TargetMetadataResponseSchema = prometheusSuccess(Type.Array(TargetMetadataSchema));

const AlertmanagerSchema = Type.Object({ url: Type.String() });
export const AlertmanagersResponseSchema = prometheusSuccess(
  Type.Object({
    activeAlertmanagers: Type.Array(AlertmanagerSchema),
    droppedAlertmanagers: Type.Array(AlertmanagerSchema),
  }),
);
