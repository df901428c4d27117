export { clockContract, type ClockUnderTest } from './clock-contract.ts';
export {
  decisionRecord,
  decisionStoreContract,
  type DecisionStoreFixture,
} from './decision-store-contract.ts';
export { type Deviations, expectDeviations } from './deviations.ts';
export { FakeInstruments } from './fake-instruments.ts';
export { logRecord, logStoreContract, type LogStoreFixture } from './log-store-contract.ts';
export { ManualClock } from './manual-clock.ts';
export { MemoryMetricStore } from './memory-metric-store.ts';
export { metricQueryContract } from './metric-query-contract.ts';
export {
  batchOf,
  metricStoreContract,
  type MetricStoreUnderTest,
  rowsOf,
} from './metric-store-contract.ts';
export {
  notifierContract,
  type NotifierUnderTest,
  type ReceiverAnswer,
} from './notifier-contract.ts';
export { floatSeries } from './promql/float-series.ts';
export { histogramSeries } from './promql/histogram-series.ts';
export { QueryGenerator, type RandomQuery } from './promql/query-generator.ts';
export { pick, type Random, randomOf } from './promql/random.ts';
export { DATA_DURATION_MS, DATA_START_MS } from './promql/scrape-times.ts';
export { type RecordedRow, RecordingMetricStore } from './recording-metric-store.ts';
export { seriesScannerContract, type SeriesScannerUnderTest } from './series-scanner-contract.ts';
export { type AlertmanagerOptions, startAlertmanager } from './servers/alertmanager.ts';
export { Child, type ChildOptions, eventually, freePort } from './servers/child.ts';
export { findProgram, type ProgramName, wants } from './servers/find-program.ts';
export {
  type RealServer,
  type RealServerOptions,
  startNodeExporter,
  startPrometheus,
} from './servers/prometheus.ts';
export {
  startVictoriaMetrics,
  startVmagent,
  type VmagentOptions,
} from './servers/victoria-metrics.ts';
export {
  testSpan,
  type TestSpanOptions,
  traceStoreContract,
  type TraceStoreFixture,
} from './trace-store-contract.ts';
