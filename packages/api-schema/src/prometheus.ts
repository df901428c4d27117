import { type Static, type TSchema, Type } from 'typebox';

// The Prometheus HTTP API, whose own shapes and names win over our conventions.
// https://prometheus.io/docs/prometheus/latest/querying/api/

export const PrometheusErrorTypeSchema = Type.Union([
  Type.Literal('bad_data'),
  Type.Literal('execution'),
  Type.Literal('timeout'),
  Type.Literal('canceled'),
  Type.Literal('not_found'),
  Type.Literal('unavailable'),
  Type.Literal('internal'),
]);
export type PrometheusErrorType = Static<typeof PrometheusErrorTypeSchema>;

export const PrometheusErrorSchema = Type.Object({
  status: Type.Literal('error'),
  errorType: PrometheusErrorTypeSchema,
  error: Type.String(),
});
export type PrometheusError = Static<typeof PrometheusErrorSchema>;

/** The envelope of every good answer, around `data`. */
const prometheusSuccess = <Data extends TSchema>(data: Data) =>
  Type.Object({
    status: Type.Literal('success'),
    data,
    warnings: Type.Optional(Type.Array(Type.String())),
    infos: Type.Optional(Type.Array(Type.String())),
  });

export interface PrometheusSuccess<Data> {
  readonly status: 'success';
  readonly data: Data;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export const LabelSetSchema = Type.Record(Type.String(), Type.String());
export type LabelSet = Static<typeof LabelSetSchema>;

/** Unix seconds with milliseconds, and the value as text, so that `NaN`, `+Inf` and `-Inf` fit. */
export const SamplePairSchema = Type.Tuple([Type.Number(), Type.String()]);
export type SamplePair = Static<typeof SamplePairSchema>;

/** `[rule, left, right, count]`; rule 0: open left, 1: open right, 2: open both, 3: closed both. */
export const HistogramBucketSchema = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: 3 }),
  Type.String(),
  Type.String(),
  Type.String(),
]);
export const HistogramSchema = Type.Object({
  count: Type.String(),
  sum: Type.String(),
  buckets: Type.Optional(Type.Array(HistogramBucketSchema)),
});
export const HistogramPairSchema = Type.Tuple([Type.Number(), HistogramSchema]);

export const VectorElementSchema = Type.Object({
  metric: LabelSetSchema,
  value: Type.Optional(SamplePairSchema),
  histogram: Type.Optional(HistogramPairSchema),
});
export const MatrixElementSchema = Type.Object({
  metric: LabelSetSchema,
  values: Type.Optional(Type.Array(SamplePairSchema)),
  histograms: Type.Optional(Type.Array(HistogramPairSchema)),
});
export type VectorElement = Static<typeof VectorElementSchema>;
export type MatrixElement = Static<typeof MatrixElementSchema>;

export const QueryDataSchema = Type.Union([
  Type.Object({ resultType: Type.Literal('vector'), result: Type.Array(VectorElementSchema) }),
  Type.Object({ resultType: Type.Literal('matrix'), result: Type.Array(MatrixElementSchema) }),
  Type.Object({ resultType: Type.Literal('scalar'), result: SamplePairSchema }),
  Type.Object({ resultType: Type.Literal('string'), result: SamplePairSchema }),
]);
export type QueryData = Static<typeof QueryDataSchema>;
export const QueryResponseSchema = prometheusSuccess(QueryDataSchema);

const time = (description: string) =>
  Type.Optional(Type.String({ description: `RFC 3339 or Unix seconds. ${description}` }));
const duration = (description: string) =>
  Type.Optional(Type.String({ description: `${description} A duration such as 30s, or seconds.` }));
const limit = Type.Optional(Type.String({ description: 'Most results; 0 for no limit.' }));
const timeout = duration('How long the evaluation may take.');

export const InstantQueryParametersSchema = Type.Object({
  query: Type.String({ description: 'PromQL.' }),
  time: time('Default: now.'),
  timeout,
  limit,
});
export const RangeQueryParametersSchema = Type.Object({
  query: Type.String({ description: 'PromQL.' }),
  start: Type.String({ description: 'RFC 3339 or Unix seconds.' }),
  end: Type.String({ description: 'RFC 3339 or Unix seconds; inclusive.' }),
  step: Type.String({ description: 'A duration such as 30s, or seconds.' }),
  timeout,
  limit,
});
export const SeriesParametersSchema = Type.Object({
  'match[]': Type.Array(Type.String(), {
    minItems: 1,
    description: 'A series selector; may repeat, what any of them selects is given.',
  }),
  start: time('Default: as far back as there is data.'),
  end: time('Default: no bound.'),
  limit,
});
export const LabelsParametersSchema = Type.Object({
  'match[]': Type.Optional(
    Type.Array(Type.String(), { description: 'Only of series that it selects; may repeat.' }),
  ),
  start: time('Default: as far back as there is data.'),
  end: time('Default: no bound.'),
  limit,
});
export const LabelNameParametersSchema = Type.Object({
  name: Type.String({ description: 'The name of the label; `U__` escapes UTF-8 names.' }),
});
export const MetadataParametersSchema = Type.Object({
  metric: Type.Optional(Type.String({ description: 'Only of this metric.' })),
  limit,
  limit_per_metric: Type.Optional(
    Type.String({ description: 'Most entries of a metric; there is never more than one.' }),
  ),
});

export const SeriesResponseSchema = prometheusSuccess(Type.Array(LabelSetSchema));
export const StringsResponseSchema = prometheusSuccess(Type.Array(Type.String()));
export const MetadataEntrySchema = Type.Object({
  type: Type.String(),
  help: Type.String(),
  unit: Type.String(),
});
export const MetadataResponseSchema = prometheusSuccess(
  Type.Record(Type.String(), Type.Array(MetadataEntrySchema)),
);
export type Metadata = Static<typeof MetadataResponseSchema>['data'];

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
    droppedTargets: Type.Array(Type.Object({ discoveredLabels: LabelSetSchema })),
    droppedTargetCounts: Type.Record(Type.String(), Type.Integer()),
  }),
);
export type Targets = Static<typeof TargetsResponseSchema>['data'];

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
  alerts: Type.Array(AlertSchema),
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
export const RulesParametersSchema = Type.Object({
  type: Type.Optional(Type.String({ description: 'alert or record.' })),
  'rule_name[]': Type.Optional(
    Type.Array(Type.String(), { description: 'Only rules of this name; may repeat.' }),
  ),
  'rule_group[]': Type.Optional(
    Type.Array(Type.String(), { description: 'Only groups of this name; may repeat.' }),
  ),
  'file[]': Type.Optional(
    Type.Array(Type.String(), { description: 'Only groups of this file; may repeat.' }),
  ),
  exclude_alerts: Type.Optional(
    Type.String({ description: '`true` leaves the alerts of rules out.' }),
  ),
});
export const RulesResponseSchema = prometheusSuccess(
  Type.Object({ groups: Type.Array(RuleGroupSchema) }),
);

export const BuildInfoResponseSchema = prometheusSuccess(
  Type.Object({
    version: Type.String(),
    revision: Type.String(),
    branch: Type.String(),
    buildUser: Type.String(),
    buildDate: Type.String(),
    goVersion: Type.String(),
  }),
);
export type BuildInfo = Static<typeof BuildInfoResponseSchema>['data'];
