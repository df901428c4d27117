import { type Static, Type } from 'typebox';

import { LabelSetSchema, prometheusSuccess } from './envelope.ts';
import { limit, lookbackDelta, noCache, query, time, timeout } from './parameters.ts';

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

/** What an evaluation took; there when `stats` was asked for. */
export const PrometheusStatsSchema = Type.Object({
  timings: Type.Object(
    {
      evalTotalTime: Type.Number(),
      resultSortTime: Type.Number(),
      queryPreparationTime: Type.Number(),
      innerEvalTime: Type.Number(),
      execQueueTime: Type.Number(),
      execTotalTime: Type.Number(),
    },
    { description: 'Seconds.' },
  ),
  samples: Type.Object({
    totalQueryableSamples: Type.Integer(),
    peakSamples: Type.Integer(),
  }),
});
export type PrometheusStats = Static<typeof PrometheusStatsSchema>;

const stats = Type.Optional(PrometheusStatsSchema);

export const QueryDataSchema = Type.Union([
  Type.Object({
    resultType: Type.Literal('vector'),
    result: Type.Array(VectorElementSchema),
    stats,
  }),
  Type.Object({
    resultType: Type.Literal('matrix'),
    result: Type.Array(MatrixElementSchema),
    stats,
  }),
  Type.Object({ resultType: Type.Literal('scalar'), result: SamplePairSchema, stats }),
  Type.Object({ resultType: Type.Literal('string'), result: SamplePairSchema, stats }),
]);
export type QueryData = Static<typeof QueryDataSchema>;
export const QueryResponseSchema = prometheusSuccess(QueryDataSchema);

const wantsStats = Type.Optional(
  Type.String({ description: 'Any text but an empty one adds what the evaluation took.' }),
);

export const InstantQueryParametersSchema = Type.Object({
  query,
  time: time('Default: now.'),
  timeout,
  limit,
  lookback_delta: lookbackDelta,
  stats: wantsStats,
});
export const RangeQueryParametersSchema = Type.Object({
  query,
  start: Type.String({ description: 'RFC 3339 or Unix seconds.' }),
  end: Type.String({ description: 'RFC 3339 or Unix seconds; inclusive.' }),
  step: Type.String({ description: 'A duration such as 30s, or seconds.' }),
  timeout,
  limit,
  lookback_delta: lookbackDelta,
  stats: wantsStats,
  noCache,
});

export const ExemplarsParametersSchema = Type.Object({
  query: Type.String({ description: 'PromQL; the exemplars are those of its selectors.' }),
  start: time('Default: as far back as there are exemplars.'),
  end: time('Default: no bound.'),
});
export const ExemplarSeriesSchema = Type.Object({
  seriesLabels: LabelSetSchema,
  exemplars: Type.Array(
    Type.Object({
      labels: LabelSetSchema,
      value: Type.String(),
      timestamp: Type.Number({ description: 'Unix seconds.' }),
    }),
  ),
});
export type ExemplarSeriesView = Static<typeof ExemplarSeriesSchema>;
export const ExemplarsResponseSchema = prometheusSuccess(Type.Array(ExemplarSeriesSchema));

export const ExpressionParametersSchema = Type.Object({ query });
export const FormatQueryResponseSchema = prometheusSuccess(Type.String());
/** A node of an expression; which fields it has depends on its type. */
export const ExpressionTreeSchema = Type.Object(
  {
    type: Type.Union([
      Type.Literal('aggregation'),
      Type.Literal('binaryExpr'),
      Type.Literal('call'),
      Type.Literal('matrixSelector'),
      Type.Literal('subquery'),
      Type.Literal('numberLiteral'),
      Type.Literal('parenExpr'),
      Type.Literal('stringLiteral'),
      Type.Literal('unaryExpr'),
      Type.Literal('vectorSelector'),
    ]),
  },
  { additionalProperties: true },
);
export const ParseQueryResponseSchema = prometheusSuccess(ExpressionTreeSchema);
