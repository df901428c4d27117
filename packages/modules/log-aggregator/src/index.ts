export { DEFAULT_FIELD_LIMITS, DEFAULT_REDACTED_NAMES, type FieldLimits } from './fields.ts';
export { LogPipeline, type LogPipelineOptions, type LogPipelineStats } from './log-pipeline.ts';
export { type LogFields, type Logger } from './logger.ts';
export { TailBuffer, type TailFilter } from './tail.ts';
