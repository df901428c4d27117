export { logRecord, logStoreContract, type LogStoreFixture } from './log-store-contract.ts';
export { ManualClock } from './manual-clock.ts';
export {
  batchOf,
  metricStoreContract,
  type MetricStoreUnderTest,
  rowsOf,
} from './metric-store-contract.ts';
export { Child, type ChildOptions, eventually, freePort } from './servers/child.ts';
export { findProgram, type ProgramName, wants } from './servers/find-program.ts';
export { type RealServer, startNodeExporter, startPrometheus } from './servers/prometheus.ts';
export {
  testSpan,
  type TestSpanOptions,
  traceStoreContract,
  type TraceStoreFixture,
} from './trace-store-contract.ts';
