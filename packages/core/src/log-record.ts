import { type Attributes, type InstrumentationScope, type Resource } from './resource.ts';

/** The levels of the platform's own logger, in rising order. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log record in OpenTelemetry's terms. Times are Unix nanoseconds. */
export interface LogRecord {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  /** 1 to 24: trace 1-4, debug 5-8, info 9-12, warn 13-16, error 17-20, fatal 21-24. */
  readonly severityNumber: number;
  /** As the source wrote it, such as `INFO`. */
  readonly severityText: string;
  readonly body: string;
  readonly attributes: Attributes;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
}

/**
 * The lowest severity number of a level.
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
 */
export function severityNumberOf(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level) * 4 + 1;
}

/** The level a severity number from 1 to 24 falls into; outside it, the nearest one. */
export function levelOf(severityNumber: number): LogLevel {
  const index = Math.min(5, Math.max(0, Math.floor((severityNumber - 1) / 4)));
  return LOG_LEVELS[index] ?? 'info';
}
