export { ManualClock } from './manual-clock.ts';
export { Child, type ChildOptions, eventually, freePort } from './servers/child.ts';
export { findProgram, type ProgramName, wants } from './servers/find-program.ts';
export { type RealServer, startNodeExporter, startPrometheus } from './servers/prometheus.ts';
