import {
  type Static,
  type TArray,
  type TLiteral,
  type TObject,
  type TOptional,
  type TSchema,
  type TString,
  Type,
} from 'typebox';

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

type SuccessSchema<Data extends TSchema> = TObject<{
  status: TLiteral<'success'>;
  data: Data;
  warnings: TOptional<TArray<TString>>;
  infos: TOptional<TArray<TString>>;
}>;

/** The envelope of every good answer, around `data`. */
export const prometheusSuccess = <Data extends TSchema>(data: Data): SuccessSchema<Data> =>
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
