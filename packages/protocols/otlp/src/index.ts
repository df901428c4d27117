export {
  encodeExportResponseProtobuf,
  encodeStatusProtobuf,
  type PartialSuccess,
  type RpcCode,
} from './encode-answers.ts';
export {
  encodeTracesJson,
  type OtlpAnyValue,
  type OtlpKeyValue,
  type OtlpSpan,
  type OtlpTraces,
} from './encode-traces-json.ts';
export { type DecodedLogs, decodeLogsJson } from './logs-json.ts';
export { decodeLogsProtobuf } from './logs-protobuf.ts';
export { OtlpMetricsCache, type OtlpMetricsCacheOptions } from './metrics-cache.ts';
export { decodeMetricsJson } from './metrics-json.ts';
export { decodeMetricsProtobuf, type DecodeMetricsProtobufOptions } from './metrics-protobuf.ts';
export {
  type AggregationTemporality,
  type DecodedMetrics,
  type DecodeMetricsOptions,
  type OtlpBuckets,
  type OtlpExemplar,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpMetric,
  type OtlpMetricData,
  type OtlpNumberPoint,
  type OtlpPoint,
  type OtlpResourceMetrics,
  type OtlpScope,
  type OtlpScopeMetrics,
  type OtlpSummaryPoint,
} from './metrics.ts';
export { type DecodeOptions, type RejectedItem } from './request-tally.ts';
export { decodeTracesJson, type DecodedTraces } from './traces-json.ts';
export { decodeTracesProtobuf } from './traces-protobuf.ts';
