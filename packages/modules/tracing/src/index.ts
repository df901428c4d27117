export { type ActiveSpan, DEFAULT_SPAN_LIMITS, type SpanLimits } from './active-span.ts';
export { isTraceSampled } from './sampler.ts';
export {
  extractTraceContext,
  type HeaderSource,
  injectTraceContext,
  type TraceContext,
} from './trace-context.ts';
export { type SpanOptions, Tracer, type TracerOptions, type TracerStats } from './tracer.ts';
