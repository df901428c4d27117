import { type Static, Type } from 'typebox';

/**
 * An OTLP/HTTP export request as JSON. Only the envelope is described here; the decoder checks the rest
 * and names the field at fault.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export const OtlpTracesRequestSchema = Type.Object({
  resourceSpans: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
});
export const OtlpMetricsRequestSchema = Type.Object({
  resourceMetrics: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
});
export const OtlpLogsRequestSchema = Type.Object({
  resourceLogs: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
});

/** What was kept. `partialSuccess` is left out when everything was. */
export const OtlpResponseSchema = Type.Object({
  partialSuccess: Type.Optional(
    Type.Object({
      rejectedSpans: Type.Optional(Type.String({ description: 'A count; int64 is text in JSON.' })),
      rejectedLogRecords: Type.Optional(Type.String()),
      rejectedDataPoints: Type.Optional(Type.String()),
      errorMessage: Type.String(),
    }),
  ),
});
export type OtlpResponse = Static<typeof OtlpResponseSchema>;

/** What OTLP/HTTP answers on failure: a `google.rpc.Status`. */
export const OtlpErrorSchema = Type.Object({ code: Type.Integer(), message: Type.String() });
export type OtlpError = Static<typeof OtlpErrorSchema>;

/** Prometheus text or OpenMetrics; timestamps are optional. */
export const ExpositionBodySchema = Type.String({ description: 'Prometheus text format.' });
