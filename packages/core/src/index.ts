export { type Alert, type AlertState } from './alert.ts';
export { BatchQueue, type BatchQueueOptions, type BatchQueueStats } from './batch-queue.ts';
export { type Decision, type DecisionRecord, type IntegrationDecision } from './decision.ts';
export { formatDuration, parseDuration } from './duration.ts';
export {
  BackendError,
  ConfigError,
  type ConfigOrigin,
  type ConfigProblem,
  CorruptionError,
  InvalidInputError,
  MonitoringError,
  QueryError,
  type QueryErrorType,
} from './errors.ts';
export { packError, type PackedError, unpackError } from './packed-error.ts';
export {
  compileMatcher,
  compileMatchers,
  type LabelMatcher,
  type MatchOperator,
} from './label-matcher.ts';
export {
  compareUtf8,
  isLegacyLabelName,
  isLegacyMetricName,
  Labels,
  METRIC_NAME,
} from './labels.ts';
export {
  levelOf,
  LOG_LEVELS,
  type LogLevel,
  type LogRecord,
  severityNumberOf,
} from './log-record.ts';
export { type MetricMetadata, type MetricType } from './metadata.ts';
export {
  type BucketSpan,
  type CounterResetHint,
  type NativeHistogram,
} from './native-histogram.ts';
export { type Clock } from './ports/clock.ts';
export {
  type DecisionPage,
  type DecisionQuery,
  type DecisionStore,
  type DecisionStoreStats,
} from './ports/decision-store.ts';
export {
  type BoundCounter,
  type BoundGauge,
  type BoundHistogram,
  type BoundSummary,
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type InstrumentOptions,
  type Instruments,
  type LabelValues,
  type ObservationOptions,
  type Summary,
  type SummaryOptions,
} from './ports/instruments.ts';
export { type Log, silentLog } from './ports/log.ts';
export {
  type LogPage,
  type LogQuery,
  type LogStore,
  type LogStoreStats,
} from './ports/log-store.ts';
export {
  type InstantQuery,
  type MetricQuery,
  type QueryNodeStats,
  type QueryOptions,
  type QueryResult,
  type QueryStats,
  type QueryValue,
  type RangeQuery,
  type VectorSample,
} from './ports/metric-query.ts';
export {
  type MetricAppender,
  type MetricTransaction,
  NO_SERIES,
  type SeriesRef,
} from './ports/metric-appender.ts';
export {
  type CardinalityCount,
  type CardinalityReport,
  type MetricStoreAdmin,
} from './ports/metric-store-admin.ts';
export { type FeedEntry, type FeedPosition, type SampleFeed } from './ports/sample-feed.ts';
export {
  type AppendResult,
  type CallOptions,
  type ChangeTracker,
  type ExemplarSeries,
  type ExemplarStore,
  type MetricStore,
  type MetricStoreStats,
  type RejectReason,
  type SeriesQuery,
  type SeriesScanner,
} from './ports/metric-store.ts';
export { type Notification, type Notifier } from './ports/notifier.ts';
export {
  type TracePage,
  type TraceQuery,
  type TraceStore,
  type TraceStoreStats,
  type TraceSummary,
} from './ports/trace-store.ts';
export { AnchoredRegExp } from './regexp.ts';
export {
  type Attributes,
  type AttributeValue,
  CLOUD_REGION,
  HOST_NAME,
  type InstrumentationScope,
  type Resource,
  SERVICE_NAME,
} from './resource.ts';
export {
  type Exemplar,
  isStale,
  type SampleBatch,
  SampleBatchBuilder,
  type Series,
  type SeriesExemplar,
  setStale,
} from './sample.ts';
export {
  isSpanId,
  isTraceId,
  type Span,
  type SpanContext,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanStatus,
} from './span.ts';
export { systemClock } from './system-clock.ts';
export { wordsOf } from './words.ts';
