import { type Log, type LogLevel, silentLog, type SpanContext } from '@dwcp/core';
import { pino, type Logger } from 'pino';

/** Takes lines of pino's JSON. */
export interface LogDestination {
  write(line: string): void;
}

const REDACTED = [
  'authorization',
  'cookie',
  'token',
  'password',
  'secret',
  'apiKey',
  'grafanaAPIKey',
];

/** The platform's own log: pino's JSON lines to every destination, with the active trace in them. */
export function makeLog(
  level: LogLevel,
  destinations: readonly LogDestination[],
  activeContext: () => SpanContext | undefined,
): Log {
  if (destinations.length === 0) return silentLog;
  const logger = pino(
    {
      level,
      base: null,
      redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: '***' },
      mixin: () => {
        const context = activeContext();
        return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
      },
    },
    { write: (line: string) => destinations.forEach((destination) => destination.write(line)) },
  );
  return overPino(logger);
}

function overPino(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => overPino(logger.child(fields)),
  };
}
